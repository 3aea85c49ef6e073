// lock_proxy: a lock that lives in a server, for std::unique_lock and its like.
#pragma once

#include <quaymaster/waiting_proxy.hpp>

#include <chrono>

namespace quaymaster {

/// A remote threading.Lock: managers.py's AcquirerProxy as a std::timed_mutex.
///
///     auto lock = manager.lock();
///     {
///         std::unique_lock held{lock};  // held here and nowhere else, in whatever program
///     }
///
/// A lock is not recursive, and any thread may release it. Who dies with it leaves a CPython server's lock held for ever.
/// Errors: as proxy. After connection_lost with may_have_executed(), and after deadline_exceeded, from lock() and its kind,
/// the lock may be held all the same, and a CPython server then never gives it to anybody again.
/// Thread safety and lifetime: as proxy.
class lock_proxy : public waiting_proxy {
public:
    using waiting_proxy::waiting_proxy;

    /// Waits without limit, but not on a server that is frozen or gone.
    void lock() const;
    /// False if somebody holds it.
    [[nodiscard]] bool try_lock() const;
    /// Waits up to `timeout`, rounded up to milliseconds; false if it was held throughout.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& timeout) const
    {
        return acquire_within(limit_of(timeout));
    }
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& limit) const
    {
        return acquire_within(limit_of(limit));
    }
    /// Lets the lock go. Throws remote_error if it is not held: RuntimeError, from Python 2 thread.error.
    void release() const;
    /// release() for the destructors of std::unique_lock and its like, which cannot pass an error on: it is dropped. Mostly the
    /// server is gone then, and the lock with it. Call release() where it matters.
    void unlock() const noexcept;
    [[nodiscard]] value pickled() const { return pickled_as("AcquirerProxy"); }  // see proxy::pickled()
};

/// A remote threading.RLock: as lock_proxy, but a thread that holds it may lock it again, and must unlock it as often.
/// The owner is the calling thread's connection: remote_error (RuntimeError) for the unlock() of another thread, and for that
/// of the same one if its connection was lost in between.
class recursive_lock_proxy : public lock_proxy {
public:
    using lock_proxy::lock_proxy;
};

}  // namespace quaymaster
