#include "net/busy_poll.hpp"

#include <catch2/catch.hpp>

#include <chrono>

namespace quaymaster::net {
namespace {

using namespace std::chrono_literals;

constexpr busy_poll::time_point start{1h};

/// One that has just waited, and so polls if nothing else is against it.
busy_poll polling(busy_poll::duration limit, busy_poll::time_point now = start)
{
    busy_poll policy{limit};
    policy.on_awake(now);
    return policy;
}

/// A wait that begins at `now` and is told of nothing, with nobody else on the processor. Returns when it sleeps.
busy_poll::time_point poll_in_vain(busy_poll& policy, busy_poll::time_point now)
{
    policy.on_awake(now);
    policy.begin(now);
    do
        now += 1us;
    while (policy.goes_on(1us, now));
    return now;
}

/// How long after `now` it polls again; steps of 1 ms.
std::chrono::milliseconds pause_after(busy_poll policy, busy_poll::time_point now)
{
    std::chrono::milliseconds pause{0};
    for (policy.on_awake(now); !policy.is_worth_trying(now + pause); policy.on_awake(now + pause))
        pause += 1ms;
    return pause;
}

TEST_CASE("a wait polls for as long as the limit says", "[net][busy_poll]")
{
    busy_poll policy = polling(50us);
    REQUIRE(policy.is_worth_trying(start));
    CHECK(poll_in_vain(policy, start) == start + 50us);
    CHECK_FALSE(policy.is_worth_trying(start + 51us));
}

TEST_CASE("a wait that finds something polls the next time, too", "[net][busy_poll]")
{
    busy_poll policy = polling(50us);
    policy.begin(start);
    CHECK(policy.goes_on(1us, start + 1us));
    policy.on_found(1us, start + 2us);
    CHECK(policy.is_worth_trying(start + 3us));
}

TEST_CASE("a limit of zero never polls", "[net][busy_poll]")
{
    CHECK_FALSE(polling(0us).is_worth_trying(start));
}

TEST_CASE("who waits seldom does not poll", "[net][busy_poll]")
{
    CHECK_FALSE(busy_poll{50us}.is_worth_trying(start));
    const busy_poll policy = polling(50us);
    CHECK(policy.is_worth_trying(start + 100us));
    CHECK_FALSE(policy.is_worth_trying(start + 1ms));
}

TEST_CASE("polling in vain pauses, longer each time and within a bound", "[net][busy_poll]")
{
    busy_poll policy{50us};
    auto now = start;
    std::chrono::milliseconds last{0};
    for (int misses = 0; misses < 20; ++misses) {
        now = poll_in_vain(policy, now);
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
    auto now = start;
    for (int misses = 0; misses < 10; ++misses)
        now = poll_in_vain(policy, now);
    for (int hits = 0; hits < 100; ++hits)
        policy.on_found(1us, now);
    now = poll_in_vain(policy, now);
    CHECK(pause_after(policy, now) == 1ms);
}

/// How often one that shares its processor looks in a wait that begins at `now`.
int shared_looks(busy_poll& policy, busy_poll::time_point now)
{
    policy.begin(now);
    int looks = 1;
    while (looks < 100 && policy.goes_on(20us, now + looks * 20us))
        ++looks;
    return looks;
}

TEST_CASE("who shares its processor looks three times and then sleeps, or once if its last wait was long", "[net][busy_poll]")
{
    busy_poll policy = polling(50us);
    auto now = start;
    for (const auto length : {100us, 200us}) {
        policy.begin(now);
        now += length;
        policy.on_awake(now);
        CHECK(policy.is_worth_trying(now + 1us));
        CHECK(shared_looks(policy, now + 1us) == 3);
        now += 100us;
    }
    policy.begin(now);
    now += 201us;
    policy.on_awake(now);
    CHECK(policy.is_worth_trying(now + 1us));
    CHECK(shared_looks(policy, now + 1us) == 1);
    policy.on_found(1us, now + 20us);
    CHECK(shared_looks(policy, now + 21us) == 3);
}

TEST_CASE("a processor that another thread keeps is left to it, for longer than after a miss", "[net][busy_poll]")
{
    const auto pause_after_hogs = [](auto tell) {
        busy_poll policy = polling(50us);
        auto now = start;
        for (int hogs = 0; hogs < 2; ++hogs) {
            now += 3ms;
            tell(policy, now);
        }
        return pause_after(policy, now);
    };
    CHECK(pause_after_hogs([](busy_poll& policy, auto now) { (void)policy.goes_on(3ms, now); }) > 2ms);
    CHECK(pause_after_hogs([](busy_poll& policy, auto now) { policy.on_found(3ms, now); }) > 2ms);
}

TEST_CASE("polling yields, looks, and ends when it has found what it waits for or its time is up", "[net][busy_poll]")
{
    busy_poll policy{1s};
    policy.on_awake(busy_poll::clock::now());
    bool has_yielded = false;
    CHECK(policy.poll([] { return busy_poll::time_point::max(); }, [&] { return has_yielded; }, [&] { has_yielded = true; }));
    policy.on_awake(busy_poll::clock::now());
    const auto until = busy_poll::clock::now() + 1ms;
    CHECK_FALSE(policy.poll([until] { return until; }, [] { return false; }, [] {}));
}

TEST_CASE("polling ends when its time is brought forward while it yields", "[net][busy_poll]")
{
    busy_poll policy{10s};
    policy.on_awake(busy_poll::clock::now());
    auto until = busy_poll::time_point::max();
    int looks = 0;
    const auto look = [&] {
        ++looks;
        return false;
    };
    CHECK_FALSE(policy.poll([&] { return until; }, look, [&] { until = busy_poll::clock::now(); }));
    CHECK(looks == 1);
}

}  // namespace
}  // namespace quaymaster::net
