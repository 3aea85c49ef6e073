// The native dialect as the synchronous client speaks it: what it asks for beside the items, and what it makes of the answers.
#include "client_testing.hpp"
#include "codec/payload.hpp"
#include "net/client_connection.hpp"
#include "scripted_server.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/event_proxy.hpp>
#include <quaymaster/server.hpp>
#include <quaymaster/sync_manager.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace quaymaster;
using namespace client_testing;
using namespace std::chrono_literals;
using wire::native::operation;

namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

codec::item item_of(int number)
{
    return codec::payload{value{number}}.to_item();
}

queue_manager native_client_of(const scripted_server& serving, const manager_options& options = short_limits())
{
    return connected_to<queue_manager>(serving, options, client_dialect::native);
}

/// A server of queues that go with their last proxies, and a client of it.
struct queue_server {
    queue_server()
    {
        serving.register_queue("get_task_queue");
        serving.register_queue_type("Queue");
        serving.start();
        client.emplace(address{serving.bound_address()}, "abc", short_limits());
        client->connect();
    }
    /// Looks at the server from within: nobody calls it.
    [[nodiscard]] bool falls_to(std::size_t objects) const
    {
        const auto end = clock_type::now() + 20s;
        while (serving.statistics().objects != objects) {
            if (clock_type::now() > end)
                return false;
            std::this_thread::yield();
        }
        return true;
    }
    server serving{{"127.0.0.1", 0}, "abc"};
    std::optional<queue_manager> client;
};

}  // namespace

TEST_CASE("a time-out beyond what clocks can count is no limit", "[net][client][native]")
{
    server_process server;
    manager_options options = short_limits();
    options.client.dialect = GENERATE(client_dialect::native, client_dialect::python);
    options.client.call_deadline = 50ms;
    queue_manager client{server.address(), "abc", options};
    client.connect();
    const auto queue = client.queue<int>();
    SECTION("of get()") {
        auto got = std::async(std::launch::async, [&] { return queue.get(milliseconds::max()); });
        // Not a wait for a race: however long it takes, there is nothing to get.
        CHECK(got.wait_for(200ms) == std::future_status::timeout);
        queue.put(7, milliseconds::max());
        CHECK(got.get() == 7);
    }
    SECTION("of get_many()") {
        auto got = std::async(std::launch::async, [&] { return queue.get_many(2, milliseconds::max()); });
        CHECK(got.wait_for(200ms) == std::future_status::timeout);
        queue.put(7);
        CHECK(got.get() == std::vector{7});
    }
}

TEST_CASE("a queue ends with its last proxy, though connections have it open", "[net][client][native][handles]")
{
    queue_server here;
    const std::size_t before = here.serving.statistics().objects;
    // A queue that is there still keeps what its items stand for.
    std::optional queue{here.client->queue<value>("Queue")};
    {
        const auto inner = here.client->queue<int>("Queue");
        queue->put(inner.pickled());
    }
    REQUIRE(here.serving.statistics().objects == before + 2);
    SECTION("that of the thread which drops it")
    {
        queue.reset();
        CHECK(here.falls_to(before));
    }
    SECTION("those of other threads, with their next request")
    {
        std::promise<void> opened;
        std::promise<void> dropped;
        std::promise<void> told;
        std::promise<void> looked_at;
        std::thread other{[&] {
            const auto tasks = here.client->queue<int>();
            queue->put(value{1});
            opened.set_value();
            dropped.get_future().wait();
            tasks.put(1);
            told.set_value();
            looked_at.get_future().wait();  // the end of this thread would close its connection
        }};
        opened.get_future().wait();
        queue.reset();
        dropped.set_value();
        told.get_future().wait();
        CHECK(here.falls_to(before + 1));  // and the other thread's proxy of the task queue
        looked_at.set_value();
        other.join();
    }
}

TEST_CASE("what a connection has open is no more than what there are proxies of", "[net][client][native][handles]")
{
    std::atomic<std::uint32_t> open{0};
    std::uint32_t next = 0;
    const scripted_server serving{[&](const wire::native::frame& request, wire::outbox& out) {
        if (request.code == operation::open) {
            ++open;
            const auto kind = static_cast<std::uint8_t>(wire::native::object_kind::queue);
            wire::native::write_frame(out, {operation::opened, request.id}, wire::native::fixed_fields{}.add(next++).add(kind).view());
            return true;
        }
        if (request.code == operation::close)
            --open;
        wire::native::write_frame(out, {operation::done, request.id});
        return true;
    }};
    auto client = native_client_of(serving);
    const auto kept = client.queue<int>();
    kept.put(1);
    for (int i = 0; i < 20; ++i) {
        const auto queue = client.queue<int>();
        queue.put(i);
        CHECK(open <= 2);
    }
    kept.put(2);
    CHECK(open == 1);
}

TEST_CASE("a queue that has ended elsewhere goes on where there is a proxy of it yet", "[net][client][native][handles]")
{
    queue_server here;
    const auto kept = here.client->queue<int>();
    kept.put(0);
    SECTION("on the same thread")
    {
        {
            const auto other = here.client->queue<int>();
            other.put(1);
        }
        kept.put(2);
        CHECK(kept.get_many(10, 0ms) == std::vector{0, 1, 2});
    }
    SECTION("on a thread that has heard of nothing for long")
    {
        std::thread{[&] {
            for (int i = 0; i < 1'500; ++i)
                (void)here.client->queue<int>();
        }}.join();
        kept.put(1);
        CHECK(kept.qsize() == 2);
        CHECK(kept.get_many(10, 0ms) == std::vector{0, 1});
    }
}

TEST_CASE("a request never outgrows the size that its header can say", "[net][client][native]")
{
    const scripted_server serving{[](const wire::native::frame&, wire::outbox&) { return true; }, std::uint64_t{1} << 33};
    net::client_environment environment{serving.address(), {}, {}, {}};
    environment.session.authkey = to_bytes(std::string_view{"abc"});
    net::client_connection stream{environment, clock_type::now() + 5s};
    REQUIRE(stream.begin_native());
    CHECK(stream.request_size_max() == 0xffff'ffff);
}

TEST_CASE("a call that is larger than its server takes is refused before it is sent", "[net][client][native]")
{
    server_options serving_options;
    serving_options.payload_size_max = 10'000;
    server serving{{"127.0.0.1", 0}, "abc", serving_options};
    serving.register_sync_types();
    serving.start();
    sync_manager client{serving.bound_address(), "abc", short_limits()};
    client.connect();
    const auto settings = client.dict<std::string, std::string>();
    settings.set("before", "1");
    try {
        settings.set("large", std::string(10'000, 'x'));
        FAIL("it was taken");
    } catch (const connection_lost&) {
        FAIL("it was sent");
    } catch (const error& refused) {
        CHECK_THAT(refused.what(), Catch::Contains("its payload_size_max is 10000"));
    }
    settings.set("after", std::string(9'000, 'x'));
    CHECK(settings.size() == 2);
    CHECK(serving.statistics().dropped == 0);
}

TEST_CASE("a pong that comes after the reply costs no connection", "[net][client][native]")
{
    std::atomic<int> opened{0};
    std::uint32_t asked = 0;
    const scripted_server serving{[&](const wire::native::frame& request, wire::outbox& out) {
        switch (request.code) {
        case operation::open:
            ++opened;
            answer_opened(request, out);
            return true;
        case operation::get:
            asked = request.id;
            return true;
        case operation::ping: wire::native::write_frame(out, {operation::item, asked}, {}, item_of(7)); return true;
        default: wire::native::write_frame(out, {operation::done, request.id}); return true;
        }
    }};
    manager_options options = short_limits();
    options.client.wait_slice = 50ms;
    auto client = native_client_of(serving, options);
    const auto queue = client.queue<int>();
    CHECK(queue.get() == 7);
    // Just after a reply nobody looks whether anything is there.
    const auto looked_at_from = clock_type::now() + 1ms;
    while (clock_type::now() < looked_at_from)
        std::this_thread::yield();
    SECTION("before the next request")
    {
        wire::outbox pong;
        wire::native::write_frame(pong, {operation::pong, 0});
        serving.say(pong);
        queue.put(1);
        CHECK(opened == 1);
    }
    SECTION("or has not come by then")
    {
        queue.put(1);
        CHECK(opened == 1);
    }
    SECTION("unless the server is gone")
    {
        serving.hang_up();
        queue.put(1);  // over a new connection, before anything is sent
        CHECK(opened == 2);
    }
}

TEST_CASE("a wait whose time is up ends, though the server pongs and answers nothing", "[net][client][native]")
{
    struct event_manager : base_manager {
        using base_manager::base_manager;
        auto get_event() { return create<event_proxy>("get_event"); }
    };
    std::atomic<int> pings{0};
    const auto pong = [&](const wire::native::frame& request, wire::outbox& out) {
        if (request.code == operation::ping) {
            ++pings;
            wire::native::write_frame(out, {operation::pong, request.id}, request.body);
        }
        return true;
    };
    const scripted_server serving{pong, 1 << 20, [](const scripted_call& call) -> scripted_answer {
        if (call.method == "wait")
            return scripted_silence{};
        return value{};
    }};
    manager_options options = short_limits();
    options.client.wait_slice = 50ms;
    options.client.call_deadline = 2s;
    auto client = connected_to<event_manager>(serving, options, client_dialect::native);
    const auto event = client.get_event();
    const auto begin = clock_type::now();
    CHECK_THROWS_AS(event.wait_for(300ms), deadline_exceeded);
    CHECK(clock_type::now() - begin >= 2300ms);
    CHECK(pings >= 2);
}

TEST_CASE("a server that falls silent within a reply is given up", "[net][client][native]")
{
    bool is_silent = false;
    const scripted_server serving{[&](const wire::native::frame& request, wire::outbox& out) {
        if (request.code == operation::open) {
            answer_opened(request, out);
        } else if (request.code == operation::ping && !std::exchange(is_silent, true)) {
            const std::size_t begun = wire::native::begin_body(out, {operation::item, 0});
            out.truncate(begun + 4);  // some of a header
        }
        return true;
    }};
    manager_options options = short_limits();
    options.client.wait_slice = 50ms;
    options.client.call_deadline = 50ms;
    auto client = native_client_of(serving, options);
    const auto queue = client.queue<int>();
    CHECK_THROWS_AS(queue.get(), deadline_exceeded);
    CHECK_THROWS_WITH(queue.get(1h), Catch::Contains("did not answer within") && !Catch::Contains("3600"));
}

TEST_CASE("consume() of what is no queue says so, again and again, and has nothing to cancel", "[net][client][native]")
{
    std::atomic<int> cancels{0};
    const scripted_server serving{[&](const wire::native::frame& request, wire::outbox& out) {
        if (request.code == operation::open)
            answer_opened(request, out);
        else if (request.code == operation::consume)
            wire::native::write_frame(out, {operation::refused, request.id}, as_bytes(std::string_view{"it is no queue"}));
        else if (request.code == operation::cancel)
            ++cancels;
        return true;
    }};
    manager_options options = short_limits();
    options.client.call_deadline = options.client.wait_slice = 200ms;
    auto client = native_client_of(serving, options);
    const auto queue = client.queue<int>();
    {
        auto items = queue.consume(2);
        CHECK_THROWS_WITH(items.begin(), Catch::Contains("it is no queue"));
        CHECK_THROWS_WITH(items.begin(), Catch::Contains("it is no queue"));
    }
    CHECK_THROWS_AS(queue.get(), deadline_exceeded);  // whatever was sent before has come
    CHECK(cancels == 0);
}

TEST_CASE("the child of a fork() that goes on with a consume loop gets items of its own", "[net][client][native][fork]")
{
    struct child_has {
        int item;
    };
    server_process server;
    queue_manager client{server.address(), "abc", short_limits()};
    client.connect();
    const auto queue = client.queue<int>();
    std::vector<int> all;
    for (int i = 0; i < 20; ++i)
        all.push_back(i);
    queue.put_many(all);
    std::vector<int> seen;
    bool is_child = false;
    try {
        for (const int item : queue.consume(8)) {
            if (is_child)
                throw child_has{item};
            seen.push_back(item);
            if (item == 2) {
                const pid_t child = ::fork();
                if (child == 0) {
                    ::alarm(20);  // a child that hangs fails the test instead of holding it up
                    is_child = true;
                    continue;
                }
                int status = -1;
                REQUIRE(::waitpid(child, &status, 0) == child);
                REQUIRE(WIFEXITED(status));
                CHECK(WEXITSTATUS(status) == 8);  // up to 7 they are here
            }
            if (item == 12)
                break;
        }
    } catch (const child_has& next) {
        ::_exit(next.item);
    }
    for (const int item : queue.get_many(100, 1s))
        seen.push_back(item);
    all.erase(all.begin() + 8);
    CHECK(seen == all);
}

TEST_CASE("the child of a fork() that leaves a consume loop takes nothing from its parent", "[net][client][native][fork]")
{
    struct child_leaves {};
    server_process server;
    queue_manager client{server.address(), "abc", short_limits()};
    client.connect();
    const auto queue = client.queue<int>();
    std::vector<int> all;
    for (int i = 0; i < 20; ++i)
        all.push_back(i);
    queue.put_many(all);
    std::vector<int> seen;
    try {
        for (const int item : queue.consume(8)) {
            seen.push_back(item);
            if (item == 2) {
                const pid_t child = ::fork();
                if (child == 0) {
                    ::alarm(20);  // a child that hangs fails the test instead of holding it up
                    throw child_leaves{};
                }
                int status = -1;
                REQUIRE(::waitpid(child, &status, 0) == child);
                CHECK(status == 0);
            }
            if (item == 12)
                break;
        }
    } catch (const child_leaves&) {
        ::_exit(0);
    }
    for (const int item : queue.get_many(100, 1s))
        seen.push_back(item);
    CHECK(seen == all);
}
