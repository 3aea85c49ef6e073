// sync_manager: makes and shares everything that Python's SyncManager does.
#pragma once

#include <quaymaster/array_proxy.hpp>
#include <quaymaster/barrier_proxy.hpp>
#include <quaymaster/base_manager.hpp>
#include <quaymaster/condition_proxy.hpp>
#include <quaymaster/dict_proxy.hpp>
#include <quaymaster/event_proxy.hpp>
#include <quaymaster/list_proxy.hpp>
#include <quaymaster/lock_proxy.hpp>
#include <quaymaster/namespace_proxy.hpp>
#include <quaymaster/queue_proxy.hpp>
#include <quaymaster/semaphore_proxy.hpp>
#include <quaymaster/value_proxy.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster {

/// Python's SyncManager, the type of `multiprocessing.Manager()`. Each call of a member below makes a new object in the
/// server, which lives as long as any proxy of it does, and returns the first.
///
///     sync_manager manager{{"127.0.0.1", 50000}, authkey::from_file("key.txt")};
///     manager.connect();
///     auto totals = manager.dict<std::string, int>();
///     totals["apples"] = 3;
///
/// To share one object by name among programs, register it in the server, and get it with create<...>(name).
/// Thread safety and lifetime: as base_manager. Errors: as base_manager::create.
class sync_manager : public base_manager {
public:
    using base_manager::base_manager;

    /// A list that begins as a copy of `items`.
    template <class T = quaymaster::value>
    [[nodiscard]] list_proxy<T> list(const std::vector<T>& items = {})
    {
        return list_proxy<T>{items.empty() ? create_proxy("list") : create_proxy("list", {to_value(items)})};
    }
    template <class Key = quaymaster::value, class T = quaymaster::value>
    [[nodiscard]] dict_proxy<Key, T> dict()
    {
        return dict_proxy<Key, T>{create_proxy("dict")};
    }
    /// The same, beginning as a copy of `entries`, a std::map or its like.
    template <class Map>
    [[nodiscard]] dict_proxy<typename Map::key_type, typename Map::mapped_type> dict(const Map& entries)
    {
        return dict_proxy<typename Map::key_type, typename Map::mapped_type>{create_proxy("dict", {to_value(entries)})};
    }
    /// `typecode` says nothing about `T`, and to nobody but Python's repr().
    template <class T>
    [[nodiscard]] value_proxy<T> value(std::string_view typecode, const T& initial)
    {
        return value_proxy<T>{create_proxy("Value", {quaymaster::value{typecode}, to_value(initial)})};
    }
    /// `typecode` as array.array takes it: "i" int, "q" long long, "d" double, ... Python 2 has neither "q" nor "Q".
    template <class T>
    [[nodiscard]] array_proxy<T> array(std::string_view typecode, const std::vector<T>& initial)
    {
        return array_proxy<T>{create_proxy("Array", {quaymaster::value{typecode}, to_value(initial)})};
    }
    /// `manager.namespace_(kw("x", 10), kw("name", "task"))`.
    template <class... T>
    [[nodiscard]] namespace_proxy namespace_(const keyword_argument<T>&... attributes)
    {
        return namespace_proxy{
            create_proxy("Namespace", {}, {{std::string{attributes.name}, to_value(attributes.argument)}...})};
    }

    [[nodiscard]] lock_proxy lock() { return lock_proxy{create_proxy("Lock")}; }
    [[nodiscard]] recursive_lock_proxy rlock() { return recursive_lock_proxy{create_proxy("RLock")}; }
    [[nodiscard]] semaphore_proxy semaphore(std::size_t count = 1) { return create<semaphore_proxy>("Semaphore", count); }
    /// One whose count never exceeds `count`.
    [[nodiscard]] semaphore_proxy bounded_semaphore(std::size_t count = 1)
    {
        return create<semaphore_proxy>("BoundedSemaphore", count);
    }
    [[nodiscard]] condition_proxy condition() { return condition_proxy{create_proxy("Condition")}; }
    /// One over `lock`, a Lock or RLock of the same server, which may have other conditions: see condition_proxy.
    /// remote_error (TypeError) if the server is quaymaster's and `lock` is neither, but a condition.
    [[nodiscard]] condition_proxy condition(const lock_proxy& lock) { return create<condition_proxy>("Condition", lock); }
    [[nodiscard]] event_proxy event() { return event_proxy{create_proxy("Event")}; }
    [[nodiscard]] barrier_proxy barrier(std::size_t parties) { return create<barrier_proxy>("Barrier", parties); }

    /// A queue.Queue; `maxsize` 0: unbounded.
    template <class T = quaymaster::value>
    [[nodiscard]] queue_proxy<T> queue(std::size_t maxsize = 0)
    {
        return create<queue_proxy<T>>("Queue", maxsize);
    }
    /// The same; Python has both names.
    template <class T = quaymaster::value>
    [[nodiscard]] queue_proxy<T> joinable_queue(std::size_t maxsize = 0)
    {
        return create<queue_proxy<T>>("JoinableQueue", maxsize);
    }
};

}  // namespace quaymaster
