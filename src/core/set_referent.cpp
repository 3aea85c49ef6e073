#include "core/set_referent.hpp"

#include "core/detacher.hpp"
#include "core/iterable.hpp"
#include "core/value_builder.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

namespace quaymaster::core {
namespace {

using codec::node_id;
using codec::node_kind;
using codec::object_graph;

constexpr std::array<parameter, 1> object_parameters{{{"object"}}};
constexpr std::array<parameter, 1> other_parameters{{{"other"}}};

constexpr signature builtin(std::string_view name, std::span<const parameter> parameters = {})
{
    return {name, parameters, signature::style::builtin};
}

constexpr signature of_any_number(std::string_view name)
{
    return {name, {}, signature::style::raw};
}

bool is_set(const value& candidate) noexcept
{
    return candidate.kind() == value_kind::set || candidate.kind() == value_kind::frozenset;
}

returned not_implemented()
{
    return {value::global("builtins", "NotImplemented")};
}

/// The frozenset with the same members; in a copy of the whole, so that what they share is copied once.
value frozen(const value& set)
{
    auto graph = std::make_shared<object_graph>();
    const node_id copy = graph->copy_from(*object_graph::graph_of(set), object_graph::node_of(set));
    const auto children = graph->children(copy);
    const std::vector<node_id> members(children.begin(), children.end());
    const node_id root = graph->add_container(node_kind::frozenset, members);
    return object_graph::to_value(graph, root);
}

/// A member of a result: of this set or of another.
struct member {
    std::uint64_t hash;
    codec::payload key;
};
using members = std::vector<member>;

template <class Members>
value set_of(Members&& all, const codec::pickle_limits& limits, node_kind kind = node_kind::set)
{
    value_builder made{limits};
    std::vector<node_id> children;
    for (const auto& each : all)
        children.push_back(made.add(each.key));
    const node_id root = made.container(kind, children);
    return std::move(made).finish(root);
}

using place_set = std::unordered_set<const value_table::entry*>;

place_set shared_places(const value_table& table, const std::vector<value_table::position>& places)
{
    place_set shared;
    for (const value_table::position place : places) {
        if (place != value_table::none)
            shared.insert(&table[place]);
    }
    return shared;
}

/// The members of `table` that are, or are not, among `places`.
void append_own(members& output, const value_table& table, const place_set& places, bool are_among)
{
    for (const value_table::entry& each : table.entries()) {
        if (places.contains(&each) == are_among)
            output.push_back({each.hash, each.key});
    }
}

/// The staged members that the target of `staged` has, or has not.
void append_other(members& output, std::vector<staged_entries::detached_entry>& staged, bool are_found)
{
    for (staged_entries::detached_entry& each : staged) {
        if ((each.found != value_table::none) == are_found)
            output.push_back({each.hash, std::move(each.key)});
    }
}

}  // namespace

struct set_referent::methods {
    template <outcome (set_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<set_referent, Member>;
    template <operation Operation, target Target = target::result>
    static constexpr auto operate = run<&set_referent::operate<Operation, Target>>;
    template <operation Operation, target Target = target::result>
    static constexpr auto combine = run<&set_referent::combine<Operation, Target>>;

    static constexpr bool is_superset(bool, bool superset) noexcept { return superset; }
    static constexpr bool is_proper_superset(bool subset, bool superset) noexcept { return superset && !subset; }
    static constexpr bool is_subset(bool subset, bool) noexcept { return subset; }
    static constexpr bool is_proper_subset(bool subset, bool superset) noexcept { return subset && !superset; }

    using op = operation;
    static constexpr auto in_place = target::in_place;

    static constexpr method_table table{std::array{
        method{"__and__", builtin("set.__and__", other_parameters), operate<op::intersection>},
        method{"__contains__", builtin("set.__contains__", object_parameters), run<&set_referent::contains>},
        method{"__ge__", builtin("set.__ge__", other_parameters), run<&set_referent::compare<is_superset>>},
        method{"__gt__", builtin("set.__gt__", other_parameters), run<&set_referent::compare<is_proper_superset>>},
        method{"__iand__", builtin("set.__iand__", other_parameters), operate<op::intersection, in_place>},
        method{"__ior__", builtin("set.__ior__", other_parameters), operate<op::join, in_place>},
        method{"__isub__", builtin("set.__isub__", other_parameters), operate<op::difference, in_place>},
        method{"__iter__", builtin("set.__iter__"), run<&set_referent::iterate>},
        method{"__ixor__", builtin("set.__ixor__", other_parameters), operate<op::symmetric_difference, in_place>},
        method{"__le__", builtin("set.__le__", other_parameters), run<&set_referent::compare<is_subset>>},
        method{"__len__", builtin("set.__len__"), run<&set_referent::length>},
        method{"__lt__", builtin("set.__lt__", other_parameters), run<&set_referent::compare<is_proper_subset>>},
        method{"__or__", builtin("set.__or__", other_parameters), operate<op::join>},
        method{"__rand__", builtin("set.__rand__", other_parameters), operate<op::intersection, target::frozen_result>},
        method{"__ror__", builtin("set.__ror__", other_parameters), operate<op::reversed_join, target::frozen_result>},
        method{"__rsub__", builtin("set.__rsub__", other_parameters), operate<op::reversed_difference, target::frozen_result>},
        method{"__rxor__", builtin("set.__rxor__", other_parameters), operate<op::symmetric_difference, target::frozen_result>},
        method{"__sub__", builtin("set.__sub__", other_parameters), operate<op::difference>},
        method{"__xor__", builtin("set.__xor__", other_parameters), operate<op::symmetric_difference>},
        method{"add", builtin("set.add", object_parameters), run<&set_referent::add>},
        method{"clear", builtin("set.clear"), run<&set_referent::clear>},
        method{"copy", builtin("set.copy"), run<&set_referent::copy>},
        method{"difference", of_any_number("set.difference"), combine<op::difference>},
        method{"difference_update", of_any_number("set.difference_update"), combine<op::difference, in_place>},
        method{"discard", builtin("set.discard", object_parameters), run<&set_referent::discard>},
        method{"intersection", of_any_number("set.intersection"), run<&set_referent::intersection<target::result>>},
        method{"intersection_update", of_any_number("set.intersection_update"), run<&set_referent::intersection<in_place>>},
        method{"isdisjoint", builtin("set.isdisjoint", other_parameters), run<&set_referent::isdisjoint>},
        method{"issubset", builtin("set.issubset", other_parameters), run<&set_referent::issubset>},
        method{"issuperset", builtin("set.issuperset", other_parameters), run<&set_referent::issuperset>},
        method{"pop", builtin("set.pop"), run<&set_referent::pop>},
        method{"remove", builtin("set.remove", object_parameters), run<&set_referent::remove>},
        method{"symmetric_difference", builtin("set.symmetric_difference", other_parameters),
               combine<op::symmetric_difference>},
        method{"symmetric_difference_update", builtin("set.symmetric_difference_update", other_parameters),
               combine<op::symmetric_difference, in_place>},
        method{"union", of_any_number("set.union"), combine<op::join>},
        method{"update", of_any_number("set.update"), combine<op::join, in_place>},
    }};
};

std::span<const std::string_view> set_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome set_referent::invoke(core::call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "set", *this, request, caller, fulfilled);
}

std::string set_referent::text() const
{
    try {
        // No more than fill the text: each takes up three octets or more, "0, ".
        constexpr std::size_t text_size_max = std::size_t{1} << 20;
        constexpr std::size_t shown_members_max = text_size_max / 3 + 1;
        members shown;
        for (const value_table::entry& each : table_.entries()) {
            if (shown.size() == shown_members_max)
                break;
            shown.push_back({each.hash, each.key});
        }
        return set_of(shown, table_.limits()).repr(text_size_max);
    } catch (const pickle_error& unreadable) {
        return "<set of " + std::to_string(table_.size()) + " members: " + unreadable.what() + ">";
    }
}

std::optional<value> set_referent::by_value() const
{
    try {
        return set_of(table_.entries(), table_.limits());
    } catch (const pickle_error&) {
        return std::nullopt;
    }
}

std::optional<raised> set_referent::construct(core::call& arguments)
{
    if (!arguments.keywords.empty())
        return raised{exception_type::type_error, "set() takes no keyword arguments"};
    const std::size_t given = arguments.positional.size();
    if (given > 1)
        return raised{exception_type::type_error, "set expected at most 1 argument, got " + std::to_string(given)};
    if (given == 0)
        return std::nullopt;
    staged_entries staged{table_};
    if (auto wrong = staged.add_keys(arguments.positional[0].to_value(table_.limits())))
        return wrong;
    staged.commit(room_for(arguments.positional[0]));
    return std::nullopt;
}

// A set is looked for as the frozenset that it equals, as CPython does.
std::variant<table_key, raised> set_referent::read_member(const codec::payload& argument)
{
    value given = argument.to_value(table_.limits());
    if (given.kind() == value_kind::set)
        given = frozen(given);
    return table_.make_key(std::move(given));
}

outcome set_referent::add(invocation& called)
{
    const auto key = table_.make_key(called.bound[0]->to_value(table_.limits()));
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto& added = std::get<table_key>(key);
    if (table_.find(added) == value_table::none)
        table_.insert(added.hash, kept(std::move(*called.bound[0])), {});
    return returned{};
}

outcome set_referent::contains(invocation& called)
{
    const auto key = read_member(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    return returned{value{table_.find(std::get<table_key>(key)) != value_table::none}};
}

outcome set_referent::discard(invocation& called)
{
    const auto key = read_member(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    if (const auto found = table_.find(std::get<table_key>(key)); found != value_table::none)
        static_cast<void>(table_.take(found));
    return returned{};
}

outcome set_referent::remove(invocation& called)
{
    const auto key = read_member(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto found = table_.find(std::get<table_key>(key));
    if (found == value_table::none)
        return raised{exception_type::key_error, {}, std::make_shared<const value>(called.bound[0]->to_value(table_.limits()))};
    static_cast<void>(table_.take(found));
    return returned{};
}

outcome set_referent::pop(invocation&)
{
    if (table_.empty())
        return raised{exception_type::key_error, "pop from an empty set"};
    return returned{table_.take(table_.last()).key};
}

outcome set_referent::clear(invocation&)
{
    table_.clear();
    return returned{};
}

outcome set_referent::length(invocation&)
{
    return returned{value{static_cast<std::int64_t>(table_.size())}};
}

outcome set_referent::copy(invocation&)
{
    return returned{set_of(table_.entries(), table_.limits())};
}

outcome set_referent::iterate(invocation&)
{
    value_builder made{table_.limits()};
    std::vector<node_id> children;
    children.reserve(table_.size());
    for (const value_table::entry& each : table_.entries())
        children.push_back(made.add(each.key));
    const node_id root = made.call("iter", made.container(node_kind::list, children));
    return returned{std::move(made).finish(root)};
}

outcome set_referent::finish(operation what, target where, staged_entries& staged, std::size_t room)
{
    if (where == target::in_place && what == operation::join) {
        staged.commit(room);
        return returned{};
    }
    if (where == target::in_place && (what == operation::difference || what == operation::symmetric_difference)) {
        auto other = what == operation::difference ? std::vector<staged_entries::detached_entry>{}
                                                   : staged.detach(room, staged_entries::keys::of_new);
        // One by one, for taking a member may move the others.
        for (const value_table::entry& each : staged.table().entries()) {
            if (const auto found = table_.find({*each.key.known(), each.hash}); found != value_table::none)
                static_cast<void>(table_.take(found));
        }
        for (staged_entries::detached_entry& each : other) {
            if (each.found == value_table::none)
                table_.insert(each.hash, std::move(each.key), {});
        }
        return returned{};
    }
    members all;
    if (what == operation::difference) {
        append_own(all, table_, shared_places(table_, staged.places()), false);
        return returned{set_of(all, table_.limits())};
    }
    auto other = staged.detach(room, staged_entries::keys::all);
    std::vector<value_table::position> places;
    for (const auto& each : other)
        places.push_back(each.found);
    const place_set shared = shared_places(table_, places);
    switch (what) {
    case operation::intersection: append_other(all, other, true); break;
    case operation::own_intersection: append_own(all, table_, shared, true); break;
    case operation::join:
        for (const value_table::entry& each : table_.entries())
            all.push_back({each.hash, each.key});
        append_other(all, other, false);
        break;
    case operation::reversed_join:
        for (auto& each : other)
            all.push_back({each.hash, std::move(each.key)});
        append_own(all, table_, shared, false);
        break;
    case operation::reversed_difference: append_other(all, other, false); break;
    case operation::symmetric_difference:
        append_own(all, table_, shared, false);
        append_other(all, other, false);
        break;
    case operation::difference: break;
    }
    if (where != target::in_place)
        return returned{set_of(all, table_.limits(), where == target::frozen_result ? node_kind::frozenset : node_kind::set)};
    value_table fresh{table_.seed(), table_.limits()};
    for (member& each : all)
        fresh.insert(each.hash, std::move(each.key), {});
    table_ = std::move(fresh);
    return returned{};
}

// Of equal members of both CPython keeps those of the smaller set, or of the other if it is no set.
set_referent::operation set_referent::intersection_with(const value& other) const noexcept
{
    return is_set(other) && other.size() > table_.size() ? operation::own_intersection : operation::intersection;
}

template <set_referent::operation Operation, set_referent::target Target>
outcome set_referent::operate(invocation& called)
{
    const value other = called.bound[0]->to_value(table_.limits());
    if (!is_set(other))
        return not_implemented();
    staged_entries staged{table_};
    if (auto wrong = staged.add_keys(other))
        return *std::move(wrong);
    const operation what = Operation == operation::intersection ? intersection_with(other) : Operation;
    // The result of an operator is of the type of its left side.
    constexpr bool is_right_side = Target == target::frozen_result;
    const target where = is_right_side && other.kind() != value_kind::frozenset ? target::result : Target;
    outcome result = finish(what, where, staged, room_for(*called.bound[0]));
    // `s &= x` returns the set itself, by value.
    return Target == target::in_place ? copy(called) : std::move(result);
}

template <set_referent::operation Operation, set_referent::target Target>
outcome set_referent::combine(invocation& called)
{
    if (auto wrong = refuse_keywords(called.request))
        return *std::move(wrong);
    staged_entries staged{table_};
    std::size_t room = 0;
    for (const codec::payload& each : called.request.positional) {
        if (auto wrong = staged.add_keys(each.to_value(table_.limits())))
            return *std::move(wrong);
        const std::size_t more = room_for(each);
        room = more > std::numeric_limits<std::size_t>::max() - room ? std::numeric_limits<std::size_t>::max() : room + more;
    }
    return finish(Operation, Target, staged, room);
}

template <set_referent::target Target>
outcome set_referent::intersection(invocation& called)
{
    if (auto wrong = refuse_keywords(called.request))
        return *std::move(wrong);
    const auto& others = called.request.positional;
    if (others.empty())
        return Target == target::in_place ? returned{} : copy(called);
    if (others.size() == 1) {
        const value other = others[0].to_value(table_.limits());
        staged_entries staged{table_};
        if (auto wrong = staged.add_keys(other))
            return *std::move(wrong);
        return finish(intersection_with(other), Target, staged, room_for(others[0]));
    }
    place_set shared;
    for (const value_table::entry& each : table_.entries())
        shared.insert(&each);
    for (const codec::payload& each : others) {
        staged_entries staged{table_};
        if (auto wrong = staged.add_keys(each.to_value(table_.limits())))
            return *std::move(wrong);
        const place_set here = shared_places(table_, staged.places());
        std::erase_if(shared, [&here](const value_table::entry* at) { return !here.contains(at); });
    }
    members all;
    append_own(all, table_, shared, true);
    if (Target == target::result)
        return returned{set_of(all, table_.limits())};
    value_table fresh{table_.seed(), table_.limits()};
    for (member& each : all)
        fresh.insert(each.hash, std::move(each.key), {});
    table_ = std::move(fresh);
    return returned{};
}

std::optional<raised> set_referent::refuse_keywords(const core::call& request)
{
    if (request.keywords.empty())
        return std::nullopt;
    return raised{exception_type::type_error, "set." + std::string{request.method} + "() takes no keyword arguments"};
}

std::variant<set_referent::overlap, raised> set_referent::overlap_with(const value& other)
{
    staged_entries staged{table_};
    if (auto wrong = staged.add_keys(other))
        return *std::move(wrong);
    const auto places = staged.places();
    const auto shared = static_cast<std::size_t>(
        std::count_if(places.begin(), places.end(), [](value_table::position at) { return at != value_table::none; }));
    return overlap{shared != 0, shared == table_.size(), shared == places.size()};
}

template <bool (*Holds)(bool, bool)>
outcome set_referent::compare(invocation& called)
{
    const value other = called.bound[0]->to_value(table_.limits());
    if (!is_set(other))
        return not_implemented();
    const auto found = overlap_with(other);
    if (const auto* const wrong = std::get_if<raised>(&found))
        return *wrong;
    const auto& [any, subset, superset] = std::get<overlap>(found);
    return returned{value{Holds(subset, superset)}};
}

outcome set_referent::isdisjoint(invocation& called)
{
    const auto found = overlap_with(called.bound[0]->to_value(table_.limits()));
    if (const auto* const wrong = std::get_if<raised>(&found))
        return *wrong;
    return returned{value{!std::get<overlap>(found).any}};
}

outcome set_referent::issubset(invocation& called)
{
    const auto found = overlap_with(called.bound[0]->to_value(table_.limits()));
    if (const auto* const wrong = std::get_if<raised>(&found))
        return *wrong;
    return returned{value{std::get<overlap>(found).is_subset}};
}

outcome set_referent::issuperset(invocation& called)
{
    const auto found = overlap_with(called.bound[0]->to_value(table_.limits()));
    if (const auto* const wrong = std::get_if<raised>(&found))
        return *wrong;
    return returned{value{std::get<overlap>(found).is_superset}};
}

factory fresh_set(const codec::pickle_limits& limits, const hash_seed& seed)
{
    return [limits, seed](core::call& arguments) -> std::variant<made_object, raised> {
        try {
            auto made = std::make_shared<set_referent>(limits, seed);
            if (auto wrong = made->construct(arguments))
                return *std::move(wrong);
            return made_object{std::move(made), {}};
        } catch (const pickle_error& unreadable) {
            return raised{exception_type::value_error, unreadable.what()};
        }
    };
}

}  // namespace quaymaster::core
