// patience: those clients of the stress test that wait for nothing, and measure how long.
#pragma once

#include "control_timer.hpp"
#include "crowd.hpp"

#include <quaymaster/address.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace quaymaster::testing {

/// How late a wait may be that nothing excuses. A server that a sanitizer has instrumented needs ten times the processor time for a turn,
/// and so do the clients beside it: what is late by one turn of each is late by that much more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::milliseconds usual_lateness_max{500};
#else
inline constexpr std::chrono::milliseconds usual_lateness_max{50};
#endif

struct patience_options {
    std::uint64_t seed = 1;
    /// Connections with many waits at once.
    std::size_t peers = 2;
    /// How much later than its time a wait may end, beyond twice what control_timer was late meanwhile.
    std::chrono::milliseconds lateness_max = usual_lateness_max;
};

struct patience_statistics {
    std::uint64_t waits = 0;
    std::chrono::microseconds latest{};          // end of a wait
    std::chrono::microseconds machine_latest{};  // of the control, while a wait was late
};

/// Clients that wait in the queue `empty`, which stays empty, and the queue `full`, which stays full, from its construction to end(): by
/// requests of the native dialect, and by calls of both. A wait that is too short or too long fails. Thread safety: none.
class patience {
public:
    patience(const address& server, const patience_options& options);
    patience(const patience&) = delete;
    patience& operator=(const patience&) = delete;
    ~patience();

    /// How many connections all of its clients have.
    [[nodiscard]] std::size_t connections() const noexcept { return waiting_.size(); }
    /// True once each has all the connections that it will have.
    [[nodiscard]] bool is_steady() const noexcept { return waiting_.is_steady(); }
    [[nodiscard]] bool has_failed() const noexcept { return waiting_.has_failed(); }
    /// Throws what has failed.
    patience_statistics end();

private:
    class peer;
    void wait_by_proxy(const address& server, bool by_python_dialect, std::uint64_t seed);
    void note_wait(std::chrono::milliseconds timeout, control_timer::clock_type::time_point begin);

    const patience_options options_;
    control_timer control_;
    std::atomic<bool> is_over_{false};
    std::mutex mutex_;
    patience_statistics found_;  // guarded by mutex_
    crowd waiting_;
};

}  // namespace quaymaster::testing
