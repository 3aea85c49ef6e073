#include "core/list_referent.hpp"

#include "codec/object_graph.hpp"
#include "core/detacher.hpp"
#include "core/iterable.hpp"
#include "core/value_builder.hpp"
#include "core/value_order.hpp"
#include "core/wait_limit.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <numeric>
#include <utility>

namespace quaymaster::core {
namespace {

using codec::payload;

constexpr std::size_t text_size_max = std::size_t{1} << 20;
/// Of an item that a message mentions.
constexpr std::size_t quoted_size_max = std::size_t{1} << 10;

constexpr std::array<parameter, 1> object_parameter{{{"object"}}};
constexpr std::array<parameter, 1> iterable_parameter{{{"iterable"}}};
constexpr std::array<parameter, 1> optional_iterable_parameter{{{"iterable", false}}};
constexpr std::array<parameter, 1> optional_index_parameter{{{"index", false}}};
constexpr std::array<parameter, 1> key_parameter{{{"key"}}};
constexpr std::array<parameter, 2> key_and_value_parameters{{{"key"}, {"value"}}};
constexpr std::array<parameter, 2> index_and_object_parameters{{{"index"}, {"object"}}};
constexpr std::array<parameter, 2> slice_parameters{{{"i"}, {"j"}}};
constexpr std::array<parameter, 3> slice_and_items_parameters{{{"i"}, {"j"}, {"sequence"}}};
constexpr std::array<parameter, 3> search_parameters{{{"value"}, {"start", false}, {"stop", false}}};

constexpr subscript_texts reading_texts{"list index out of range", "list indices must be integers or slices, not "};
constexpr subscript_texts writing_texts{"list assignment index out of range", "list indices must be integers or slices, not "};

/// Sorts `order`, positions in `items`, as list.sort does: stable, by nothing but `<`. The type_error of the first pair that
/// has no order; `order` is then of no use. (std::stable_sort could not be left early, and NaN is no strict weak order.)
std::optional<raised> merge_sort(std::vector<std::size_t>& order, const std::vector<value>& items)
{
    std::vector<std::size_t> merged(order.size());
    for (std::size_t width = 1; width < order.size(); width *= 2) {
        for (std::size_t begin = 0; begin < order.size(); begin += 2 * width) {
            const std::size_t middle = std::min(begin + width, order.size());
            const std::size_t end = std::min(middle + width, order.size());
            std::size_t left = begin;
            std::size_t right = middle;
            for (std::size_t at = begin; at < end; ++at) {
                bool takes_right = left == middle;
                if (left < middle && right < end) {
                    const auto less = value::less(items[order[right]], items[order[left]]);
                    if (!less)
                        return unordered_error(items[order[right]], items[order[left]]);
                    takes_right = *less;
                }
                merged[at] = order[takes_right ? right++ : left++];
            }
        }
        order.swap(merged);
    }
    return std::nullopt;
}

raised too_long()
{
    return {exception_type::memory_error, "the list would come to more than made_list_size_max (" +
                                              std::to_string(made_list_size_max) +
                                              ") items: send what is to be in it, in parts if need be"};
}

/// Whether `known` is no larger as a value than as an item.
bool is_scalar(const payload& known) noexcept
{
    return !known.is_item() && codec::object_graph::graph_of(*known.known()) == nullptr;
}

bool is_container(value_kind kind) noexcept
{
    return kind == value_kind::list || kind == value_kind::tuple || kind == value_kind::set || kind == value_kind::frozenset ||
           kind == value_kind::dict;
}

/// The items of `iterable` as they will be kept, `others` being how many the list will have besides.
std::variant<std::vector<payload>, raised> entries_of(const payload& iterable, std::size_t others, const pickle_limits& limits)
{
    const value container = iterable.to_value(limits);
    auto found = items_of(container);
    if (auto* const wrong = std::get_if<raised>(&found))
        return std::move(*wrong);
    const auto& items = std::get<std::vector<value>>(found);
    // What a container holds was sent; a range of a million numbers took twenty octets.
    if (!is_container(container.kind()) && items.size() > made_list_size_max - std::min(others, made_list_size_max))
        return too_long();
    std::vector<payload> entries;
    entries.reserve(items.size());
    detacher detach{room_for(iterable)};
    for (const value& item : items)
        entries.push_back(detach(item));
    return entries;
}

/// `text` cut to text_size_max octets, between two characters.
void cut(std::string& text)
{
    constexpr std::string_view ellipsis = "...";
    if (text.size() <= text_size_max)
        return;
    std::size_t size = text_size_max - ellipsis.size();
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80)
        --size;
    text.resize(size);
    text += ellipsis;
}

}  // namespace

struct list_referent::methods {
    template <outcome (list_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<list_referent, Member>;
    static constexpr auto builtin = signature::style::builtin;

    static constexpr method_table table{std::array{
        method{"__add__", {"list.__add__", object_parameter, builtin}, run<&list_referent::add>},
        method{"__contains__", {"list.__contains__", object_parameter, builtin}, run<&list_referent::contains>},
        method{"__delitem__", {"list.__delitem__", key_parameter, builtin}, run<&list_referent::delitem>},
        method{"__delslice__", {"__delslice__", slice_parameters, builtin}, run<&list_referent::delslice>},
        method{"__getitem__", {"list.__getitem__", key_parameter, builtin}, run<&list_referent::getitem>},
        method{"__getslice__", {"__getslice__", slice_parameters, builtin}, run<&list_referent::getslice>},
        method{"__imul__", {"list.__imul__", object_parameter, builtin}, run<&list_referent::imul>},
        method{"__len__", {"list.__len__", {}, builtin}, run<&list_referent::len>},
        method{"__mul__", {"list.__mul__", object_parameter, builtin}, run<&list_referent::mul>},
        method{"__reversed__", {"list.__reversed__", {}, builtin}, run<&list_referent::reversed>},
        method{"__rmul__", {"list.__rmul__", object_parameter, builtin}, run<&list_referent::mul>},
        method{"__setitem__", {"__setitem__", key_and_value_parameters, builtin}, run<&list_referent::setitem>},
        method{"__setslice__", {"__setslice__", slice_and_items_parameters, builtin}, run<&list_referent::setslice>},
        method{"append", {"list.append", object_parameter, builtin}, run<&list_referent::append>},
        method{"clear", {"list.clear", {}, builtin}, run<&list_referent::clear>},
        method{"copy", {"list.copy", {}, builtin}, run<&list_referent::copy>},
        method{"count", {"list.count", object_parameter, builtin}, run<&list_referent::count>},
        method{"extend", {"list.extend", iterable_parameter, builtin}, run<&list_referent::extend>},
        method{"index", {"index", search_parameters, builtin}, run<&list_referent::index>},
        method{"insert", {"insert", index_and_object_parameters, builtin}, run<&list_referent::insert>},
        method{"pop", {"pop", optional_index_parameter, builtin}, run<&list_referent::pop>},
        method{"remove", {"list.remove", object_parameter, builtin}, run<&list_referent::remove>},
        method{"reverse", {"list.reverse", {}, builtin}, run<&list_referent::reverse>},
        method{"sort", {"list.sort", {}, signature::style::raw}, run<&list_referent::sort>},
    }};
};

list_referent::list_referent(const pickle_limits& limits, std::vector<payload>&& entries)
    : entries_{std::move(entries)}, limits_{limits}
{
}

std::span<const std::string_view> list_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome list_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "list", *this, request, caller, fulfilled);
}

bool list_referent::reads_argument(const call& request, std::size_t index) const noexcept
{
    if (request.method == "__setitem__")  // an index is a scalar, a slice is pickled
        return index == 1 && request.positional.front().is_item();
    if (request.method == "__setslice__")
        return index == 2;
    return request.method == "extend" || request.method == "__iadd__";
}

std::string list_referent::text() const
{
    std::string shown = "[";
    for (std::size_t i = 0; i < entries_.size() && shown.size() <= text_size_max; ++i) {
        if (i != 0)
            shown += ", ";
        shown += decoded(entries_[i]).repr(text_size_max);
    }
    shown += ']';
    cut(shown);
    return shown;
}

std::optional<value> list_referent::by_value() const
{
    return list_of(everything());
}

// ---- what the methods share -------------------------------------------------------------------------------------------

payload list_referent::kept(payload&& argument) const
{
    if (argument.is_item())
        static_cast<void>(decoded(argument));  // or nobody could look at the list any more
    return is_scalar(argument) ? std::move(argument) : payload{std::move(argument).to_item()};
}

list_referent::entries_or_raised list_referent::kept_items(const payload& iterable, std::size_t others) const
{
    return entries_of(iterable, others, limits_);
}

value list_referent::list_of(const slice_range& range) const
{
    value_builder builder{limits_};
    const value_builder::node list = builder.container(codec::node_kind::list, nodes_of(range, builder));
    return std::move(builder).finish(list);
}

std::vector<value_builder::node> list_referent::nodes_of(const slice_range& range, value_builder& builder) const
{
    std::vector<value_builder::node> nodes;
    nodes.reserve(range.count);
    for (std::size_t i = 0; i < range.count; ++i)
        nodes.push_back(builder.add(entries_[range[i]]));
    return nodes;
}

std::optional<std::size_t> list_referent::find(const value& sought, std::size_t begin, std::size_t end) const
{
    for (std::size_t i = begin; i < std::min(end, entries_.size()); ++i)
        if (decoded(entries_[i]) == sought)
            return i;
    return std::nullopt;
}

std::variant<slice_range, raised> list_referent::read_plain_slice(const invocation& called) const
{
    return core::read_plain_slice(decoded(*called.bound[0]), decoded(*called.bound[1]), entries_.size());
}

std::variant<std::size_t, raised> list_referent::read_repetitions(const payload& argument) const
{
    auto read = core::read_repetitions(decoded(argument));
    if (auto* const wrong = std::get_if<raised>(&read))
        return std::move(*wrong);
    const auto times = static_cast<std::size_t>(std::max<std::int64_t>(std::get<std::int64_t>(read), 0));
    if (entries_.empty())
        return std::size_t{0};  // however often
    if (times > 1 && entries_.size() > made_list_size_max / times)
        return too_long();
    return times;
}

void list_referent::erase(const slice_range& range)
{
    const slice_range rising = range.rising();
    if (rising.count == 0)
        return;
    // Each item that stays moves down by as many as went before it.
    std::size_t erased = 0;
    std::size_t to = rising[0];
    for (std::size_t from = to; from < entries_.size(); ++from) {
        if (erased < rising.count && from == rising[erased])
            ++erased;
        else
            entries_[to++] = std::move(entries_[from]);
    }
    entries_.resize(to);
}

void list_referent::replace(const slice_range& range, entries&& items)
{
    // The one step that can fail comes first.
    entries_.reserve(entries_.size() - range.count + items.size());
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(range.start);
    const auto after = entries_.erase(begin, begin + static_cast<std::ptrdiff_t>(range.count));
    entries_.insert(after, std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

// ---- the methods --------------------------------------------------------------------------------------------------------

outcome list_referent::add(invocation& called)
{
    const value other = decoded(*called.bound[0]);
    if (other.kind() != value_kind::list) {
        return raised{exception_type::type_error, "can only concatenate list (not \"" + class_name_of(other) + "\") to list"};
    }
    value_builder builder{limits_};
    auto nodes = nodes_of(everything(), builder);
    detacher detach{room_for(*called.bound[0])};
    for (std::size_t i = 0; i < other.size(); ++i)
        nodes.push_back(builder.add(detach(other[i])));
    const value_builder::node list = builder.container(codec::node_kind::list, nodes);
    return returned{std::move(builder).finish(list)};
}

outcome list_referent::append(invocation& called)
{
    entries_.push_back(kept(std::move(*called.bound[0])));
    return returned{};
}

outcome list_referent::clear(invocation&)
{
    entries{}.swap(entries_);
    return returned{};
}

outcome list_referent::contains(invocation& called)
{
    return returned{value{find(decoded(*called.bound[0]), 0, entries_.size()).has_value()}};
}

outcome list_referent::copy(invocation&)
{
    return returned{list_of(everything())};
}

outcome list_referent::count(invocation& called)
{
    const value sought = decoded(*called.bound[0]);
    const auto equal =
        std::count_if(entries_.begin(), entries_.end(), [&](const payload& entry) { return decoded(entry) == sought; });
    return returned{value{static_cast<std::int64_t>(equal)}};
}

outcome list_referent::delitem(invocation& called)
{
    auto which = read_subscript(decoded(*called.bound[0]), entries_.size(), writing_texts);
    if (auto* const wrong = std::get_if<raised>(&which))
        return std::move(*wrong);
    if (const auto* const position = std::get_if<std::size_t>(&which))
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(*position));
    else
        erase(std::get<slice_range>(which));
    return returned{};
}

outcome list_referent::delslice(invocation& called)
{
    auto range = read_plain_slice(called);
    if (auto* const wrong = std::get_if<raised>(&range))
        return std::move(*wrong);
    erase(std::get<slice_range>(range));
    return returned{};
}

outcome list_referent::extend(invocation& called)
{
    auto items = kept_items(*called.bound[0], entries_.size());
    if (auto* const wrong = std::get_if<raised>(&items))
        return std::move(*wrong);
    auto& added = std::get<entries>(items);
    entries_.insert(entries_.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
    return returned{};
}

outcome list_referent::getitem(invocation& called)
{
    auto which = read_subscript(decoded(*called.bound[0]), entries_.size(), reading_texts);
    if (auto* const wrong = std::get_if<raised>(&which))
        return std::move(*wrong);
    if (const auto* const position = std::get_if<std::size_t>(&which))
        return returned{entries_[*position]};
    return returned{list_of(std::get<slice_range>(which))};
}

outcome list_referent::getslice(invocation& called)
{
    auto range = read_plain_slice(called);
    if (auto* const wrong = std::get_if<raised>(&range))
        return std::move(*wrong);
    return returned{list_of(std::get<slice_range>(range))};
}

outcome list_referent::imul(invocation& called)
{
    auto read = read_repetitions(*called.bound[0]);
    if (auto* const wrong = std::get_if<raised>(&read))
        return std::move(*wrong);
    const std::size_t times = std::get<std::size_t>(read);
    if (times == 0) {
        clear(called);
    } else {
        const std::size_t once = entries_.size();
        entries_.reserve(once * times);
        for (std::size_t i = once; i < once * times; ++i)
            entries_.push_back(entries_[i - once]);
    }
    // CPython's server sends the list itself; ListProxy does not look at it.
    return returned{list_of(everything())};
}

outcome list_referent::index(invocation& called)
{
    const value sought = decoded(*called.bound[0]);
    std::array<std::int64_t, 2> bounds{0, static_cast<std::int64_t>(entries_.size())};
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        if (called.bound[i + 1] == nullptr)
            continue;
        auto read = read_bound(decoded(*called.bound[i + 1]));
        if (auto* const wrong = std::get_if<raised>(&read))
            return std::move(*wrong);
        bounds[i] = std::get<std::int64_t>(read);
    }
    const auto found = find(sought, clamped_position(bounds[0], entries_.size()), clamped_position(bounds[1], entries_.size()));
    if (!found)
        return raised{exception_type::value_error, sought.repr(quoted_size_max) + " is not in list"};
    return returned{value{static_cast<std::int64_t>(*found)}};
}

outcome list_referent::insert(invocation& called)
{
    auto read = read_index(decoded(*called.bound[0]));
    if (auto* const wrong = std::get_if<raised>(&read))
        return std::move(*wrong);
    const std::size_t position = clamped_position(std::get<std::int64_t>(read), entries_.size());
    entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(position), kept(std::move(*called.bound[1])));
    return returned{};
}

outcome list_referent::len(invocation&)
{
    return returned{value{static_cast<std::int64_t>(entries_.size())}};
}

outcome list_referent::mul(invocation& called)
{
    auto read = read_repetitions(*called.bound[0]);
    if (auto* const wrong = std::get_if<raised>(&read))
        return std::move(*wrong);
    value_builder builder{limits_};
    const auto once = std::get<std::size_t>(read) == 0 ? std::vector<value_builder::node>{} : nodes_of(everything(), builder);
    std::vector<value_builder::node> nodes;
    nodes.reserve(once.size() * std::get<std::size_t>(read));
    for (std::size_t i = 0; i < std::get<std::size_t>(read); ++i)
        nodes.insert(nodes.end(), once.begin(), once.end());
    const value_builder::node list = builder.container(codec::node_kind::list, nodes);
    return returned{std::move(builder).finish(list)};
}

outcome list_referent::pop(invocation& called)
{
    std::int64_t index = -1;
    if (called.bound[0] != nullptr) {
        auto read = read_index(decoded(*called.bound[0]));
        if (auto* const wrong = std::get_if<raised>(&read))
            return std::move(*wrong);
        index = std::get<std::int64_t>(read);
    }
    if (entries_.empty())
        return raised{exception_type::index_error, "pop from empty list"};
    const auto position = position_of(index, entries_.size());
    if (!position)
        return raised{exception_type::index_error, "pop index out of range"};
    payload popped = std::move(entries_[*position]);
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(*position));
    return returned{std::move(popped)};
}

outcome list_referent::remove(invocation& called)
{
    const auto found = find(decoded(*called.bound[0]), 0, entries_.size());
    if (!found)
        return raised{exception_type::value_error, "list.remove(x): x not in list"};
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(*found));
    return returned{};
}

outcome list_referent::reverse(invocation&)
{
    // Not std::reverse: GCC 12 takes what it swaps for uninitialized.
    entries reversed(std::make_move_iterator(entries_.rbegin()), std::make_move_iterator(entries_.rend()));
    entries_ = std::move(reversed);
    return returned{};
}

outcome list_referent::reversed(invocation&)
{
    // How CPython 3 pickles the iterator that its list gives. (Python 2 cannot pickle its own, but can load this.)
    value_builder builder{limits_};
    const value_builder::node list = builder.container(codec::node_kind::list, nodes_of(everything(), builder));
    const value_builder::node iterator = builder.call("reversed", list);
    return returned{std::move(builder).finish(iterator)};
}

outcome list_referent::setitem(invocation& called)
{
    auto which = read_subscript(decoded(*called.bound[0]), entries_.size(), writing_texts);
    if (auto* const wrong = std::get_if<raised>(&which))
        return std::move(*wrong);
    if (const auto* const position = std::get_if<std::size_t>(&which)) {
        entries_[*position] = kept(std::move(*called.bound[1]));
        return returned{};
    }
    const auto& range = std::get<slice_range>(which);
    auto read = kept_items(*called.bound[1], entries_.size() - range.count);
    if (auto* const wrong = std::get_if<raised>(&read)) {
        if (wrong->type == exception_type::type_error)
            wrong->text = range.step == 1 ? "can only assign an iterable" : "must assign iterable to extended slice";
        return std::move(*wrong);
    }
    auto& items = std::get<entries>(read);
    if (range.step == 1) {
        replace(range, std::move(items));
        return returned{};
    }
    if (items.size() != range.count) {
        return raised{exception_type::value_error, "attempt to assign sequence of size " + std::to_string(items.size()) +
                                                       " to extended slice of size " + std::to_string(range.count)};
    }
    for (std::size_t i = 0; i < range.count; ++i)
        entries_[range[i]] = std::move(items[i]);
    return returned{};
}

outcome list_referent::setslice(invocation& called)
{
    auto range = read_plain_slice(called);
    if (auto* const wrong = std::get_if<raised>(&range))
        return std::move(*wrong);
    const auto& where = std::get<slice_range>(range);
    auto items = kept_items(*called.bound[2], entries_.size() - where.count);
    if (auto* const wrong = std::get_if<raised>(&items)) {
        if (wrong->type == exception_type::type_error)
            wrong->text = "can only assign an iterable";
        return std::move(*wrong);
    }
    replace(where, std::move(std::get<entries>(items)));
    return returned{};
}

outcome list_referent::sort(invocation& called)
{
    if (!called.request.positional.empty())
        return raised{exception_type::type_error, "sort() takes no positional arguments"};
    bool is_descending = false;
    for (const auto& [name, argument] : called.request.keywords) {
        if (name == "reverse") {
            is_descending = read_flag(&argument, false);
        } else if (name != "key") {
            return raised{exception_type::type_error, "sort() got an unexpected keyword argument '" + std::string{name} + "'"};
        } else if (!decoded(argument).is_none()) {
            return raised{exception_type::type_error, "sort(): key must be None, for this server runs no Python code: sort a "
                                                      "copy in the client and assign it to [:]"};
        }
    }
    // All items in one graph: one of its own for each would take a thousand octets a piece.
    const value all = list_of(everything());
    std::vector<value> items;
    items.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        items.push_back(all[i]);
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Descending as CPython does it, so that equal items keep their order.
    if (is_descending)
        std::reverse(order.begin(), order.end());
    if (auto unordered = merge_sort(order, items))
        return *std::move(unordered);
    if (is_descending)
        std::reverse(order.begin(), order.end());
    entries sorted;
    sorted.reserve(entries_.size());
    for (const std::size_t position : order)
        sorted.push_back(std::move(entries_[position]));
    entries_ = std::move(sorted);
    return returned{};
}

factory fresh_list(const pickle_limits& limits)
{
    return [limits](call& arguments) -> std::variant<made_object, raised> {
        constexpr signature constructor{"list", optional_iterable_parameter, signature::style::builtin};
        std::array<payload*, optional_iterable_parameter.size()> bound{};
        if (auto misfit = bind_arguments(constructor, arguments, bound))
            return *std::move(misfit);
        if (bound[0] == nullptr)
            return made_object{std::make_shared<list_referent>(limits), {}};
        try {
            auto items = entries_of(*bound[0], 0, limits);
            if (auto* const wrong = std::get_if<raised>(&items))
                return std::move(*wrong);
            return made_object{std::make_shared<list_referent>(limits, std::move(std::get<std::vector<payload>>(items))), {}};
        } catch (const pickle_error& unreadable) {
            return raised{exception_type::value_error, unreadable.what()};
        }
    };
}

}  // namespace quaymaster::core
