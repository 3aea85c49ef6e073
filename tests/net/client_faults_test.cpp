// What a client does when its server is wrong, frozen, killed or restarted: an error of a type that says so, never a hang.
#include "client_testing.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;
using client_testing::connected_to;
using client_testing::queue_manager;
using client_testing::server_process;
using client_testing::short_limits;
using client_testing::silent_listener;

namespace {

using clock_type = std::chrono::steady_clock;

manager_options impatient()
{
    manager_options options;
    options.client.connect_deadline = 300ms;
    options.client.reconnect_deadline = 100ms;
    options.client.handshake_deadline = 200ms;
    options.client.call_deadline = 200ms;
    options.client.wait_slice = 200ms;
    options.client.release_deadline = 100ms;
    return options;
}

}  // namespace

TEST_CASE("a wrong key is an authentication_error and disturbs nobody", "[net][client][faults]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    const auto queue = serving.queue<int>();

    queue_manager stranger{serving.address(), "abd", short_limits()};
    CHECK_THROWS_AS(stranger.connect(), authentication_error);
    try {
        stranger.connect();
        FAIL("connected with a wrong key");
    } catch (const authentication_error& refused) {
        CHECK_THAT(refused.what(), !Catch::Contains("abd") && !Catch::Contains("abc"));
    }

    queue.put(1);
    CHECK(queue.get(0ms) == 1);
}

TEST_CASE("connect() waits for a server that is not up yet", "[net][client][faults]")
{
    std::uint16_t port = 0;
    {
        const silent_listener reserved;
        port = reserved.port();
    }
    queue_manager client{{"127.0.0.1", port}, "abc", short_limits()};
    auto connected = std::async(std::launch::async, [&] { client.connect(); });
    // Not a wait for a race: whenever the server comes, connect() must find it.
    CHECK(connected.wait_for(50ms) == std::future_status::timeout);
    queue_manager serving{{"127.0.0.1", port}, "abc", short_limits()};
    serving.serve();
    connected.get();
    client.queue<int>().put(1);
    CHECK(serving.queue<int>().get(0ms) == 1);
}

TEST_CASE("connect() gives up at its deadline", "[net][client][faults]")
{
    SECTION("connection_lost where nobody listens") {
        std::uint16_t port = 0;
        {
            const silent_listener gone;
            port = gone.port();
        }
        queue_manager client{{"127.0.0.1", port}, "abc", impatient()};
        try {
            client.connect();
            FAIL("connected to nobody");
        } catch (const connection_lost& lost) {
            CHECK(lost.cause() == boost::system::errc::connection_refused);
            CHECK_FALSE(lost.may_have_executed());
            CHECK_THAT(lost.what(), Catch::Contains("127.0.0.1:" + std::to_string(port)));
        }
    }
    SECTION("deadline_exceeded where somebody listens and says nothing") {
        const silent_listener silent;
        queue_manager client{{"127.0.0.1", silent.port()}, "abc", impatient()};
        const auto started = clock_type::now();
        CHECK_THROWS_AS(client.connect(), deadline_exceeded);
        CHECK(clock_type::now() - started < 5s);
    }
}

TEST_CASE("connect() with a deadline of zero makes one whole attempt", "[net][client][faults]")
{
    manager_options once = short_limits();
    once.client.connect_deadline = 0ms;
    const bool is_unix = GENERATE(false, true);
    const std::string path = "/tmp/quaymaster-test-" + std::to_string(::getpid()) + "-once";
    std::optional<queue_manager> serving{std::in_place, is_unix ? address::unix_socket(path) : address{"127.0.0.1", 0}, "abc",
                                         short_limits()};
    serving->serve();
    const address served = serving->address();
    queue_manager client{served, "abc", once};
    client.connect();
    client.queue<int>().put(1);
    CHECK(serving->queue<int>().get() == 1);

    serving.reset();
    queue_manager late{served, "abc", once};
    const auto started = clock_type::now();
    CHECK_THROWS_AS(late.connect(), connection_lost);
    CHECK(clock_type::now() - started < 1s);
}

TEST_CASE("a peer that speaks another protocol is an error that says so", "[net][client][faults]")
{
    const silent_listener listener;
    std::jthread impostor{[&] {
        const int connection = listener.accept();
        const char greeting[] = "SSH-2.0-OpenSSH_9.2p1 Debian\r\n";
        (void)!::write(connection, greeting, sizeof greeting - 1);
        char answer[64];
        (void)!::read(connection, answer, sizeof answer);
        ::close(connection);
    }};
    queue_manager client{{"127.0.0.1", listener.port()}, "abc", impatient()};
    CHECK_THROWS_AS(client.connect(), error);
}

TEST_CASE("a call to a frozen server ends with deadline_exceeded", "[net][client][faults][frozen]")
{
    server_process server;
    queue_manager client{server.address(), "abc", impatient()};
    client.connect();
    const auto queue = client.queue<int>();
    queue.put(1);
    server.freeze();
    const auto started = clock_type::now();

    SECTION("a plain call") {
        CHECK_THROWS_AS(queue.qsize(), deadline_exceeded);
    }
    SECTION("a call with a timeout: after timeout and deadline") {
        CHECK_THROWS_AS(queue.get(100ms), deadline_exceeded);
        CHECK(clock_type::now() - started >= 300ms);
    }
    SECTION("a call without limit") {
        CHECK_THROWS_AS(queue.get(), deadline_exceeded);
    }
    SECTION("put") {
        CHECK_THROWS_AS(queue.put(2), deadline_exceeded);
    }
    SECTION("join") {
        CHECK_THROWS_AS(queue.join(), deadline_exceeded);
    }
    SECTION("a new connection") {
        std::thread{[&] { CHECK_THROWS_AS(queue.qsize(), deadline_exceeded); }}.join();
    }
    SECTION("an item larger than the socket's buffers") {
        const auto large = quaymaster::queue_proxy<bytes>{queue};
        CHECK_THROWS_AS(large.put(bytes(std::size_t{60} << 20)), deadline_exceeded);
    }
    CHECK(clock_type::now() - started < 5s);
    server.thaw();
}

TEST_CASE("a call after one that timed out gets its own answer, not the late one", "[net][client][faults][frozen]")
{
    server_process server;
    queue_manager client{server.address(), "abc", impatient()};
    client.connect();
    const auto queue = client.queue<int>();
    queue.put(7);
    server.freeze();
    CHECK_THROWS_AS(queue.qsize(), deadline_exceeded);
    server.thaw();
    CHECK(queue.get(1s) == 7);
}

TEST_CASE("a server that dies during a call is a connection_lost that may have executed", "[net][client][faults]")
{
    server_process server;
    queue_manager client{server.address(), "abc", short_limits()};
    client.connect();
    const auto queue = client.queue<int>();
    std::jthread killer{[&] {
        const proxy status = client.create_proxy("quaymaster_status");
        const auto limit = clock_type::now() + 20s;
        while (status.call("status").repr().find("'waiting_getters': 1") == std::string::npos && clock_type::now() < limit) {
        }
        server.kill();
    }};
    try {
        (void)queue.get();
        FAIL("got an item from a dead server");
    } catch (const connection_lost& lost) {
        CHECK(lost.may_have_executed());
    }
}

TEST_CASE("a proxy of a registered queue outlives a restart of its server", "[net][client][faults][restart]")
{
    auto server = std::make_unique<server_process>();
    const std::uint16_t port = server->port();
    queue_manager client{server->address(), "abc", short_limits()};
    client.connect();
    const auto queue = client.queue<int>();
    queue.put(1);
    CHECK(queue.get(0ms) == 1);

    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        server.reset();
        server = std::make_unique<server_process>(port);
        queue.put(round);
        CHECK(queue.get(0ms) == round);
    }
}

TEST_CASE("a call waits for a server that is being restarted", "[net][client][faults][restart]")
{
    std::optional<queue_manager> serving{std::in_place, address{"127.0.0.1", 0}, "abc", short_limits()};
    serving->serve();
    const address where = serving->address();
    queue_manager client{where, "abc", short_limits()};
    client.connect();
    const auto queue = client.queue<int>();
    queue.put(1);
    serving.reset();

    auto put = std::async(std::launch::async, [&] { queue.put(2); });
    CHECK(put.wait_for(50ms) == std::future_status::timeout);
    serving.emplace(where, "abc", short_limits());
    serving->serve();
    put.get();
    CHECK(queue.get(0ms) == 2);
}

TEST_CASE("an object that a create() made is not made again after a restart", "[net][client][faults][restart]")
{
    std::optional<queue_manager> serving{std::in_place, address{"127.0.0.1", 0}, "abc", short_limits()};
    serving->register_type("make_queue");
    serving->register_type("Queue");
    serving->start();
    const address where = serving->address();
    queue_manager client{where, "abc", short_limits()};
    client.connect();
    const auto queue = client.queue<int>(GENERATE("make_queue", "Queue"));
    serving.emplace(where, "abc", short_limits());
    serving->register_type("make_queue");
    serving->register_type("Queue");
    serving->start();

    // It would be another queue than the one that others hold.
    try {
        queue.put(1);
        FAIL("the ident of an earlier server is still known");
    } catch (const remote_error& unknown) {
        CHECK(unknown.type_name() == "KeyError");
        CHECK(unknown.text().find(queue.ident()) != std::string::npos);
    }
}

TEST_CASE("the first request to a queue after a restart is carried out once, or not at all", "[net][client][native][faults][restart]")
{
    std::optional<queue_manager> serving;
    const auto restart = [&](const address& where) {
        serving.reset();
        serving.emplace(where, "abc", short_limits());
        serving->register_type("make_queue");
        serving->serve();
    };
    restart({"127.0.0.1", 0});
    const address where = serving->address();
    manager_options options = short_limits();
    options.client.dialect = GENERATE(client_dialect::native, client_dialect::python);
    queue_manager client{where, "abc", options};
    client.connect();

    const std::vector<std::function<void(const queue_proxy<int>&)>> requests{
        [](const auto& queue) { queue.put(7); },
        [](const auto& queue) { queue.put_many(std::vector{7}); },
        [](const auto& queue) { (void)queue.get(0ms); },
        [](const auto& queue) { (void)queue.get_many(2, 0ms); },
        [](const auto& queue) {
            for (const int each : queue.consume(2))
                FAIL("it holds " << each);
        },
    };
    SECTION("on one that is there")
    {
        const auto queue = client.queue<int>();
        for (std::size_t i = 0; i < 2; ++i) {
            CAPTURE(i);
            restart(where);
            requests[i](queue);
            CHECK(queue.qsize() == 1);
            CHECK(queue.get(0ms) == 7);
        }
        for (std::size_t i = 2; i < 4; ++i) {
            CAPTURE(i);
            restart(where);
            CHECK_THROWS_AS(requests[i](queue), queue_empty);
        }
    }
    SECTION("on one that is gone")
    {
        const auto gone = client.queue<int>("make_queue");
        restart(where);
        const auto queue = client.queue<int>();
        for (std::size_t i = 0; i < requests.size(); ++i) {
            CAPTURE(i);
            try {
                requests[i](gone);
                FAIL("the ident of an earlier server is still known");
            } catch (const remote_error& unknown) {
                CHECK(unknown.type_name() == "KeyError");
                CHECK(unknown.text().find(gone.ident()) != std::string::npos);
            }
            queue.put(1);  // over the same connection, which it has not harmed
            CHECK(queue.qsize() == 1);
            CHECK(queue.get(0ms) == 1);
        }
    }
}

TEST_CASE("after fork() the child has connections of its own and leaves the counting to its parent", "[net][client][fork]")
{
    server_process server;
    queue_manager client{server.address(), "abc", short_limits()};
    client.connect();
    std::optional queue{client.queue<std::string>()};
    queue->put("parent");
    const pid_t child = ::fork();
    if (child == 0) {
        bool worked = false;
        try {
            queue->put("child");
            queue.reset();
            worked = true;
        } catch (...) {
        }
        ::_exit(worked ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(queue->get(0ms) == "parent");
    CHECK(queue->get(0ms) == "child");
}

TEST_CASE("the end of a proxy whose server is gone throws nothing and waits little", "[net][client][faults]")
{
    server_process server;
    manager_options options = impatient();
    options.client.call_deadline = 30s;  // which is not how long this may take
    queue_manager client{server.address(), "abc", options};
    client.connect();
    std::optional queue{client.queue<int>()};
    const auto started = clock_type::now();
    SECTION("killed") {
        server.kill();
    }
    SECTION("frozen") {
        server.freeze();
    }
    queue.reset();
    CHECK(clock_type::now() - started < 2s);
}

TEST_CASE("a loop over a consume sees what was sent ahead before it hears that the server is gone", "[net][client][faults]")
{
    server_process server;
    queue_manager client{server.address(), "abc", short_limits()};
    client.connect();
    const auto queue = client.queue<int>();
    const std::vector<int> numbers{1, 2, 3, 4, 5, 6, 7, 8};
    REQUIRE(queue.put_many(numbers) == numbers.size());
    std::vector<int> seen;
    try {
        for (const int each : queue.consume(numbers.size())) {
            if (seen.empty())
                server.kill();
            seen.push_back(each);
        }
        FAIL("the range ended as if the queue had been shut down");
    } catch (const connection_lost&) {
    }
    CHECK(seen == numbers);
}

TEST_CASE("what the server raises is told with type, text and traceback", "[net][client][faults]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    auto client = connected_to(serving);
    const auto queue = client.queue<int>();

    SECTION("an exception of the method") {
        try {
            queue.task_done();
            FAIL("one task_done() too many");
        } catch (const remote_error& raised) {
            CHECK(raised.type_name() == "ValueError");
            CHECK(raised.text() == "task_done() called too many times");
        }
        CHECK_THROWS_AS(queue.get(-1s), remote_error);
    }
    SECTION("an unknown typeid") {
        CHECK_THROWS_AS(client.queue<int>("get_nothing"), remote_error);
    }
    SECTION("an unknown method") {
        CHECK_THROWS_AS(queue.call("nonsense"), remote_error);
    }
    queue.put(1);
    CHECK(queue.get(0ms) == 1);
}

TEST_CASE("an item of another type is a conversion_error, and the connection lives on", "[net][client][faults]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    auto client = connected_to(serving);
    const auto text = client.queue<std::string>();
    const auto numbers = client.queue<int>();
    text.put("one");
    CHECK_THROWS_AS(numbers.get(0ms), conversion_error);
    numbers.put(2);
    CHECK(numbers.get(0ms) == 2);
}

TEST_CASE("what a call that gave up had asked for is given to nobody", "[net][client][faults][frozen]")
{
    server_process server;
    queue_manager client{server.address(), "abc", impatient()};
    client.connect();
    const auto queue = client.queue<int>();
    CHECK(queue.empty());
    server.freeze();
    CHECK_THROWS_AS(queue.get(), deadline_exceeded);
    server.thaw();
    // From other threads: this one makes no further call that would end its connection.
    std::async(std::launch::async, [&] { queue.put(7); }).get();
    CHECK(std::async(std::launch::async, [&] { return queue.get(5s); }).get() == 7);
}

TEST_CASE("the child of a fork() leaves the server to its parent", "[net][manager][fork]")
{
    const std::string path = "/tmp/quaymaster-fork-" + std::to_string(::getpid());
    std::optional<queue_manager> serving{std::in_place, address::unix_socket(path), "abc", short_limits()};
    serving->serve();
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);  // a child that hangs fails the test instead of holding it up
        serving->shutdown();
        serving.reset();
        ::_exit(0);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    queue_manager client{address::unix_socket(path), "abc", short_limits()};
    client.connect();
    client.queue<int>().put(1);
    CHECK(serving->queue<int>().get(0ms) == 1);
}

TEST_CASE("options that no client could work with are refused by name", "[net][client]")
{
    const auto refusal = [](const client_options& options) -> std::string {
        manager_options all;
        all.client = options;
        queue_manager client{{"127.0.0.1", 1}, "abc", all};
        try {
            client.connect();
        } catch (const std::invalid_argument& refused) {
            return refused.what();
        } catch (const connection_lost&) {
        }
        return {};
    };
    client_options options;
    options.connect_deadline = 0ms;
    CHECK(refusal(options).empty());
    options.wait_slice = 0ms;
    CHECK(refusal(options) == "client_options::wait_slice is 0; it must be at least 1");
    options = {};
    options.call_deadline = -1ms;
    CHECK_THAT(refusal(options), Catch::Contains("client_options::call_deadline is -1"));
}

TEST_CASE("a client that may wait for ever still calls", "[net][client]")
{
    manager_options for_ever = short_limits();
    for_ever.client.connect_deadline = for_ever.client.reconnect_deadline = for_ever.client.handshake_deadline =
        for_ever.client.call_deadline = for_ever.client.wait_slice = std::chrono::milliseconds::max();
    for_ever.client.keepalive_idle = std::chrono::seconds::max();
    for_ever.client.busy_poll = std::chrono::microseconds::max();
    queue_manager serving{{"127.0.0.1", 0}, "abc", for_ever};
    serving.serve();
    auto client = connected_to(serving, for_ever);
    for (const auto& queue : {serving.queue<int>(), client.queue<int>()}) {
        queue.put(1);
        CHECK(queue.get() == 1);
    }
}
