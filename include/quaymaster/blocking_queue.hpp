// blocking_queue: a queue between the threads of one program, with the interface of a remote one.
#pragma once

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quaymaster {

/// A bounded first-in, first-out queue whose callers may wait: CPython 3.13's queue.Queue.
/// Models shared_queue_of<T> (queue_concept.hpp), as queue_proxy<T> does, so a function template serves both.
/// Thread safety: call any member from any thread; destroy only when no call is in progress.
/// Ownership: an item is the queue's from put() until get() moves it out; none is copied, unless it is put as an lvalue.
/// Fairness: none; two waiting consumers may be served in either order.
template <class T>
class blocking_queue {
public:
    /// How long a call may wait: nullopt waits without limit, zero not at all.
    using timeout = std::optional<std::chrono::milliseconds>;

    /// `capacity` counts items, not bytes; 0 means unbounded, like maxsize=0 in Python.
    explicit blocking_queue(std::size_t capacity = 0) : capacity_{capacity} {}
    blocking_queue(const blocking_queue&) = delete;
    blocking_queue& operator=(const blocking_queue&) = delete;

    /// Appends `item`, waiting up to `limit` for room.
    /// Throws queue_full if no room came in time, queue_shut_down after shutdown(); `item` is then unmoved.
    /// Throws std::invalid_argument for a negative `limit`, where the queue has a capacity and so might wait.
    void put(T&& item, timeout limit = std::nullopt) { append(std::move(item), limit); }
    void put(const T& item, timeout limit = std::nullopt) { append(item, limit); }
    /// put() without waiting.
    void put_nowait(T&& item) { append(std::move(item), no_wait); }
    void put_nowait(const T& item) { append(item, no_wait); }

    /// Returns the oldest item, waiting as put() does. Throws queue_empty if none came in time, queue_shut_down once the
    /// queue is shut down and empty, std::invalid_argument for a negative `limit`.
    [[nodiscard]] T get(timeout limit = std::nullopt)
    {
        std::unique_lock lock{mutex_};
        const auto has_answer = [this] { return !items_.empty() || is_shut_down_; };
        if (!items_.empty() || !is_shut_down_)
            require_not_negative(limit);
        if (!wait(lock, not_empty_, limit, has_answer))
            throw queue_empty{};
        if (items_.empty())
            throw queue_shut_down{};
        T oldest = std::move(items_.front());
        items_.pop_front();
        lock.unlock();
        not_full_.notify_one();
        return oldest;
    }
    /// get() without waiting.
    [[nodiscard]] T get_nowait() { return get(no_wait); }

    /// What these three say may be out of date when the caller reads it, if others use the queue.
    [[nodiscard]] std::size_t qsize() const
    {
        const std::lock_guard lock{mutex_};
        return items_.size();
    }
    [[nodiscard]] bool empty() const { return qsize() == 0; }
    [[nodiscard]] bool full() const { return capacity_ > 0 && qsize() >= capacity_; }

    /// Says that an item taken by get() has been dealt with. Throws std::invalid_argument if called more often than put().
    void task_done()
    {
        const std::lock_guard lock{mutex_};
        if (unfinished_ == 0)
            throw std::invalid_argument{"task_done() called too many times"};
        mark_done(1);
    }
    /// Waits until there have been as many task_done() as put().
    void join()
    {
        std::unique_lock lock{mutex_};
        all_done_.wait(lock, [this] { return unfinished_ == 0; });
    }
    /// Makes put() throw queue_shut_down from now on, and get() too once the queue is empty; those who wait are released.
    /// `immediate` drops the items and counts each as done. Cannot be undone.
    void shutdown(bool immediate = false)
    {
        const std::lock_guard lock{mutex_};
        is_shut_down_ = true;
        if (immediate) {
            mark_done(items_.size());
            items_.clear();
        }
        not_empty_.notify_all();
        not_full_.notify_all();
    }

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds no_wait{0};

    static void require_not_negative(timeout limit)
    {
        if (limit && limit->count() < 0)
            throw std::invalid_argument{"'timeout' must be a non-negative number"};
    }

    // Waits for `ready()`; false if `limit` ran out first.
    template <class Ready>
    static bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, timeout limit, Ready ready)
    {
        const auto now = clock::now();
        // A deadline beyond the clock's range would wrap into the past.
        if (!limit || *limit >= std::chrono::floor<std::chrono::milliseconds>(clock::time_point::max() - now)) {
            changed.wait(lock, ready);
            return true;
        }
        return changed.wait_until(lock, now + *limit, ready);
    }

    template <class Item>
    void append(Item&& item, timeout limit)
    {
        std::unique_lock lock{mutex_};
        const auto has_room = [this] { return capacity_ == 0 || items_.size() < capacity_ || is_shut_down_; };
        if (capacity_ > 0 && !is_shut_down_) {
            require_not_negative(limit);
            if (!wait(lock, not_full_, limit, has_room))
                throw queue_full{};
        }
        if (is_shut_down_)
            throw queue_shut_down{};
        items_.push_back(std::forward<Item>(item));
        ++unfinished_;
        lock.unlock();
        not_empty_.notify_one();
    }

    // With mutex_ held. task_done() may have been called for items that were never taken, so this stops at zero.
    void mark_done(std::size_t count)
    {
        unfinished_ -= std::min(count, unfinished_);
        if (unfinished_ == 0)
            all_done_.notify_all();
    }

    const std::size_t capacity_;         // constant after construction: read without the lock
    mutable std::mutex mutex_;           // guards what follows; held only to look at it or to move an item
    std::condition_variable not_empty_;  // notified by put()
    std::condition_variable not_full_;   // notified by get()
    std::condition_variable all_done_;   // notified by task_done()
    std::deque<T> items_;
    std::size_t unfinished_ = 0;
    bool is_shut_down_ = false;
};

}  // namespace quaymaster
