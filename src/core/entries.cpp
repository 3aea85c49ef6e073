#include "core/entries.hpp"

#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"
#include "core/detacher.hpp"
#include "core/iterable.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace quaymaster::core {
namespace {

using codec::node_kind;
using codec::object_graph;
using codec::object_update;

bool is_instance(const value& candidate)
{
    const auto& graph = object_graph::graph_of(candidate);
    return graph != nullptr && graph->kind(object_graph::node_of(candidate)) == node_kind::object;
}

raised wrong_length(std::size_t index, std::size_t length)
{
    return {exception_type::value_error, "dictionary update sequence element #" + std::to_string(index) + " has length " +
                                             std::to_string(length) + "; 2 is required"};
}

}  // namespace

bool is_mapping(const value& candidate)
{
    if (candidate.kind() == value_kind::dict)
        return true;
    if (!is_instance(candidate))
        return false;
    constexpr std::array<std::string_view, 3> classes{"collections.Counter", "collections.OrderedDict",
                                                      "collections.defaultdict"};
    if (std::find(classes.begin(), classes.end(), candidate.type_name()) != classes.end())
        return true;
    const auto& updates = object_graph::graph_of(candidate)->object(object_graph::node_of(candidate)).updates;
    return std::any_of(updates.begin(), updates.end(),
                       [](const object_update& each) { return each.step == object_update::kind::set_item; });
}

std::optional<raised> staged_entries::add(const value& key, codec::payload mapped)
{
    const auto hashed = hash_(key);
    if (const auto* const wrong = std::get_if<raised>(&hashed))
        return *wrong;
    const table_key ready{key, std::get<std::uint64_t>(hashed)};
    if (const auto found = staged_.find(ready); found != value_table::none)
        staged_.assign(found, std::move(mapped));
    else
        staged_.insert(ready.hash, key, std::move(mapped));
    return std::nullopt;
}

std::optional<raised> staged_entries::add_keyword(std::string_view name, const codec::payload& mapped)
{
    const auto key = keyword_value(name);
    if (!key)
        return raised{exception_type::type_error, "keywords must be text"};
    return add(*key, mapped);
}

std::optional<raised> staged_entries::add_entries(const value& source)
{
    if (source.kind() == value_kind::dict) {
        for (std::size_t i = 0; i < source.size(); ++i) {
            const auto [key, mapped] = source.entry(i);
            if (auto wrong = add(key, mapped))
                return wrong;
        }
        return std::nullopt;
    }
    if (is_mapping(source)) {
        // The items that the class was called with come first: Counter({'a': 1}), and OrderedDict([['a', 1]]) of Python 2.
        if (const value arguments = source.arguments(); arguments.size() != 0) {
            const value first = arguments[0];
            if (first.kind() == value_kind::dict || first.kind() == value_kind::list) {
                if (auto wrong = add_entries(first))
                    return wrong;
            }
        }
        const auto& graph = object_graph::graph_of(source);
        for (const object_update& each : graph->object(object_graph::node_of(source)).updates) {
            if (each.step != object_update::kind::set_item)
                continue;
            if (auto wrong = add(object_graph::to_value(graph, each.first), object_graph::to_value(graph, each.second)))
                return wrong;
        }
        return std::nullopt;
    }
    const auto elements = items_of(source);
    if (const auto* const wrong = std::get_if<raised>(&elements))
        return *wrong;
    std::size_t index = 0;
    for (const value& element : std::get<std::vector<value>>(elements)) {
        const auto pair = items_of(element);
        if (const auto* const wrong = std::get_if<raised>(&pair)) {
            if (wrong->type != exception_type::type_error)
                return *wrong;
            return raised{exception_type::type_error,
                          "cannot convert dictionary update sequence element #" + std::to_string(index) + " to a sequence"};
        }
        const auto& items = std::get<std::vector<value>>(pair);
        if (items.size() != 2)
            return wrong_length(index, items.size());
        if (auto wrong = add(items[0], items[1]))
            return wrong;
        ++index;
    }
    return std::nullopt;
}

std::optional<raised> staged_entries::add_keys(const value& source)
{
    const auto keys = items_of(source);
    if (const auto* const wrong = std::get_if<raised>(&keys))
        return *wrong;
    for (const value& key : std::get<std::vector<value>>(keys)) {
        if (auto wrong = add(key))
            return wrong;
    }
    return std::nullopt;
}

std::vector<staged_entries::detached_entry> staged_entries::detach(std::size_t room, keys which) const
{
    detacher apart{room};
    std::vector<detached_entry> made;
    made.reserve(staged_.size());
    for (const value_table::entry& each : staged_.entries()) {
        const value& key = *each.key.known();
        const value* const mapped = each.mapped.known();
        detached_entry entry{each.hash, target_.find({key, each.hash}), {}, {}};
        if (which == keys::all || entry.found == value_table::none)
            entry.key = apart(key);
        entry.mapped = mapped != nullptr ? apart(*mapped) : each.mapped;
        made.push_back(std::move(entry));
    }
    return made;
}

std::vector<value_table::position> staged_entries::places() const
{
    std::vector<value_table::position> found;
    found.reserve(staged_.size());
    for (const value_table::entry& each : staged_.entries())
        found.push_back(target_.find({*each.key.known(), each.hash}));
    return found;
}

void staged_entries::commit(std::size_t room)
{
    auto ready = detach(room, keys::of_new);
    // First what is found where it is: insertions may move it.
    for (detached_entry& each : ready) {
        if (each.found != value_table::none)
            target_.assign(each.found, std::move(each.mapped));
    }
    for (detached_entry& each : ready) {
        if (each.found == value_table::none)
            target_.insert(each.hash, std::move(each.key), std::move(each.mapped));
    }
}

codec::payload kept(codec::payload&& argument)
{
    if (const value* const known = argument.known())
        return detacher{room_for(argument)}(*known);
    return std::move(argument);
}

std::optional<value> keyword_value(std::string_view name)
{
    return codec::is_utf8(name) ? std::optional<value>{name} : std::nullopt;
}

}  // namespace quaymaster::core
