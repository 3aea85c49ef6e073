#include "net/busy_poll.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <sys/resource.h>

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
    CHECK(policy.begin(start, 0) == start + 50us);
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
        (void)policy.begin(now, 0);
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

TEST_CASE("a thread that was preempted since it last polled sleeps at once, and pauses longer than after a miss",
          "[net][busy_poll]")
{
    busy_poll policy{50us};
    REQUIRE(policy.begin(start, 3) != start + 50us);  // what was before counts as well
    auto now = start + pause_after(policy, start);
    CHECK(policy.begin(now, 3) == now + 50us);
    CHECK(policy.begin(now, 4) == now);
    CHECK_FALSE(policy.is_worth_trying(now));
    CHECK(pause_after(policy, now) > 2ms);
}

TEST_CASE("preemptions are counted for each thread", "[net][busy_poll]")
{
    rusage used{};
    REQUIRE(::getrusage(RUSAGE_THREAD, &used) == 0);
    const auto before = static_cast<std::uint64_t>(used.ru_nivcsw);
    const std::uint64_t counted = preemption_count();
    CHECK(counted >= before);
    CHECK(preemption_count() >= counted);
}

}  // namespace
}  // namespace quaymaster::net
