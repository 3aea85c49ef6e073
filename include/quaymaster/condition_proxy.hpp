// condition_proxy: a condition variable, with its lock, that lives in a server.
#pragma once

#include <quaymaster/lock_proxy.hpp>

#include <chrono>
#include <cstddef>

namespace quaymaster {

/// A remote threading.Condition (managers.py: ConditionProxy): a recursive lock and those who wait to be notified.
///
///     auto condition = manager.condition();
///     std::unique_lock held{condition};
///     condition.wait([&] { return !jobs.empty(); });
///
/// The lock's owner is the calling thread's connection, as for recursive_lock_proxy. Hold it in every call below, on the same
/// thread; else remote_error (RuntimeError). A wait lets it go, and has it again when it returns, however long others keep it.
/// sync_manager::condition(lock) makes one over a lock that is there already, so that several may share it. To lock the lock
/// or any of its conditions is the same. A Lock has no owner: any thread may wait and notify while it is held, and if its
/// holder dies it may stay held for ever.
/// A server of Python 3 reaches that lock as a client does, by the key in multiprocessing.current_process().authkey, and works
/// with a Lock only: with an RLock, wait() or notify_one() is remote_error (RuntimeError) though it is held.
/// Thread safety, lifetime and further errors: as lock_proxy.
class condition_proxy : public lock_proxy {
public:
    using lock_proxy::lock_proxy;

    /// Waits to be notified, without limit, but not on a server that is frozen or gone.
    void wait() const;
    /// Waits until `is_true()`, which is asked with the lock held.
    template <class Predicate>
    void wait(Predicate is_true) const
    {
        while (!is_true())
            wait();
    }
    /// Waits up to `timeout`, rounded up to milliseconds; false if no notification came in that time.
    template <class Rep, class Period>
    bool wait_for(const std::chrono::duration<Rep, Period>& timeout) const
    {
        return wait_within(limit_of(timeout));
    }
    /// Waits until `is_true()`, for up to `timeout`; returns what it said last.
    template <class Rep, class Period, class Predicate>
    bool wait_for(const std::chrono::duration<Rep, Period>& timeout, Predicate is_true) const
    {
        const wait_limit limit = limit_of(timeout);
        if (!limit) {
            wait(is_true);
            return true;
        }
        return wait_until(std::chrono::steady_clock::now() + *limit, is_true);
    }
    template <class Clock, class Duration>
    bool wait_until(const std::chrono::time_point<Clock, Duration>& limit) const
    {
        return wait_within(limit_of(limit));
    }
    template <class Clock, class Duration, class Predicate>
    bool wait_until(const std::chrono::time_point<Clock, Duration>& limit, Predicate is_true) const
    {
        while (!is_true()) {
            if (Clock::now() >= limit)
                return false;
            wait_within(limit_of(limit));
        }
        return true;
    }

    void notify_one() const { notify(1); }
    /// Wakes up to `count` of those who wait.
    void notify(std::size_t count) const;
    void notify_all() const;
    [[nodiscard]] value pickled() const { return pickled_as("ConditionProxy"); }  // see proxy::pickled()

private:
    bool wait_within(wait_limit timeout) const;
};

}  // namespace quaymaster
