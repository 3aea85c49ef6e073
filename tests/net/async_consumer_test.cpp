// async_consumer: items sent ahead, handed out in their order, and given back.
#include "async_testing.hpp"

#include "../wire/outbox_contents.hpp"
#include "wire/python_dialect.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace async_testing;
using server_testing::python_peer;
using server_testing::test_server;

TEST_CASE("a consumer is sent items ahead, and gives back what nobody asked for", "[net][async]")
{
    connected here;
    const auto queue = here.queue();
    const std::vector<int> numbers = numbers_to(1'000);
    CHECK(run_for(here.io, queue.async_put_many(numbers, asio::use_future)) == numbers.size());
    SECTION("in their order, as many as the window ahead")
    {
        const auto consumer = queue.consume(64);
        for (const int expected : numbers) {
            CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == expected);
            if (expected == 10)
                CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 1'000 - 64);
        }
        // It waits for more.
        std::future<int> next = consumer.async_next(asio::use_future);
        here.io.restart();
        here.io.run_for(20ms);
        CHECK(next.wait_for(0s) == std::future_status::timeout);
        run_for(here.io, queue.async_put(-1, asio::use_future));
        CHECK(run_for(here.io, std::move(next)) == -1);
    }
    SECTION("when it is stopped")
    {
        const auto consumer = queue.consume(100);
        CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == 0);
        run_for(here.io, consumer.async_stop(asio::use_future));
        CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 999);
        CHECK(run_for(here.io, queue.async_get(asio::use_future)) == 1);
        CHECK_THROWS_MATCHES(run_for(here.io, consumer.async_next(asio::use_future)), boost::system::system_error,
                             Catch::Predicate<boost::system::system_error>(is_aborted));
        run_for(here.io, consumer.async_stop(asio::use_future));
    }
    SECTION("when it goes, and the client with it")
    {
        std::optional<async_client> other{async_client{here.io, {"127.0.0.1", here.server.port()}, "abc", short_limits()}};
        std::optional<async_queue<int>> tasks{async_queue<int>{*other, "tasks"}};
        std::optional<async_consumer<int>> consumer{tasks->consume(100)};
        CHECK(run_for(here.io, consumer->async_next(asio::use_future)) == 0);
        consumer.reset();
        tasks.reset();
        other.reset();
        run_until(here.io, [&] { return run_for(here.io, queue.async_qsize(asio::use_future)) == 999; });
        CHECK(run_for(here.io, queue.async_get(asio::use_future)) == 1);
    }
    SECTION("to the end of the queue, if the connection is lost meanwhile")
    {
        cuttable_path path{here.server.port()};
        const async_client other{here.io, path.address(), "abc", short_limits()};
        const async_queue<int> tasks{other, "tasks"};
        const auto consumer = tasks.consume(100);
        CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == 0);
        path.lose_next_reply();
        CHECK_THROWS_AS(run_for(here.io, tasks.async_task_done(asio::use_future)), connection_lost);
        CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == 1);  // it is here already
        run_for(here.io, consumer.async_stop(asio::use_future));
        CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 998);
        CHECK(run_for(here.io, queue.async_get(asio::use_future)) == 100);
    }
    SECTION("a cancelled wait takes nothing")
    {
        const auto consumer = queue.consume(10);
        std::vector<int> got;
        run(here.io, [](auto from, std::vector<int>& into) -> asio::awaitable<void> {
            using namespace asio::experimental::awaitable_operators;
            for (;;) {
                const auto next = co_await (from.async_next() || pause(100ms));
                if (next.index() == 1)
                    co_return;
                into.push_back(std::get<0>(next));
            }
        }(consumer, got));
        CHECK(got == numbers);
    }
}

TEST_CASE("a consumer tells that its connection was lost, and goes on", "[net][async]")
{
    connected_by_path here;
    auto& [server, path, io, client, queue] = here;
    const auto consumer = queue.consume(8);
    run_for(io, queue.async_put(1, asio::use_future));
    CHECK(run_for(io, consumer.async_next(asio::use_future)) == 1);
    std::future<int> next = consumer.async_next(asio::use_future);
    path.lose_next_reply();
    run_for(io, queue.async_put(2, asio::use_future));  // its reply, or the item, is lost
    run_for(io, queue.async_put(3, asio::use_future));
    try {
        (void)run_for(io, std::move(next));
        FAIL("an item may be lost, and nobody is told");
    } catch (const connection_lost& lost) {
        CHECK(lost.may_have_executed());
        CHECK_THAT(lost.what(), Catch::Contains("on their way to this consumer"));
    }
    const int got = run_for(io, consumer.async_next(asio::use_future));
    CHECK((got == 2 || got == 3));
    CHECK(path.connections() == 2);
}

TEST_CASE("a consumer hands out what has come before it tells that its connection was lost", "[net][async]")
{
    connected_by_path here;
    auto& [server, path, io, client, queue] = here;
    CHECK(run_for(io, queue.async_put_many(numbers_to(4), asio::use_future)) == 4);
    const bool may_have_more = GENERATE(true, false);
    CAPTURE(may_have_more);
    const auto consumer = queue.consume(may_have_more ? 8 : 4);
    CHECK(run_for(io, consumer.async_next(asio::use_future)) == 0);
    path.lose_next_reply();
    CHECK_THROWS_AS(run_for(io, queue.async_task_done(asio::use_future)), connection_lost);
    SECTION("by async_next()")
    {
        for (const int expected : {1, 2, 3})
            CHECK(run_for(io, consumer.async_next(asio::use_future)) == expected);
        if (may_have_more)
            CHECK_THROWS_AS(run_for(io, consumer.async_next(asio::use_future)), connection_lost);
        run_for(io, queue.async_put(4, asio::use_future));
        CHECK(run_for(io, consumer.async_next(asio::use_future)) == 4);
        run_for(io, consumer.async_stop(asio::use_future));  // that has been told
    }
    SECTION("by async_stop()")
    {
        std::future<void> stopped = consumer.async_stop(asio::use_future);
        if (may_have_more)
            CHECK_THROWS_AS(run_for(io, std::move(stopped)), connection_lost);
        else
            run_for(io, std::move(stopped));
        CHECK(run_for(io, queue.async_qsize(asio::use_future)) == 3);
    }
}

TEST_CASE("async_stop() tells that its connection was lost before the server had ended the consume", "[net][async]")
{
    connected_by_path here;
    auto& [server, path, io, client, queue] = here;
    run_for(io, queue.async_put(1, asio::use_future));
    const auto consumer = queue.consume(8);
    CHECK(run_for(io, consumer.async_next(asio::use_future)) == 1);
    path.lose_next_reply();  // that the consume is cancelled
    CHECK_THROWS_AS(run_for(io, consumer.async_stop(asio::use_future)), connection_lost);
}

TEST_CASE("async_stop() tells that what was sent ahead cannot be given back", "[net][async]")
{
    std::optional<test_server> server{std::in_place};
    cuttable_path path{server->port()};
    asio::io_context io;
    async_client_options options = short_limits();
    options.client.reconnect_deadline = 200ms;
    const async_client client{io, path.address(), "abc", options};
    const async_queue<int> queue{client, "tasks"};
    CHECK(run_for(io, queue.async_put_many(numbers_to(10), asio::use_future)) == 10);
    const auto consumer = queue.consume(4);
    CHECK(run_for(io, consumer.async_next(asio::use_future)) == 0);
    std::string came_to;
    const auto stop = [&] {
        consumer.async_stop([&](std::exception_ptr failed) { came_to = failed ? kind_of(failed) : "done"; });
    };
    SECTION("because the server is gone")
    {
        server.reset();
        stop();
        run_until(io, [&] { return !came_to.empty(); });
        CHECK_THAT(came_to, Catch::StartsWith("lost"));
    }
    SECTION("because the queue is shut down meanwhile")
    {
        path.lose_next_reply();
        CHECK_THROWS_AS(run_for(io, queue.async_task_done(asio::use_future)), connection_lost);
        python_peer other{server->port()};
        other.open_stream();
        (void)other.call("tasks", "shutdown");
        stop();
        run_until(io, [&] { return !came_to.empty(); });
        CHECK(came_to == "queue_shut_down");
        came_to.clear();
        stop();  // and once more, whoever asks
        run_until(io, [&] { return !came_to.empty(); });
        CHECK(came_to == "queue_shut_down");
    }
    SECTION("because the client is closed meanwhile")
    {
        stop();
        client.close();
        run_until(io, [&] { return !came_to.empty(); });
        CHECK(came_to == "aborted");
    }
}

TEST_CASE("a consumer of a queue that is shut down gets what is left, and is told", "[net][async]")
{
    connected here;
    const auto queue = here.queue();
    run_for(here.io, queue.async_put(1, asio::use_future));
    const auto consumer = queue.consume(4);
    CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == 1);
    std::future<int> next = consumer.async_next(asio::use_future);
    run_for(here.io, queue.async_put(2, asio::use_future));
    CHECK(run_for(here.io, std::move(next)) == 2);
    python_peer other{here.server.port()};
    other.open_stream();
    (void)other.call("tasks", "shutdown");
    CHECK_THROWS_AS(run_for(here.io, consumer.async_next(asio::use_future)), queue_shut_down);
    CHECK_THROWS_AS(run_for(here.io, consumer.async_next(asio::use_future)), queue_shut_down);
    run_for(here.io, consumer.async_stop(asio::use_future));
}

TEST_CASE("a consumer gives back more than one request to its server may carry", "[net][async]")
{
    server_options serving;
    serving.payload_size_max = 100'000;
    connected here{short_limits(), {}, serving};
    const auto queue = here.queue<std::string>();
    std::vector<std::string> texts;
    for (int i = 0; i < 50; ++i)
        texts.push_back(std::to_string(100 + i) + std::string(10'000, 'x'));
    CHECK(run_for(here.io, queue.async_put_many(texts, asio::use_future)) == texts.size());
    const auto consumer = queue.consume(50);
    CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == texts.front());
    CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 0);  // all are here
    run_for(here.io, consumer.async_stop(asio::use_future));
    CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 49);
    for (std::size_t i = 1; i < texts.size(); ++i)
        REQUIRE(run_for(here.io, queue.async_get(0ms, asio::use_future)) == texts[i]);
}

TEST_CASE("what ends a consume while nobody waits is told to the next who does", "[net][async]")
{
    server_options serving;
    serving.pickle.node_count_max = 10;
    connected here{short_limits(), {}, serving};
    const auto queue = here.queue();
    run_for(here.io, queue.async_put(1, asio::use_future));
    python_peer python2{here.server.port()};
    python2.open_stream();
    // To be written anew for a C++ client, and with more nodes than that may have.
    const codec::payload large{value::list(std::vector<value>(20, value{1}))};
    wire::outbox request;
    wire::write_request(request, {2, true}, {.ident = "tasks", .method = "put", .positional = {&large, 1}}, {});
    python2.socket().send(quaymaster::testing::contents(request));
    run_until(here.io, [&] { return run_for(here.io, queue.async_qsize(asio::use_future)) == 2; });
    run_for(here.io, queue.async_put(2, asio::use_future));

    const auto consumer = queue.consume(8);
    CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == 1);
    CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 1);  // the consume has come to its end by now
    try {
        (void)run_for(here.io, consumer.async_next(asio::use_future));
        FAIL("an item is lost, and nobody is told");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "_pickle.PicklingError");
    }
    CHECK(run_for(here.io, consumer.async_next(asio::use_future)) == 2);
}
