// async_client and async_queue: many operations at once over one connection to a real server.
#include "async_testing.hpp"
#include "client_testing.hpp"
#include "scripted_server.hpp"

#include <quaymaster/async_queue.hpp>
#include <quaymaster/server.hpp>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/thread_pool.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <memory_resource>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace quaymaster;
using namespace async_testing;
using server_testing::python_peer;
using server_testing::test_server;

using clock_type = std::chrono::steady_clock;

TEST_CASE("coroutines put and get", "[net][async]")
{
    connected here;
    run(here.io, [](const async_client& client) -> asio::awaitable<void> {
        const async_queue<std::string> queue{client, "tasks"};
        co_await queue.async_put("first");
        co_await queue.async_put("second", 1s);
        const std::size_t size = co_await queue.async_qsize();
        CHECK(size == 2);
        const std::string first = co_await queue.async_get(5s);
        CHECK(first == "first");
        const std::string second = co_await queue.async_get();
        CHECK(second == "second");
        co_await queue.async_task_done();
        co_await queue.async_task_done();
        const std::string third = co_await failure_of(queue.async_task_done());
        CHECK(third == "ValueError: task_done() called too many times");
    }(here.client));
}

TEST_CASE("batches go in and come out in their order", "[net][async]")
{
    connected here;
    run(here.io, [](const async_client& client) -> asio::awaitable<void> {
        const async_queue<int> queue{client, "tasks"};
        const std::vector<int> numbers = numbers_to(100'000);  // more than one frame takes
        const std::size_t count = co_await queue.async_put_many(numbers);
        CHECK(count == numbers.size());
        std::vector<int> got;
        while (got.size() < numbers.size()) {
            const std::vector<int> some = co_await queue.async_get_many(70'000, 5s);
            REQUIRE(!some.empty());
            got.insert(got.end(), some.begin(), some.end());
        }
        CHECK(got == numbers);
        const std::string at_once = co_await failure_of(queue.async_get_many(10, 0ms));
        CHECK(at_once == "queue_empty");
        const std::string later = co_await failure_of(queue.async_get_many(10, 10ms));
        CHECK(later == "queue_empty");
    }(here.client));
}

namespace {

/// Notes in another queue what it encodes.
struct noting_codec {
    static inline const async_queue<int>* notes = nullptr;

    static void encode(pickle_encoder& into, int item)
    {
        pickle_codec::encode(into, item);
        notes->async_put(item + 100, asio::detached);
    }
    template <class T>
    static T decode(const value& item)
    {
        return pickle_codec::decode<T>(item);
    }
};

}  // namespace

TEST_CASE("an item may be put while another is encoded", "[net][async]")
{
    connected here;
    const auto notes = here.queue();
    noting_codec::notes = &notes;
    const async_queue<int, noting_codec> queue{here.client, "tasks"};
    run_for(here.io, queue.async_put(1, asio::use_future));
    run_for(here.io, queue.async_put_many(std::vector<int>{2, 3}, asio::use_future));
    std::vector<int> got = run_for(here.io, notes.async_get_many(10, asio::use_future));
    std::sort(got.begin(), got.end());
    CHECK(got == std::vector<int>{1, 2, 3, 101, 102, 103});
}

TEST_CASE("async_get_many() asks for no more than reply_size_max allows", "[net][async]")
{
    async_client_options options = short_limits();
    options.client.reply_size_max = 64 << 10;
    connected here{options};
    const async_queue<int> queue = here.queue();
    const std::vector<int> items = numbers_to(70'000);
    CHECK(run_for(here.io, queue.async_put_many(items, asio::use_future)) == items.size());
    std::vector<int> got;
    while (got.size() < items.size()) {
        const std::vector<int> more = run_for(here.io, queue.async_get_many(65'535, 0ms, asio::use_future));
        got.insert(got.end(), more.begin(), more.end());
    }
    CHECK(got == items);
}

TEST_CASE("a batch of none", "[net][async]")
{
    connected here{short_limits(), {queue_kind::fifo, 1}};
    const auto queue = here.queue();
    const std::vector<int> none;
    run_for(here.io, queue.async_put(7, asio::use_future));
    SECTION("is put in no time, though the queue is full, or shut down")
    {
        CHECK(run_for(here.io, queue.async_put_many(none, 0ms, asio::use_future)) == 0);
        python_peer other{here.server.port()};
        other.open_stream();
        (void)other.call("tasks", "shutdown");
        CHECK(run_for(here.io, queue.async_put_many(none, asio::use_future)) == 0);
    }
    SECTION("is nothing to ask for: the call throws, as that of the synchronous proxy does")
    {
        CHECK_THROWS_AS(queue.async_get_many(0, asio::use_future), std::invalid_argument);
        CHECK_THROWS_AS(queue.async_get_many(0, 1s, asio::use_future), std::invalid_argument);
        CHECK_THROWS_AS(queue.consume(0), std::invalid_argument);
        CHECK_THROWS_AS(queue.consume(65'536), std::invalid_argument);
        CHECK(run_for(here.io, queue.async_get(asio::use_future)) == 7);
    }
}

TEST_CASE("a batch that finds no room in time says how many are in", "[net][async]")
{
    connected here{short_limits(), {queue_kind::fifo, 3}};
    run(here.io, [](const async_client& client) -> asio::awaitable<void> {
        const async_queue<int> queue{client, "tasks"};
        const std::vector<int> numbers = numbers_to(5);
        const std::size_t count = co_await queue.async_put_many(numbers, 20ms);
        CHECK(count == 3);
        const std::string more = co_await failure_of(queue.async_put_many(numbers, 0ms));
        CHECK(more == "queue_full");
        const std::vector<int> got = co_await queue.async_get_many(10);
        CHECK(got == numbers_to(3));
    }(here.client));
}

TEST_CASE("completion tokens of all kinds", "[net][async]")
{
    connected here;
    const auto queue = here.queue();
    SECTION("futures")
    {
        run_for(here.io, queue.async_put(7, asio::use_future));
        std::future<int> got = queue.async_get(5s, asio::use_future);
        CHECK(run_for(here.io, std::move(got)) == 7);
        CHECK_THROWS_AS(run_for(here.io, queue.async_get(0ms, asio::use_future)), queue_empty);
    }
    SECTION("callbacks")
    {
        std::optional<int> got;
        queue.async_put(7, [&](std::exception_ptr put_failed) {
            CHECK_FALSE(put_failed);
            queue.async_get([&](std::exception_ptr get_failed, int item) {
                CHECK_FALSE(get_failed);
                got = item;
            });
        });
        CHECK_FALSE(got);  // never from within the initiating call
        run_until(here.io, [&] { return got.has_value(); });
        CHECK(got == 7);
    }
    SECTION("deferred operations start when they are called")
    {
        auto put = queue.async_put(7, asio::deferred);
        auto get = queue.async_get(5s, asio::deferred);
        std::optional<int> got;
        std::move(get)([&](std::exception_ptr, int item) { got = item; });
        here.io.run_for(20ms);
        CHECK_FALSE(got);
        std::move(put)([](std::exception_ptr failed) { CHECK_FALSE(failed); });
        run_until(here.io, [&] { return got.has_value(); });
        CHECK(got == 7);
    }
    SECTION("a handler that cannot be copied")
    {
        auto owned = std::make_unique<int>(1);
        bool is_done = false;
        queue.async_put(7, [&is_done, kept = std::move(owned)](std::exception_ptr failed) { is_done = !failed && *kept == 1; });
        run_until(here.io, [&] { return is_done; });
    }
}

TEST_CASE("ten thousand at once keep their order", "[net][async]")
{
    connected here;
    const auto queue = here.queue();
    constexpr int count = 10'000;
    int answered = 0;
    for (int i = 0; i < count; ++i)
        queue.async_put(i, [&, i](std::exception_ptr failed) {
            CHECK_FALSE(failed);
            CHECK(answered == i);
            ++answered;
        });
    std::vector<int> got;
    for (int i = 0; i < count; ++i)
        queue.async_get(10s, [&](std::exception_ptr failed, int item) {
            CHECK_FALSE(failed);
            got.push_back(item);
        });
    run_until(here.io, [&] { return got.size() == count; });
    CHECK(answered == count);
    CHECK(std::is_sorted(got.begin(), got.end()));
}

TEST_CASE("a get that waits holds up nobody", "[net][async]")
{
    connected here;
    const async_queue<int> tasks = here.queue();
    std::vector<int> got;
    for (int i = 0; i < 3; ++i)
        tasks.async_get([&](std::exception_ptr, int item) { got.push_back(item); });
    CHECK(run_for(here.io, tasks.async_qsize(asio::use_future)) == 0);
    run_for(here.io, tasks.async_put(1, asio::use_future));
    run_until(here.io, [&] { return got.size() == 1; });
    run_for(here.io, tasks.async_put_many(std::vector<int>{2, 3}, asio::use_future));
    run_until(here.io, [&] { return got.size() == 3; });
    CHECK(got == std::vector<int>{1, 2, 3});
}

TEST_CASE("operations wait no longer than their timeouts", "[net][async]")
{
    connected here{short_limits(), {queue_kind::fifo, 1}};
    run(here.io, [](const async_client& client) -> asio::awaitable<void> {
        const async_queue<int> queue{client, "tasks"};
        co_await client.async_connect();
        auto begun = clock_type::now();
        std::string came_to = co_await failure_of(queue.async_get(50ms));
        CHECK(came_to == "queue_empty");
        CHECK(clock_type::now() - begun >= 49ms);
        came_to = co_await failure_of(queue.async_get(0ms));
        CHECK(came_to == "queue_empty");
        co_await queue.async_put(1);
        begun = clock_type::now();
        came_to = co_await failure_of(queue.async_put(2, 50ms));
        CHECK(came_to == "queue_full");
        CHECK(clock_type::now() - begun >= 49ms);
        came_to = co_await failure_of(queue.async_put(2, 0ms));
        CHECK(came_to == "queue_full");
        came_to = co_await failure_of(queue.async_get(-1ms));
        CHECK(came_to == "ValueError: 'timeout' must be a non-negative number");
        const int got = co_await queue.async_get(std::chrono::milliseconds::max());
        CHECK(got == 1);
    }(here.client));
}

TEST_CASE("an operation is cancelled by its slot", "[net][async]")
{
    connected here;
    const auto queue = here.queue();
    SECTION("a get that waits in the server takes no item afterwards")
    {
        asio::cancellation_signal signal;
        std::string came_to = "nothing yet";
        queue.async_get(
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failed, int) { came_to = kind_of(failed); }));
        (void)run_for(here.io, queue.async_qsize(asio::use_future));  // it waits by now
        CHECK(came_to == "nothing yet");
        signal.emit(asio::cancellation_type::total);
        run_until(here.io, [&] { return came_to != "nothing yet"; });
        CHECK(came_to == "aborted");
        run_for(here.io, queue.async_put(1, asio::use_future));
        CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 1);
        signal.emit(asio::cancellation_type::total);  // too late, and harmless
    }
    SECTION("before it was sent")
    {
        asio::cancellation_signal signal;
        std::string came_to;
        queue.async_put(
            1, asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failed) { came_to = kind_of(failed); }));
        signal.emit(asio::cancellation_type::terminal);
        run_until(here.io, [&] { return !came_to.empty(); });
        CHECK(came_to == "aborted");
        CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 0);
    }
    SECTION("in a coroutine, by an operator")
    {
        run(here.io, [](const async_client& client) -> asio::awaitable<void> {
            using namespace asio::experimental::awaitable_operators;
            const async_queue<int> tasks{client, "tasks"};
            const auto first = co_await (tasks.async_get() || pause(30ms));
            CHECK(first.index() == 1);
            co_await tasks.async_put(5);
            const auto second = co_await (tasks.async_get() || pause(10s));
            REQUIRE(second.index() == 0);
            CHECK(std::get<0>(second) == 5);
        }(here.client));
    }
    SECTION("an item that was on its way is not lost")
    {
        constexpr int rounds = 300;
        int received = 0;
        int cancelled = 0;
        for (int i = 0; i < rounds; ++i) {
            asio::cancellation_signal signal;
            std::optional<std::string> came_to;
            queue.async_get(asio::bind_cancellation_slot(signal.slot(),
                                                         [&](std::exception_ptr failed, int) { came_to = kind_of(failed); }));
            (void)run_for(here.io, queue.async_qsize(asio::use_future));
            // The put is on its way before the cancel, and is answered first: by the item.
            bool is_put = false;
            queue.async_put(i, [&](std::exception_ptr failed) { is_put = !failed; });
            if (i % 2 == 0)
                here.io.poll();
            signal.emit(asio::cancellation_type::partial);
            run_until(here.io, [&] { return came_to && is_put; });
            if (came_to->empty())
                ++received;
            else if (*came_to == "aborted")
                ++cancelled;
        }
        CHECK(received + cancelled == rounds);
        CHECK(received > 0);
        CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == static_cast<std::size_t>(cancelled));
    }
}

TEST_CASE("no more are under way than may be", "[net][async]")
{
    async_client_options options = short_limits();
    options.in_flight_max = 2;
    SECTION("those beyond wait their turn")
    {
        connected here{options};
        const auto queue = here.queue();
        std::vector<int> got;
        std::vector<std::string> put;
        for (int i = 0; i < 2; ++i)
            queue.async_get([&](std::exception_ptr, int item) { got.push_back(item); });
        queue.async_put(1, [&](std::exception_ptr failed) { put.push_back(kind_of(failed)); });
        here.io.run_for(50ms);
        CHECK(put.empty());
        python_peer other{here.server.port()};
        other.open_stream();
        (void)other.call("tasks", "put", {value{7}});
        run_until(here.io, [&] { return got.size() == 2 && put.size() == 1; });
        CHECK(got == std::vector<int>{7, 1});
        CHECK(put.front().empty());
    }
    SECTION("or fail at once")
    {
        options.full = when_full::fail;
        connected here{options};
        const auto queue = here.queue();
        std::vector<std::string> came_to;
        for (int i = 0; i < 3; ++i)
            queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
        run_until(here.io, [&] { return came_to.size() == 1; });
        CHECK(came_to.front() == "too_many_under_way");
        here.client.close();
        run_until(here.io, [&] { return came_to.size() == 3; });
    }
    SECTION("and wait as long as they may, which may be for ever")
    {
        options.in_flight_max = 1;
        options.client.call_deadline = 80ms;
        connected here{options};
        const auto queue = here.queue();
        std::vector<std::string> done;
        queue.async_get([&](std::exception_ptr failed, int) { done.push_back(kind_of(failed)); });
        queue.async_get(std::chrono::milliseconds::max(), [&](std::exception_ptr failed, int) { done.push_back(kind_of(failed)); });
        here.io.run_for(300ms);
        CHECK(done.empty());
        python_peer other{here.server.port()};
        other.open_stream();
        (void)other.call("tasks", "put", {value{7}});
        (void)other.call("tasks", "put", {value{8}});
        run_until(here.io, [&] { return done.size() == 2; });
        CHECK(done == std::vector<std::string>{"", ""});
    }
    SECTION("none is no number")
    {
        options.in_flight_max = 0;
        asio::io_context io;
        CHECK_THROWS_AS((async_client{io, {"127.0.0.1", 1}, "abc", options}), std::invalid_argument);
    }
}

TEST_CASE("handlers run where they belong, in memory of their own", "[net][async]")
{
    connected here;
    const auto queue = here.queue();
    SECTION("the associated executor")
    {
        asio::io_context other;
        bool is_done = false;
        queue.async_put(1, asio::bind_executor(other, [&](std::exception_ptr failed) {
                            CHECK_FALSE(failed);
                            CHECK(other.get_executor().running_in_this_thread());
                            is_done = true;
                        }));
        (void)run_for(here.io, queue.async_qsize(asio::use_future));
        CHECK_FALSE(is_done);
        other.run();
        CHECK(is_done);
    }
    SECTION("a context of the handler's is kept at work until it is called")
    {
        asio::thread_pool pool{1};
        std::atomic<bool> is_done{false};
        queue.async_get(asio::bind_executor(pool, [&](std::exception_ptr, int) { is_done = true; }));
        (void)run_for(here.io, queue.async_qsize(asio::use_future));
        run_for(here.io, queue.async_put(1, asio::use_future));
        pool.join();
        CHECK(is_done);
    }
    SECTION("the associated allocator")
    {
        struct counting_resource final : std::pmr::memory_resource {
            int allocated = 0;
            int freed = 0;

        private:
            void* do_allocate(std::size_t size, std::size_t alignment) override
            {
                ++allocated;
                return std::pmr::new_delete_resource()->allocate(size, alignment);
            }
            void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override
            {
                ++freed;
                std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
            }
            bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
        };
        counting_resource memory;
        bool is_done = false;
        queue.async_put(
            1, asio::bind_allocator(std::pmr::polymorphic_allocator<std::byte>{&memory}, [&](std::exception_ptr failed) {
                is_done = !failed;
                CHECK(memory.freed == memory.allocated);  // before it is called
            }));
        run_until(here.io, [&] { return is_done; });
        CHECK(memory.allocated > 0);
        CHECK(memory.freed == memory.allocated);
    }
}

TEST_CASE("a server that speaks Python only is named as such", "[net][async]")
{
    const client_testing::scripted_server python{
        [](const client_testing::scripted_call&) { return client_testing::scripted_silence{}; }};
    asio::io_context io;
    const async_client client{io, python.address(), "abc", short_limits()};
    const async_queue<int> queue{client, "tasks"};
    CHECK_THROWS_WITH(run_for(io, queue.async_get(asio::use_future)), Catch::Contains("speaks only the Python dialect"));
}

TEST_CASE("what cannot be had is said", "[net][async]")
{
    server_options serving;
    serving.payload_size_max = 100'000;
    connected here{short_limits(), {}, serving};
    SECTION("a wrong key")
    {
        const async_client other{here.io, {"127.0.0.1", here.server.port()}, "wrong", short_limits()};
        CHECK_THROWS_AS(run_for(here.io, other.async_connect(asio::use_future)), authentication_error);
    }
    SECTION("nothing is registered by that name")
    {
        const async_queue<int> queue{here.client, "jobs"};
        CHECK_THROWS_WITH(run_for(here.io, queue.async_open(asio::use_future)),
                          Catch::Contains("nothing is registered by this name"));
        CHECK_THROWS_AS(run_for(here.io, queue.async_put(1, asio::use_future)), remote_error);
    }
    SECTION("an item that the server does not take")
    {
        const async_queue<std::string> queue{here.client, "tasks"};
        CHECK_THROWS_WITH(run_for(here.io, queue.async_put(std::string(200'000, 'x'), asio::use_future)),
                          Catch::Contains("payload_size_max is 100000"));
        const std::vector<std::string> large(10, std::string(60'000, 'x'));  // each alone it takes
        CHECK(run_for(here.io, queue.async_put_many(large, asio::use_future)) == 10);
        CHECK(run_for(here.io, queue.async_qsize(asio::use_future)) == 10);
    }
    SECTION("an item that is something else")
    {
        run_for(here.io, async_queue<std::string>{here.client, "tasks"}.async_put("text", asio::use_future));
        CHECK_THROWS_AS(run_for(here.io, here.queue().async_get(asio::use_future)), conversion_error);
    }
    SECTION("the status object is no queue")
    {
        const async_queue<int> queue{here.client, "quaymaster_status"};
        CHECK_THROWS_WITH(run_for(here.io, queue.async_get(asio::use_future)), Catch::Contains("is no queue"));
    }
    SECTION("a window without items")
    {
        CHECK_THROWS_AS(here.queue().consume(0), std::invalid_argument);
    }
}

TEST_CASE("a queue made for a client goes with its last handle", "[net][async]")
{
    server serving{{"127.0.0.1", 0}, "abc"};
    serving.register_queue_type("Queue");
    serving.start();
    asio::io_context io;
    const async_client client{io, serving.bound_address(), "abc", short_limits()};
    {
        const async_queue<int> queue{client, "Queue", {value{1}}};
        run_for(io, queue.async_put(1, asio::use_future));
        CHECK_THROWS_AS(run_for(io, queue.async_put(2, 0ms, asio::use_future)), queue_full);
        CHECK(serving.statistics().objects == 1);
    }
    run_until(io, [&] { return serving.statistics().objects == 0; });
    auto other = std::make_unique<async_client>(io, serving.bound_address(), "abc", short_limits());
    auto queue = std::make_unique<async_queue<int>>(*other, "Queue");
    run_for(io, queue->async_put(1, asio::use_future));
    CHECK(serving.statistics().objects == 1);
    other.reset();
    run_for(io, queue->async_put(1, asio::use_future));
    queue.reset();
    run_until(io, [&] { return serving.statistics().objects == 0; });
}

TEST_CASE("the end of a client, of its context and of its server", "[net][async]")
{
    connected here;
    SECTION("close() ends what is under way, and what comes later")
    {
        const auto queue = here.queue();
        std::vector<std::string> came_to;
        queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
        (void)run_for(here.io, queue.async_qsize(asio::use_future));
        here.client.close();
        queue.async_get([&](std::exception_ptr failed, int) { came_to.push_back(kind_of(failed)); });
        run_until(here.io, [&] { return came_to.size() == 2; });
        CHECK(came_to == std::vector<std::string>(2, "aborted"));
        queue.async_put(1, [&](std::exception_ptr failed) { came_to.push_back(kind_of(failed)); });
        here.io.restart();
        here.io.run();  // nothing is left to do after it
        CHECK(came_to.size() == 3);
    }
    SECTION("a loop runs out of work when the last handle goes")
    {
        asio::io_context io;
        asio::co_spawn(
            io,
            [](std::uint16_t port) -> asio::awaitable<void> {
                const async_client client{co_await asio::this_coro::executor, {"127.0.0.1", port}, "abc", short_limits()};
                co_await async_queue<int>{client, "tasks"}.async_put(1);
            }(here.server.port()),
            asio::detached);
        CHECK(io.run_for(20s) > 0);
        CHECK(io.stopped());
        CHECK(run_for(here.io, here.queue().async_get(asio::use_future)) == 1);
    }
    SECTION("a context that ends takes its coroutines with it")
    {
        const auto watched = std::make_shared<int>(1);
        {
            asio::io_context io;
            asio::co_spawn(
                io,
                [](std::uint16_t port, std::shared_ptr<int>) -> asio::awaitable<void> {
                    const async_client client{co_await asio::this_coro::executor, {"127.0.0.1", port}, "abc", short_limits()};
                    const async_queue<int> queue{client, "tasks"};
                    const auto consumer = queue.consume(10);
                    (void)co_await consumer.async_next();
                }(here.server.port(), watched),
                asio::detached);
            io.run_for(100ms);
            CHECK(watched.use_count() > 1);
        }
        CHECK(watched.use_count() == 1);
    }
    SECTION("a client that outlives its context does nothing more")
    {
        auto io = std::make_unique<asio::io_context>();
        const async_client client{*io, {"127.0.0.1", here.server.port()}, "abc", short_limits()};
        const async_queue<int> queue{client, "tasks"};
        run_for(*io, queue.async_put(1, asio::use_future));
        io.reset();
    }
}

TEST_CASE("any thread may start operations, and many may run them", "[net][async]")
{
    test_server server;
    asio::thread_pool pool{4};
    constexpr int workers = 8;
    constexpr int items = 500;
    std::atomic<int> received{0};
    std::atomic<long> sum{0};
    {
        const async_client client{pool.get_executor(), {"127.0.0.1", server.port()}, "abc", short_limits()};
        const async_queue<int> queue{client, "tasks"};
        std::vector<std::future<void>> done;
        for (int worker = 0; worker < workers; ++worker) {
            done.push_back(asio::co_spawn(
                pool,
                [](async_queue<int> from, std::atomic<int>& count, std::atomic<long>& total) -> asio::awaitable<void> {
                    for (int i = 0; i < items; ++i) {
                        total += co_await from.async_get(20s);
                        ++count;
                    }
                }(queue, received, sum),
                asio::use_future));
            done.push_back(asio::co_spawn(
                pool,
                [](async_queue<int> into) -> asio::awaitable<void> {
                    for (int i = 0; i < items; ++i)
                        co_await into.async_put(i);
                }(queue),
                asio::use_future));
        }
        for (std::future<void>& each : done)
            each.get();
    }
    pool.join();
    CHECK(received == workers * items);
    CHECK(sum == workers * (items * (items - 1) / 2));
}

TEST_CASE("large items pass in both directions", "[net][async]")
{
    connected here;
    run(here.io, [](const async_client& client) -> asio::awaitable<void> {
        const async_queue<std::string> queue{client, "tasks"};
        for (const std::size_t size : {std::size_t{70'000}, std::size_t{1'000'000}, std::size_t{20'000'000}}) {
            const std::string text(size, static_cast<char>('a' + size % 7));
            co_await queue.async_put(text);
            const std::string got = co_await queue.async_get();
            CHECK(got == text);
        }
    }(here.client));
}

TEST_CASE("a Unix socket serves as well", "[net][async]")
{
    const std::string path = "/tmp/quaymaster-async-" + std::to_string(::getpid());
    server serving{address::unix_socket(path), "abc"};
    serving.register_queue("tasks");
    serving.start();
    asio::io_context io;
    const async_client client{io, address::unix_socket(path), "abc", short_limits()};
    const async_queue<int> queue{client, "tasks"};
    run_for(io, queue.async_put(1, asio::use_future));
    CHECK(run_for(io, queue.async_get(asio::use_future)) == 1);
}

TEST_CASE("gets of a client that does not read leave the items to others, and get theirs when it does", "[net][async]")
{
    constexpr int gets = 200;
    constexpr std::size_t item_size = 256 << 10;
    server_options serving;
    serving.outbox_size_max = 1 << 20;
    connected here{short_limits(), {}, serving};
    const auto queue = here.queue<std::string>();
    std::vector<int> got;
    std::vector<std::string> failed;
    const auto on_item = [&](std::exception_ptr error, const std::string& item) {
        error ? failed.push_back(kind_of(error)) : got.push_back(std::stoi(item));
    };
    for (int i = 0; i < gets; ++i)
        queue.async_get(on_item);
    run_for(here.io, queue.async_qsize(asio::use_future));  // behind the gets: they wait by now

    // From here on nobody runs the loop of its client.
    client_testing::queue_manager other{{"127.0.0.1", here.server.port()}, "abc", client_testing::short_limits()};
    other.register_type("tasks");
    other.connect();
    const queue_proxy<std::string> tasks = other.create<queue_proxy<std::string>>("tasks");
    for (int i = 0; i < gets; ++i)
        tasks.put(std::to_string(i) + std::string(item_size, ' '));
    const std::size_t left = tasks.qsize();
    CHECK(left > gets / 2);  // sockets hold some megabytes
    const int next = std::stoi(tasks.get(0ms));
    CHECK(next == gets - static_cast<int>(left));

    run_until(here.io, [&] { return got.size() + failed.size() == gets - 1; });
    CHECK(failed.empty());
    std::vector<int> expected = numbers_to(gets);
    expected.erase(expected.begin() + next);
    CHECK(got == expected);
    tasks.put("200");
    run_until(here.io, [&] { return got.size() == gets; });
}
