#include "net/timer_wheel.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <random>
#include <string>

using namespace std::chrono_literals;
using quaymaster::core::never;
using quaymaster::core::time_point;
using quaymaster::net::timer_wheel;

namespace {

struct named final : timer_wheel::entry {
    explicit named(char letter) : name{letter} {}
    char name;
};

const time_point start{123'456'789ms};

std::string take_all(timer_wheel& wheel, time_point now)
{
    std::string taken;
    while (auto* const due = wheel.take_due(now))
        taken += static_cast<named*>(due)->name;
    return taken;
}

}  // namespace

TEST_CASE("what is due is taken in its order, not early and not late", "[net][deadlines]")
{
    named a{'a'}, b{'b'}, c{'c'};
    timer_wheel wheel;
    CHECK(wheel.empty());
    CHECK(wheel.next() == never);
    CHECK(take_all(wheel, start).empty());

    wheel.add(c, start + 3h);
    wheel.add(a, start + 5ms);
    wheel.add(b, start + 100ms);
    CHECK_FALSE(wheel.empty());
    CHECK(a.due() == start + 5ms);

    SECTION("each at its time")
    {
        CHECK(take_all(wheel, start + 5ms - 1ns).empty());
        CHECK(take_all(wheel, start + 5ms) == "a");
        CHECK(a.due() == never);
        CHECK(take_all(wheel, start + 100ms - 1ns).empty());
        CHECK(take_all(wheel, start + 100ms) == "b");
        CHECK(take_all(wheel, start + 3h - 1ns).empty());
        CHECK(take_all(wheel, start + 3h) == "c");
        CHECK(wheel.empty());
    }
    SECTION("all at once")
    {
        CHECK(take_all(wheel, start + 24h) == "abc");
        CHECK(wheel.empty());
    }
    SECTION("not what has been taken out")
    {
        wheel.remove(b);
        CHECK(b.due() == never);
        wheel.remove(b);
        CHECK(take_all(wheel, start + 24h) == "ac");
    }
    SECTION("none of them after clear()")
    {
        wheel.clear();
        CHECK(wheel.empty());
        CHECK(c.due() == never);
        CHECK(take_all(wheel, start + 24h).empty());
        wheel.add(c, start + 25h);
        CHECK(take_all(wheel, start + 25h) == "c");
    }
}

TEST_CASE("a deadline within a tick is due at its end", "[net][deadlines]")
{
    named a{'a'};
    timer_wheel wheel;
    wheel.add(a, start + 1ns);
    CHECK(timer_wheel::rounded(start) == start);
    CHECK(timer_wheel::rounded(start + 1ns) == start + 1ms);
    CHECK(wheel.next() <= start + 1ms);
    CHECK(take_all(wheel, start + 1ms - 1ns).empty());
    CHECK(wheel.next() == start + 1ms);
    CHECK(take_all(wheel, start + 1ms) == "a");
}

TEST_CASE("what is overdue is due at once", "[net][deadlines]")
{
    named a{'a'}, b{'b'}, c{'c'};
    timer_wheel wheel;
    CHECK(take_all(wheel, start).empty());
    wheel.add(a, start - 1h);
    wheel.add(b, time_point{});
    wheel.add(c, time_point::min());
    CHECK(wheel.next() <= start);
    CHECK(take_all(wheel, start) == "abc");
}

TEST_CASE("what is due in ages is, if anybody waits for it", "[net][deadlines]")
{
    named a{'a'}, b{'b'};
    timer_wheel wheel;
    CHECK(take_all(wheel, start).empty());
    wheel.add(b, never - 1ns);
    wheel.add(a, start + std::chrono::hours{24 * 365 * 100});
    CHECK(take_all(wheel, start + std::chrono::hours{24 * 365 * 100} - 1ns).empty());
    CHECK(take_all(wheel, start + std::chrono::hours{24 * 365 * 100}) == "a");
    CHECK(wheel.next() > start + std::chrono::hours{24 * 365 * 100});
    wheel.remove(b);
    CHECK(wheel.empty());
}

TEST_CASE("others may come and go between two that are due", "[net][deadlines]")
{
    std::deque<named> entries;
    timer_wheel wheel;
    for (const char name : {'a', 'b', 'c', 'd'})
        wheel.add(entries.emplace_back(name), start);
    const auto take = [&] { return static_cast<named*>(wheel.take_due(start + 1ms)); };
    CHECK(take() == &entries[0]);
    wheel.remove(entries[1]);
    wheel.add(entries[0], start);
    wheel.remove(entries[2]);
    wheel.add(entries[2], start + 2ms);
    CHECK(take() == &entries[3]);
    CHECK(take() == &entries[0]);
    CHECK(take() == nullptr);
    CHECK(take_all(wheel, start + 2ms) == "c");
}

TEST_CASE("next() leads to what is due in a few steps", "[net][deadlines]")
{
    for (const auto wait :
         {1ns, 1'000'000ns, 63'999'999ns, 60'000'000'000ns, 86'400'000'000'000ns, 315'360'000'000'000'000ns}) {
        CAPTURE(wait.count());
        named a{'a'};
        timer_wheel wheel;
        CHECK(take_all(wheel, start).empty());
        wheel.add(a, start + wait);
        int steps = 0;
        time_point now = start;
        std::string taken;
        while (taken.empty()) {
            REQUIRE(wheel.next() > now);
            now = wheel.next();
            taken = take_all(wheel, now);
            REQUIRE(++steps <= 8);
        }
        CHECK(now == timer_wheel::rounded(start + wait));
    }
}

TEST_CASE("a timer_wheel does what a sorted list does", "[net][deadlines]")
{
    std::mt19937_64 random{Catch::rngSeed()};
    const auto below = [&random](std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>{0, bound - 1}(random);
    };
    // Of any size: as many short ones as long ones.
    const auto some_time = [&] {
        return std::chrono::nanoseconds{static_cast<std::int64_t>(below(std::uint64_t{1} << (10 + below(46))))};
    };
    std::deque<named> entries;
    timer_wheel wheel;
    for (int i = 0; i < 300; ++i)
        entries.emplace_back('e');
    std::multimap<time_point, named*> expected;
    std::map<named*, std::multimap<time_point, named*>::iterator> places;
    const auto remove = [&](named& each) {
        wheel.remove(each);
        if (const auto known = places.find(&each); known != places.end()) {
            expected.erase(known->second);
            places.erase(known);
        }
    };
    time_point now = start;
    REQUIRE(wheel.take_due(now) == nullptr);
    const auto add = [&](named& each, time_point due) {
        wheel.add(each, due);
        // All that is overdue is due at present, whichever was so first.
        const auto tick = std::max<time_point>(timer_wheel::rounded(due), std::chrono::floor<std::chrono::milliseconds>(now));
        places[&each] = expected.emplace(tick, &each);
    };
    const auto change = [&] {
        named& each = entries[below(entries.size())];
        remove(each);
        if (below(3) == 0)
            return;
        add(each, below(10) == 0 ? now - some_time() : now + some_time());
    };
    std::size_t taken = 0;
    for (int i = 0; i < 30'000; ++i) {
        for (auto changes = below(4); changes > 0; --changes)
            change();
        REQUIRE(wheel.empty() == expected.empty());
        if (!expected.empty() && below(3) == 0)
            now = std::max(now, wheel.next());
        else
            now += some_time() / (below(2) == 0 ? 1 : 1'000'000);
        for (auto* due = wheel.take_due(now); due != nullptr; due = wheel.take_due(now)) {
            auto& each = static_cast<named&>(*due);
            const auto known = places.find(&each);
            REQUIRE(known != places.end());
            REQUIRE(known->second->first <= now);
            // The first, or one that is as good: of the same tick.
            REQUIRE(known->second->first == expected.begin()->first);
            expected.erase(known->second);
            places.erase(known);
            ++taken;
            if (below(4) == 0) {
                // Not an overdue one, which may come before or after what is due in this tick.
                named& other = entries[below(entries.size())];
                remove(other);
                add(other, now + 1ms + some_time());
            }
        }
        REQUIRE((expected.empty() || expected.begin()->first > now));
        REQUIRE(wheel.next() > now);
        if (!expected.empty())
            REQUIRE(wheel.next() <= expected.begin()->first);
    }
    CHECK(taken > 1'000);
    wheel.clear();
}
