#include "net/home_processor.hpp"

#include <catch2/catch.hpp>

#include <sched.h>

#include <cstddef>
#include <thread>
#include <vector>

using quaymaster::net::home_processor;

namespace {

std::vector<std::size_t> allowed_processors()
{
    cpu_set_t set;
    REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &set))
            found.push_back(i);
    return found;
}

void run_only_on(const std::vector<std::size_t>& processors)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const std::size_t each : processors)
        CPU_SET(each, &set);
    REQUIRE(::sched_setaffinity(0, sizeof set, &set) == 0);
}

/// Moves this thread to `processor`, where it may stay or not.
void go_to(std::size_t processor, const std::vector<std::size_t>& allowed)
{
    run_only_on({processor});
    run_only_on(allowed);
}

void hit(home_processor& home, int times)
{
    for (int i = 0; i < times; ++i)
        home.on_hit();
}

/// Where `act` leaves no trace in other tests.
template <class Act>
void on_own_thread(Act act)
{
    std::thread{act}.join();
}

constexpr int tries = 40;

/// In how many of `tries` a thread that was elsewhere is at processor `index` of `allowed` after hits_per_return hits. The scheduler may
/// move it at any time, so neither all nor none can be asked for.
int times_home(std::size_t index, std::size_t threads, const std::vector<std::size_t>& allowed)
{
    int times = 0;
    for (int left = tries; left > 0; --left) {
        home_processor home{index, threads};
        go_to(allowed[(index + 1) % allowed.size()], allowed);
        hit(home, home_processor::hits_per_return);
        times += ::sched_getcpu() == static_cast<int>(allowed[index]) ? 1 : 0;
    }
    return times;
}

TEST_CASE("a thread whose polling pays goes to a processor of its own, and may leave it", "[net][home_processor]")
{
    on_own_thread([] {
        const std::vector<std::size_t> allowed = allowed_processors();
        if (allowed.size() < 2) {
            SUCCEED("one processor: nothing to share out");
            return;
        }
        for (std::size_t index = 0; index < allowed.size(); ++index) {
            CHECK(times_home(index, allowed.size(), allowed) > tries / 2);
            CHECK(allowed_processors() == allowed);
        }
    });
}

TEST_CASE("threads that are fewer than the processors, or more, or alone, are left where they are", "[net][home_processor]")
{
    on_own_thread([] {
        const std::vector<std::size_t> allowed = allowed_processors();
        if (allowed.size() < 2) {
            SUCCEED("one processor: nowhere to be moved to");
            return;
        }
        for (const std::size_t threads : {std::size_t{1}, allowed.size() - 1, allowed.size() + 1, allowed.size() + 2}) {
            CHECK(times_home(0, threads, allowed) < tries / 2);
            CHECK(allowed_processors() == allowed);
        }
    });
}

}  // namespace
