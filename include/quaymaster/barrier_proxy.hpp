// barrier_proxy: a barrier that lives in a server.
#pragma once

#include <quaymaster/errors.hpp>
#include <quaymaster/waiting_proxy.hpp>

#include <chrono>
#include <cstddef>

namespace quaymaster {

/// The barrier is broken, or broke while somebody waited: Python's threading.BrokenBarrierError.
class broken_barrier : public remote_error {
public:
    using remote_error::remote_error;
};

/// A remote threading.Barrier (managers.py: BarrierProxy; Python 3 only): a place where so many threads meet, of whatever
/// programs, again and again.
/// Thread safety, lifetime and further errors: as proxy.
class barrier_proxy : public waiting_proxy {
public:
    using waiting_proxy::waiting_proxy;
    [[nodiscard]] value pickled() const { return pickled_as("BarrierProxy"); }  // see proxy::pickled()

    /// Waits until all have arrived, without limit (but for the timeout that the barrier was made with), yet not on a server
    /// that is frozen or gone. Returns which of the parties this was, from 0 on: a number that each of them gets once. Throws
    /// broken_barrier.
    std::size_t arrive_and_wait() const { return wait_within(std::nullopt); }
    /// The same for up to `timeout`, rounded up to milliseconds. If that is over, the barrier is broken for all: throws
    /// broken_barrier, here as to the others that wait.
    template <class Rep, class Period>
    std::size_t arrive_and_wait_for(const std::chrono::duration<Rep, Period>& timeout) const
    {
        return wait_within(limit_of(timeout));
    }

    /// How many must arrive.
    [[nodiscard]] std::size_t parties() const;
    /// How many wait.
    [[nodiscard]] std::size_t n_waiting() const;
    [[nodiscard]] bool broken() const;
    /// Breaks the barrier: those who wait, and who arrive until reset(), get broken_barrier.
    void abort() const;
    /// Makes it new. Those who wait get broken_barrier.
    void reset() const;

private:
    std::size_t wait_within(wait_limit timeout) const;
};

}  // namespace quaymaster
