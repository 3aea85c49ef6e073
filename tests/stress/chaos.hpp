// chaos: those clients of the stress test that cancel, give back, and die with requests under way.
#pragma once

#include <quaymaster/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace quaymaster::testing {

struct chaos_options {
    std::uint64_t seed = 1;
    std::size_t clients = 4;
    std::chrono::milliseconds duration{2'500};
    /// False: all leave as they should, and then nothing at all may be lost.
    bool they_die = true;
};

struct chaos_statistics {
    std::uint64_t items = 0;  // let in
    std::uint64_t lost = 0;   // with clients that died
    std::uint64_t lost_at_most = 0;
    std::uint64_t disconnections = 0;
    std::uint64_t repeated_puts = 0;
    std::uint64_t cancels = 0;
    std::uint64_t put_back = 0;

    chaos_statistics& operator+=(const chaos_statistics& other) noexcept;
};

/// Its clients work on the queues `chaos` and `small_chaos` of the server, which nobody else uses and which are empty before and
/// after. When all have gone, `wait_for_the_dead` returns once the server knows it; then what they know and the server counts is
/// compared with what is left in the queues. Ends early if `is_broken_off` says so. Throws stress_failure.
chaos_statistics run_chaos(const address& server, const chaos_options& options, const std::function<bool()>& is_broken_off,
                           const std::function<void()>& wait_for_the_dead);

}  // namespace quaymaster::testing
