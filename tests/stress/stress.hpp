// stress: clients of both dialects over real sockets, checked against what they must see.
#pragma once

#include "chaos.hpp"
#include "patience.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>

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
    /// As in patience_options.
    std::chrono::milliseconds lateness_max = usual_lateness_max;
};

struct stress_statistics {
    std::uint64_t ordered_items = 0;  // went through queues whose order is checked
    chaos_statistics chaos;
    patience_statistics patience;
};

std::ostream& operator<<(std::ostream& out, const stress_statistics& found);

/// Runs a server and three crowds of clients side by side. One, `ordered_queue`, puts and gets in every way that there is, through
/// queues bounded and not: each item arrives exactly once, those of one producer at one consumer in their order. One, `run_chaos`,
/// cancels, gives back, dies with requests under way and repeats what it has not heard of, and after a while does all that without
/// dying, in turns: nothing arrives twice, and nothing is lost but what was on its way to one that died. One, `patience`, only waits:
/// never too short, and hardly longer than a thread that sleeps as long. Takes memory that does not grow with the duration.
/// Throws stress_failure.
stress_statistics run_stress(const stress_options& options);

}  // namespace quaymaster::testing
