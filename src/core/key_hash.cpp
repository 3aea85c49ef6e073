#include "core/key_hash.hpp"

#include "codec/class_paths.hpp"
#include "codec/number.hpp"
#include "core/iterable.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace quaymaster::core {
namespace {

using codec::no_node;
using codec::node_id;
using codec::node_kind;
using codec::object_graph;

// What is hashed before the content, so that b'a' and 'a' differ. Objects that can be equal share one.
enum kind_mark : std::uint64_t {
    mark_none = 1,
    mark_integer,
    mark_number,  // beyond an int of 64 bits
    mark_complex,
    mark_nan,
    mark_text,
    mark_octets,
    mark_tuple,
    mark_list,
    mark_set,
    mark_dict,
    mark_global,
    mark_object,
    mark_extension,
    mark_persistent,
};

/// SipHash-1-3 by its definition (Aumasson and Bernstein), of a word and the octets behind it.
class sip_state {
public:
    explicit sip_state(const hash_seed& seed) noexcept
        : v0_{seed.first ^ 0x736f6d6570736575U},
          v1_{seed.second ^ 0x646f72616e646f6dU},
          v2_{seed.first ^ 0x6c7967656e657261U},
          v3_{seed.second ^ 0x7465646279746573U}
    {
    }
    void add(std::uint64_t word) noexcept
    {
        v3_ ^= word;
        round();
        v0_ ^= word;
    }
    [[nodiscard]] std::uint64_t finish() noexcept
    {
        v2_ ^= 0xffU;
        round();
        round();
        round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    void round() noexcept
    {
        v0_ += v1_;
        v2_ += v3_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v1_;
        v0_ += v3_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ = std::rotl(v2_, 32);
    }

    std::uint64_t v0_, v1_, v2_, v3_;
};

bool has_parts(const object_graph& graph, node_id node)
{
    switch (graph.kind(node)) {
    case node_kind::tuple:
    case node_kind::list:
    case node_kind::dict:
    case node_kind::set:
    case node_kind::frozenset: return true;
    case node_kind::object: return !codec::is_complex(graph, node);
    case node_kind::persistent: return graph.persistent_id(node) != no_node;
    default: return false;
    }
}

bool is_unhashable(node_kind kind) noexcept
{
    return kind == node_kind::list || kind == node_kind::dict || kind == node_kind::set || kind == node_kind::bytearray;
}

}  // namespace

std::variant<std::uint64_t, raised> key_hasher::operator()(const value& key)
{
    const auto& graph = object_graph::graph_of(key);
    if (graph == nullptr)
        return of_scalar(key);
    if (graph != graph_) {
        known_.clear();
        graph_ = graph;
    }
    const node_id root = object_graph::node_of(key);
    if (!has_parts(*graph, root) && !is_unhashable(graph->kind(root)))
        return of_leaf(root);
    const known_node& found = walk(root);
    if (found.unhashable != no_node) {
        const std::string type = class_name_of(object_graph::to_value(graph, found.unhashable));
        return raised{exception_type::type_error, "unhashable type: '" + type + "'"};
    }
    if (found.is_cyclic)
        return raised{exception_type::type_error, "an instance that contains itself cannot be a key here"};
    return found.hash;
}

// Visits what `root` reaches and is not known yet, parts before the whole.
const key_hasher::known_node& key_hasher::walk(node_id root)
{
    struct step {
        node_id node;
        bool is_leaving;
    };
    std::vector<step> steps{{root, false}};
    while (!steps.empty()) {
        const step current = steps.back();
        steps.pop_back();
        if (current.is_leaving) {
            const known_node finished = made(current.node);
            known_[current.node] = finished;
        } else if (known_.try_emplace(current.node).second) {
            steps.push_back({current.node, true});
            for_each_reference(*graph_, current.node, [&](node_id part) {
                if (!known_.contains(part))
                    steps.push_back({part, false});
            });
        }
    }
    return known_.at(root);
}

// Precondition: the parts of `node` are known, or under way if they contain it.
key_hasher::known_node key_hasher::made(node_id node)
{
    known_node finished;
    finished.is_under_way = false;
    const node_kind kind = graph_->kind(node);
    if (!has_parts(*graph_, node)) {
        finished.hash = of_leaf(node);
        finished.unhashable = is_unhashable(kind) ? node : no_node;
        return finished;
    }
    std::vector<std::uint64_t> parts;
    for_each_reference(*graph_, node, [&](node_id child) {
        const known_node& part = known_.at(child);
        parts.push_back(part.hash);
        finished.is_cyclic = finished.is_cyclic || part.is_cyclic || part.is_under_way;
        // An instance is hashable whatever it holds; the first part of a tuple that is not is what CPython names.
        if ((kind == node_kind::tuple || kind == node_kind::frozenset) && finished.unhashable == no_node)
            finished.unhashable = part.unhashable;
    });
    if (is_unhashable(kind))
        finished.unhashable = node;
    finished.hash = combined(node, std::move(parts));
    return finished;
}

std::uint64_t key_hasher::combined(node_id node, std::vector<std::uint64_t> parts) const
{
    switch (graph_->kind(node)) {
    case node_kind::tuple: return of_parts(mark_tuple, parts);
    case node_kind::list: return of_parts(mark_list, parts);
    case node_kind::set:
    case node_kind::frozenset:
        std::sort(parts.begin(), parts.end());
        parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
        return of_parts(mark_set, parts);
    case node_kind::dict: {
        // In any order, and of a key that is set twice the last value, as dicts compare.
        std::unordered_map<std::uint64_t, std::uint64_t> entries;
        for (std::size_t i = 0; i + 1 < parts.size(); i += 2)
            entries[parts[i]] = parts[i + 1];
        std::vector<std::pair<std::uint64_t, std::uint64_t>> sorted{entries.begin(), entries.end()};
        std::sort(sorted.begin(), sorted.end());
        parts.clear();
        for (const auto& [key, mapped] : sorted) {
            parts.push_back(key);
            parts.push_back(mapped);
        }
        return of_parts(mark_dict, parts);
    }
    default: return of_parts(mark_object, parts);
    }
}

std::uint64_t key_hasher::of_scalar(const value& key)
{
    switch (key.kind()) {
    case value_kind::none: return of_parts(mark_none, {});
    case value_kind::floating: return of_floating(key.to_double().value_or(0));
    default: return of_integer(key.to_int64().value_or(0));
    }
}

std::uint64_t key_hasher::of_leaf(node_id node)
{
    const object_graph& graph = *graph_;
    switch (graph.kind(node)) {
    case node_kind::none: return of_parts(mark_none, {});
    case node_kind::boolean:
    case node_kind::integer:
    case node_kind::big_integer:
    case node_kind::floating: return of_real(graph, node);
    case node_kind::str:
    case node_kind::byte_string: return of_octets(mark_text, graph.text(node));  // equal if they are ASCII
    case node_kind::bytes:
    case node_kind::bytearray: return of_octets(mark_octets, graph.text(node));
    case node_kind::global: {
        const codec::class_path path = codec::python3_path({graph.text(node), graph.qualified_name(node)});
        return of_parts(mark_global, {of_octets(mark_text, path.module), of_octets(mark_text, path.name)});
    }
    case node_kind::extension: return of_parts(mark_extension, {graph.extension_code(node)});
    case node_kind::persistent: return of_octets(mark_persistent, graph.text(node));
    default: break;
    }
    // The one leaf that is left has two parts, both floats.
    const auto numbers = graph.children(graph.object(node).arguments);
    const std::uint64_t real = of_real(graph, numbers[0]);
    return graph.floating(numbers[1]) == 0 ? real : of_parts(mark_complex, {real, of_real(graph, numbers[1])});
}

std::uint64_t key_hasher::of_real(const object_graph& graph, node_id node)
{
    switch (graph.kind(node)) {
    case node_kind::boolean: return of_integer(graph.boolean(node) ? 1 : 0);
    case node_kind::integer: return of_integer(graph.integer(node));
    case node_kind::floating: return of_floating(graph.floating(node));
    default: break;
    }
    const codec::number big{.form = codec::number_form::big, .big = as_bytes(graph.text(node))};
    return of_octets(mark_number, *canonical_key(big));
}

std::uint64_t key_hasher::of_integer(std::int64_t integer) const noexcept
{
    sip_state state{seed_};
    state.add(mark_integer);
    state.add(static_cast<std::uint64_t>(integer));
    return state.finish();
}

std::uint64_t key_hasher::of_floating(double floating)
{
    if (floating >= -0x1p63 && floating < 0x1p63 && std::trunc(floating) == floating)
        return of_integer(static_cast<std::int64_t>(floating));
    const auto key = canonical_key(codec::number{.form = codec::number_form::floating, .floating = floating});
    return key ? of_octets(mark_number, *key) : of_parts(mark_nan, {++nan_count_});
}

std::uint64_t key_hasher::of_octets(std::uint64_t kind, std::string_view octets) const noexcept
{
    sip_state state{seed_};
    state.add(kind);
    state.add(octets.size());
    for (; !octets.empty(); octets.remove_prefix(std::min(octets.size(), sizeof(std::uint64_t)))) {
        std::uint64_t word = 0;
        std::memcpy(&word, octets.data(), std::min(octets.size(), sizeof word));
        state.add(word);
    }
    return state.finish();
}

std::uint64_t key_hasher::of_parts(std::uint64_t kind, const std::vector<std::uint64_t>& parts) const noexcept
{
    sip_state state{seed_};
    state.add(kind);
    state.add(parts.size());
    for (const std::uint64_t part : parts)
        state.add(part);
    return state.finish();
}

}  // namespace quaymaster::core
