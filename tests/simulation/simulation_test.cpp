#include "simulation.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace quaymaster::testing;

TEST_CASE("simulated clients of both dialects lose nothing, get nothing twice and wait as long as they asked", "[simulation]")
{
    simulation_statistics total;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        CAPTURE(seed);  // again, in full: bin/simulate --first <seed> --seeds 1 --trace
        REQUIRE_NOTHROW(total += simulate({.seed = seed}));
    }
    // It was no idle run.
    CHECK(total.items_in > 1000);
    CHECK(total.items_out > 1000);
    CHECK(total.items_returned > 50);
    CHECK(total.retried_puts > 20);
    CHECK(total.timeouts > 200);
    CHECK(total.disconnections > 100);
}

TEST_CASE("a simulation of the same seed is the same", "[simulation]")
{
    const auto trace_of = [](std::uint64_t seed) {
        std::ostringstream told;
        (void)simulate({.seed = seed, .steps = 200, .trace = &told});
        return told.str();
    };
    CHECK(trace_of(7) == trace_of(7));
    CHECK(trace_of(7) != trace_of(8));
}
