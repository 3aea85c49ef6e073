// value: construction and access. Comparison and hashing are in value_compare.cpp, repr() in value_repr.cpp.
#include <quaymaster/value.hpp>

#include "codec/class_paths.hpp"
#include "codec/number.hpp"
#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace quaymaster {

using codec::construction;
using codec::no_node;
using codec::node_id;
using codec::node_kind;
using codec::object_graph;
using codec::object_update;

namespace {

/// Digits of an integer given as text; a bound on what turning them into binary, a quadratic job, can cost.
constexpr std::size_t integer_octets_max = 1 << 16;

template <class Add>
value made_in_graph(Add&& add)
{
    auto graph = std::make_shared<object_graph>();
    const node_id root = add(*graph);
    return object_graph::to_value(graph, root);
}

value made_of_text(node_kind kind, std::string_view content)
{
    return made_in_graph([&](object_graph& graph) { return graph.add_text(kind, graph.own(content)); });
}

value made_of_uint64(std::uint64_t integer)
{
    std::array<std::byte, sizeof integer + 1> little_endian{};
    for (std::size_t i = 0; i < sizeof integer; ++i)
        little_endian[i] = static_cast<std::byte>(integer >> (8 * i));
    return made_in_graph([&](object_graph& graph) {
        return graph.add_big_integer(as_bytes(graph.own(as_chars(little_endian))));
    });
}

/// Adds values to one graph, those that are the same node of the same graph once: they stay one object.
class collector {
public:
    explicit collector(object_graph& graph) : graph_{graph} {}

    node_id add(const value& known)
    {
        const object_graph* source = object_graph::graph_of(known).get();
        if (source == nullptr)
            return graph_.add_value(known);
        const auto [at, is_new] = added_[source].try_emplace(object_graph::node_of(known), no_node);
        if (is_new)
            at->second = graph_.add_value(known);
        return at->second;
    }

private:
    object_graph& graph_;
    std::unordered_map<const object_graph*, std::unordered_map<node_id, node_id>> added_;
};

value made_of_items(node_kind kind, const std::vector<value>& items)
{
    return made_in_graph([&](object_graph& graph) {
        collector collected{graph};
        std::vector<node_id> children;
        children.reserve(items.size());
        for (const value& item : items)
            children.push_back(collected.add(item));
        return graph.add_container(kind, children);
    });
}

value made_of_distinct(node_kind kind, const std::vector<value>& items)
{
    std::unordered_set<value> seen;
    std::vector<value> distinct;
    for (const value& item : items)
        if (seen.insert(item).second)
            distinct.push_back(item);
    return made_of_items(kind, distinct);
}

/// The node that names the class of an object: its callable, or the class that one of copyreg's helpers is given.
node_id class_node(const object_graph& graph, node_id object)
{
    const codec::object_parts& parts = graph.object(object);
    if (parts.how != construction::reduce || graph.kind(parts.callable) != node_kind::global)
        return parts.callable;
    const std::string_view module = graph.text(parts.callable);
    const std::string_view name = graph.qualified_name(parts.callable);
    const auto arguments = graph.children(parts.arguments);
    const bool helper = (module == "copyreg" || module == "copy_reg") &&
                        (name == "_reconstructor" || name == "__newobj__" || name == "__newobj_ex__");
    if (helper && !arguments.empty() && graph.kind(arguments[0]) == node_kind::global)
        return arguments[0];
    return parts.callable;
}

/// The global that names a global's or an object's class; no_node if nothing does.
node_id naming_global(const object_graph* graph, node_id node)
{
    if (graph == nullptr)
        return no_node;
    if (graph->kind(node) == node_kind::object)
        node = class_node(*graph, node);
    return graph->kind(node) == node_kind::global ? node : no_node;
}

}  // namespace

std::string_view to_string(value_kind kind) noexcept
{
    switch (kind) {
    case value_kind::none: return "None";
    case value_kind::boolean: return "bool";
    case value_kind::integer: return "int";
    case value_kind::floating: return "float";
    case value_kind::complex: return "complex";
    case value_kind::str: return "str";
    case value_kind::bytes: return "bytes";
    case value_kind::bytearray: return "bytearray";
    case value_kind::byte_string: return "Python 2 str";
    case value_kind::tuple: return "tuple";
    case value_kind::list: return "list";
    case value_kind::dict: return "dict";
    case value_kind::set: return "set";
    case value_kind::frozenset: return "frozenset";
    case value_kind::global: return "class or function";
    case value_kind::object: return "object";
    }
    return "object";
}

value::value(std::shared_ptr<const object_graph> graph, std::uint32_t node) noexcept : node_{node}, graph_{std::move(graph)} {}

value::value(unsigned long integer) : value{static_cast<unsigned long long>(integer)} {}

value::value(unsigned long long integer) : kind_{value_kind::integer}
{
    if (integer <= static_cast<unsigned long long>(std::numeric_limits<std::int64_t>::max()))
        scalar_.integer = static_cast<std::int64_t>(integer);
    else
        *this = made_of_uint64(integer);
}

value::value(std::string_view utf8)
{
    if (!codec::is_utf8(utf8))
        throw std::invalid_argument{"text of " + std::to_string(utf8.size()) +
                                    " octets is not UTF-8: make a bytes value of what is not text"};
    *this = made_of_text(node_kind::str, utf8);
}

value::value(bytes_view octets) : value{made_of_text(node_kind::bytes, as_chars(octets))} {}

value value::complex(double real, double imaginary)
{
    return made_in_graph([&](object_graph& graph) {
        const node_id parts[] = {graph.add_floating(real), graph.add_floating(imaginary)};
        const node_id arguments = graph.add_container(node_kind::tuple, parts);
        return graph.add_object(construction::reduce, graph.add_global("builtins", "complex"), arguments);
    });
}

value value::bytearray(bytes_view octets)
{
    return made_of_text(node_kind::bytearray, as_chars(octets));
}

value value::tuple(const std::vector<value>& items)
{
    return made_of_items(node_kind::tuple, items);
}

value value::list(const std::vector<value>& items)
{
    return made_of_items(node_kind::list, items);
}

value value::set(const std::vector<value>& items)
{
    return made_of_distinct(node_kind::set, items);
}

value value::frozenset(const std::vector<value>& items)
{
    return made_of_distinct(node_kind::frozenset, items);
}

value value::dict(const std::vector<std::pair<value, value>>& entries)
{
    std::unordered_map<value, std::size_t> place_of;
    std::vector<value> children;
    children.reserve(entries.size() * 2);
    for (const auto& [key, mapped] : entries) {
        const auto [at, is_new] = place_of.try_emplace(key, children.size());
        if (is_new) {
            children.push_back(key);
            children.push_back(mapped);
        } else {
            children[at->second + 1] = mapped;
        }
    }
    return made_of_items(node_kind::dict, children);
}

value value::integer_from_decimal(std::string_view digits)
{
    const std::optional<quaymaster::bytes> little_endian = codec::integer_from_decimal(digits, integer_octets_max);
    if (!little_endian)
        throw std::invalid_argument{"'" + std::string{digits.substr(0, 40)} + "' is no decimal integer of at most " +
                                    std::to_string(integer_octets_max) + " octets"};
    return made_in_graph([&](object_graph& graph) {
        return graph.add_big_integer(as_bytes(graph.own(as_chars(*little_endian))));
    });
}

value value::global(std::string_view module, std::string_view qualified_name)
{
    if (!codec::is_utf8(module) || !codec::is_utf8(qualified_name))
        throw std::invalid_argument{"the path of a class or function is not UTF-8"};
    return made_in_graph([&](object_graph& graph) { return graph.add_global(graph.own(module), graph.own(qualified_name)); });
}

value value::object(const value& callable, const std::vector<value>& arguments)
{
    return made_in_graph([&](object_graph& graph) {
        collector collected{graph};
        const node_id called = collected.add(callable);
        std::vector<node_id> children;
        children.reserve(arguments.size());
        for (const value& argument : arguments)
            children.push_back(collected.add(argument));
        return graph.add_object(construction::reduce, called, graph.add_container(node_kind::tuple, children));
    });
}

bool value::truth() const
{
    switch (kind_) {
    case value_kind::none: return false;
    case value_kind::boolean: return scalar_.integer != 0;
    case value_kind::integer: return to_int64() != 0;  // an int beyond 64 bits is nullopt here, and not 0
    case value_kind::floating: return scalar_.floating != 0;
    case value_kind::complex: {
        const auto parts = graph_->children(graph_->object(node_).arguments);
        return graph_->floating(parts[0]) != 0 || graph_->floating(parts[1]) != 0;
    }
    case value_kind::str:
    case value_kind::bytes:
    case value_kind::bytearray:
    case value_kind::byte_string: return !graph_->text(node_).empty();
    case value_kind::tuple:
    case value_kind::list:
    case value_kind::dict:
    case value_kind::set:
    case value_kind::frozenset: return size() != 0;
    case value_kind::global:
    case value_kind::object: return true;
    }
    return true;
}

std::optional<std::int64_t> value::to_int64() const noexcept
{
    if (kind_ == value_kind::boolean)
        return scalar_.integer;
    if (kind_ != value_kind::integer)
        return std::nullopt;
    if (graph_ == nullptr)
        return scalar_.integer;
    if (graph_->kind(node_) == node_kind::integer)
        return graph_->integer(node_);
    return std::nullopt;
}

std::optional<std::uint64_t> value::to_uint64() const noexcept
{
    if (const auto integer = to_int64())
        return *integer >= 0 ? std::optional{static_cast<std::uint64_t>(*integer)} : std::nullopt;
    if (kind_ != value_kind::integer)
        return std::nullopt;
    // From 2**63 to 2**64 - 1: eight octets with the top bit set and a ninth that says that it is no sign.
    const bytes_view little_endian = as_bytes(graph_->text(node_));
    if (little_endian.size() != sizeof(std::uint64_t) + 1 || little_endian.back() != std::byte{0})
        return std::nullopt;
    std::uint64_t integer = 0;
    for (std::size_t i = sizeof integer; i-- > 0;)
        integer = (integer << 8U) | std::to_integer<std::uint64_t>(little_endian[i]);
    return integer;
}

std::optional<double> value::to_double() const
{
    if (kind_ == value_kind::floating)
        return scalar_.floating;
    if (const auto integer = to_int64())
        return static_cast<double>(*integer);
    if (kind_ != value_kind::integer)
        return std::nullopt;
    return codec::nearest_double(as_bytes(graph_->text(node_)));
}

std::string_view value::text() const noexcept
{
    return kind_ == value_kind::str || kind_ == value_kind::byte_string ? graph_->text(node_) : std::string_view{};
}

bytes_view value::octets() const noexcept
{
    switch (kind_) {
    case value_kind::bytes:
    case value_kind::bytearray:
    case value_kind::byte_string: return as_bytes(graph_->text(node_));
    default: return {};
    }
}

std::size_t value::size() const noexcept
{
    switch (kind_) {
    case value_kind::tuple:
    case value_kind::list:
    case value_kind::set:
    case value_kind::frozenset: return graph_->children(node_).size();
    case value_kind::dict: return graph_->children(node_).size() / 2;
    default: return 0;
    }
}

value value::operator[](std::size_t index) const
{
    if (kind_ == value_kind::dict || index >= size())
        throw std::out_of_range{"item " + std::to_string(index) + " of a " + std::string{to_string(kind_)} + " of " +
                                std::to_string(kind_ == value_kind::dict ? 0 : size()) + " items"};
    return object_graph::to_value(graph_, graph_->children(node_)[index]);
}

std::pair<value, value> value::entry(std::size_t index) const
{
    if (kind_ != value_kind::dict || index >= size())
        throw std::out_of_range{"entry " + std::to_string(index) + " of a " + std::string{to_string(kind_)} + " of " +
                                std::to_string(kind_ == value_kind::dict ? size() : 0) + " entries"};
    const auto children = graph_->children(node_);
    return {object_graph::to_value(graph_, children[2 * index]), object_graph::to_value(graph_, children[2 * index + 1])};
}

std::optional<value> value::find(const value& key) const
{
    if (kind_ != value_kind::dict)
        return std::nullopt;
    const auto children = graph_->children(node_);
    const bool is_text = key.kind_ == value_kind::str;
    const std::string_view wanted = key.text();
    // From the back: a pickle may set a key twice, and then the last value holds.
    for (std::size_t i = children.size() / 2; i-- > 0;) {
        const node_id candidate = children[2 * i];
        // Text is by far the most common key and needs no value made of each candidate.
        const bool equal = is_text && graph_->kind(candidate) == node_kind::str
                               ? graph_->text(candidate) == wanted
                               : object_graph::to_value(graph_, candidate) == key;
        if (equal)
            return object_graph::to_value(graph_, children[2 * i + 1]);
    }
    return std::nullopt;
}

std::string_view value::module_name() const noexcept
{
    const node_id named = naming_global(graph_.get(), node_);
    return named == no_node ? std::string_view{} : graph_->text(named);
}

std::string_view value::qualified_name() const noexcept
{
    const node_id named = naming_global(graph_.get(), node_);
    return named == no_node ? std::string_view{} : graph_->qualified_name(named);
}

value value::arguments() const
{
    if (graph_ == nullptr || graph_->kind(node_) != node_kind::object)
        return tuple({});
    return object_graph::to_value(graph_, graph_->object(node_).arguments);
}

value value::state() const
{
    if (graph_ == nullptr || graph_->kind(node_) != node_kind::object)
        return {};
    const auto& updates = graph_->object(node_).updates;
    for (std::size_t i = updates.size(); i-- > 0;)
        if (updates[i].step == object_update::kind::build)
            return object_graph::to_value(graph_, updates[i].first);
    return {};
}

std::string value::type_name() const
{
    switch (kind_) {
    case value_kind::none: return "NoneType";
    case value_kind::byte_string: return "str";
    case value_kind::global: return "type";
    case value_kind::object: break;
    default: return std::string{to_string(kind_)};
    }
    const std::string_view name = qualified_name();
    if (name.empty())
        return "object";
    const codec::class_path path = codec::python3_path({module_name(), name});
    if (path.module == "builtins")
        return std::string{path.name};
    return std::string{path.module}.append(".").append(path.name);
}

}  // namespace quaymaster
