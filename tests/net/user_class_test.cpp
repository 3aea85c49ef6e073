// Registered C++ classes and functions, called by C++ clients.
#include "client_testing.hpp"

#include <quaymaster/class_definition.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/server.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

using namespace client_testing;
using namespace quaymaster;

namespace {

/// Its callers wait for each other.
class meeting {
public:
    int arrive(int expected)
    {
        std::unique_lock lock{mutex_};
        ++arrived_;
        changed_.notify_all();
        changed_.wait_for(lock, 20s, [&] { return arrived_ >= expected; });
        return arrived_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int arrived_ = 0;
};

class counter {
public:
    explicit counter(int first) : count_{first} {}
    int increment(int by)
    {
        // Unprotected: the server lets in one call at a time.
        const int before = count_;
        std::this_thread::yield();
        return count_ = before + by;
    }
    [[nodiscard]] std::vector<int> digits() const { return {count_ / 10, count_ % 10}; }
    void fail() const { throw std::out_of_range{"too far"}; }

private:
    int count_;
};

int add(int left, int right)
{
    return left + right;
}

struct class_manager : base_manager {
    using base_manager::base_manager;
    void serve()
    {
        register_type("Counter", class_definition<counter>{}
                                     .constructor<int>({{"first", 0}})
                                     .method("increment", &counter::increment, {{"by", 1}})
                                     .method("digits", &counter::digits)
                                     .method("fail", &counter::fail));
        register_type("Meeting", class_definition<meeting>{}.method("arrive", &meeting::arrive).calls_may_overlap());
        register_type("the_counter", class_definition<counter>{}
                                         .instance(std::make_shared<counter>(0))
                                         .method("increment", &counter::increment, {{"by", 1}}));
        register_type("QuickCounter", class_definition<counter>{}
                                          .constructor<int>({{"first", 0}})
                                          .method("increment", &counter::increment, {{"by", 1}})
                                          .method("fail", &counter::fail)
                                          .calls_are_quick());
        register_function("add", add, {{"left"}, {"right", 1}});
        register_queue("get_task_queue");
        start();
    }
};

struct fixture {
    fixture()
    {
        serving.serve();
        connected.emplace(serving.address(), "abc", short_limits());
        connected->connect();
    }
    class_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    std::optional<class_manager> connected;
};

}  // namespace

TEST_CASE_METHOD(fixture, "a C++ client calls a C++ class in a server", "[net][user_class]")
{
    class_manager client{serving.address(), "abc", short_limits()};
    client.connect();
    const proxy counted = client.create_proxy("Counter", {10});
    CHECK(counted.call("increment", {5}) == value{15});
    CHECK(counted.call("increment") == value{16});
    CHECK(counted.call("increment", {}, {{"by", 4}}) == value{20});
    CHECK(counted.call("digits") == value::list({2, 0}));
    CHECK(counted.exposed() == std::vector<std::string>{"digits", "fail", "increment"});
    CHECK(counted.text() == "<Counter object>");
    try {
        (void)counted.call("fail");
        FAIL("it did not throw");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "IndexError");
        CHECK(raised.text() == "too far");
    }
    CHECK_THROWS_AS(client.create_proxy("Counter", {1, 2}), remote_error);
    CHECK_THROWS_AS(client.create_proxy("Counter", {"x"}), remote_error);
    SECTION("each create makes another object")
    {
        CHECK(client.create_proxy("Counter").call("increment") == value{1});
        CHECK(counted.call("increment") == value{21});
    }
    SECTION("a class whose calls are quick is no different")
    {
        const proxy quick = client.create_proxy("QuickCounter", {10});
        CHECK(quick.call("increment", {}, {{"by", 4}}) == value{14});
        CHECK_THROWS_AS(quick.call("fail"), remote_error);
        CHECK_THROWS_AS(client.create_proxy("QuickCounter", {"x"}), remote_error);
        CHECK(quick.call("increment") == value{15});
    }
    SECTION("or finds the one instance")
    {
        CHECK(client.create_proxy("the_counter").call("increment") == value{1});
        CHECK(serving.create_proxy("the_counter").call("increment") == value{2});
    }
}

TEST_CASE_METHOD(fixture, "a method that blocks holds up nobody else", "[net][user_class]")
{
    base_manager& manager = GENERATE(false, true) ? serving : *connected;
    const proxy meeting = manager.create_proxy("Meeting");
    constexpr int people = 6;  // more than there are loops
    std::atomic<int> most{0};
    std::vector<std::thread> arriving;
    for (int i = 0; i < people; ++i)
        arriving.emplace_back(
            [&] { most = std::max(most.load(), static_cast<int>(*meeting.call("arrive", {people}).to_int64())); });
    const auto tasks = manager.create<queue_proxy<int>>("get_task_queue");
    tasks.put(7);
    CHECK(tasks.get() == 7);
    for (std::thread& each : arriving)
        each.join();
    CHECK(most == people);
}

TEST_CASE_METHOD(fixture, "calls of one object take turns, whoever makes them", "[net][user_class]")
{
    base_manager& manager = GENERATE(false, true) ? serving : *connected;
    const proxy counted = manager.create_proxy(GENERATE("Counter", "QuickCounter"));
    constexpr int callers = 4;
    constexpr int calls = 100;
    std::vector<std::thread> calling;
    for (int i = 0; i < callers; ++i)
        calling.emplace_back([&] {
            for (int call = 0; call < calls; ++call)
                (void)counted.call("increment");
        });
    for (std::thread& each : calling)
        each.join();
    CHECK(counted.call("increment", {0}) == value{callers * calls});
}

TEST_CASE("a server that stops answers the calls that run", "[net][user_class][stop]")
{
    struct gate {
        /// Returns when open() is called.
        int pass()
        {
            std::unique_lock lock{mutex};
            ++inside;
            changed.notify_all();
            changed.wait(lock, [this] { return is_open; });
            return 7;
        }
        void wait_for_one_inside()
        {
            std::unique_lock lock{mutex};
            changed.wait(lock, [this] { return inside > 0; });
        }
        void open()
        {
            const std::lock_guard lock{mutex};
            is_open = true;
            changed.notify_all();
        }
        std::mutex mutex;
        std::condition_variable changed;
        int inside = 0;
        bool is_open = false;
    };
    const auto the_gate = std::make_shared<gate>();
    server_options options;
    const bool is_in_time = GENERATE(true, false);
    options.stop_grace = is_in_time ? 20'000ms : 1ms;
    server serving{{"127.0.0.1", 0}, "abc", options};
    serving.register_type("gate", class_definition<gate>{}.instance(the_gate).method("pass", &gate::pass));
    serving.start();
    base_manager client{serving.bound_address(), "abc", short_limits()};
    client.connect();
    const proxy through = client.create_proxy("gate");
    auto passed = std::async(std::launch::async, [&] { return through.call<int>("pass"); });
    the_gate->wait_for_one_inside();
    auto stopped = std::async(std::launch::async, [&] { serving.stop(); });
    if (is_in_time) {
        CHECK(stopped.wait_for(50ms) == std::future_status::timeout);
        the_gate->open();
        CHECK(passed.get() == 7);
    } else {
        CHECK_THROWS_AS(passed.get(), connection_lost);
        the_gate->open();
    }
    stopped.get();
}

TEST_CASE_METHOD(fixture, "a function's result is an object in the server", "[net][user_class]")
{
    CHECK(connected->create_proxy("add", {2, 3}).text() == "5");
    CHECK(connected->create_proxy("add", {2}).text() == "3");
    CHECK(connected->create_proxy("add", {2, 3}).by_value<int>() == 5);
    CHECK_THROWS_AS(connected->create_proxy("add"), remote_error);
}

TEST_CASE("no more calls run at a time than there may be workers", "[net][user_class]")
{
    struct busy {
        int work()
        {
            const int now = ++running;
            std::this_thread::yield();
            --running;
            return now;
        }
        std::atomic<int> running{0};
    };
    manager_options options = short_limits();
    options.server.workers_max = 2;
    base_manager serving{{"127.0.0.1", 0}, "abc", options};
    serving.register_type("Busy", class_definition<busy>{}.method("work", &busy::work).calls_may_overlap());
    serving.start();
    base_manager client{serving.address(), "abc", short_limits()};
    client.connect();
    const proxy shared = client.create_proxy("Busy");
    std::atomic<int> too_many{0};
    std::vector<std::thread> calling;
    for (int i = 0; i < 6; ++i)
        calling.emplace_back([&] {
            for (int call = 0; call < 50; ++call)
                too_many += *shared.call("work").to_int64() > 2 ? 1 : 0;
        });
    for (std::thread& each : calling)
        each.join();
    CHECK(too_many == 0);

    options.server.workers_max = 0;
    base_manager none{{"127.0.0.1", 0}, "abc", options};
    CHECK_THROWS_AS(none.start(), std::invalid_argument);
}
