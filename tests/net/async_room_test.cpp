// How many operations of an async_client are under way at once, and what becomes of those that there is no room for yet.
#include "async_testing.hpp"
#include "client_testing.hpp"
#include "scripted_server.hpp"

#include <quaymaster/async_queue.hpp>
#include <quaymaster/server.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using namespace quaymaster;
using namespace async_testing;

namespace {

/// A server of which each get waits until the test has it answered, and which refuses what is more than it takes.
struct gets_that_wait {
    explicit gets_that_wait(std::size_t most) : requests_max{most} { serving.take_requests(most); }

    bool on_request(const wire::native::frame& asked, wire::outbox& out)
    {
        using wire::native::operation;
        if (asked.code == operation::open) {
            client_testing::answer_opened(asked, out);
        } else if (asked.code == operation::get || asked.code == operation::consume) {
            if (waiting.size() >= requests_max) {
                ++refused;
                wire::native::write_frame(out, {operation::refused, asked.id}, as_bytes(std::string_view{"too many"}));
            } else {
                waiting.push_back(asked.id);
            }
            ++asked_for;
        } else if (asked.code == operation::cancel) {
            std::erase(waiting, asked.id);
            wire::native::write_frame(out, {operation::cancelled, asked.id});
        } else if (asked.code == operation::ping) {
            wire::native::write_frame(out, {operation::pong, asked.id}, asked.body);
        }
        return true;
    }
    /// The oldest `count` that wait are told that the queue is empty.
    void answer(std::size_t count)
    {
        wire::outbox out;
        {
            const std::lock_guard lock{mutex};
            for (; count != 0; --count) {
                const auto number = static_cast<std::uint8_t>(wire::native::exception_number::queue_empty);
                wire::native::write_frame(out, {wire::native::operation::raised, waiting.front()},
                                          wire::native::fixed_fields{}.add(number).add(std::uint8_t{0}).view());
                waiting.pop_front();
            }
        }
        serving.say(out);
    }
    void restart(std::size_t most)
    {
        {
            const std::lock_guard lock{mutex};
            requests_max = most;
            waiting.clear();
        }
        serving.take_requests(most);
        serving.hang_up();
    }
    [[nodiscard]] std::size_t number_waiting()
    {
        const std::lock_guard lock{mutex};
        return waiting.size();
    }

    std::mutex mutex;  // guards the next two
    std::size_t requests_max;
    std::deque<std::uint32_t> waiting;
    std::atomic<int> refused{0};
    std::atomic<int> asked_for{0};
    client_testing::scripted_server serving{[this](const wire::native::frame& asked, wire::outbox& out) {
        const std::lock_guard lock{mutex};
        return on_request(asked, out);
    }};
};

}  // namespace

TEST_CASE("no more are under way than the server takes, though they were started before it said so", "[net][async]")
{
    gets_that_wait there{4};
    asio::io_context io;
    async_client_options options = short_limits();
    options.full = GENERATE(when_full::wait, when_full::fail);
    const async_client client{io, there.serving.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    std::vector<std::pair<int, std::string>> came_to;
    asio::cancellation_signal last_one;
    for (int i = 0; i < 20; ++i) {
        const auto on_end = [&, i](std::exception_ptr failed, int) { came_to.emplace_back(i, kind_of(failed)); };
        queue.async_get(asio::bind_cancellation_slot(i == 19 ? last_one.slot() : asio::cancellation_slot{}, on_end));
    }
    const auto answer_the_rest = [&] {
        while (came_to.size() < 20) {
            run_until(io, [&] { return there.number_waiting() > 0; });
            const std::size_t before = came_to.size();
            there.answer(1);
            run_until(io, [&] { return came_to.size() == before + 1; });
        }
    };
    SECTION("they are sent in their order, as others complete")
    {
        answer_the_rest();
        for (int i = 0; i < 20; ++i)
            CHECK(came_to[static_cast<std::size_t>(i)] == std::pair<int, std::string>{i, "queue_empty"});
    }
    SECTION("they are cancelled, and end with the client")
    {
        run_until(io, [&] { return there.number_waiting() == 3; });
        last_one.emit(asio::cancellation_type::total);
        run_until(io, [&] { return came_to.size() == 1; });
        CHECK(came_to.front().first == 19);
        client.close();
        run_until(io, [&] { return came_to.size() == 20; });
        CHECK(std::all_of(came_to.begin(), came_to.end(), [](const auto& each) { return each.second == "aborted"; }));
    }
    SECTION("later ones see that there is no room")
    {
        run_until(io, [&] { return there.number_waiting() == 3; });
        std::string later;
        queue.async_get(0ms, [&](std::exception_ptr failed, int) { later = kind_of(failed); });
        io.restart();
        io.run_for(30ms);
        CHECK(later == (options.full == when_full::wait ? "" : "too_many_under_way"));
    }
    SECTION("they are sent to the next server, which may take fewer")
    {
        run_until(io, [&] { return there.number_waiting() == 3; });
        there.restart(2);
        run_until(io, [&] { return came_to.size() == 3; });  // they had been sent
        answer_the_rest();
        for (int i = 0; i < 20; ++i)
            CHECK(came_to[static_cast<std::size_t>(i)] == std::pair<int, std::string>{i, i < 3 ? "lost, maybe executed" : "queue_empty"});
    }
    CHECK(there.refused == 0);
}

TEST_CASE("a consumer waits until the server takes its request", "[net][async]")
{
    gets_that_wait there{3};
    asio::io_context io;
    const async_client client{io, there.serving.address(), "abc", short_limits()};
    const async_queue<int> queue{client, "tasks"};
    std::vector<std::string> came_to;
    for (int i = 0; i < 2; ++i)
        queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    run_until(io, [&] { return there.number_waiting() == 2; });
    const auto consumer = queue.consume(8);
    std::string next;
    consumer.async_next([&](std::exception_ptr failed, int) { next = kind_of(failed); });
    SECTION("which is when another is answered")
    {
        io.restart();
        io.run_for(30ms);
        CHECK(there.asked_for == 2);
        there.answer(1);
        run_until(io, [&] { return there.asked_for == 3; });
        there.answer(2);
        run_until(io, [&] { return !next.empty(); });
        CHECK(next == "queue_empty");
    }
    SECTION("or when there is another server")
    {
        io.restart();
        io.run_for(30ms);
        there.restart(3);
        run_until(io, [&] { return there.asked_for == 3; });
        there.answer(1);
        run_until(io, [&] { return !next.empty(); });
        CHECK(next == "queue_empty");
    }
    CHECK(there.refused == 0);
}

TEST_CASE("operations that the server has no room for give up in their time", "[net][async]")
{
    gets_that_wait there{2};
    asio::io_context io;
    async_client_options options = short_limits();
    options.client.call_deadline = 100ms;
    options.client.wait_slice = 50ms;
    const async_client client{io, there.serving.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    queue.async_get([](std::exception_ptr, int) {});
    std::string came_to;
    SECTION("which is when they have waited as long as they may")
    {
        queue.async_get(10ms, [&](std::exception_ptr failed, int) { came_to = kind_of(failed); });
    }
    SECTION("which is soon, if they are to be answered at once")
    {
        queue.async_qsize([&](std::exception_ptr failed, std::size_t) { came_to = kind_of(failed); });
    }
    run_until(io, [&] { return !came_to.empty(); });
    CHECK(came_to == "deadline_exceeded");
    client.close();
    run_until(io, [&] { return io.stopped(); });
}

TEST_CASE("consumers that take all that the server takes leave no room for operations", "[net][async]")
{
    gets_that_wait there{GENERATE(1U, 2U)};
    asio::io_context io;
    async_client_options options = short_limits();
    options.full = GENERATE(when_full::wait, when_full::fail);
    const async_client client{io, there.serving.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    std::vector<std::string> came_to;
    const auto consumer = queue.consume(8);
    consumer.async_next([](std::exception_ptr, int) {});
    run_until(io, [&] { return there.number_waiting() == 1; });
    queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    queue.async_qsize([&](std::exception_ptr failed, std::size_t) { came_to.push_back(kind_of(failed)); });
    if (options.full == when_full::fail) {
        run_until(io, [&] { return came_to.size() == 2; });
        CHECK(came_to == std::vector<std::string>(2, "too_many_under_way"));
        queue.async_get([&](std::exception_ptr failed, int) {
            CHECK_THROWS_WITH(std::rethrow_exception(failed), Catch::Contains("0 operations and 1 consumers are under way"));
            came_to.push_back(kind_of(failed));
        });
        run_until(io, [&] { return came_to.size() == 3; });
        return;
    }
    io.restart();
    io.run_for(30ms);
    CHECK(came_to.empty());
    run_for(io, consumer.async_stop(asio::use_future));
    run_until(io, [&] { return there.number_waiting() == 1; });
    there.answer(1);
    run_until(io, [&] { return came_to.size() == 2; });
    CHECK(came_to.front() == "queue_empty");
    CHECK(there.refused == 0);
}

TEST_CASE("a consumer that has come to an end takes no room", "[net][async]")
{
    gets_that_wait there{2};
    asio::io_context io;
    async_client_options options = short_limits();
    options.full = when_full::fail;
    const async_client client{io, there.serving.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    const auto consumer = queue.consume(8);
    std::string came_to;
    consumer.async_next([&](std::exception_ptr failed, int) { came_to = kind_of(failed); });
    run_until(io, [&] { return there.number_waiting() == 1; });
    there.answer(1);
    run_until(io, [&] { return !came_to.empty(); });
    queue.async_get([&](std::exception_ptr failed, int) { came_to = "get: " + kind_of(failed); });
    run_until(io, [&] { return there.number_waiting() == 1; });
    there.answer(1);
    run_until(io, [&] { return came_to == "get: queue_empty"; });
}

TEST_CASE("an operation that was let in before a consumer began is sent before it", "[net][async]")
{
    gets_that_wait there{2};
    asio::io_context io;
    const async_client client{io, there.serving.address(), "abc", short_limits()};
    const async_queue<int> queue{client, "tasks"};
    std::vector<std::string> came_to;
    for (const std::string name : {"first get: ", "second get: "})
        queue.async_get([&came_to, name](std::exception_ptr failed, int) { came_to.push_back(name + kind_of(failed)); });
    const auto consumer = queue.consume(8);
    consumer.async_next([&](std::exception_ptr failed, int) { came_to.push_back("consumer: " + kind_of(failed)); });
    for (std::size_t i = 1; i <= 3; ++i) {
        run_until(io, [&] { return there.number_waiting() == 1; });
        there.answer(1);
        run_until(io, [&] { return came_to.size() == i; });
    }
    CHECK(came_to == std::vector<std::string>{"first get: queue_empty", "second get: queue_empty", "consumer: queue_empty"});
    CHECK(there.refused == 0);
}

TEST_CASE("operations that wait for room fail with those that wait for a connection", "[net][async]")
{
    asio::io_context io;
    async_client_options options = short_limits();
    options.client.connect_deadline = 100ms;
    options.in_flight_max = 1;
    const std::uint16_t closed_port = [] { return server_testing::test_server{}.port(); }();
    const async_client client{io, {"127.0.0.1", closed_port}, "abc", options};
    const async_queue<int> queue{client, "tasks"};
    std::vector<std::string> came_to;
    for (int i = 0; i < 50; ++i)
        queue.async_get(0ms, [&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
    run_until(io, [&] { return !came_to.empty(); });
    io.poll();
    CHECK(came_to == std::vector<std::string>(50, "lost, not executed"));
}
