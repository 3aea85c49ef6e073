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
    boost::asio::io_context context;
    deadline_queue deadlines{context};
    std::string log;
    recorded a{log, 'a'};
    recorded b{log, 'b'};
    recorded c{log, 'c'};
    const time_point now = std::chrono::steady_clock::now();
    deadlines.set(c, now + 15ms);
    deadlines.set(a, now + 5ms);
    deadlines.set(b, now + 10ms);

    SECTION("as set")
    {
        context.run();
        CHECK(log == "abc");
        CHECK(a.due_at >= now + 5ms);
        CHECK(b.due_at >= now + 10ms);
        CHECK(c.due_at >= now + 15ms);
    }
    SECTION("one taken out does not come")
    {
        deadlines.remove(b);
        deadlines.set(c, never);
        context.run();
        CHECK(log == "a");
    }
    SECTION("one moved comes when it was moved to")
    {
        deadlines.set(c, now + 1ms);
        context.run();
        CHECK(log == "cab");
    }
    SECTION("one may set itself again, or another")
    {
        a.then = [&] { deadlines.set(b, never); };
        bool is_first = true;
        c.then = [&] {
            if (std::exchange(is_first, false))
                deadlines.set(c, now + 20ms);
        };
        context.run();
        CHECK(log == "acc");
    }
    SECTION("one may take out others that are due at the same time")
    {
        deadlines.set(b, now + 5ms);
        deadlines.set(c, now + 5ms);
        a.then = [&] {
            deadlines.remove(b);
            deadlines.set(c, now + 10ms);
        };
        context.run();
        CHECK(log == "ac");
    }
    SECTION("one may end them all")
    {
        a.then = [&] { deadlines.cancel(); };
        context.run();
        CHECK(log == "a");
    }
    SECTION("one that throws does not keep the others from being told")
    {
        a.then = [] { throw std::runtime_error{"a"}; };
        CHECK_THROWS_AS(context.run(), std::runtime_error);
        context.run();
        CHECK(log == "abc");
    }
    SECTION("cancel() takes out all and lets the loop end")
    {
        deadlines.cancel();
        context.run();
        CHECK(log.empty());
    }
}

TEST_CASE("a deadline that only ever moves later leaves the timer alone", "[net][deadlines]")
{
    boost::asio::io_context context;
    deadline_queue deadlines{context};
    std::string log;
    recorded idle{log, 'i'};
    recorded busy{log, 'b'};
    const time_point now = std::chrono::steady_clock::now();
    deadlines.set(idle, now + 1h);
    for (int request = 0; request < 1'000; ++request) {
        deadlines.set(busy, now + 2h + request * 1ms);
        deadlines.set(busy, never);
    }
    // Each arming of the timer would leave the handler of the one before, cancelled.
    CHECK(context.poll() == 0);
    deadlines.set(busy, now);
    CHECK(context.run_one() == 1);  // of the timer that was armed for `idle`
    CHECK(context.run_one() == 1);
    CHECK(log == "b");
    deadlines.cancel();
}
