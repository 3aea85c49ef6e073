#include "net/processor_pin.hpp"

#include <catch2/catch.hpp>

#include <sched.h>

#include <cstddef>
#include <thread>
#include <vector>

using quaymaster::net::processor_pin;

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

void hit(processor_pin& pin, int times)
{
    for (int i = 0; i < times; ++i)
        pin.on_hit();
}

/// Where `act` leaves no trace in other tests.
template <class Act>
void on_own_thread(Act act)
{
    std::thread{act}.join();
}

TEST_CASE("a thread whose polling pays keeps to a processor of its own until it is released", "[net][processor_pin]")
{
    on_own_thread([] {
        const std::vector<std::size_t> before = allowed_processors();
        if (before.size() < 2) {
            SUCCEED("one processor: nothing to share out");
            return;
        }
        for (std::size_t index = 0; index < before.size(); ++index) {
            processor_pin pin{index, before.size()};
            hit(pin, processor_pin::hits_to_pin - 1);
            CHECK(allowed_processors() == before);
            pin.on_hit();
            CHECK(pin.is_pinned());
            CHECK(allowed_processors() == std::vector{before[index]});
            hit(pin, 2 * processor_pin::hits_to_pin);
            CHECK(allowed_processors() == std::vector{before[index]});
            pin.release();
            CHECK_FALSE(pin.is_pinned());
            CHECK(allowed_processors() == before);
        }
    });
}

TEST_CASE("a release begins the count of hits anew", "[net][processor_pin]")
{
    on_own_thread([] {
        const std::vector<std::size_t> before = allowed_processors();
        processor_pin pin{0, before.size()};
        hit(pin, processor_pin::hits_to_pin - 1);
        pin.release();
        hit(pin, processor_pin::hits_to_pin - 1);
        CHECK_FALSE(pin.is_pinned());
        CHECK(allowed_processors() == before);
    });
}

TEST_CASE("threads that are fewer than the processors, or more, or alone, are not pinned", "[net][processor_pin]")
{
    on_own_thread([] {
        const std::vector<std::size_t> before = allowed_processors();
        for (const std::size_t threads : {std::size_t{1}, before.size() - 1, before.size() + 1}) {
            processor_pin pin{0, threads};
            hit(pin, 3 * processor_pin::hits_to_pin);
            CHECK_FALSE(pin.is_pinned());
            CHECK(allowed_processors() == before);
        }
    });
}

}  // namespace
