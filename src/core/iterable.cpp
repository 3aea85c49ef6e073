#include "core/iterable.hpp"

#include "codec/object_graph.hpp"
#include "core/array_data.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace quaymaster::core {
namespace {

using codec::node_id;
using codec::node_kind;
using codec::object_graph;
using codec::object_update;

using items = std::vector<value>;
using items_or_raised = std::variant<items, raised>;

raised not_iterable(const value& instance)
{
    return {exception_type::type_error, "'" + class_name_of(instance) + "' object is not iterable"};
}

raised too_many(const value& iterable, std::string_view count)
{
    return {exception_type::memory_error, "iterating this " + class_name_of(iterable) + " would make " + std::string{count} +
                                              " items, and iterated_items_max is " + std::to_string(iterated_items_max) +
                                              ": send them in parts"};
}

items children_of(const value& container)
{
    items children;
    children.reserve(container.size());
    for (std::size_t i = 0; i < container.size(); ++i)
        children.push_back(container[i]);
    return children;
}

items keys_of(const value& dict)
{
    items keys;
    keys.reserve(dict.size());
    for (std::size_t i = 0; i < dict.size(); ++i)
        keys.push_back(dict.entry(i).first);
    return keys;
}

// The characters of `text`, each the same object wherever it occurs: a graph for each of them would take a thousand times
// the memory of the text. `kind` is str or byte_string; the characters of the latter are octets.
items_or_raised characters_of(const value& text)
{
    const bool is_utf8 = text.kind() == value_kind::str;
    const auto begins_character = [is_utf8](char octet) {
        return !is_utf8 || (static_cast<unsigned char>(octet) & 0xc0U) != 0x80;
    };
    const std::string_view content = text.text();
    const auto count = static_cast<std::size_t>(std::count_if(content.begin(), content.end(), begins_character));
    if (count > iterated_items_max)
        return too_many(text, std::to_string(count));

    const auto graph = std::make_shared<object_graph>();
    const node_kind kind = is_utf8 ? node_kind::str : node_kind::byte_string;
    const std::string_view kept = graph->own(content);
    std::unordered_map<std::string_view, node_id> nodes;
    items characters;
    characters.reserve(count);
    for (std::size_t at = 0; at < kept.size();) {
        std::size_t end = at + 1;
        while (end < kept.size() && !begins_character(kept[end]))
            ++end;
        const std::string_view character = kept.substr(at, end - at);
        const auto [place, is_new] = nodes.try_emplace(character, codec::no_node);
        if (is_new)
            place->second = graph->add_text(kind, character);
        characters.push_back(object_graph::to_value(graph, place->second));
        at = end;
    }
    return characters;
}

items_or_raised octets_of(const value& octets)
{
    const bytes_view content = octets.octets();
    if (content.size() > iterated_items_max)
        return too_many(octets, std::to_string(content.size()));
    items numbers;
    numbers.reserve(content.size());
    for (const std::byte octet : content)
        numbers.emplace_back(std::to_integer<int>(octet));
    return numbers;
}

// range(stop), range(start, stop) or range(start, stop, step): CPython pickles the third.
items_or_raised numbers_of(const value& range)
{
    const value arguments = range.arguments();
    if (arguments.size() < 1 || arguments.size() > 3)
        return raised{exception_type::type_error, "range expected 1 to 3 arguments, got " + std::to_string(arguments.size())};
    std::array<std::int64_t, 3> given{};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const value argument = arguments[i];
        const auto number = argument.to_int64();
        if (!number && argument.kind() == value_kind::integer)
            return raised{exception_type::overflow_error, "a range beyond 64 bits cannot be iterated here"};
        if (!number) {
            return raised{exception_type::type_error,
                          "'" + class_name_of(argument) + "' object cannot be interpreted as an integer"};
        }
        given[i] = *number;
    }
    const bool has_start = arguments.size() > 1;
    const std::int64_t start = has_start ? given[0] : 0;
    const std::int64_t stop = has_start ? given[1] : given[0];
    const std::int64_t step = arguments.size() == 3 ? given[2] : 1;
    if (step == 0)
        return raised{exception_type::value_error, "range() arg 3 must not be zero"};
    // As unsigned numbers, where the distance of any two fits and wrapping is defined.
    const auto from = static_cast<std::uint64_t>(start);
    const auto to = static_cast<std::uint64_t>(stop);
    const auto stride = static_cast<std::uint64_t>(step);
    const bool is_empty = step > 0 ? start >= stop : start <= stop;
    const std::uint64_t distance = step > 0 ? to - from : from - to;
    const std::uint64_t count = is_empty ? 0 : (distance - 1) / (step > 0 ? stride : 0 - stride) + 1;
    if (count > iterated_items_max)
        return too_many(range, std::to_string(count));
    items numbers;
    numbers.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i)
        numbers.emplace_back(static_cast<std::int64_t>(from + i * stride));
    return numbers;
}

// iter(sequence), with the index of its next item as its state: how CPython pickles the iterator of a list.
items_or_raised rest_of_iterator(const value& iterator)
{
    const value arguments = iterator.arguments();
    if (arguments.size() != 1 || arguments[0].kind() == value_kind::object)
        return not_iterable(iterator);
    auto found = items_of(arguments[0]);
    auto* const all = std::get_if<items>(&found);
    if (all == nullptr)
        return found;
    const std::int64_t next = std::max<std::int64_t>(iterator.state().to_int64().value_or(0), 0);
    all->erase(all->begin(), all->begin() + std::min(next, static_cast<std::int64_t>(all->size())));
    return found;
}

// Appends what `object` was given after its construction: the items that were appended, the keys that were set.
void append_updates(const value& object, object_update::kind step, items& output)
{
    const auto& graph = object_graph::graph_of(object);
    for (const object_update& update : graph->object(object_graph::node_of(object)).updates)
        if (update.step == step)
            output.push_back(object_graph::to_value(graph, update.first));
}

// collections.deque(items, maxlen), the items in the call (Python 2) or appended.
items_or_raised items_of_deque(const value& deque)
{
    const value arguments = deque.arguments();
    items all;
    if (arguments.size() != 0 && (arguments[0].kind() == value_kind::list || arguments[0].kind() == value_kind::tuple))
        all = children_of(arguments[0]);
    append_updates(deque, object_update::kind::append, all);
    const auto length_max = arguments.size() > 1 ? arguments[1].to_uint64() : std::nullopt;
    if (length_max && *length_max < all.size())
        all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(*length_max));
    return all;
}

// The subclasses of dict in collections: entries set one by one, or in the call as a dict (Counter) or as a list of pairs
// (OrderedDict of Python 2).
items_or_raised keys_of_mapping(const value& mapping)
{
    const value arguments = mapping.arguments();
    items keys;
    if (arguments.size() != 0 && arguments[0].kind() == value_kind::dict) {
        for (std::size_t i = 0; i < arguments[0].size(); ++i)
            keys.push_back(arguments[0].entry(i).first);
    } else if (arguments.size() != 0 && arguments[0].kind() == value_kind::list) {
        for (const value& pair : children_of(arguments[0])) {
            if (pair.size() != 2 || (pair.kind() != value_kind::list && pair.kind() != value_kind::tuple))
                return not_iterable(mapping);
            keys.push_back(pair[0]);
        }
    }
    append_updates(mapping, object_update::kind::set_item, keys);
    return keys;
}

items_or_raised items_of_array(const value& pickled)
{
    auto read = array_data::read(pickled);
    if (auto* const wrong = std::get_if<raised>(&read))
        return std::move(*wrong);
    const auto& array = std::get<array_data>(read);
    // An octet each, or as many of those of a range.
    if (array.size() > iterated_items_max)
        return too_many(pickled, std::to_string(array.size()));
    if (array.has_characters()) {
        auto text = array.joined();
        if (auto* const wrong = std::get_if<raised>(&text))
            return std::move(*wrong);
        return characters_of(std::get<value>(text));
    }
    items all;
    all.reserve(array.size());
    for (std::size_t i = 0; i < array.size(); ++i)
        all.push_back(std::get<value>(array[i]));
    return all;
}

bool is_made_by_call(const value& instance)
{
    const auto& graph = object_graph::graph_of(instance);
    return graph != nullptr && graph->kind(object_graph::node_of(instance)) == node_kind::object;
}

items_or_raised items_of_object(const value& instance)
{
    if (!is_made_by_call(instance))
        return not_iterable(instance);
    using read = items_or_raised (*)(const value&);
    constexpr std::pair<std::string_view, read> readers[] = {
        {"range", numbers_of},
        {"iter", rest_of_iterator},
        {"collections.deque", items_of_deque},
        {"collections.OrderedDict", keys_of_mapping},
        {"collections.Counter", keys_of_mapping},
        {"collections.defaultdict", keys_of_mapping},
    };
    if (array_data::is_array(instance))
        return items_of_array(instance);
    const std::string type = instance.type_name();
    for (const auto& [name, reader] : readers)
        if (name == type)
            return reader(instance);
    return not_iterable(instance);
}

}  // namespace

std::variant<std::vector<value>, raised> items_of(const value& iterable)
{
    switch (iterable.kind()) {
    case value_kind::tuple:
    case value_kind::list:
    case value_kind::set:
    case value_kind::frozenset: return children_of(iterable);
    case value_kind::dict: return keys_of(iterable);
    case value_kind::str:
    case value_kind::byte_string: return characters_of(iterable);
    case value_kind::bytes:
    case value_kind::bytearray: return octets_of(iterable);
    case value_kind::object: return items_of_object(iterable);
    default: return not_iterable(iterable);
    }
}

value detached(const value& part)
{
    // Below this a copy costs more than it saves.
    constexpr std::size_t small_graph = 64;
    const auto& graph = object_graph::graph_of(part);
    if (graph == nullptr || graph->node_count() <= small_graph)
        return part;
    const auto own = std::make_shared<object_graph>(graph->has_proxies() ? graph->source() : codec::item{});
    const node_id root = own->copy_from(*graph, object_graph::node_of(part));
    return object_graph::to_value(own, root);
}

std::string class_name_of(const value& instance)
{
    std::string name = instance.type_name();
    if (const std::size_t dot = name.rfind('.'); dot != std::string::npos)
        name.erase(0, dot + 1);
    return name;
}

}  // namespace quaymaster::core
