#include "core/dict_referent.hpp"

#include "core/detacher.hpp"
#include "core/iterable.hpp"
#include "core/iterator_referent.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <unordered_map>
#include <utility>

namespace quaymaster::core {
namespace {

using codec::node_id;
using codec::node_kind;

constexpr std::array<parameter, 1> key_parameters{{{"key"}}};
constexpr std::array<parameter, 1> other_parameters{{{"other"}}};
constexpr std::array<parameter, 2> item_parameters{{{"key"}, {"value"}}};
constexpr std::array<parameter, 2> default_parameters{{{"key"}, {"default", false}}};
constexpr std::array<parameter, 2> fromkeys_parameters{{{"iterable"}, {"value", false}}};

constexpr std::size_t text_size_max = std::size_t{1} << 20;

/// What an iterator counts for beside its keys: so no dict has an account of more than some ten thousand.
constexpr std::size_t iterator_charge = 64;

constexpr signature builtin(std::string_view name, std::span<const parameter> parameters = {})
{
    return {name, parameters, signature::style::builtin};
}

raised key_error(value key)
{
    return {exception_type::key_error, {}, std::make_shared<const value>(std::move(key))};
}

constexpr std::size_t all_entries = std::numeric_limits<std::size_t>::max();

/// Entries that fill the text of a dict, each of which takes up six octets or more: "0: 0, ".
constexpr std::size_t shown_entries_max = text_size_max / 6 + 1;

value whole(const value_table& table, std::size_t entries_max = all_entries)
{
    value_builder made{table.limits()};
    std::vector<node_id> children;
    children.reserve(2 * std::min(table.size(), entries_max));
    for (const value_table::entry& each : table.entries()) {
        if (children.size() / 2 == entries_max)
            break;
        children.push_back(made.add(each.key));
        children.push_back(made.add(each.mapped));
    }
    const node_id root = made.container(node_kind::dict, children);
    return std::move(made).finish(root);
}

value list_of_keys(const value_table& table)
{
    value_builder made{table.limits()};
    std::vector<node_id> children;
    children.reserve(table.size());
    for (const value_table::entry& each : table.entries())
        children.push_back(made.add(each.key));
    const node_id root = made.container(node_kind::list, children);
    return std::move(made).finish(root);
}

returned not_implemented()
{
    return {value::global("builtins", "NotImplemented")};
}

}  // namespace

struct dict_referent::methods {
    template <outcome (dict_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<dict_referent, Member>;

    static constexpr method_table table{std::array{
        method{"__contains__", builtin("dict.__contains__", key_parameters), run<&dict_referent::contains>},
        method{"__delitem__", builtin("dict.__delitem__", key_parameters), run<&dict_referent::delete_item>},
        method{"__getitem__", builtin("dict.__getitem__", key_parameters), run<&dict_referent::get_item>},
        method{"__ior__", builtin("dict.__ior__", other_parameters), run<&dict_referent::in_place_or>},
        method{"__iter__", builtin("dict.__iter__"), run<&dict_referent::iterate>},
        method{"__len__", builtin("dict.__len__"), run<&dict_referent::length>},
        method{"__or__", builtin("dict.__or__", other_parameters), run<&dict_referent::union_with>},
        method{"__reversed__", builtin("dict.__reversed__"), run<&dict_referent::reversed>},
        method{"__ror__", builtin("dict.__ror__", other_parameters), run<&dict_referent::reversed_or>},
        method{"__setitem__", builtin("dict.__setitem__", item_parameters), run<&dict_referent::set_item>},
        method{"clear", builtin("dict.clear"), run<&dict_referent::clear>},
        method{"copy", builtin("dict.copy"), run<&dict_referent::copy>},
        method{"fromkeys", builtin("dict.fromkeys", fromkeys_parameters), run<&dict_referent::fromkeys>},
        method{"get", builtin("dict.get", default_parameters), run<&dict_referent::get>},
        method{"has_key", builtin("dict.has_key", key_parameters), run<&dict_referent::contains>},
        method{"items", builtin("dict.items"), run<&dict_referent::items>},
        method{"keys", builtin("dict.keys"), run<&dict_referent::keys>},
        method{"pop", builtin("dict.pop", default_parameters), run<&dict_referent::pop>},
        method{"popitem", builtin("dict.popitem"), run<&dict_referent::popitem>},
        method{"setdefault", builtin("dict.setdefault", default_parameters), run<&dict_referent::setdefault>},
        method{"update", {"dict.update", {}, signature::style::raw}, run<&dict_referent::update>},
        method{"values", builtin("dict.values"), run<&dict_referent::values>},
    }};
};

std::span<const std::string_view> dict_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome dict_referent::invoke(core::call& request, waiter& caller, completions& fulfilled)
{
    outcome result = invoke_method(methods::table.methods, "dict", *this, request, caller, fulfilled);
    if (size_ != nullptr)
        size_->store(table_.size(), std::memory_order_relaxed);
    return result;
}

bool dict_referent::reads_argument(const core::call& request, std::size_t) const noexcept
{
    return request.method == "update" || request.method == "__ior__";
}

std::string dict_referent::text() const
{
    try {
        return whole(table_, shown_entries_max).repr(text_size_max);
    } catch (const pickle_error& unreadable) {
        return "<dict of " + std::to_string(table_.size()) + " entries: " + unreadable.what() + ">";
    }
}

std::optional<value> dict_referent::by_value() const
{
    try {
        return whole(table_);
    } catch (const pickle_error&) {
        return std::nullopt;
    }
}

std::optional<raised> dict_referent::construct(core::call& arguments)
{
    return merge(arguments, "dict");
}

std::optional<raised> dict_referent::merge(core::call& arguments, std::string_view name)
{
    if (arguments.positional.size() > 1) {
        return raised{exception_type::type_error,
                      std::string{name} + " expected at most 1 argument, got " + std::to_string(arguments.positional.size())};
    }
    staged_entries staged{table_};
    const codec::payload source = arguments.positional.empty() ? codec::payload{} : arguments.positional[0];
    if (!arguments.positional.empty()) {
        if (auto wrong = staged.add_entries(source.to_value(table_.limits())))
            return wrong;
    }
    for (const auto& [key, mapped] : arguments.keywords) {
        if (auto wrong = staged.add_keyword(key, mapped))
            return wrong;
    }
    staged.commit(room_for(source));
    return std::nullopt;
}

std::variant<table_key, raised> dict_referent::read_key(const codec::payload& argument)
{
    return table_.make_key(argument.to_value(table_.limits()));
}

outcome dict_referent::contains(invocation& called)
{
    const auto key = read_key(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    return returned{value{table_.find(std::get<table_key>(key)) != value_table::none}};
}

outcome dict_referent::get_item(invocation& called)
{
    const auto key = read_key(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto found = table_.find(std::get<table_key>(key));
    if (found == value_table::none)
        return key_error(std::get<table_key>(key).known);
    return returned{table_[found].mapped};
}

outcome dict_referent::get(invocation& called)
{
    const auto key = read_key(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto found = table_.find(std::get<table_key>(key));
    if (found != value_table::none)
        return returned{table_[found].mapped};
    if (called.bound[1] != nullptr)
        return returned{std::move(*called.bound[1])};
    return returned{};
}

outcome dict_referent::set_item(invocation& called)
{
    const auto key = read_key(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto& sought = std::get<table_key>(key);
    codec::payload mapped = kept(std::move(*called.bound[1]));
    if (const auto found = table_.find(sought); found != value_table::none)
        table_.assign(found, std::move(mapped));
    else
        table_.insert(sought.hash, kept(std::move(*called.bound[0])), std::move(mapped));
    return returned{};
}

outcome dict_referent::setdefault(invocation& called)
{
    const auto key = read_key(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto& sought = std::get<table_key>(key);
    if (const auto found = table_.find(sought); found != value_table::none)
        return returned{table_[found].mapped};
    codec::payload mapped = called.bound[1] == nullptr ? codec::payload{} : kept(std::move(*called.bound[1]));
    table_.insert(sought.hash, kept(std::move(*called.bound[0])), codec::payload{mapped});
    return returned{std::move(mapped)};
}

outcome dict_referent::delete_item(invocation& called)
{
    const auto key = read_key(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto found = table_.find(std::get<table_key>(key));
    if (found == value_table::none)
        return key_error(std::get<table_key>(key).known);
    static_cast<void>(table_.take(found));
    return returned{};
}

outcome dict_referent::pop(invocation& called)
{
    // An empty dict does not even ask whether the key can be hashed.
    if (table_.empty() && called.bound[1] == nullptr)
        return key_error(called.bound[0]->to_value(table_.limits()));
    if (table_.empty())
        return returned{std::move(*called.bound[1])};
    const auto key = read_key(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto found = table_.find(std::get<table_key>(key));
    if (found != value_table::none)
        return returned{table_.take(found).mapped};
    if (called.bound[1] != nullptr)
        return returned{std::move(*called.bound[1])};
    return key_error(std::get<table_key>(key).known);
}

outcome dict_referent::popitem(invocation&)
{
    if (table_.empty())
        return raised{exception_type::key_error, "popitem(): dictionary is empty"};
    const auto last = table_.last();
    value_builder made{table_.limits()};
    const node_id key = made.add(table_[last].key);
    const node_id mapped = made.add(table_[last].mapped);
    const node_id root = made.container(node_kind::tuple, {key, mapped});
    static_cast<void>(table_.take(last));
    return returned{std::move(made).finish(root)};
}

outcome dict_referent::clear(invocation&)
{
    table_.clear();
    return returned{};
}

outcome dict_referent::length(invocation&)
{
    return returned{value{static_cast<std::int64_t>(table_.size())}};
}

outcome dict_referent::copy(invocation&)
{
    return returned{whole(table_)};
}

outcome dict_referent::keys(invocation&)
{
    return returned{list_of_keys(table_)};
}

outcome dict_referent::values(invocation&)
{
    value_builder made{table_.limits()};
    std::vector<node_id> children;
    children.reserve(table_.size());
    for (const value_table::entry& each : table_.entries())
        children.push_back(made.add(each.mapped));
    const node_id root = made.container(node_kind::list, children);
    return returned{std::move(made).finish(root)};
}

outcome dict_referent::items(invocation&)
{
    value_builder made{table_.limits()};
    std::vector<node_id> children;
    children.reserve(table_.size());
    for (const value_table::entry& each : table_.entries()) {
        const node_id key = made.add(each.key);
        const node_id mapped = made.add(each.mapped);
        children.push_back(made.container(node_kind::tuple, {key, mapped}));
    }
    const node_id root = made.container(node_kind::list, children);
    return returned{std::move(made).finish(root)};
}

outcome dict_referent::reversed(invocation&)
{
    value_builder made{table_.limits()};
    std::vector<node_id> children;
    children.reserve(table_.size());
    for (const value_table::entry& each : table_.reversed_entries())
        children.push_back(made.add(each.key));
    const node_id root = made.call("iter", made.container(node_kind::list, children));
    return returned{std::move(made).finish(root)};
}

outcome dict_referent::update(invocation& called)
{
    if (auto wrong = merge(called.request, "update"))
        return *std::move(wrong);
    return returned{};
}

outcome dict_referent::in_place_or(invocation& called)
{
    if (auto wrong = merge(called.request, "dict.__ior__"))
        return *std::move(wrong);
    return returned{whole(table_)};
}

outcome dict_referent::fromkeys(invocation& called)
{
    value_table none{table_.seed(), table_.limits()};
    staged_entries staged{none};
    if (auto wrong = staged.add_keys(called.bound[0]->to_value(table_.limits())))
        return *std::move(wrong);
    value_builder made{table_.limits()};
    const node_id mapped = made.add(called.bound[1] == nullptr ? codec::payload{} : *called.bound[1]);
    std::vector<node_id> children;
    for (const auto& each : staged.detach(room_for(*called.bound[0]), staged_entries::keys::of_new)) {
        children.push_back(made.add(each.key));
        children.push_back(mapped);
    }
    const node_id root = made.container(node_kind::dict, children);
    return returned{std::move(made).finish(root)};
}

outcome dict_referent::union_with(invocation& called)
{
    const value other = called.bound[0]->to_value(table_.limits());
    if (!is_mapping(other))
        return not_implemented();
    staged_entries staged{table_};
    if (auto wrong = staged.add_entries(other))
        return *std::move(wrong);
    const auto added = staged.detach(room_for(*called.bound[0]), staged_entries::keys::of_new);
    std::unordered_map<const value_table::entry*, const codec::payload*> replaced;
    for (const auto& each : added) {
        if (each.found != value_table::none)
            replaced.emplace(&table_[each.found], &each.mapped);
    }
    value_builder made{table_.limits()};
    std::vector<node_id> children;
    for (const value_table::entry& each : table_.entries()) {
        const auto other_mapped = replaced.find(&each);
        children.push_back(made.add(each.key));
        children.push_back(made.add(other_mapped == replaced.end() ? each.mapped : *other_mapped->second));
    }
    for (const auto& each : added) {
        if (each.found != value_table::none)
            continue;
        children.push_back(made.add(each.key));
        children.push_back(made.add(each.mapped));
    }
    const node_id root = made.container(node_kind::dict, children);
    return returned{std::move(made).finish(root)};
}

outcome dict_referent::reversed_or(invocation& called)
{
    const value other = called.bound[0]->to_value(table_.limits());
    if (!is_mapping(other))
        return not_implemented();
    // The other dict comes first: its keys stay, and map to what this one has for them.
    value_table all{table_.seed(), table_.limits()};
    staged_entries left{all};
    if (auto wrong = left.add_entries(other))
        return *std::move(wrong);
    left.commit(room_for(*called.bound[0]));
    for (const value_table::entry& each : table_.entries()) {
        const table_key key{each.key.to_value(table_.limits()), each.hash};
        if (const auto found = all.find(key); found != value_table::none)
            all.assign(found, codec::payload{each.mapped});
        else
            all.insert(each.hash, codec::payload{each.key}, codec::payload{each.mapped});
    }
    return returned{whole(all)};
}

outcome dict_referent::iterate(invocation&)
{
    if (!snapshots_.has_room(table_.size())) {
        return raised{exception_type::runtime_error, "too many iterators over a dict of " + std::to_string(table_.size()) +
                                                         " keys: let go of some, or iterate over keys(), which needs none"};
    }
    // Values that share the one graph of a list.
    auto keys = items_of(list_of_keys(table_));
    if (size_ == nullptr)
        size_ = std::make_shared<std::atomic<std::size_t>>(table_.size());
    auto iterator =
        std::make_shared<iterator_referent>(std::get<std::vector<value>>(std::move(keys)), "dict_keyiterator", size_);
    snapshots_.add(iterator, table_.size());
    return made_proxy{std::move(iterator), iterator_typeid};
}

bool dict_referent::snapshot_account::has_room(std::size_t size)
{
    const std::size_t most = std::max(snapshot_keys_max, 16 * size);
    if (total_ + size + iterator_charge <= most)
        return true;
    std::erase_if(accounts_, [](const account& each) { return each.iterator.expired(); });
    total_ = 0;
    for (const account& each : accounts_)
        total_ += each.charge;
    return total_ + size + iterator_charge <= most;
}

void dict_referent::snapshot_account::add(const std::shared_ptr<referent>& iterator, std::size_t size)
{
    accounts_.push_back({iterator, size + iterator_charge});
    total_ += size + iterator_charge;
}

factory fresh_dict(const codec::pickle_limits& limits, const hash_seed& seed)
{
    return [limits, seed](core::call& arguments) -> std::variant<made_object, raised> {
        try {
            auto made = std::make_shared<dict_referent>(limits, seed);
            if (auto wrong = made->construct(arguments))
                return *std::move(wrong);
            return made_object{std::move(made), {}};
        } catch (const pickle_error& unreadable) {
            return raised{exception_type::value_error, unreadable.what()};
        }
    };
}

}  // namespace quaymaster::core
