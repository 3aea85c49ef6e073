// stress: clients of both dialects over real sockets, checked against what they must see.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <stdexcept>

namespace quaymaster::testing {

struct stress_options {
    /// How long the clients work.
    std::chrono::milliseconds duration{5'000};
    /// Of what each client does, not of what comes of it.
    std::uint64_t seed = 1;
    /// Loops of the server, which is in this process.
    std::size_t server_threads = 4;
    /// A multiple of the usual number of clients.
    std::size_t scale = 1;
    /// How much later than its time a wait may end, beyond what this machine was late for everybody.
    std::chrono::milliseconds lateness_max{50};
};

struct stress_statistics {
    std::uint64_t ordered_items = 0;  // went through queues whose order is checked
    std::uint64_t chaotic_items = 0;  // let in by clients that cancel, give back and die
    std::uint64_t lost_with_clients = 0;
    std::uint64_t lost_at_most = 0;
    std::uint64_t disconnections = 0;
    std::uint64_t repeated_puts = 0;
    std::uint64_t cancels = 0;
    std::uint64_t put_back = 0;
    std::uint64_t waits = 0;                     // whose time was measured
    std::chrono::microseconds latest{};          // end of a wait
    std::chrono::microseconds machine_latest{};  // of the control that does nothing but sleep
};

std::ostream& operator<<(std::ostream& out, const stress_statistics& found);

/// Something was not as it must be.
class stress_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Runs a server and three crowds of clients side by side. One puts and gets in every way that there is, through queues bounded and
/// not: each item arrives exactly once, those of one producer at one consumer in their order. One cancels, gives back, dies with
/// requests under way and repeats what it has not heard of: nothing arrives twice, and nothing is lost but what was on its way to
/// one that died. One only waits: never too short, and hardly longer than a thread that sleeps as long.
/// Throws stress_failure.
stress_statistics run_stress(const stress_options& options);

/// A server in a process of its own is killed while threads of this one put and get: each call ends, soon, by its answer or by
/// connection_lost that says whether it may have been executed. Call it before this process has threads. Throws stress_failure.
void run_killed_server(std::size_t threads, std::chrono::milliseconds before_it_is_killed);

}  // namespace quaymaster::testing
