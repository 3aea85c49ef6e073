#include "typed_calls.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace qm = quaymaster;
using qm::value;
using qm::value_kind;

namespace {

using result = std::optional<value>;
using seconds = std::chrono::duration<double>;

constexpr double wait_s_max = 1e6;

value number_of(std::size_t count)
{
    return value{static_cast<std::uint64_t>(count)};
}

/// The first argument, if a C++ index can be that int.
std::optional<std::ptrdiff_t> index_in(const method_call& asked)
{
    if (asked.positional.empty() || asked.positional[0].kind() != value_kind::integer)
        return std::nullopt;
    return asked.positional[0].to_int64();
}

std::optional<std::size_t> count_in(const method_call& asked)
{
    const auto number = index_in(asked);
    return number && *number >= 0 ? std::optional{static_cast<std::size_t>(*number)} : std::nullopt;
}

std::optional<seconds> timeout_in(const value& found)
{
    if (found.kind() != value_kind::integer && found.kind() != value_kind::floating)
        return std::nullopt;
    const auto number = found.to_double();
    return number && std::abs(*number) < wait_s_max ? std::optional{seconds{*number}} : std::nullopt;
}

bool is_flag(const value& found)
{
    return found.kind() == value_kind::boolean || found.kind() == value_kind::integer;
}

/// slice(None, None, None)
bool is_all(const value& found)
{
    return found.kind() == value_kind::object && found.qualified_name() == "slice" &&
           found.arguments() == value::tuple({value{}, value{}, value{}});
}

/// What a member answers that returns nothing.
template <class Call>
value none_of(Call call)
{
    call();
    return {};
}

result call_list(const qm::list_proxy<value>& list, const method_call& asked)
{
    const auto& given = asked.positional;
    const auto index = index_in(asked);
    if (asked.is("__len__", 0))
        return number_of(list.size());
    if (asked.is("__getitem__", 1) && index)
        return list[*index].get();
    if (asked.is("__getitem__", 1) && is_all(given[0]))
        return value::list(list.to_vector());
    if (asked.is("__setitem__", 2) && index) {
        list[*index] = given[1];
        return value{};
    }
    if (asked.is("__delitem__", 1) && index)
        return none_of([&] { list.erase(*index); });
    if (asked.is("__delitem__", 1) && is_all(given[0]))
        return none_of([&] { list.clear(); });
    if (asked.is("append", 1))
        return none_of([&] { list.push_back(given[0]); });
    if (asked.is("extend", 1))
        return none_of([&] { list.extend(given[0]); });
    if (asked.is("insert", 2) && index)
        return none_of([&] { list.insert(*index, given[1]); });
    if (asked.is("pop", 0))
        return list.pop();
    if (asked.is("pop", 1) && index)
        return list.pop(*index);
    if (asked.is("remove", 1))
        return none_of([&] { list.remove(given[0]); });
    if (asked.is("reverse", 0))
        return none_of([&] { list.reverse(); });
    if (asked.is("sort", 0))
        return none_of([&] { list.sort(); });
    if (asked.method == "sort" && given.empty() && asked.named == qm::proxy::keywords{{"reverse", true}})
        return none_of([&] { list.sort_descending(); });
    if (asked.is("__contains__", 1))
        return value{list.contains(given[0])};
    if (asked.is("count", 1))
        return number_of(list.count(given[0]));
    if (asked.is("index", 1))
        return number_of(list.index(given[0]));
    return std::nullopt;
}

result call_dict(const qm::dict_proxy<value, value>& dict, const method_call& asked)
{
    const auto& given = asked.positional;
    if (asked.is("__len__", 0))
        return number_of(dict.size());
    if (asked.is("__contains__", 1))
        return value{dict.contains(given[0])};
    if (asked.is("__getitem__", 1))
        return dict[given[0]].get();
    if (asked.is("__setitem__", 2)) {
        dict[given[0]] = given[1];
        return value{};
    }
    if (asked.is("__delitem__", 1)) {
        if (!dict.erase(given[0]))
            throw missing_entry{"KeyError", given[0].repr()};
        return value{};
    }
    if (asked.is("get", 1))
        return dict.get(given[0]).value_or(value{});
    if (asked.is("setdefault", 2))
        return dict.setdefault(given[0], given[1]);
    if (asked.is("update", 1))
        return none_of([&] { dict.update(given[0]); });
    if (asked.is("pop", 1))
        return dict.pop(given[0]);
    if (asked.is("pop", 2))
        return dict.pop(given[0], given[1]);
    if (asked.is("popitem", 0)) {
        const auto [key, item] = dict.popitem();
        return value::tuple({key, item});
    }
    if (asked.is("clear", 0))
        return none_of([&] { dict.clear(); });
    if (asked.is("keys", 0))
        return value::list(dict.keys());
    if (asked.is("values", 0))
        return value::list(dict.values());
    if (asked.is("items", 0)) {
        std::vector<value> entries;
        for (const auto& [key, item] : dict)
            entries.push_back(value::tuple({key, item}));
        return value::list(entries);
    }
    return std::nullopt;
}

result call_value(const qm::value_proxy<value>& shared, const method_call& asked)
{
    if (asked.is("get", 0))
        return shared.get();
    if (asked.is("set", 1))
        return none_of([&] { shared.set(asked.positional[0]); });
    return std::nullopt;
}

template <class T>
result call_array_of(const qm::array_proxy<T>& array, std::string_view typecode, const method_call& asked)
{
    const auto& given = asked.positional;
    const auto index = index_in(asked);
    if (asked.is("__len__", 0))
        return number_of(array.size());
    if (asked.is("__getitem__", 1) && index)
        return value{array[*index].get()};
    if (asked.is("__getitem__", 1) && is_all(given[0])) {
        std::vector<value> items;
        for (const T each : array)
            items.emplace_back(each);
        if (qm::decode<std::vector<T>>(value::list(items)) != array.to_vector())
            throw qm::error{"the iteration goes through other items than to_vector() has"};
        return value::object(value::global("array", "array"), {typecode, value::list(items)});
    }
    if (asked.is("__setitem__", 2) && index) {
        const bool fits = std::floating_point<T> ? given[1].kind() == value_kind::floating
                                                 : given[1].kind() == value_kind::integer && given[1].to_int64();
        if (!fits)
            return std::nullopt;
        array[*index] = qm::decode<T>(given[1]);
        return value{};
    }
    return std::nullopt;
}

result call_array(const qm::proxy& array, std::string_view typecode, const method_call& asked)
{
    if (typecode == "f" || typecode == "d")
        return call_array_of(qm::array_proxy<double>{array}, typecode, asked);
    if (typecode == "u")
        return std::nullopt;
    if (typecode == "L" || typecode == "Q")
        return asked.method == "__setitem__" ? std::nullopt
                                             : call_array_of(qm::array_proxy<std::uint64_t>{array}, typecode, asked);
    return call_array_of(qm::array_proxy<std::int64_t>{array}, typecode, asked);
}

result call_namespace(const qm::namespace_proxy& space, const method_call& asked)
{
    const auto& given = asked.positional;
    if (given.empty() || given[0].kind() != value_kind::str)
        return std::nullopt;
    const std::string_view name = given[0].text();
    if (asked.is("__getattribute__", 1))
        return space.get(name);
    if (asked.is("__setattr__", 2))
        return none_of([&] { space.set(name, given[1]); });
    if (asked.is("__delattr__", 1)) {
        if (!space.erase(name))
            throw missing_entry{"AttributeError", std::string{name}};
        return value{};
    }
    return std::nullopt;
}

/// acquire() as three members of C++ have it.
template <class Plain, class Try, class TryFor>
result acquire(const method_call& asked, Plain plain, Try without_wait, TryFor within)
{
    const auto bound = asked.method == "acquire" ? asked.bound({"blocking", "timeout"}) : std::nullopt;
    if (!bound)
        return std::nullopt;
    const auto& blocking = (*bound)[0];
    const auto& timeout = (*bound)[1];
    if (blocking && !is_flag(*blocking))
        return std::nullopt;
    const bool waits = !blocking || blocking->truth();
    if (!timeout) {
        if (!waits)
            return value{without_wait()};
        plain();
        return value{true};
    }
    const auto limit = timeout_in(*timeout);
    if (!waits || !limit || *limit < seconds::zero())
        return std::nullopt;
    return value{within(*limit)};
}

result call_lock(const qm::lock_proxy& lock, const method_call& asked)
{
    if (asked.is("release", 0))
        return none_of([&] { lock.release(); });
    return acquire(
        asked, [&] { lock.lock(); }, [&] { return lock.try_lock(); }, [&](seconds limit) { return lock.try_lock_for(limit); });
}

result call_semaphore(const qm::semaphore_proxy& semaphore, const method_call& asked)
{
    if (asked.is("release", 0))
        return none_of([&] { semaphore.release(); });
    if (asked.is("release", 1))
        if (const auto count = count_in(asked))
            return none_of([&] { semaphore.release(*count); });
    return acquire(
        asked, [&] { semaphore.acquire(); }, [&] { return semaphore.try_acquire(); },
        [&](seconds limit) { return semaphore.try_acquire_for(limit); });
}

/// The timeout of a wait(): nullopt if this is none; in it, nullopt for a wait without limit.
std::optional<std::optional<seconds>> wait_in(const method_call& asked)
{
    const auto bound = asked.method == "wait" ? asked.bound({"timeout"}) : std::nullopt;
    if (!bound)
        return std::nullopt;
    const auto& timeout = (*bound)[0];
    std::optional<seconds> limit;
    if (timeout && !timeout->is_none())
        if (limit = timeout_in(*timeout); !limit)
            return std::nullopt;
    return std::optional<std::optional<seconds>>{std::in_place, limit};
}

result call_condition(const qm::condition_proxy& condition, const method_call& asked)
{
    if (const auto limit = wait_in(asked)) {
        if (*limit)
            return value{condition.wait_for(**limit)};
        condition.wait();
        return value{true};
    }
    if (asked.is("notify", 0))
        return none_of([&] { condition.notify_one(); });
    if (asked.is("notify", 1))
        if (const auto count = count_in(asked))
            return none_of([&] { *count == 1 ? condition.notify_one() : condition.notify(*count); });
    if (asked.is("notify_all", 0))
        return none_of([&] { condition.notify_all(); });
    return call_lock(condition, asked);
}

result call_event(const qm::event_proxy& event, const method_call& asked)
{
    if (asked.is("set", 0))
        return none_of([&] { event.set(); });
    if (asked.is("clear", 0))
        return none_of([&] { event.clear(); });
    if (asked.is("is_set", 0))
        return value{event.is_set()};
    if (const auto limit = wait_in(asked)) {
        if (*limit)
            return value{event.wait_for(**limit)};
        event.wait();
        return value{true};
    }
    return std::nullopt;
}

result call_barrier(const qm::barrier_proxy& barrier, const method_call& asked)
{
    if (const auto limit = wait_in(asked))
        return number_of(*limit ? barrier.arrive_and_wait_for(**limit) : barrier.arrive_and_wait());
    if (asked.is("abort", 0))
        return none_of([&] { barrier.abort(); });
    if (asked.is("reset", 0))
        return none_of([&] { barrier.reset(); });
    if (asked.is("__getattribute__", 1)) {
        const std::string_view name = asked.positional[0].text();
        if (name == "parties")
            return number_of(barrier.parties());
        if (name == "n_waiting")
            return number_of(barrier.n_waiting());
        if (name == "broken")
            return value{barrier.broken()};
    }
    return std::nullopt;
}

/// Whether a put() or get() waits, and for how long at most.
struct queue_wait {
    bool waits = true;
    std::optional<std::chrono::milliseconds> limit;
};

std::optional<queue_wait> queue_wait_in(const std::optional<value>& block, const std::optional<value>& timeout)
{
    queue_wait wait;
    if (block && !is_flag(*block))
        return std::nullopt;
    wait.waits = !block || block->truth();
    if (!timeout || timeout->is_none())
        return wait;
    const auto limit = timeout_in(*timeout);
    if (!wait.waits || !limit || *limit < seconds::zero())
        return std::nullopt;
    wait.limit = std::chrono::ceil<std::chrono::milliseconds>(*limit);
    return wait;
}

result call_queue(const qm::queue_proxy<value>& queue, const method_call& asked)
{
    if (const auto bound = asked.method == "put" ? asked.bound({"item", "block", "timeout"}) : std::nullopt;
        bound && (*bound)[0])
        if (const auto wait = queue_wait_in((*bound)[1], (*bound)[2]))
            return none_of([&] { wait->waits ? queue.put(*(*bound)[0], wait->limit) : queue.put_nowait(*(*bound)[0]); });
    if (const auto bound = asked.method == "get" ? asked.bound({"block", "timeout"}) : std::nullopt)
        if (const auto wait = queue_wait_in((*bound)[0], (*bound)[1]))
            return wait->waits ? queue.get(wait->limit) : queue.get_nowait();
    if (asked.is("put_nowait", 1))
        return none_of([&] { queue.put_nowait(asked.positional[0]); });
    if (asked.is("get_nowait", 0))
        return queue.get_nowait();
    if (asked.is("qsize", 0))
        return number_of(queue.qsize());
    if (asked.is("empty", 0))
        return value{queue.empty()};
    if (asked.is("full", 0))
        return value{queue.full()};
    if (asked.is("task_done", 0))
        return none_of([&] { queue.task_done(); });
    if (asked.is("join", 0))
        return none_of([&] { queue.join(); });
    if (asked.is("shutdown", 0))
        return none_of([&] { queue.shutdown(); });
    return std::nullopt;
}

using made = std::optional<qm::proxy>;

/// The items of a list of numbers that are all `T`.
template <class T>
std::optional<std::vector<T>> numbers_in(const value& found)
{
    std::vector<T> numbers;
    if (found.kind() != value_kind::list)
        return std::nullopt;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i].kind() != (std::floating_point<T> ? value_kind::floating : value_kind::integer) || !found[i].to_int64())
            return std::nullopt;
        numbers.push_back(qm::decode<T>(found[i]));
    }
    return numbers;
}

made create_container(qm::sync_manager& manager, const method_call& asked)
{
    const auto& given = asked.positional;
    if (asked.is("list", 0))
        return manager.list();
    if (asked.is("list", 1) && given[0].kind() == value_kind::list)
        return manager.list(qm::decode<std::vector<value>>(given[0]));
    if (asked.is("dict", 0))
        return manager.dict();
    // Of one entry: a map of values with an order is not to be had.
    if (asked.is("dict", 1) && given[0].kind() == value_kind::dict && given[0].size() == 1)
        return manager.dict(std::unordered_map<value, value>{given[0].entry(0)});
    if (asked.is("Value", 2) && given[0].kind() == value_kind::str)
        return manager.value(given[0].text(), given[1]);
    if (asked.is("Array", 2) && given[0].kind() == value_kind::str) {
        if (const auto integers = numbers_in<std::int64_t>(given[1]))
            return manager.array(given[0].text(), *integers);
        if (const auto numbers = numbers_in<double>(given[1]))
            return manager.array(given[0].text(), *numbers);
    }
    if (asked.is("Namespace", 0))
        return manager.namespace_();
    if (asked.method == "Namespace" && given.empty() && asked.named.size() == 1)
        return manager.namespace_(qm::kw(asked.named[0].first, asked.named[0].second));
    return std::nullopt;
}

made create_waiting(qm::sync_manager& manager, const method_call& asked)
{
    if (asked.is("Lock", 0))
        return manager.lock();
    if (asked.is("RLock", 0))
        return manager.rlock();
    if (asked.is("Condition", 0))
        return manager.condition();
    if (asked.is("Event", 0))
        return manager.event();
    if (asked.is("Semaphore", 0))
        return manager.semaphore();
    if (asked.is("BoundedSemaphore", 0))
        return manager.bounded_semaphore();
    if (asked.is("Queue", 0))
        return manager.queue();
    if (asked.is("JoinableQueue", 0))
        return manager.joinable_queue();
    const auto count = count_in(asked);
    if (!count)
        return std::nullopt;
    if (asked.is("Semaphore", 1))
        return manager.semaphore(*count);
    if (asked.is("BoundedSemaphore", 1))
        return manager.bounded_semaphore(*count);
    if (asked.is("Barrier", 1))
        return manager.barrier(*count);
    if (asked.is("Queue", 1))
        return manager.queue(*count);
    return std::nullopt;
}

}  // namespace

std::optional<std::vector<std::optional<value>>> method_call::bound(std::initializer_list<const char*> names) const
{
    if (positional.size() > names.size())
        return std::nullopt;
    std::vector<std::optional<value>> found(positional.begin(), positional.end());
    found.resize(names.size());
    for (const auto& [name, argument] : named) {
        const auto* const at = std::find(names.begin(), names.end(), name);
        const auto place = static_cast<std::size_t>(at - names.begin());
        if (at == names.end() || found[place])
            return std::nullopt;
        found[place] = argument;
    }
    return found;
}

value stepwise_iteration::next(const qm::proxy& object)
{
    const std::lock_guard lock{mutex_};
    try {
        if (!place_)
            place_ = qm::iterate(object).begin();
        else if (*place_ != std::default_sentinel)
            ++*place_;
    } catch (...) {
        place_.reset();  // it has no item now
        throw;
    }
    if (*place_ == std::default_sentinel)
        throw qm::remote_error{"StopIteration", ""};
    return **place_;
}

std::optional<value> call_typed(shared_object& shared, const method_call& asked)
{
    const qm::proxy& object = shared.object;
    const std::string& type = object.typeid_name();
    if (asked.is("__str__", 0))
        return value{object.text()};
    if (asked.is("__next__", 0))
        return shared.iteration.next(object);
    if (type == "list")
        return call_list(qm::list_proxy<value>{object}, asked);
    if (type == "dict")
        return call_dict(qm::dict_proxy<value, value>{object}, asked);
    if (type == "Value")
        return call_value(qm::value_proxy<value>{object}, asked);
    if (type == "Array" && !shared.typecode.empty())
        return call_array(object, shared.typecode, asked);
    if (type == "Namespace")
        return call_namespace(qm::namespace_proxy{object}, asked);
    if (type == "Lock")
        return call_lock(qm::lock_proxy{object}, asked);
    if (type == "RLock")
        return call_lock(qm::recursive_lock_proxy{object}, asked);
    if (type == "Semaphore" || type == "BoundedSemaphore")
        return call_semaphore(qm::semaphore_proxy{object}, asked);
    if (type == "Condition")
        return call_condition(qm::condition_proxy{object}, asked);
    if (type == "Event")
        return call_event(qm::event_proxy{object}, asked);
    if (type == "Barrier")
        return call_barrier(qm::barrier_proxy{object}, asked);
    if (type == "Queue" || type == "JoinableQueue")
        return call_queue(qm::queue_proxy<value>{object}, asked);
    return std::nullopt;
}

std::optional<qm::proxy> create_typed(qm::sync_manager& manager, const method_call& asked)
{
    made object = create_container(manager, asked);
    return object ? object : create_waiting(manager, asked);
}
