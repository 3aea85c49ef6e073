// What nobody may have too much of.
#include "../stress/native_peer.hpp"
#include "client_testing.hpp"
#include "server_testing.hpp"

#include "wire/native_dialect.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <atomic>
#include <list>
#include <thread>
#include <vector>

using namespace server_testing;

TEST_CASE("a frame above 256 octets before authentication ends the connection", "[net][server][limits]")
{
    test_server server;
    const raw_peer peer{server.port()};
    peer.send(header(257));
    (void)peer.receive_all();
    CHECK(server.log.has("257"));
}

TEST_CASE("a peer that stays silent is dropped after handshake_timeout", "[net][server][limits]")
{
    server_options options;
    options.handshake_timeout = 100ms;
    test_server server{options};
    const auto begin = std::chrono::steady_clock::now();
    const raw_peer peer{server.port()};
    (void)peer.receive_all();
    CHECK(std::chrono::steady_clock::now() - begin >= 100ms);
    CHECK(server.log.has("handshake_timeout"));
}

TEST_CASE("handshake_timeout does not concern those who have proved the key", "[net][server][limits]")
{
    server_options options;
    options.handshake_timeout = 500ms;
    test_server server{options};
    python_peer authenticated{server.port()};
    authenticated.open_stream();
    const raw_peer silent{server.port()};
    (void)silent.receive_all();
    CHECK(authenticated.call("tasks", "qsize") == value{0});
}

TEST_CASE("peers beyond unauthenticated_max are dropped, and nobody else", "[net][server][limits]")
{
    server_options options;
    options.unauthenticated_max = 2;
    test_server server{options};
    python_peer authenticated{server.port()};
    authenticated.open_stream();
    raw_peer first{server.port()};
    const raw_peer second{server.port()};
    CHECK_FALSE(first.receive().empty());
    CHECK_FALSE(second.receive().empty());
    const raw_peer third{server.port()};
    CHECK(third.receive_all().empty());
    CHECK(server.log.has("unauthenticated_max is 2"));
    CHECK(authenticated.call("tasks", "qsize") == value{0});

    first.close();
    wait_until([&] { return server.served.statistics().unauthenticated == 1; });
    const raw_peer fourth{server.port()};
    CHECK_FALSE(fourth.receive().empty());
}

TEST_CASE("a burst of honest clients beyond unauthenticated_max is served", "[net][server][limits]")
{
    server_options options;
    options.unauthenticated_max = 2;
    test_server server{options};
    std::atomic<int> served = 0;
    std::vector<std::thread> clients;
    for (int index = 0; index < 8; ++index)
        clients.emplace_back([&] {
            python_peer peer{server.port()};
            served += peer.open_stream().call("tasks", "qsize") == value{0} ? 1 : 0;
        });
    for (std::thread& client : clients)
        client.join();
    CHECK(served == 8);
}

TEST_CASE("connections beyond connections_max are dropped", "[net][server][limits]")
{
    server_options options;
    options.connections_max = 1;
    test_server server{options};
    python_peer first{server.port()};
    first.open_stream();
    const raw_peer second{server.port()};
    CHECK(second.receive_all().empty());
    CHECK(server.log.has("connections_max is 1"));
    CHECK(first.call("tasks", "qsize") == value{0});
}

TEST_CASE("a request above payload_size_max is refused before it arrives", "[net][server][limits]")
{
    server_options options;
    options.payload_size_max = 1000;
    test_server server{options};
    python_peer other{server.port()};
    other.open_stream();
    python_peer peer{server.port()};
    peer.open_stream();
    peer.socket().send(header(std::uint64_t{1} << 40));
    CHECK(peer.socket().receive_all().empty());
    CHECK(server.log.has("1099511627776"));
    CHECK(other.call("tasks", "qsize") == value{0});
    CHECK(server.served.statistics().dropped == 1);
}

TEST_CASE("a client that asks ahead and reads nothing is answered in order, later", "[net][server][limits]")
{
    constexpr std::int64_t items = 48;
    server_options options;
    options.outbox_size_max = std::size_t{1} << 20;
    test_server server{options};
    python_peer peer{server.port()};
    peer.open_stream();
    const bytes large(std::size_t{1} << 20);
    for (std::int64_t index = 0; index < items; ++index)
        (void)peer.call("tasks", "put", {value::tuple({value{index}, value{large}})});
    for (std::int64_t index = 0; index < items; ++index)
        peer.request("tasks", "get");
    // The kernel's buffers take some replies, the outbox one or two more, and no further get is looked at.
    python_peer asking{server.port()};
    asking.open_stream();
    CHECK(queue_status(asking, "tasks", "depth") > 0);
    for (std::int64_t index = 0; index < items; ++index)
        CHECK(peer.result()[0] == value{index});
}

TEST_CASE("many small requests in one write are all answered", "[net][server][limits]")
{
    constexpr std::int64_t requests = 20'000;
    server_options options;
    options.outbox_size_max = 1000;
    test_server server{options};
    python_peer peer{server.port()};
    peer.open_stream();
    bytes all;
    for (std::int64_t index = 0; index < requests; ++index) {
        const bytes one = peer.request_octets("tasks", "qsize");
        all.insert(all.end(), one.begin(), one.end());
    }
    std::thread asking{[&] { peer.socket().send(all); }};
    for (std::int64_t index = 0; index < requests; ++index)
        if (peer.result() != value{0})
            FAIL_CHECK(index);
    asking.join();
}

TEST_CASE("out of descriptors, accepting pauses and resumes", "[net][server][limits]")
{
    constexpr std::size_t peers = 8;
    test_server server;
    std::list<raw_peer> sockets;
    for (std::size_t index = 0; index < peers; ++index)
        sockets.emplace_back();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int next_free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(next_free >= 0);
    ::close(next_free);
    rlimit scarce = before;
    scarce.rlim_cur = static_cast<rlim_t>(next_free) + 1;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &scarce) == 0);
    for (const raw_peer& each : sockets)
        each.connect(server.port());
    CHECK_FALSE(sockets.front().receive().empty());
    CHECK(server.log.has("accepting pauses"));
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    for (auto each = std::next(sockets.begin()); each != sockets.end(); ++each)
        CHECK_FALSE(each->receive().empty());
    CHECK(server.log.has("accepting again"));
    CHECK(server.log.count("accepting pauses") == 1);
}

TEST_CASE("a limit that is reached again and again is told again, once a second", "[net][server][limits]")
{
    server_options options;
    options.connections_max = 1;
    test_server server{options};
    const auto hit_limit_once = [&] {
        const raw_peer first{server.port()};
        wait_until([&] { return server.served.statistics().connections == 1; });
        const raw_peer second{server.port()};
        (void)second.receive_all();
    };
    const auto until_free = [&] { wait_until([&] { return server.served.statistics().connections == 0; }); };
    hit_limit_once();
    REQUIRE(server.log.has("connections_max is 1"));
    const auto told_first = std::chrono::steady_clock::now();
    wait_until([&] {
        until_free();
        hit_limit_once();
        return server.log.count("connections_max is 1") == 2;
    });
    CHECK(std::chrono::steady_clock::now() - told_first > 500ms);
}

TEST_CASE("options that no server could work with are refused by name", "[net][server][limits]")
{
    const auto refusal = [](const server_options& options) -> std::string {
        try {
            const server made{{"127.0.0.1", 0}, "abc", options};
        } catch (const std::invalid_argument& refused) {
            return refused.what();
        }
        return {};
    };
    server_options options;
    CHECK(refusal(options).empty());
    options.outbox_size_max = 0;
    CHECK(refusal(options) == "server_options::outbox_size_max is 0; it must be at least 1");
    options = {};
    options.handshake_timeout = 0ms;
    CHECK_THAT(refusal(options), Catch::Contains("server_options::handshake_timeout is 0"));
    options = {};
    options.backlog = -1;
    CHECK_THAT(refusal(options), Catch::Contains("server_options::backlog is -1"));
    options = {};
    options.pickle.depth_max = 0;
    CHECK_THAT(refusal(options), Catch::Contains("pickle_limits::depth_max is 0"));
}

TEST_CASE("the longest spans mean for ever", "[net][server][limits]")
{
    server_options options;
    options.handshake_timeout = std::chrono::milliseconds::max();
    options.stop_grace = std::chrono::milliseconds::max();
    test_server server{options};
    python_peer peer{server.port()};
    CHECK(peer.open_stream().call("tasks", "qsize") == value{0});
}

namespace {

/// The text of the #TRACEBACK or of the exception that a request gets.
std::string refusal_text(const wire::reply& got)
{
    if (const auto* const traceback = std::get_if<wire::traceback_reply>(&got))
        return traceback->text;
    if (const auto* const exception = std::get_if<wire::exception_reply>(&got))
        return exception->type_name() + ": " + exception->text;
    return {};
}

/// What the server says to `item`, put into "tasks"; it must serve that client as before.
std::string refused(const server_options& options, const value& item, queue_kind kind = queue_kind::fifo)
{
    test_server server{options, {.kind = kind}};
    python_peer peer{server.port()};
    peer.open_stream();
    peer.request("tasks", "put", {item});
    const std::string text = refusal_text(peer.reply());
    CHECK(peer.call("tasks", "qsize") == value{0});
    CHECK(peer.call("tasks", "put", {value{1}}).is_none());
    return text;
}

}  // namespace

TEST_CASE("each limit of what is read of a pickle is an option of the server", "[net][server][limits]")
{
    server_options options;
    SECTION("depth_max") {
        options.pickle.depth_max = 10;
        value nested = value::list({});
        for (int depth = 0; depth < 20; ++depth)
            nested = value::list({nested});
        CHECK_THAT(refused(options, nested), Catch::Contains("depth_max (10)"));
    }
    SECTION("stack_size_max") {
        options.pickle.stack_size_max = 50;
        CHECK_THAT(refused(options, value::tuple(std::vector<value>(100, value{1}))), Catch::Contains("stack_size_max (50)"));
    }
    SECTION("memo_size_max") {
        options.pickle.memo_size_max = 10;
        std::vector<value> memoized;  // by the writer, because each comes twice
        for (int index = 0; index < 20; ++index) {
            const value shared = value::list({index});
            memoized.insert(memoized.end(), {shared, shared});
        }
        CHECK_THAT(refused(options, value::list(memoized)), Catch::Contains("memo_size_max (10)"));
    }
    SECTION("node_count_max") {
        options.pickle.node_count_max = 10;
        CHECK_THAT(refused(options, value::list(std::vector<value>(20, value{1})), queue_kind::priority),
                   Catch::Contains("node_count_max (10)"));
    }
    SECTION("integer_size_max") {
        options.pickle.integer_size_max = 16;
        CHECK_THAT(refused(options, value::list({value::integer_from_decimal(std::string(100, '9'))})),
                   Catch::Contains("integer_size_max octets (16)"));
    }
}

TEST_CASE("objects_max bounds what clients make, and a dropped object makes room", "[net][server][limits]")
{
    server_options options;
    options.objects_max = 2;
    server served{{"127.0.0.1", 0}, "abc", options};
    served.register_queue("tasks");
    served.register_queue_type("Queue");
    served.start();
    const auto create = [&](std::string_view typeid_name) {
        python_peer peer{served.bound_address().port()};
        peer.request({.method = "create", .name = typeid_name});
        return peer.reply();
    };
    const auto first = wire::parse_created(std::get<wire::returned_reply>(create("Queue")).result, {});
    REQUIRE(first);
    REQUIRE(std::holds_alternative<wire::returned_reply>(create("Queue")));
    CHECK_THAT(refusal_text(create("Queue")), Catch::Contains("objects_max (2)"));
    CHECK(std::holds_alternative<wire::returned_reply>(create("tasks")));

    python_peer dropping{served.bound_address().port()};
    dropping.request({.method = "decref", .name = first->ident});
    CHECK(dropping.result().is_none());
    CHECK(std::holds_alternative<wire::returned_reply>(create("Queue")));
}

TEST_CASE("named_queues_max and queue_name_size_max bound get_queue(name)", "[net][server][limits]")
{
    server_options options;
    options.named_queues_max = 1;
    options.queue_name_size_max = 4;
    server served{{"127.0.0.1", 0}, "abc", options};
    served.register_queue_factory("get_queue");
    served.start();
    const auto create = [&](std::string_view name) {
        python_peer peer{served.bound_address().port()};
        const codec::payload argument{value{name}};
        peer.request({.method = "create", .name = "get_queue", .positional = {&argument, 1}});
        return refusal_text(peer.reply());
    };
    CHECK_THAT(create("longer"), Catch::Contains("queue_name_size_max (4)"));
    CHECK(create("one").empty());
    CHECK_THAT(create("two"), Catch::Contains("named_queues_max (1)"));
    CHECK(create("one").empty());
}

namespace {

/// A connection as the server has it, which is in this process.
class served_socket {
public:
    explicit served_socket(std::uint16_t peer_port)
    {
        for (int each = 0; each < 4096; ++each) {
            sockaddr_in peer{};
            socklen_t size = sizeof peer;
            if (::getpeername(each, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_family == AF_INET &&
                ntohs(peer.sin_port) == peer_port)
                number_ = each;
        }
        if (number_ < 0)
            throw std::runtime_error{"the server has no such connection"};
    }
    /// Octets that the kernel has taken so far.
    [[nodiscard]] std::uint64_t written() const
    {
        std::uint64_t known[32]{};  // Linux's tcp_info, which goes on where that of <netinet/tcp.h> ends
        socklen_t size = sizeof known;
        constexpr std::size_t bytes_acked = 120 / sizeof(std::uint64_t);
        int not_acknowledged = 0;
        if (::getsockopt(number_, IPPROTO_TCP, TCP_INFO, known, &size) != 0 || ::ioctl(number_, SIOCOUTQ, &not_acknowledged) != 0)
            throw std::runtime_error{"no statistics of a socket"};
        return known[bytes_acked] + static_cast<std::uint64_t>(not_acknowledged);
    }
    /// True if the kernel takes no more.
    [[nodiscard]] bool is_full() const
    {
        pollfd asked{number_, POLLOUT, 0};
        return ::poll(&asked, 1, 0) == 0;
    }
    /// Octets that have come and that the server has not read.
    [[nodiscard]] int unread() const
    {
        int count = 0;
        ::ioctl(number_, FIONREAD, &count);
        return count;
    }

private:
    int number_ = -1;
};

}  // namespace

TEST_CASE("a client whose unread replies are exactly outbox_size_max is not read ahead", "[net][server][limits]")
{
    using wire::native::operation;
    server_options options;
    options.threads = 1;
    options.outbox_size_max = std::size_t{32} << 20;
    test_server server{options};
    python_peer asking{server.port()};
    asking.open_stream();
    const auto have_turns = [&] {
        for (int i = 0; i < 16; ++i)
            (void)asking.call("tasks", "qsize");
    };
    quaymaster::testing::native_peer producer{server.port()};
    quaymaster::testing::native_peer peer{server.port()};
    const std::uint32_t to = producer.open("tasks");
    const std::uint32_t from = peer.open("tasks");
    constexpr std::size_t head_size = 12;
    // Has `peer` get an item of which the reply is of that size.
    const auto get = [&](std::size_t reply_size) {
        const std::size_t size = reply_size - head_size - 5;
        wire::native::fixed_fields fields;
        fields.add(to).add(std::uint32_t{0}).add(std::uint8_t{'B'}).add(static_cast<std::uint32_t>(size));
        bytes body = to_bytes(fields.view());
        body.resize(body.size() + size);
        producer.send({operation::put, 2}, body);
        REQUIRE(producer.receive(20s).value().code == operation::done);
        wire::native::fixed_fields asked;
        asked.add(from).add(std::uint32_t{0});
        peer.send({operation::get, 3}, asked.view());
        wait_until([&] { return queue_status(asking, "tasks", "depth") == 0; });
    };

    const served_socket served{peer.port()};
    const std::uint64_t before = served.written();
    constexpr std::size_t first = std::size_t{24} << 20;
    get(first);
    std::uint64_t taken = 0;
    wait_until([&] {
        taken = served.written();
        have_turns();
        return served.is_full() && served.written() == taken;
    });
    const std::size_t unsent = first - (taken - before);
    REQUIRE(unsent < options.outbox_size_max - 100);
    get(options.outbox_size_max - unsent);
    constexpr int pings = 1'000;
    for (int i = 0; i < pings; ++i)
        peer.send({operation::ping, 4}, {});
    have_turns();
    REQUIRE(served.written() == taken);
    wait_until([&] { return served.unread() == pings * static_cast<int>(head_size); });
}

TEST_CASE("a consumer may take its time for what was sent ahead, and only for that", "[net][server][limits][native]")
{
    server_options options;
    options.reply_timeout = 300ms;
    const bool asks_something_else = GENERATE(false, true);
    if (asks_something_else)
        options.outbox_size_max = std::size_t{64} << 20;  // or that would not be read
    test_server server{options};
    client_testing::queue_manager producer{server.served.bound_address(), "abc"};
    producer.connect();
    const auto queue = producer.queue<bytes>("tasks");
    constexpr std::size_t count = 24;  // more than sockets hold
    for (std::size_t i = 0; i < count; ++i)
        queue.put(bytes(std::size_t{1} << 20, std::byte(i)));
    if (!asks_something_else) {
        std::size_t next = 0;
        for (const bytes& item : queue.consume(count)) {
            CHECK(item.at(0) == std::byte(next));
            if (next == 0)
                std::this_thread::sleep_for(900ms);  // the work, which takes longer than reply_timeout
            if (++next == count)
                break;
        }
        CHECK(next == count);
        CHECK(server.log.count("reply_timeout") == 0);
    } else {
        using wire::native::operation;
        quaymaster::testing::native_peer peer{server.port()};
        wire::native::fixed_fields asked;
        asked.add(peer.open("tasks")).add(static_cast<std::uint32_t>(count));
        peer.send({operation::consume, 2}, asked.view());
        wait_until([&] { return queue.qsize() == 0; });
        peer.send({operation::ping, 3}, {});
        CHECK(server.log.has("reply_timeout (300 ms)"));
        CHECK(server.log.count("dropped") == 1);
    }
}

TEST_CASE("a consumer that takes all as fast as it comes does not keep others waiting", "[net][server][limits][native]")
{
    using wire::native::operation;
    server_options options;
    options.threads = 1;
    options.outbox_size_max = 64 << 10;  // what a socket takes at once, so that each flush makes room for the next
    test_server server{options};
    client_testing::queue_manager asking{server.served.bound_address(), "abc"};
    asking.connect();
    const auto queue = asking.queue<bytes>("tasks");
    const std::vector<bytes> batch(10'000, bytes(1000));
    constexpr std::size_t batches = 10;
    for (std::size_t i = 0; i < batches; ++i)
        queue.put_many(batch);
    quaymaster::testing::native_peer peer{server.port()};
    wire::native::fixed_fields consume;
    consume.add(peer.open("tasks")).add(static_cast<std::uint32_t>(batches * batch.size()));
    peer.send({operation::consume, 2}, consume.view());
    std::size_t received = 0;
    const auto receive = [&] {
        const auto reply = peer.receive(20s);
        REQUIRE(reply);
        REQUIRE(reply->code == operation::items);
        received += reply->count;
    };
    receive();
    std::atomic<std::size_t> left{0};
    std::thread another{[&] { left = queue.qsize(); }};
    while (received < batches * batch.size())
        receive();
    another.join();
    CHECK(left > 0);
}

TEST_CASE("a put that came in many pieces waits as long as it says from when it is whole", "[net][server][limits][native]")
{
    using wire::native::operation;
    test_server server{{}, {.maxsize = 1}};
    quaymaster::testing::native_peer peer{server.port()};
    const std::uint32_t full = peer.open("tasks");
    const auto put = [&](std::uint32_t timeout, std::size_t size) {
        wire::native::fixed_fields fields;
        fields.add(full).add(timeout).add(std::uint8_t{'B'}).add(static_cast<std::uint32_t>(size));
        bytes body = to_bytes(fields.view());
        body.resize(body.size() + size);
        wire::outbox out;
        wire::native::write_frame(out, {operation::put, 2}, body);
        return quaymaster::testing::contents(out);
    };
    peer.send(put(0, 1));
    REQUIRE(peer.receive(20s).value().code == operation::done);
    const bytes large = put(3, std::size_t{48} << 20);
    for (int i = 0; i < 10; ++i) {
        peer.send(bytes_view{large}.first(large.size() - 1));
        const auto begun = std::chrono::steady_clock::now();
        peer.send(bytes_view{large}.last(1));
        REQUIRE(peer.receive(20s).value().code == operation::raised);
        CHECK(std::chrono::steady_clock::now() - begun >= 3ms);
    }
}

TEST_CASE("an answer that waits behind what was sent ahead is to be fetched in time", "[net][server][limits][native]")
{
    using wire::native::operation;
    server_testing::captured_log log;
    server_options options;
    options.reply_timeout = 300ms;
    options.outbox_size_max = 1;  // so that whatever is unsent is as much as may be
    options.log = log.sink();
    server served{{"127.0.0.1", 0}, "abc", options};
    served.register_queue("streamed");
    served.register_queue("asked");
    served.start();
    client_testing::queue_manager producer{served.bound_address(), "abc"};
    producer.connect();
    const auto streamed = producer.queue<bytes>("streamed");
    const auto asked = producer.queue<int>("asked");

    quaymaster::testing::native_peer peer{served.bound_address().port()};
    wire::native::fixed_fields get;
    get.add(peer.open("asked")).add(wire::native::no_limit);
    peer.send({operation::get, 2}, get.view());
    constexpr std::size_t count = 24;  // more than sockets hold
    wire::native::fixed_fields consume;
    consume.add(peer.open("streamed")).add(static_cast<std::uint32_t>(count));
    peer.send({operation::consume, 3}, consume.view());
    for (std::size_t i = 0; i < count; ++i)
        streamed.put(bytes(std::size_t{1} << 20));
    CHECK(streamed.qsize() > 0);
    std::this_thread::sleep_for(500ms);  // those may wait longer than reply_timeout
    CHECK(log.count("reply_timeout") == 0);
    asked.put(7);
    CHECK(asked.qsize() == 0);
    CHECK(log.has("reply_timeout (300 ms)"));
    CHECK(asked.get(5s) == 7);  // it was never written
}
