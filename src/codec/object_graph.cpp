#include "codec/object_graph.hpp"

#include "codec/class_paths.hpp"

#include <cstring>
#include <unordered_map>

namespace quaymaster::codec {

namespace {

constexpr std::size_t arena_block_size = 1024;

/// Drops the octets of a two's complement integer that only repeat its sign.
bytes_view without_sign_extension(bytes_view little_endian) noexcept
{
    while (little_endian.size() > 1) {
        const auto top = std::to_integer<unsigned>(little_endian.back());
        const auto below = std::to_integer<unsigned>(little_endian[little_endian.size() - 2]);
        const bool redundant = (top == 0x00 && (below & 0x80U) == 0) || (top == 0xff && (below & 0x80U) != 0);
        if (!redundant)
            break;
        little_endian = little_endian.first(little_endian.size() - 1);
    }
    return little_endian;
}

std::int64_t load_signed(bytes_view little_endian) noexcept
{
    if (little_endian.empty())
        return 0;
    const bool negative = (std::to_integer<unsigned>(little_endian.back()) & 0x80U) != 0;
    std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = little_endian.size(); i-- > 0;)
        bits = (bits << 8U) | std::to_integer<std::uint64_t>(little_endian[i]);
    return static_cast<std::int64_t>(bits);
}

}  // namespace

object_graph::object_graph(item source) : source_{std::move(source)}, arena_{arena_block_size} {}

node_id object_graph::add(node_kind kind, std::uint32_t index, bool flag)
{
    nodes_.push_back({kind, flag, index});
    return static_cast<node_id>(nodes_.size() - 1);
}

node_id object_graph::add_none()
{
    return add(node_kind::none, 0);
}

node_id object_graph::add_boolean(bool boolean)
{
    return add(node_kind::boolean, boolean ? 1 : 0);
}

node_id object_graph::add_integer(std::int64_t integer, bool python2_long)
{
    integers_.push_back(integer);
    return add(node_kind::integer, static_cast<std::uint32_t>(integers_.size() - 1), python2_long);
}

node_id object_graph::add_big_integer(bytes_view little_endian, bool python2_long)
{
    const bytes_view digits = without_sign_extension(little_endian);
    if (digits.size() <= sizeof(std::int64_t))
        return add_integer(load_signed(digits), python2_long);
    texts_.push_back(as_chars(digits));
    return add(node_kind::big_integer, static_cast<std::uint32_t>(texts_.size() - 1), python2_long);
}

node_id object_graph::add_floating(double floating)
{
    floats_.push_back(floating);
    return add(node_kind::floating, static_cast<std::uint32_t>(floats_.size() - 1));
}

node_id object_graph::add_text(node_kind kind, std::string_view content)
{
    texts_.push_back(content);
    return add(kind, static_cast<std::uint32_t>(texts_.size() - 1));
}

node_id object_graph::add_container(node_kind kind, std::span<const node_id> children)
{
    containers_.emplace_back(children.begin(), children.end());
    return add(kind, static_cast<std::uint32_t>(containers_.size() - 1));
}

node_id object_graph::add_global(std::string_view module, std::string_view qualified_name)
{
    texts_.push_back(module);
    texts_.push_back(qualified_name);
    has_proxies_ = has_proxies_ || is_proxy_maker({module, qualified_name});
    return add(node_kind::global, static_cast<std::uint32_t>(texts_.size() - 2));
}

node_id object_graph::add_object(construction how, node_id callable, node_id arguments, node_id keywords)
{
    objects_.push_back({how, callable, arguments, keywords, std::pmr::vector<object_update>{&arena_}});
    return add(node_kind::object, static_cast<std::uint32_t>(objects_.size() - 1));
}

node_id object_graph::add_extension(std::uint32_t code)
{
    return add(node_kind::extension, code);
}

node_id object_graph::add_persistent(std::string_view text, node_id id)
{
    if (id != no_node)
        return add(node_kind::persistent, id, true);
    texts_.push_back(text);
    return add(node_kind::persistent, static_cast<std::uint32_t>(texts_.size() - 1), false);
}

void object_graph::append_child(node_id container, node_id child)
{
    containers_[nodes_[container].index].push_back(child);
}

void object_graph::append_update(node_id object, object_update update)
{
    objects_[nodes_[object].index].updates.push_back(update);
}

void object_graph::replace_state(node_id object, node_id state)
{
    objects_[nodes_[object].index].updates.front().first = state;
}

std::string_view object_graph::own(std::string_view content)
{
    if (content.empty())
        return {};
    auto* copy = static_cast<char*>(arena_.allocate(content.size(), 1));
    std::memcpy(copy, content.data(), content.size());
    return {copy, content.size()};
}

/// Copies what can be reached from a node, in two steps, so that cycles need no recursion: every node gets its twin with
/// empty insides when it is first met, and later those insides.
class object_graph::copier {
public:
    copier(object_graph& into, const object_graph& source) : into_{into}, source_{source} {}

    node_id copy(node_id root)
    {
        const node_id copied_root = twin(root);
        for (std::size_t next = 0; next < met_.size(); ++next) {
            const node_id original = met_[next];
            fill(original, twin_of_[original]);
        }
        return copied_root;
    }

private:
    node_id twin(node_id original)
    {
        if (original == no_node)
            return no_node;
        const auto [at, is_new] = twin_of_.try_emplace(original, no_node);
        if (is_new) {
            at->second = add_empty(original);
            met_.push_back(original);
        }
        return at->second;
    }

    node_id add_empty(node_id original)
    {
        const node_kind kind = source_.kind(original);
        switch (kind) {
        case node_kind::none: return into_.add_none();
        case node_kind::boolean: return into_.add_boolean(source_.boolean(original));
        case node_kind::integer: return into_.add_integer(source_.integer(original), source_.is_python2_long(original));
        case node_kind::big_integer:
            return into_.add_big_integer(as_bytes(own_text(original)), source_.is_python2_long(original));
        case node_kind::floating: return into_.add_floating(source_.floating(original));
        case node_kind::str:
        case node_kind::bytes:
        case node_kind::bytearray:
        case node_kind::byte_string: return into_.add_text(kind, own_text(original));
        case node_kind::tuple:
        case node_kind::list:
        case node_kind::dict:
        case node_kind::set:
        case node_kind::frozenset: return into_.add_container(kind, {});
        case node_kind::global: return into_.add_global(own_text(original), into_.own(source_.qualified_name(original)));
        case node_kind::object: return into_.add_object(source_.object(original).how, no_node, no_node);
        case node_kind::extension: return into_.add_extension(source_.extension_code(original));
        case node_kind::persistent:
            return source_.persistent_id(original) == no_node ? into_.add_persistent(own_text(original), no_node)
                                                              : into_.add_persistent({}, 0);
        }
        return no_node;
    }

    void fill(node_id original, node_id copy)
    {
        switch (source_.kind(original)) {
        case node_kind::tuple:
        case node_kind::list:
        case node_kind::dict:
        case node_kind::set:
        case node_kind::frozenset:
            for (const node_id child : source_.children(original)) {
                const node_id copied_child = twin(child);  // first: it may move what append_child() looks at
                into_.append_child(copy, copied_child);
            }
            break;
        case node_kind::object: fill_object(source_.object(original), copy); break;
        case node_kind::persistent:
            if (const node_id id = source_.persistent_id(original); id != no_node) {
                const node_id copied_id = twin(id);
                into_.nodes_[copy].index = copied_id;
            }
            break;
        default: break;
        }
    }

    void fill_object(const object_parts& parts, node_id copy)
    {
        const node_id callable = twin(parts.callable);
        const node_id arguments = twin(parts.arguments);
        const node_id keywords = twin(parts.keywords);
        for (const object_update& update : parts.updates) {
            const object_update copied{update.step, twin(update.first), twin(update.second)};
            into_.append_update(copy, copied);
        }
        object_parts& made = into_.objects_[into_.nodes_[copy].index];
        made.callable = callable;
        made.arguments = arguments;
        made.keywords = keywords;
    }

    std::string_view own_text(node_id original) { return into_.own(source_.text(original)); }

    object_graph& into_;
    const object_graph& source_;
    std::unordered_map<node_id, node_id> twin_of_;
    std::vector<node_id> met_;  // in order; those not filled yet are at the end
};

node_id object_graph::copy_from(const object_graph& source, node_id root)
{
    return copier{*this, source}.copy(root);
}

node_id object_graph::add_value(const value& known)
{
    if (known.graph_ != nullptr)
        return copy_from(*known.graph_, known.node_);
    switch (known.kind_) {
    case value_kind::boolean: return add_boolean(known.scalar_.integer != 0);
    case value_kind::integer: return add_integer(known.scalar_.integer);
    case value_kind::floating: return add_floating(known.scalar_.floating);
    default: return add_none();
    }
}

value object_graph::to_value(const std::shared_ptr<const object_graph>& graph, node_id node)
{
    switch (graph->kind(node)) {
    case node_kind::none: return value{};
    case node_kind::boolean: return value{graph->boolean(node)};
    case node_kind::integer:
        // A Python 2 long keeps its graph, so that it is written out as a long again.
        if (!graph->is_python2_long(node))
            return value{graph->integer(node)};
        break;
    case node_kind::floating: return value{graph->floating(node)};
    default: break;
    }
    value made{graph, node};
    made.kind_ = value_kind_of(*graph, node);
    return made;
}

value_kind value_kind_of(const object_graph& graph, node_id node) noexcept
{
    switch (graph.kind(node)) {
    case node_kind::none: return value_kind::none;
    case node_kind::boolean: return value_kind::boolean;
    case node_kind::integer:
    case node_kind::big_integer: return value_kind::integer;
    case node_kind::floating: return value_kind::floating;
    case node_kind::str: return value_kind::str;
    case node_kind::bytes: return value_kind::bytes;
    case node_kind::bytearray: return value_kind::bytearray;
    case node_kind::byte_string: return value_kind::byte_string;
    case node_kind::tuple: return value_kind::tuple;
    case node_kind::list: return value_kind::list;
    case node_kind::dict: return value_kind::dict;
    case node_kind::set: return value_kind::set;
    case node_kind::frozenset: return value_kind::frozenset;
    case node_kind::global: return value_kind::global;
    case node_kind::object: return is_complex(graph, node) ? value_kind::complex : value_kind::object;
    case node_kind::extension:
    case node_kind::persistent: return value_kind::object;
    }
    return value_kind::object;
}

bool is_complex(const object_graph& graph, node_id node) noexcept
{
    if (graph.kind(node) != node_kind::object)
        return false;
    const object_parts& parts = graph.object(node);
    if (parts.how != construction::reduce || !parts.updates.empty() || graph.kind(parts.callable) != node_kind::global ||
        graph.qualified_name(parts.callable) != "complex")
        return false;
    const std::string_view module = graph.text(parts.callable);
    if (module != "builtins" && module != "__builtin__")
        return false;
    const auto arguments = graph.children(parts.arguments);
    return arguments.size() == 2 && graph.kind(arguments[0]) == node_kind::floating &&
           graph.kind(arguments[1]) == node_kind::floating;
}

}  // namespace quaymaster::codec
