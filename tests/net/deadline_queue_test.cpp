#include "net/deadline_queue.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using quaymaster::core::never;
using quaymaster::core::time_point;
using quaymaster::net::deadline_queue;
using quaymaster::net::timed;

namespace {

struct recorded final : timed {
    recorded(std::string& log, char name) : log_{log}, name_{name} {}
    void on_due(time_point now) override
    {
        log_ += name_;
        due_at = now;
        if (then)
            then();
    }
    std::string& log_;
    char name_;
    time_point due_at{};
    std::function<void()> then;
};

}  // namespace

TEST_CASE("deadlines come in their order, never early", "[net][deadlines]")
{
    deadline_queue deadlines;
    std::string log;
    recorded a{log, 'a'};
    recorded b{log, 'b'};
    recorded c{log, 'c'};
    const time_point begin{1h};
    deadlines.set(c, begin + 15ms);
    deadlines.set(a, begin + 5ms);
    deadlines.set(b, begin + 10ms);
    const auto fire_until = [&](time_point end) {
        for (time_point now = begin; now <= end; now += 1ms)
            deadlines.fire(now);
    };

    SECTION("as set")
    {
        fire_until(begin + 30ms);
        CHECK(log == "abc");
        CHECK(a.due_at >= begin + 5ms);
        CHECK(b.due_at >= begin + 10ms);
        CHECK(c.due_at >= begin + 15ms);
        CHECK(c.due_at <= begin + 16ms);
        CHECK(deadlines.next() == never);
    }
    SECTION("next() is never after the first")
    {
        CHECK(deadlines.next() <= begin + 6ms);
        fire_until(begin + 12ms);
        CHECK(deadlines.next() > begin + 12ms);
        CHECK(deadlines.next() <= begin + 16ms);
        deadlines.clear();  // c must not end in it
    }
    SECTION("one taken out does not come")
    {
        deadlines.remove(b);
        deadlines.set(c, never);
        fire_until(begin + 30ms);
        CHECK(log == "a");
    }
    SECTION("one moved comes when it was moved to")
    {
        deadlines.set(c, begin + 1ms);
        fire_until(begin + 30ms);
        CHECK(log == "cab");
    }
    SECTION("one may set itself again, or another")
    {
        a.then = [&] { deadlines.set(b, never); };
        bool is_first = true;
        c.then = [&] {
            if (std::exchange(is_first, false))
                deadlines.set(c, begin + 20ms);
        };
        fire_until(begin + 30ms);
        CHECK(log == "acc");
    }
    SECTION("one may take out others that are due at the same time")
    {
        deadlines.set(b, begin + 5ms);
        deadlines.set(c, begin + 5ms);
        a.then = [&] {
            deadlines.remove(b);
            deadlines.set(c, begin + 10ms);
        };
        fire_until(begin + 30ms);
        CHECK(log == "ac");
    }
    SECTION("one may end them all")
    {
        a.then = [&] { deadlines.clear(); };
        fire_until(begin + 30ms);
        CHECK(log == "a");
    }
    SECTION("one that throws does not keep the others from being told")
    {
        a.then = [] { throw std::runtime_error{"a"}; };
        CHECK_THROWS_AS(deadlines.fire(begin + 30ms), std::runtime_error);
        deadlines.fire(begin + 30ms);
        CHECK(log == "abc");
    }
    SECTION("clear() takes out all")
    {
        deadlines.clear();
        fire_until(begin + 30ms);
        CHECK(log.empty());
        CHECK(deadlines.next() == never);
    }
}
