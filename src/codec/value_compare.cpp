// value_compare: Python's ==, < and hash() over object graphs, without recursion.
//
// Equality is coinductive: two structures are equal unless a difference can be reached, so structures that contain
// themselves compare (Python raises RecursionError for most of them). Pairs that were met before are assumed equal,
// which also keeps heavily shared structures linear; a union-find makes the assumptions transitive.
// Dict keys and set members are matched through canonical ids: equal acyclic objects get the same number. Keys that
// reach a cycle, which only instances of classes can, are matched in the order of their pickles.
#include "codec/value_compare.hpp"

#include "codec/class_paths.hpp"
#include "codec/number.hpp"
#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

namespace quaymaster {

namespace {

using codec::class_path;
using codec::no_node;
using codec::node_id;
using codec::node_kind;
using codec::number;
using codec::number_form;
using codec::object_graph;
using codec::object_parts;
using codec::object_update;

/// A node of a graph or, when `graph` is null, a scalar that has none.
struct operand {
    const object_graph* graph = nullptr;
    node_id node = 0;
    value_kind kind = value_kind::none;
    number scalar{};

    [[nodiscard]] bool same_object(const operand& other) const noexcept
    {
        return graph != nullptr && graph == other.graph && node == other.node;
    }
    [[nodiscard]] std::string_view text() const noexcept { return graph->text(node); }
    [[nodiscard]] std::span<const node_id> children() const noexcept { return graph->children(node); }
};

number number_of(const object_graph& graph, node_id node)
{
    switch (graph.kind(node)) {
    case node_kind::boolean: return {.small = graph.boolean(node) ? 1 : 0};
    case node_kind::integer: return {.small = graph.integer(node)};
    case node_kind::big_integer: return {.form = number_form::big, .big = as_bytes(graph.text(node))};
    case node_kind::floating: return {.form = number_form::floating, .floating = graph.floating(node)};
    default: return {};
    }
}

operand operand_of(const object_graph& graph, node_id node)
{
    operand made{&graph, node, value_kind_of(graph, node)};
    made.scalar = number_of(graph, node);
    return made;
}

operand operand_of(const value& known)
{
    if (const auto& graph = object_graph::graph_of(known))
        return operand_of(*graph, object_graph::node_of(known));
    operand made;
    made.kind = known.kind();
    if (made.kind == value_kind::floating)
        made.scalar = {.form = number_form::floating, .floating = known.to_double().value_or(0)};
    else
        made.scalar.small = known.to_int64().value_or(0);
    return made;
}

/// Kinds whose objects may be equal to each other.
enum class family : std::uint8_t { none, number, text, octets, tuple, list, dict, set, global, object };

bool is_ascii_byte_string(const operand& known)
{
    return known.kind == value_kind::byte_string && codec::is_ascii(known.text());
}

/// A Python 2 str equals text if it is ASCII, as in Python 2; one that is not equals only its like. It never equals
/// bytes: then `u'a' == 'a' == b'a'` would hold link by link, and not as a whole.
family family_of(const operand& known)
{
    switch (known.kind) {
    case value_kind::none: return family::none;
    case value_kind::boolean:
    case value_kind::integer:
    case value_kind::floating:
    case value_kind::complex: return family::number;
    case value_kind::str:
    case value_kind::byte_string: return family::text;
    case value_kind::bytes:
    case value_kind::bytearray: return family::octets;
    case value_kind::tuple: return family::tuple;
    case value_kind::list: return family::list;
    case value_kind::dict: return family::dict;
    case value_kind::set:
    case value_kind::frozenset: return family::set;
    case value_kind::global: return family::global;
    case value_kind::object: return family::object;
    }
    return family::object;
}

bool same_text(const operand& left, const operand& right)
{
    if (left.text() != right.text())
        return false;
    return left.kind == right.kind || codec::is_ascii(left.text());
}

class_path path_of(const operand& global)
{
    return codec::python3_path({global.text(), global.graph->qualified_name(global.node)});
}

struct complex_parts {
    number real{};
    double imaginary = 0;
};

complex_parts parts_of(const operand& known)
{
    if (known.kind != value_kind::complex)
        return {known.scalar, 0};
    const auto parts = known.graph->children(known.graph->object(known.node).arguments);
    return {number_of(*known.graph, parts[0]), known.graph->floating(parts[1])};
}

bool same_number(const operand& left, const operand& right)
{
    if (left.kind != value_kind::complex && right.kind != value_kind::complex)
        return compare(left.scalar, right.scalar) == 0;
    const complex_parts first = parts_of(left);
    const complex_parts second = parts_of(right);
    return first.imaginary == second.imaginary && compare(first.real, second.real) == 0;
}

bool has_references(node_kind kind) noexcept
{
    switch (kind) {
    case node_kind::tuple:
    case node_kind::list:
    case node_kind::dict:
    case node_kind::set:
    case node_kind::frozenset:
    case node_kind::object:
    case node_kind::persistent: return true;
    default: return false;
    }
}

struct node_key {
    const object_graph* graph;
    node_id node;
    friend bool operator==(const node_key&, const node_key&) = default;
};

std::size_t mix(std::size_t seed, std::size_t more) noexcept
{
    return (std::rotl(seed, 7) ^ more) * static_cast<std::size_t>(0x9e3779b97f4a7c15ULL);
}

struct node_key_hash {
    std::size_t operator()(const node_key& key) const noexcept
    {
        return mix(std::hash<const void*>{}(key.graph), key.node);
    }
};

/// Visits what `root` reaches, each node once: `enter(node)`, after which is_done(node) holds, then its children, then
/// `finish(node)`. A child that was entered and not finished when its parent finishes is on a cycle with it.
template <class Done, class Enter, class Finish>
void post_order(const object_graph& graph, node_id root, Done&& is_done, Enter&& enter, Finish&& finish)
{
    struct step {
        node_id node;
        bool leaving;
    };
    std::vector<step> steps{{root, false}};
    while (!steps.empty()) {
        const step current = steps.back();
        steps.pop_back();
        if (current.leaving) {
            finish(current.node);
        } else if (!is_done(current.node)) {
            enter(current.node);
            steps.push_back({current.node, true});
            for_each_reference(graph, current.node, [&](node_id child) {
                if (!is_done(child))
                    steps.push_back({child, false});
            });
        }
    }
}

/// Numbers for objects: two acyclic objects, of whatever graphs, have the same number exactly if they are equal.
class canonical_ids {
public:
    using id = std::uint32_t;
    static constexpr id cyclic = 0;  // what reaches a cycle has no number of its own

    [[nodiscard]] id of(const object_graph& graph, node_id root)
    {
        post_order(
            graph, root, [&](node_id node) { return ids_.contains({&graph, node}); },
            [&](node_id node) { ids_[{&graph, node}] = under_way; },
            [&](node_id node) { ids_[{&graph, node}] = made_id(graph, node); });
        return ids_.at({&graph, root});
    }

private:
    static constexpr id under_way = ~id{0};

    [[nodiscard]] id made_id(const object_graph& graph, node_id node)
    {
        bool reaches_cycle = false;
        const auto id_of = [&](node_id child) {
            const id known = ids_.at({&graph, child});
            reaches_cycle = reaches_cycle || known == cyclic || known == under_way;
            return known;
        };
        std::string signature = signature_of(graph, node, id_of);
        if (reaches_cycle)
            return cyclic;
        return numbers_.try_emplace(std::move(signature), static_cast<id>(numbers_.size() + 1)).first->second;
    }

    static void append(std::string& output, std::uint64_t number)
    {
        output.append(reinterpret_cast<const char*>(&number), sizeof number);
    }

    template <class IdOf>
    static std::string signature_of(const object_graph& graph, node_id node, IdOf&& id_of)
    {
        const operand known = operand_of(graph, node);
        std::string signature{static_cast<char>(family_of(known))};
        switch (family_of(known)) {
        case family::none: break;
        case family::number: {
            // id_of() takes no part here, but a complex number's parts are nodes too and no cycle runs through them.
            const complex_parts parts = parts_of(known);
            const auto real = canonical_key(parts.real);
            const auto imaginary = canonical_key(number{.form = number_form::floating, .floating = parts.imaginary});
            if (!real || !imaginary) {  // nan: equal to itself alone
                signature += '!';
                append(signature, reinterpret_cast<std::uintptr_t>(&graph));
                append(signature, node);
                break;
            }
            signature += *real;
            if (parts.imaginary != 0)
                signature.append("+").append(*imaginary);
            break;
        }
        case family::text:
            signature += known.kind == value_kind::str || is_ascii_byte_string(known) ? 't' : '2';
            signature += known.text();
            break;
        case family::octets: signature += known.text(); break;
        case family::tuple:
        case family::list:
            for (const node_id child : known.children())
                append(signature, id_of(child));
            break;
        case family::set: {
            std::vector<id> members;
            for (const node_id child : known.children())
                members.push_back(id_of(child));
            std::sort(members.begin(), members.end());
            members.erase(std::unique(members.begin(), members.end()), members.end());
            for (const id member : members)
                append(signature, member);
            break;
        }
        case family::dict: {
            std::unordered_map<id, id> entries;
            const auto children = known.children();
            for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
                const id key = id_of(children[i]);
                entries[key] = id_of(children[i + 1]);
            }
            std::vector<std::pair<id, id>> sorted{entries.begin(), entries.end()};
            std::sort(sorted.begin(), sorted.end());
            for (const auto& [key, mapped] : sorted) {
                append(signature, key);
                append(signature, mapped);
            }
            break;
        }
        case family::global: {
            const class_path path = path_of(known);
            append(signature, path.module.size());
            signature.append(path.module).append(path.name);
            break;
        }
        case family::object: append_object(signature, graph, node, id_of); break;
        }
        return signature;
    }

    template <class IdOf>
    static void append_object(std::string& signature, const object_graph& graph, node_id node, IdOf&& id_of)
    {
        signature += static_cast<char>(graph.kind(node));
        switch (graph.kind(node)) {
        case node_kind::extension: return append(signature, graph.extension_code(node));
        case node_kind::persistent:
            if (const node_id inner = graph.persistent_id(node); inner != no_node)
                return append(signature, id_of(inner));
            signature.append("'").append(graph.text(node));
            return;
        default: break;
        }
        const object_parts& parts = graph.object(node);
        signature += static_cast<char>(parts.how);
        append(signature, id_of(parts.callable));
        append(signature, id_of(parts.arguments));
        if (parts.keywords != no_node)
            append(signature, id_of(parts.keywords));
        for (const object_update& update : parts.updates) {
            signature += static_cast<char>(update.step);
            append(signature, id_of(update.first));
            if (update.second != no_node)
                append(signature, id_of(update.second));
        }
    }

    std::unordered_map<node_key, id, node_key_hash> ids_;
    std::unordered_map<std::string, id> numbers_;
};

/// Which pairs of containers were met before.
class assumptions {
public:
    /// True if `left` and `right` are assumed equal already, directly or through others; from now on they are.
    bool assume(const operand& left, const operand& right)
    {
        // Most comparisons are small: only a long one pays for remembering where it has been.
        work_ += 1 + reference_count(left);
        if (work_ <= unremembered_work)
            return false;
        const std::uint32_t first = root_of(left);
        const std::uint32_t second = root_of(right);
        parents_[first] = second;
        return first == second;
    }

private:
    static constexpr std::size_t unremembered_work = 256;

    static std::size_t reference_count(const operand& known)
    {
        switch (known.graph->kind(known.node)) {
        case node_kind::object: return known.graph->object(known.node).updates.size();
        case node_kind::extension:
        case node_kind::persistent: return 0;
        default: return known.children().size();
        }
    }

    std::uint32_t root_of(const operand& known)
    {
        const auto [at, is_new] =
            places_.try_emplace({known.graph, known.node}, static_cast<std::uint32_t>(parents_.size()));
        if (is_new)
            parents_.push_back(at->second);
        std::uint32_t place = at->second;
        while (parents_[place] != place)
            place = parents_[place] = parents_[parents_[place]];
        return place;
    }

    std::size_t work_ = 0;
    std::unordered_map<node_key, std::uint32_t, node_key_hash> places_;
    std::vector<std::uint32_t> parents_;
};

class comparison {
public:
    [[nodiscard]] bool equal(const operand& left, const operand& right)
    {
        pairs_.clear();
        bool same = equal_so_far(left, right);
        while (same && !pairs_.empty()) {
            const pair next = pairs_.back();
            pairs_.pop_back();
            same = equal_so_far(operand_of(*next.left_graph, next.left), operand_of(*next.right_graph, next.right));
        }
        return same;
    }

    enum class order : std::uint8_t { equal, less, not_less, type_error };

    struct operands {
        operand left;
        operand right;
    };
    /// After type_error of compare_order(): the pair that has no order.
    [[nodiscard]] const operands& unordered() const noexcept { return unordered_; }

    [[nodiscard]] order compare_order(const operand& left, const operand& right)
    {
        order result = order_so_far(left, right);
        while (result == order::equal && !sequences_.empty()) {
            sequence& current = sequences_.back();
            const std::size_t at = current.next++;
            const auto first = current.left.children();
            const auto second = current.right.children();
            if (at < first.size() && at < second.size()) {
                // A copy: the push inside order_so_far may move `current`.
                const operand left_child = operand_of(*current.left.graph, first[at]);
                const operand right_child = operand_of(*current.right.graph, second[at]);
                result = order_so_far(left_child, right_child);
            } else {
                if (first.size() != second.size())
                    result = first.size() < second.size() ? order::less : order::not_less;
                sequences_.pop_back();
            }
        }
        return result;
    }

private:
    struct pair {
        const object_graph* left_graph;
        const object_graph* right_graph;
        node_id left;
        node_id right;
    };
    struct sequence {
        operand left;
        operand right;
        std::size_t next;
    };

    void push(const operand& left, const operand& right, node_id left_child, node_id right_child)
    {
        pairs_.push_back({left.graph, right.graph, left_child, right_child});
    }

    /// False if the two differ; else what remains to be compared is in pairs_.
    [[nodiscard]] bool equal_so_far(const operand& left, const operand& right)
    {
        if (left.same_object(right))
            return true;  // Python's shortcut, by which a list that holds a nan equals itself
        const family kind = family_of(left);
        if (kind != family_of(right))
            return false;
        switch (kind) {
        case family::none: return true;
        case family::number: return same_number(left, right);
        case family::text: return same_text(left, right);
        case family::octets: return left.text() == right.text();
        case family::global: return path_of(left) == path_of(right);
        case family::tuple:
        case family::list:
            return left.children().size() == right.children().size() &&
                   (assumed_.assume(left, right) || push_items(left, right));
        case family::dict: return assumed_.assume(left, right) || match_entries(left, right);
        case family::set: return assumed_.assume(left, right) || match_members(left, right);
        case family::object: return assumed_.assume(left, right) || push_parts(left, right);
        }
        return false;
    }

    bool push_items(const operand& left, const operand& right)
    {
        // In reverse, so that they are compared from the front: the first difference ends it.
        for (std::size_t i = left.children().size(); i-- > 0;)
            push(left, right, left.children()[i], right.children()[i]);
        return true;
    }

    bool push_parts(const operand& left, const operand& right)
    {
        const node_kind kind = left.graph->kind(left.node);
        if (kind != right.graph->kind(right.node))
            return false;
        if (kind == node_kind::extension)
            return left.graph->extension_code(left.node) == right.graph->extension_code(right.node);
        if (kind == node_kind::persistent) {
            const node_id first = left.graph->persistent_id(left.node);
            const node_id second = right.graph->persistent_id(right.node);
            if (first == no_node || second == no_node)
                return first == second && left.text() == right.text();
            push(left, right, first, second);
            return true;
        }
        const object_parts& first = left.graph->object(left.node);
        const object_parts& second = right.graph->object(right.node);
        if (first.how != second.how || (first.keywords == no_node) != (second.keywords == no_node) ||
            first.updates.size() != second.updates.size())
            return false;
        for (std::size_t i = first.updates.size(); i-- > 0;) {
            if (first.updates[i].step != second.updates[i].step)
                return false;
            if (first.updates[i].second != no_node)
                push(left, right, first.updates[i].second, second.updates[i].second);
            push(left, right, first.updates[i].first, second.updates[i].first);
        }
        if (first.keywords != no_node)
            push(left, right, first.keywords, second.keywords);
        push(left, right, first.arguments, second.arguments);
        push(left, right, first.callable, second.callable);
        return true;
    }

    /// Keys or members by canonical id, those of no id in pickled order.
    struct matchable {
        std::unordered_map<canonical_ids::id, node_id> by_id;  // of a dict: the value's node, the last one's
        std::vector<std::pair<node_id, node_id>> cyclic;
    };
    [[nodiscard]] matchable matchable_of(const operand& known, std::size_t stride)
    {
        matchable made;
        const auto children = known.children();
        for (std::size_t i = 0; i + stride <= children.size(); i += stride) {
            const canonical_ids::id id = ids_.of(*known.graph, children[i]);
            const node_id mapped = children[i + stride - 1];
            if (id == canonical_ids::cyclic)
                made.cyclic.emplace_back(children[i], mapped);
            else
                made.by_id[id] = mapped;
        }
        return made;
    }

    bool match_members(const operand& left, const operand& right)
    {
        const matchable first = matchable_of(left, 1);
        const matchable second = matchable_of(right, 1);
        if (first.by_id.size() != second.by_id.size() || first.cyclic.size() != second.cyclic.size() ||
            !is_subset(first, second))
            return false;
        for (std::size_t i = first.cyclic.size(); i-- > 0;)
            push(left, right, first.cyclic[i].first, second.cyclic[i].first);
        return true;
    }
    [[nodiscard]] static bool is_subset(const matchable& first, const matchable& second)
    {
        return std::all_of(first.by_id.begin(), first.by_id.end(),
                           [&](const auto& member) { return second.by_id.contains(member.first); });
    }

    bool match_entries(const operand& left, const operand& right)
    {
        const matchable first = matchable_of(left, 2);
        const matchable second = matchable_of(right, 2);
        if (first.by_id.size() != second.by_id.size() || first.cyclic.size() != second.cyclic.size())
            return false;
        for (const auto& [key, mapped] : first.by_id) {
            const auto match = second.by_id.find(key);
            if (match == second.by_id.end())
                return false;
            push(left, right, mapped, match->second);
        }
        for (std::size_t i = first.cyclic.size(); i-- > 0;) {
            push(left, right, first.cyclic[i].second, second.cyclic[i].second);
            push(left, right, first.cyclic[i].first, second.cyclic[i].first);
        }
        return true;
    }

    /// The order of two objects, or `equal` with what remains to be compared in sequences_.
    [[nodiscard]] order order_so_far(const operand& left, const operand& right)
    {
        if (left.same_object(right))
            return order::equal;
        const family kind = family_of(left);
        if (kind == family_of(right)) {
            switch (kind) {
            case family::number:
                if (left.kind != value_kind::complex && right.kind != value_kind::complex) {
                    const std::partial_ordering known = compare(left.scalar, right.scalar);
                    return known == 0 ? order::equal : known < 0 ? order::less : order::not_less;
                }
                break;
            case family::text:
                // UTF-8 sorts by octet as Python's str does by code point.
                if (left.kind != right.kind && !(comparable_text(left) && comparable_text(right)))
                    break;
                return order_of_texts(left.text(), right.text());
            case family::octets: return order_of_texts(left.text(), right.text());
            case family::tuple:
            case family::list:
                if (!assumed_.assume(left, right))
                    sequences_.push_back({left, right, 0});
                return order::equal;
            case family::set: return order_of_sets(left, right);
            default: break;
            }
        }
        if (equal(left, right))
            return order::equal;
        unordered_ = {left, right};
        return order::type_error;
    }
    [[nodiscard]] static bool comparable_text(const operand& known)
    {
        return known.kind == value_kind::str || codec::is_ascii(known.text());
    }
    [[nodiscard]] static order order_of_texts(std::string_view left, std::string_view right) noexcept
    {
        const int known = left.compare(right);
        return known == 0 ? order::equal : known < 0 ? order::less : order::not_less;
    }
    [[nodiscard]] order order_of_sets(const operand& left, const operand& right)
    {
        if (equal(left, right))
            return order::equal;
        const matchable first = matchable_of(left, 1);
        const matchable second = matchable_of(right, 1);
        const bool proper_subset =
            first.by_id.size() < second.by_id.size() && first.cyclic.empty() && is_subset(first, second);
        return proper_subset ? order::less : order::not_less;
    }

    assumptions assumed_;
    canonical_ids ids_;
    std::vector<pair> pairs_;
    std::vector<sequence> sequences_;
    operands unordered_;
};

/// Hashes that are alike for equal objects.
class hasher {
public:
    [[nodiscard]] std::size_t of(const object_graph& graph, node_id root)
    {
        post_order(
            graph, root, [&](node_id node) { return hashes_.contains(node); },
            [&](node_id node) { hashes_[node] = {0, true}; },
            [&](node_id node) { hashes_[node] = made_hash(graph, node); });
        return hashes_.at(root).hash;
    }
    [[nodiscard]] static std::size_t of_number(const number& known)
    {
        const auto key = canonical_key(known);
        return key ? std::hash<std::string>{}(*key) : 0;
    }
    /// Without references: no other node need be looked at.
    [[nodiscard]] static std::size_t of_leaf(const operand& known)
    {
        switch (family_of(known)) {
        case family::none: return 0x2d;
        case family::number: {
            const complex_parts parts = parts_of(known);
            const std::size_t real = of_number(parts.real);
            return parts.imaginary == 0 ? real : mix(real, std::hash<double>{}(parts.imaginary));
        }
        case family::text: return mix(1, std::hash<std::string_view>{}(known.text()));
        case family::octets: return mix(2, std::hash<std::string_view>{}(known.text()));
        case family::global: {
            const class_path path = path_of(known);
            return mix(std::hash<std::string_view>{}(path.module), std::hash<std::string_view>{}(path.name));
        }
        default: return known.graph->kind(known.node) == node_kind::extension ? known.graph->extension_code(known.node) : 3;
        }
    }

private:
    struct entry {
        std::size_t hash;
        bool reaches_cycle;  // or is under way: then so does whatever refers to it
    };

    [[nodiscard]] entry made_hash(const object_graph& graph, node_id node)
    {
        const operand known = operand_of(graph, node);
        if (known.kind == value_kind::complex || !has_references(graph.kind(node)))
            return {of_leaf(known), false};
        std::vector<std::size_t> parts;
        bool reaches_cycle = false;
        std::size_t index = 0;
        for_each_reference(graph, node, [&](node_id child) {
            const entry& part = hashes_.at(child);
            reaches_cycle = reaches_cycle || part.reaches_cycle;
            // Of a dict only the keys count: of a key that is set twice one value holds, and which depends on order.
            if (known.kind != value_kind::dict || index++ % 2 == 0)
                parts.push_back(part.hash);
        });
        // A structure that contains itself equals its own unrolled forms, so all of them share one hash.
        if (reaches_cycle)
            return {0x5eed, true};
        const family kind = family_of(known);
        if (kind == family::set || kind == family::dict) {
            std::sort(parts.begin(), parts.end());
            parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
        }
        return {std::accumulate(parts.begin(), parts.end(), static_cast<std::size_t>(kind) + 10, mix), false};
    }

    std::unordered_map<node_id, entry> hashes_;
};

/// Python's rule: a tuple or frozenset is hashable if its items are; an instance of an unknown class is.
bool is_hashable(const object_graph& graph, node_id root)
{
    std::vector<node_id> pending{root};
    std::unordered_map<node_id, bool> seen;
    while (!pending.empty()) {
        const node_id node = pending.back();
        pending.pop_back();
        switch (graph.kind(node)) {
        case node_kind::list:
        case node_kind::dict:
        case node_kind::set:
        case node_kind::bytearray: return false;
        case node_kind::tuple:
        case node_kind::frozenset:
            if (seen.try_emplace(node, true).second)
                pending.insert(pending.end(), graph.children(node).begin(), graph.children(node).end());
            break;
        default: break;
        }
    }
    return true;
}

}  // namespace

bool operator==(const value& left, const value& right)
{
    return comparison{}.equal(operand_of(left), operand_of(right));
}

namespace {

/// Equal and yet without an order: None < None is a TypeError, [None] < [None] is not.
bool equal_have_order(const value& left, const value& right) noexcept
{
    switch (left.kind()) {
    case value_kind::none:
    case value_kind::complex:
    case value_kind::dict:
    case value_kind::global:
    case value_kind::object: return false;
    default: return right.kind() != value_kind::complex;
    }
}

}  // namespace

std::optional<bool> value::less(const value& left, const value& right)
{
    comparison compared;
    switch (compared.compare_order(operand_of(left), operand_of(right))) {
    case comparison::order::less: return true;
    case comparison::order::not_less: return false;
    case comparison::order::type_error: return std::nullopt;
    case comparison::order::equal: break;
    }
    return equal_have_order(left, right) ? std::optional{false} : std::nullopt;
}

std::optional<std::pair<value, value>> codec::unordered_pair(const value& left, const value& right)
{
    comparison compared;
    switch (compared.compare_order(operand_of(left), operand_of(right))) {
    case comparison::order::less:
    case comparison::order::not_less: return std::nullopt;
    case comparison::order::equal:
        return equal_have_order(left, right) ? std::nullopt : std::optional{std::pair{left, right}};
    case comparison::order::type_error: break;
    }
    // A pair of items lies in the graphs of the values; one without a graph is the values themselves.
    const auto value_of = [](const value& whole, const operand& part) {
        return part.graph == nullptr ? whole : object_graph::to_value(object_graph::graph_of(whole), part.node);
    };
    return std::pair{value_of(left, compared.unordered().left), value_of(right, compared.unordered().right)};
}

std::optional<std::size_t> value::hash() const
{
    const operand known = operand_of(*this);
    if (known.graph == nullptr || !has_references(known.graph->kind(known.node)) || known.kind == value_kind::complex)
        return known.kind == value_kind::bytearray ? std::nullopt : std::optional{hasher::of_leaf(known)};
    if (!is_hashable(*known.graph, known.node))
        return std::nullopt;
    return hasher{}.of(*known.graph, known.node);
}

}  // namespace quaymaster

std::size_t std::hash<quaymaster::value>::operator()(const quaymaster::value& known) const
{
    const auto hashed = known.hash();
    if (!hashed)
        throw std::invalid_argument{"unhashable type: '" + known.type_name() + "'"};
    return *hashed;
}
