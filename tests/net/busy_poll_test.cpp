#include "net/busy_poll.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <unistd.h>
#include <vector>

namespace quaymaster::net {
namespace {

using namespace std::chrono_literals;

constexpr busy_poll::time_point start{1h};

/// How long after `now` it polls again, having failed at `now`; steps of 1 ms.
std::chrono::milliseconds pause_after(const busy_poll& policy, busy_poll::time_point now)
{
    std::chrono::milliseconds pause{0};
    while (!policy.is_worth_trying(now + pause))
        pause += 1ms;
    return pause;
}

TEST_CASE("a wait polls for as long as the limit says", "[net][busy_poll]")
{
    busy_poll policy{50us};
    REQUIRE(policy.is_worth_trying(start));
    CHECK(policy.end_of(start) == start + 50us);
    policy.on_hit();
    CHECK(policy.is_worth_trying(start));
}

TEST_CASE("a limit of zero never polls", "[net][busy_poll]")
{
    CHECK_FALSE(busy_poll{0us}.is_worth_trying(start));
}

TEST_CASE("polling in vain pauses, longer each time and within a bound", "[net][busy_poll]")
{
    busy_poll policy{50us};
    auto now = start;
    std::chrono::milliseconds last{0};
    for (int misses = 0; misses < 20; ++misses) {
        policy.on_miss(now);
        const auto pause = pause_after(policy, now);
        CHECK(pause > 0ms);
        CHECK(pause >= last);
        CHECK(pause <= 64ms);
        last = pause;
        now += pause;
    }
    CHECK(last == 64ms);
}

TEST_CASE("hits shorten the next pause again", "[net][busy_poll]")
{
    busy_poll policy{50us};
    for (int misses = 0; misses < 10; ++misses)
        policy.on_miss(start);
    for (int hits = 0; hits < 100; ++hits)
        policy.on_hit();
    policy.on_miss(start);
    CHECK(pause_after(policy, start) == 1ms);
}

TEST_CASE("a processor that another thread wants is left to it, for longer than after a miss", "[net][busy_poll]")
{
    busy_poll policy{50us};
    policy.on_crowded(start);
    CHECK_FALSE(policy.is_worth_trying(start));
    auto now = start + pause_after(policy, start);
    policy.on_crowded(now);
    CHECK(pause_after(policy, now) > 2ms);
}

TEST_CASE("a thread that waits polls only while there is a processor for whoever answers", "[net][busy_poll]")
{
    std::vector<std::unique_ptr<waiting_thread>> waiting;
    const auto processors = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN));
    while (waiting.size() < processors) {
        waiting.push_back(std::make_unique<waiting_thread>());
        CHECK(waiting.back()->has_room() == (waiting.size() < processors));
    }
    waiting.pop_back();
    if (!waiting.empty())
        CHECK(waiting.back()->has_room());
}

}  // namespace
}  // namespace quaymaster::net
