// simulation: many clients over one server, in simulated time and over a simulated network, checked against what they must see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>

namespace quaymaster::testing {

struct simulation_options {
    /// The same seed and steps give the same run.
    std::uint64_t seed = 1;
    /// Events before the clients begin to leave.
    std::size_t steps = 600;
    /// Where each event is told; null for nowhere.
    std::ostream* trace = nullptr;
};

/// What a run has come to, for those who want to know that it was no idle one.
struct simulation_statistics {
    std::size_t events = 0;
    std::size_t connections = 0;
    std::size_t disconnections = 0;
    std::size_t requests = 0;
    std::size_t items_in = 0;
    std::size_t items_out = 0;
    std::size_t items_returned = 0;  // by put_back, cancel or the end of a connection
    std::size_t retried_puts = 0;
    std::size_t timeouts = 0;
    std::size_t cancels = 0;
    simulation_statistics& operator+=(const simulation_statistics& other) noexcept;
};

/// Clients of both dialects put, get, consume, give back, cancel, give up and die over a few queues, bounded and not; octets arrive
/// in pieces, some clients read slowly, and those who die may have requests and replies under way. Checked: every request is
/// answered exactly once, unless its connection died; every item that was let in is handed out exactly once or still there, and a
/// put that is repeated with its id is let in once; a fifo queue hands out the items of one producer in their order, but those
/// that came back; waits end neither early nor late; nobody waits for what is there; bounds are kept.
/// Throws simulation_failure.
simulation_statistics simulate(const simulation_options& options);

}  // namespace quaymaster::testing
