// semaphore_proxy: a semaphore that lives in a server.
#pragma once

#include <quaymaster/waiting_proxy.hpp>

#include <chrono>
#include <cstddef>

namespace quaymaster {

/// A remote threading.Semaphore or BoundedSemaphore, with the members of std::counting_semaphore.
/// Thread safety, lifetime and errors: as lock_proxy. Whoever dies with a count of it does not give it back.
class semaphore_proxy : public waiting_proxy {
public:
    using waiting_proxy::waiting_proxy;
    [[nodiscard]] value pickled() const { return pickled_as("AcquirerProxy"); }  // see proxy::pickled()

    /// Takes one of the count, waiting without limit, but not on a server that is frozen or gone.
    void acquire() const;
    /// False if the count is zero.
    [[nodiscard]] bool try_acquire() const;
    /// Waits up to `timeout`, rounded up to milliseconds; false if the count was zero throughout.
    template <class Rep, class Period>
    [[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period>& timeout) const
    {
        return acquire_within(limit_of(timeout));
    }
    template <class Clock, class Duration>
    [[nodiscard]] bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& limit) const
    {
        return acquire_within(limit_of(limit));
    }
    /// Adds `count`. Throws remote_error (ValueError) if that is zero, or if a bounded semaphore would exceed what it began
    /// with. A CPython server takes more than 1 from 3.9 on.
    void release(std::size_t count = 1) const;
};

}  // namespace quaymaster
