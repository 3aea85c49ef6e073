// base_manager: serving, connecting, and what comes in which order.
#include "client_testing.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <stdexcept>

using namespace quaymaster;
using namespace std::chrono_literals;
using client_testing::connected_to;
using client_testing::queue_manager;
using client_testing::short_limits;

TEST_CASE("start() serves in the background and tells the port", "[net][manager]")
{
    queue_manager manager{{"", 0}, "abc", short_limits()};
    manager.serve();
    CHECK(manager.address().port() != 0);
    CHECK(manager.address().host() == "127.0.0.1");

    auto other = connected_to(manager);
    manager.queue<int>().put(5);
    CHECK(other.queue<int>().get(0ms) == 5);
}

TEST_CASE("a manager makes nothing before start() or connect()", "[net][manager]")
{
    queue_manager manager{{"127.0.0.1", 0}, "abc"};
    CHECK_THROWS_AS(manager.queue<int>(), std::logic_error);
}

TEST_CASE("a name that the server does not know is said to be one", "[net][manager]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    auto manager = connected_to(serving);
    try {
        (void)manager.queue<int>("tasks");
        FAIL("found");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "KeyError");
        CHECK(raised.text() == "'tasks': nothing is registered by this name at " + serving.address().to_string());
    }
}

TEST_CASE("a manager starts once, and registers before", "[net][manager]")
{
    queue_manager manager{{"127.0.0.1", 0}, "abc", short_limits()};
    manager.serve();
    CHECK_THROWS_AS(manager.start(), std::logic_error);
    CHECK_THROWS_AS(manager.connect(), std::logic_error);
    CHECK_THROWS_AS(manager.register_queue("late"), std::logic_error);
}

TEST_CASE("a name that is taken or empty makes start() throw", "[net][manager]")
{
    queue_manager manager{{"127.0.0.1", 0}, "abc", short_limits()};
    SECTION("taken") {
        manager.register_queue("twice");
        manager.register_queue("twice");
    }
    SECTION("empty") {
        manager.register_queue("");
    }
    CHECK_THROWS_AS(manager.start(), std::invalid_argument);
}

TEST_CASE("an empty key is for loopback only", "[net][manager]")
{
    queue_manager everywhere{{"", 0}, ""};
    CHECK_THROWS_AS(everywhere.serve(), std::invalid_argument);
    queue_manager here{{"127.0.0.1", 0}, "", short_limits()};
    here.serve();
    here.queue<int>().put(1);
}

TEST_CASE("shutdown() stops a server of one's own and no other", "[net][manager]")
{
    queue_manager manager{{"127.0.0.1", 0}, "abc", short_limits()};
    manager.serve();
    auto client = connected_to(manager);
    client.shutdown();
    client.queue<int>().put(1);

    manager.shutdown();
    manager.shutdown();
    auto options = short_limits();
    options.client.connect_deadline = 100ms;
    queue_manager late{manager.address(), "abc", options};
    CHECK_THROWS_AS(late.connect(), connection_lost);
}

TEST_CASE("proxies may outlive their manager", "[net][manager]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    auto client = std::make_unique<queue_manager>(serving.address(), "abc", short_limits());
    client->connect();
    const auto queue = client->queue<int>();
    client.reset();
    queue.put(1);
    CHECK(queue.get(0ms) == 1);
}

TEST_CASE("queues by name: one factory, as many queues as names", "[net][manager]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.register_queue_factory("get_queue");
    serving.start();
    auto client = connected_to(serving);
    const auto named = [&](const char* name) { return client.create<queue_proxy<int>>("get_queue", name); };
    named("a").put(1);
    named("b").put(2);
    CHECK(named("a").get(0ms) == 1);
    CHECK(named("b").get(0ms) == 2);

    SECTION("with arguments by keyword, too") {
        const queue_proxy<int> bounded{client.create_proxy("get_queue", {"c"}, {{"maxsize", 1}})};
        bounded.put(1);
        CHECK(bounded.full());
    }
}

TEST_CASE("a type makes a queue of its own each time", "[net][manager]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.register_type("Queue");
    serving.register_type("PriorityQueue", queue_kind::priority);
    serving.start();
    auto client = connected_to(serving);
    const auto one = client.create<queue_proxy<int>>("Queue", 1);
    const auto other = client.create<queue_proxy<int>>("Queue");
    one.put(1);
    CHECK(one.full());
    CHECK(other.empty());

    const auto sorted = client.create<queue_proxy<int>>("PriorityQueue");
    for (const int item : {3, 1, 2})
        sorted.put(item);
    for (const int expected : {1, 2, 3})
        CHECK(sorted.get(0ms) == expected);
}

TEST_CASE("a proxy counts once, however often it is copied", "[net][manager]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.register_type("Queue");
    serving.start();
    auto client = connected_to(serving);
    const auto observer = client.queue<int>("Queue");
    const std::string ident = [&] {
        const auto first = client.queue<int>("Queue");
        const auto copy = first;  // NOLINT: the copy is what is tested
        CHECK(copy.ident() == first.ident());
        copy.put(1);
        CHECK(first.get(0ms) == 1);
        return first.ident();
    }();
    CHECK(ident != observer.ident());
    // The server has dropped it: its ident is unknown, while the observer's is not.
    CHECK(observer.qsize() == 0);
}

TEST_CASE("IPv6 and Unix sockets serve as IPv4 does", "[net][manager]")
{
    SECTION("IPv6") {
        queue_manager manager{{"::1", 0}, "abc", short_limits()};
        try {
            manager.serve();
        } catch (const std::exception& missing) {
            WARN("no IPv6 on this machine: " << missing.what());
            return;
        }
        auto client = connected_to(manager);
        client.queue<int>().put(6);
        CHECK(manager.queue<int>().get(0ms) == 6);
    }
    SECTION("Unix") {
        const auto folder = std::filesystem::temp_directory_path() / ("quaymaster-test-" + std::to_string(::getpid()));
        std::filesystem::create_directory(folder);
        {
            queue_manager manager{address::unix_socket((folder / "socket").string()), "abc", short_limits()};
            manager.serve();
            auto client = connected_to(manager);
            client.queue<std::string>().put("unix");
            CHECK(manager.queue<std::string>().get(0ms) == "unix");
        }
        std::filesystem::remove_all(folder);
    }
}
