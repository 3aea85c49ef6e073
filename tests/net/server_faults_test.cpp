// What clients do wrong, or what happens to them, and who must not notice.
#include "../stress/native_peer.hpp"
#include "client_testing.hpp"
#include "server_testing.hpp"

#include "wire/native_dialect.hpp"

#include <catch2/catch.hpp>

#include <utility>

using namespace server_testing;

TEST_CASE("a wrong key is refused and logged with peer and reason", "[net][server][faults]")
{
    test_server server;
    python_peer good{server.port()};
    good.open_stream();
    python_peer bad{server.port(), "abd"};
    CHECK_THROWS_WITH(bad.open_stream(), Catch::Contains("authkey") || Catch::Contains("answer"));
    CHECK(server.log.has("authentication failed: 127.0.0.1:"));
    CHECK(server.log.count("abc") == 0);
    CHECK(good.call("tasks", "qsize") == value{0});
}

TEST_CASE("an item never goes to a client that died waiting for it", "[net][server][faults]")
{
    server_options options;
    options.threads = GENERATE(1U, 3U);
    test_server server{options};
    python_peer asking{server.port()};
    asking.open_stream();
    python_peer dead{server.port()};
    dead.open_stream();
    python_peer living{server.port()};
    living.open_stream();

    dead.request("tasks", "get");
    wait_for_getters(asking, 1);
    living.request("tasks", "get");
    wait_for_getters(asking, 2);
    SECTION("its connection is closed")
    {
        dead.socket().close();
    }
    SECTION("its connection is reset")
    {
        dead.socket().abort();
    }
    wait_for_getters(asking, 1);
    (void)asking.call("tasks", "put", {value{"for the living"}});
    CHECK(living.result() == value{"for the living"});
}

TEST_CASE("a client that leaves while its call waits is not counted as dropped, one that is reset is", "[net][server][faults]")
{
    test_server server;
    python_peer asking{server.port()};
    asking.open_stream();
    for (const bool is_reset : {false, true}) {
        CAPTURE(is_reset);
        python_peer leaving{server.port()};
        leaving.open_stream();
        leaving.request("tasks", "get");
        wait_for_getters(asking, 1);
        is_reset ? leaving.socket().abort() : leaving.socket().close();
        wait_for_getters(asking, 0);
        CHECK(server.served.statistics().dropped == (is_reset ? 1 : 0));
    }
}

TEST_CASE("a client that sent far ahead of its blocked call and died takes no item along", "[net][server][faults]")
{
    test_server server;
    python_peer asking{server.port()};
    asking.open_stream();
    python_peer dead{server.port()};
    dead.open_stream();
    dead.request("tasks", "get");
    wait_for_getters(asking, 1);
    const bytes large(std::size_t{1} << 10);
    for (int i = 0; i < 100; ++i)  // more than the server reads while a call blocks, so it does not see the end of them
        dead.request("tasks", "put", {value{large}});
    CHECK(asking.call("tasks", "qsize") == value{0});
    dead.socket().close();
    (void)asking.call("tasks", "put", {value{"for the living"}});
    CHECK(asking.call("tasks", "get", {value{true}, value{5.0}}) == value{"for the living"});
}

TEST_CASE("half a request puts nothing", "[net][server][faults]")
{
    test_server server;
    python_peer peer{server.port()};
    peer.open_stream();
    const bytes request = peer.request_octets("tasks", "put", {value{"half"}});
    peer.socket().send(bytes_view{request}.first(request.size() - 1));
    peer.socket().close();
    CHECK(server.log.has("in the middle of a request"));
    python_peer other{server.port()};
    CHECK(other.open_stream().call("tasks", "qsize") == value{0});
}

TEST_CASE("what a client sends after a call that blocks is done after that call, in order", "[net][server]")
{
    server_options options;
    options.threads = GENERATE(1U, 2U);
    test_server server{options};
    python_peer peer{server.port()};
    peer.open_stream();
    python_peer other{server.port()};
    other.open_stream();
    peer.request("tasks", "get");
    peer.request("tasks", "put", {value{"second"}});
    peer.request("tasks", "get");
    peer.request("tasks", "qsize");
    wait_for_getters(other, 1);
    (void)other.call("tasks", "put", {value{"first"}});
    CHECK(peer.result() == value{"first"});
    CHECK(peer.result() == value{});
    CHECK(peer.result() == value{"second"});
    CHECK(peer.result() == value{0});
}

TEST_CASE("a client that closes its sending side still gets its reply", "[net][server]")
{
    test_server server;
    python_peer peer{server.port()};
    peer.open_stream();
    SECTION("a small one")
    {
        peer.request("tasks", "qsize");
        peer.socket().half_close();
        CHECK(peer.result() == value{0});
    }
    SECTION("one that the kernel does not take at once")
    {
        const bytes large(std::size_t{20} << 20);
        (void)peer.call("tasks", "put", {value{large}});
        peer.request("tasks", "get");
        peer.socket().half_close();
        CHECK(peer.result() == value{large});
    }
}

TEST_CASE("all that a native client asked before it closed its sending side is answered", "[net][server][faults][native]")
{
    using wire::native::operation;
    server_options options;
    options.threads = 1;
    test_server server{options};
    client_testing::queue_manager producer{server.served.bound_address(), "abc"};
    producer.connect();
    const auto queue = producer.queue<bytes>("tasks");
    constexpr std::size_t count = 200;
    for (std::size_t i = 0; i < count; ++i)
        queue.put(bytes(std::size_t{100} << 10, std::byte(i)));
    quaymaster::testing::native_peer peer{server.port()};
    wire::native::fixed_fields get;
    get.add(peer.open("tasks")).add(std::uint32_t{0});
    for (std::uint32_t id = 1; id <= count; ++id)
        peer.send({operation::get, id}, get.view());
    peer.half_close();
    // As far as it goes while nothing is read: more replies than are kept for one connection.
    std::size_t before = 0;
    wait_until([&] { return std::exchange(before, queue.qsize()) == queue.qsize() && before < count; });
    REQUIRE(before > 0);
    for (std::uint32_t id = 1; id <= count; ++id) {
        const auto reply = peer.receive(20s);
        REQUIRE(reply);
        REQUIRE(reply->code == operation::item);
        REQUIRE(reply->id == id);
    }
    CHECK(queue.qsize() == 0);
}

TEST_CASE("a call that still waits when its client has closed its sending side is given nothing", "[net][server][faults]")
{
    server_options options;
    options.outbox_size_max = std::size_t{64} << 20;  // so that all requests below are taken in one turn
    test_server server{options};
    python_peer asking{server.port()};
    asking.open_stream();
    const bytes large(std::size_t{8} << 20);
    python_peer leaving{server.port()};
    leaving.open_stream();
    constexpr int unread = 4;  // replies, more than a socket holds
    for (int count = 0; count < unread; ++count)
        (void)asking.call("tasks", "put", {value{large}});
    for (int count = 0; count < unread + 1; ++count)
        leaving.request("tasks", "get");
    wait_for_getters(asking, 1);
    leaving.socket().half_close();
    wait_until([&] { return queue_status(asking, "tasks", "waiting_getters") == 0; });
    (void)asking.call("tasks", "put", {value{"precious"}});
    CHECK(asking.call("tasks", "get_nowait") == value{"precious"});
    for (int count = 0; count < unread; ++count)
        CHECK(leaving.result() == value{large});
    CHECK_THROWS_WITH(leaving.reply(), "the server closed the connection");
}

TEST_CASE("last replies that nobody fetches end with handshake_timeout", "[net][server][faults]")
{
    server_options options;
    options.handshake_timeout = 200ms;
    options.outbox_size_max = std::size_t{64} << 20;  // so that the server goes on reading, and sees the end
    test_server server{options};
    python_peer peer{server.port()};
    peer.open_stream();
    (void)peer.call("tasks", "put", {value{bytes(std::size_t{20} << 20)}});
    peer.request("tasks", "get");
    peer.socket().half_close();
    CHECK(server.log.has("handshake_timeout (200 ms)"));
    wait_until([&] { return server.served.statistics().connections == 0; });
}

TEST_CASE("a client that never fetches its replies is dropped after reply_timeout, one that is slow is not", "[net][server][faults]")
{
    server_options options;
    options.reply_timeout = 300ms;
    test_server server{options};
    python_peer peer{server.port()};
    peer.open_stream();
    const bytes large(std::size_t{40} << 20);
    (void)peer.call("tasks", "put", {value{large}});
    peer.request("tasks", "get");
    SECTION("never")
    {
        CHECK(server.log.has("reply_timeout (300 ms)"));
        wait_until([&] { return server.served.statistics().connections == 0; });
    }
    SECTION("slowly")
    {
        const auto begin = std::chrono::steady_clock::now();
        std::size_t fetched = 0;
        while (fetched < large.size()) {
            // The sleep is the slowness that is tested: all of it takes longer than reply_timeout, no pause does.
            const auto pace = begin + 800ms * fetched / large.size();
            std::this_thread::sleep_until(pace);
            const bytes some = peer.socket().receive();
            REQUIRE_FALSE(some.empty());
            fetched += some.size();
        }
        CHECK(std::chrono::steady_clock::now() - begin > 300ms);
    }
}

TEST_CASE("requests may arrive octet by octet", "[net][server]")
{
    test_server server;
    python_peer peer{server.port()};
    peer.open_stream();
    for (const std::byte octet : peer.request_octets("tasks", "put", {value{"slow"}}))
        peer.socket().send({&octet, 1});
    CHECK(peer.result() == value{});
    CHECK(peer.call("tasks", "get") == value{"slow"});
}

TEST_CASE("items of all sizes come back as they went", "[net][server]")
{
    test_server server;
    python_peer peer{server.port()};
    peer.open_stream();
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16'383}, std::size_t{16'384},
                                   std::size_t{16'385}, std::size_t{262'144}, std::size_t{1'048'576}, std::size_t{9'000'000}}) {
        CAPTURE(size);
        const value item{bytes(size, std::byte{7})};
        (void)peer.call("tasks", "put", {item});
        CHECK(peer.call("tasks", "get") == item);
    }
}

TEST_CASE("get() with a timeout is answered in time, never early", "[net][server][time]")
{
    test_server server;
    python_peer peer{server.port()};
    peer.open_stream();
    std::chrono::steady_clock::duration shortest = std::chrono::hours{1};
    for (int attempt = 0; attempt < 5; ++attempt) {
        const auto begin = std::chrono::steady_clock::now();
        peer.request("tasks", "get", {value{true}, value{0.2}});
        const wire::reply got = peer.reply();
        shortest = std::min(shortest, std::chrono::steady_clock::now() - begin);
        const auto* raised = std::get_if<wire::exception_reply>(&got);
        REQUIRE(raised != nullptr);
        CHECK(raised->is_queue_empty());
    }
    CHECK(shortest >= 200ms);
    CHECK(shortest < 250ms);
}
