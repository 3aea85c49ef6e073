#include "killed_server.hpp"
#include "stress.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace quaymaster::testing;
using namespace std::chrono_literals;

TEST_CASE("a server that is killed leaves no call without an answer", "[net][stress]")
{
    REQUIRE_NOTHROW(run_killed_server(8, 300ms));
}

TEST_CASE("clients of both dialects lose nothing, get nothing twice and wait as long as they asked", "[net][stress]")
{
    stress_statistics found;
    // Beside other tests, and under a sanitizer, a dozen busy threads on two processors keep each other waiting; native_stress, run by hand
    // and alone, holds waits to usual_lateness_max.
    REQUIRE_NOTHROW(found = run_stress({.duration = 5s, .seed = 1, .server_threads = 4, .lateness_max = 2s}));
    std::ostringstream told;
    told << found;
    INFO(told.str());
    CHECK(found.ordered_items > 1000);
    CHECK(found.chaos.items > 500);
    CHECK(found.chaos.disconnections > 5);
    CHECK(found.patience.waits > 50);
}
