// event and barrier: what a program has of its own where Python has threading.Event and threading.Barrier.
#include <quaymaster/barrier.hpp>
#include <quaymaster/event.hpp>
#include <quaymaster/event_proxy.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <concepts>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;

namespace {

/// What a function template for both kinds may use.
template <class Event>
concept event_like = requires(Event& flag)
{
    flag.set();
    flag.clear();
    flag.wait();
    {
        flag.is_set()
        } -> std::same_as<bool>;
    {
        flag.wait_for(1ms)
        } -> std::same_as<bool>;
    {
        flag.wait_until(std::chrono::steady_clock::now())
        } -> std::same_as<bool>;
};
static_assert(event_like<event> && event_like<event_proxy>);

template <class Barrier>
concept barrier_like = requires(Barrier& meeting)
{
    {
        meeting.arrive_and_wait()
        } -> std::same_as<std::size_t>;
    {
        meeting.arrive_and_wait_for(1ms)
        } -> std::same_as<std::size_t>;
    {
        meeting.parties()
        } -> std::same_as<std::size_t>;
    {
        meeting.n_waiting()
        } -> std::same_as<std::size_t>;
    {
        meeting.broken()
        } -> std::same_as<bool>;
    meeting.abort();
    meeting.reset();
};
static_assert(barrier_like<barrier> && barrier_like<barrier_proxy>);

void wait_for_waiting(const barrier& meeting, std::size_t count)
{
    while (meeting.n_waiting() != count)
        std::this_thread::yield();
}

}  // namespace

TEST_CASE("an event lets all go who wait", "[net][local]")
{
    event flag;
    CHECK_FALSE(flag.is_set());
    CHECK_FALSE(flag.wait_for(1ms));
    CHECK_FALSE(flag.wait_until(std::chrono::steady_clock::now() - 1s));
    std::vector<std::future<void>> waiting;
    for (int i = 0; i < 3; ++i)
        waiting.push_back(std::async(std::launch::async, [&] { flag.wait(); }));
    auto hopeful = std::async(std::launch::async, [&] { return flag.wait_for(std::chrono::hours::max()); });
    flag.set();
    for (auto& each : waiting)
        each.get();
    CHECK(hopeful.get());
    CHECK(flag.is_set());
    CHECK(flag.wait_for(1ms));
    flag.wait();
    flag.clear();
    CHECK_FALSE(flag.is_set());
    CHECK_FALSE(flag.wait_for(1ms));
}

TEST_CASE("at a barrier all parties meet, again and again, each with a number of its own", "[net][local]")
{
    constexpr std::size_t parties = 4;
    barrier meeting{parties};
    CHECK(meeting.parties() == parties);
    std::vector<std::future<std::vector<std::size_t>>> arriving;
    for (std::size_t i = 0; i < parties; ++i)
        arriving.push_back(std::async(std::launch::async, [&] {
            std::vector<std::size_t> numbers;
            for (int round = 0; round < 50; ++round)
                numbers.push_back(meeting.arrive_and_wait_for(60s));
            return numbers;
        }));
    std::vector<std::set<std::size_t>> rounds(50);
    for (auto& each : arriving) {
        const auto numbers = each.get();
        for (std::size_t round = 0; round < numbers.size(); ++round)
            rounds[round].insert(numbers[round]);
    }
    for (const auto& numbers : rounds)
        CHECK(numbers == std::set<std::size_t>{0, 1, 2, 3});
    CHECK(meeting.n_waiting() == 0);
    CHECK_THROWS_AS(barrier{0}, std::invalid_argument);
}

TEST_CASE("a barrier breaks for all", "[net][local]")
{
    barrier meeting{2};
    const bool is_aborted = GENERATE(false, true);
    if (is_aborted) {
        auto waiting = std::async(std::launch::async, [&] { return meeting.arrive_and_wait(); });
        wait_for_waiting(meeting, 1);
        meeting.abort();
        CHECK_THROWS_AS(waiting.get(), broken_barrier);
    } else {
        CHECK_THROWS_AS(meeting.arrive_and_wait_for(1ms), broken_barrier);
    }
    CHECK(meeting.broken());
    CHECK(meeting.n_waiting() == 0);
    CHECK_THROWS_AS(meeting.arrive_and_wait(), broken_barrier);
    meeting.reset();
    CHECK_FALSE(meeting.broken());
    auto waiting = std::async(std::launch::async, [&] { return meeting.arrive_and_wait(); });
    wait_for_waiting(meeting, 1);
    SECTION("and is whole again after reset()")
    {
        CHECK(meeting.arrive_and_wait() == 1);
        CHECK(waiting.get() == 0);
    }
    SECTION("reset() sends away who waits")
    {
        meeting.reset();
        CHECK_THROWS_AS(waiting.get(), broken_barrier);
        CHECK_FALSE(meeting.broken());
    }
}
