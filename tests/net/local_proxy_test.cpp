// Proxies of a manager that serves its objects itself: they go straight to them, and wait in the same lines as everybody else.
#include "client_testing.hpp"
#include "server_testing.hpp"

#include <quaymaster/class_definition.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/get_any.hpp>
#include <quaymaster/sync_manager.hpp>

#include <catch2/catch.hpp>
#include <cereal/cereal.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;
using client_testing::connected_to;
using client_testing::queue_manager;
using client_testing::short_limits;
using server_testing::python_peer;
using server_testing::queue_status;
using server_testing::wait_until;

namespace {

using clock_type = std::chrono::steady_clock;

/// What runs on another thread is waited for, for a while, and told what it came to.
template <class Act>
auto elsewhere(Act&& act)
{
    return std::async(std::launch::async, std::forward<Act>(act));
}
template <class T>
T in_time(std::future<T>& future)
{
    if (future.wait_for(20s) != std::future_status::ready)
        throw std::runtime_error{"a call did not come back within 20 seconds"};
    return future.get();
}

class stock {
public:
    explicit stock(int first) : count_{first} {}
    int add(int more) { return count_ += more; }
    int wait_for(int milliseconds)
    {
        ++waiting;
        std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds});
        return count_;
    }
    void fail() const { throw std::out_of_range{"too far"}; }
    [[nodiscard]] std::vector<int> digits() const { return {count_ / 10, count_ % 10}; }

    static inline std::atomic<int> waiting{0};  // calls of wait_for() that have begun

private:
    int count_;
};

/// Its one method is a caller like any other.
class forwarder {
public:
    explicit forwarder(queue_manager*& manager) : manager_{manager} {}
    std::string forward()
    {
        std::string item = manager_->queue<std::string>("get_task_queue").get(20s);
        manager_->queue<std::string>("get_result_queue").put("forwarded " + item);
        return item;
    }

private:
    queue_manager*& manager_;
};

struct served {
    explicit served(queue_options options = {}, manager_options limits = short_limits())
        : manager{{"127.0.0.1", 0}, "abc", std::move(limits)}
    {
        manager.register_sync_types();
        manager.register_type("Stock", class_definition<stock>{}
                                           .constructor<int>({{"first", 0}})
                                           .method("add", &stock::add, {{"more", 1}})
                                           .method("wait_for", &stock::wait_for)
                                           .method("fail", &stock::fail)
                                           .method("digits", &stock::digits));
        manager.register_type("QuickStock", class_definition<stock>{}
                                                .constructor<int>({{"first", 0}})
                                                .method("add", &stock::add, {{"more", 1}})
                                                .method("fail", &stock::fail)
                                                .calls_are_quick());
        manager.register_type(
            "forwarder",
            class_definition<forwarder>{}.instance(std::make_shared<forwarder>(self)).method("forward", &forwarder::forward));
        manager.serve(options);
    }
    served(const served&) = delete;
    served& operator=(const served&) = delete;

    [[nodiscard]] std::uint16_t port() const { return manager.address().port(); }
    /// What the server's status says under `key`, asked from here.
    std::int64_t status(const char* key)
    {
        return manager.create_proxy("quaymaster_status").call("status").find(value{key}).value().to_int64().value();
    }
    std::int64_t of_queue(const char* key, const char* queue = "get_task_queue")
    {
        const value status = manager.create_proxy("quaymaster_status").call("status");
        return status.find(value{"queues"}).value().find(value{queue}).value().find(value{key}).value().to_int64().value();
    }

    queue_manager* self = &manager;
    queue_manager manager;
};

std::size_t open_files()
{
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct job {
    std::string name;
    std::vector<int> sizes;
    template <class Archive>
    void serialize(Archive& archive)
    {
        archive(cereal::make_nvp("name", name), cereal::make_nvp("sizes", sizes));
    }
    bool operator==(const job&) const = default;
};

}  // namespace

TEST_CASE("proxies of a started manager open no connection", "[net][local]")
{
    served here;
    const std::size_t before = open_files();
    const auto queue = here.manager.queue<std::string>();
    queue.put("item");
    CHECK(queue.get(0ms) == "item");
    CHECK_THROWS_AS(queue.get(10ms), queue_empty);
    const auto list = here.manager.create<list_proxy<int>>("list", std::vector<int>{1, 2});
    list.push_back(3);
    CHECK(list.by_value<std::vector<int>>() == std::vector<int>{1, 2, 3});
    CHECK(here.manager.number_of_objects() > 0);
    auto other = elsewhere([&] { return queue.qsize(); });
    CHECK(in_time(other) == 0);
    CHECK(open_files() == before);
    CHECK(here.status("accepted") == 0);
}

TEST_CASE("items go through a local queue as through the network", "[net][local]")
{
    served here;
    auto remote = connected_to(here.manager);
    const auto raw = here.manager.queue<value>();
    const auto far = remote.queue<value>();
    for (const value& each :
         {value{}, value{true}, value{-1}, value{1LL << 40}, value{2.5}, value{""}, value{"\xc3\xa4"},
          value{bytes(300, std::byte{7})}, value::list({1, value{"two"}}), value::dict({{"k", value::tuple({1})}})}) {
        raw.put(each);
        CHECK(far.get(5s) == each);
        far.put(each);
        CHECK(raw.get(5s) == each);
    }
    const auto jobs = here.manager.queue<job>();
    const job first{"first", {1, 2, 3}};
    jobs.put(first);
    CHECK(remote.queue<job>().get(5s) == first);
    const std::string large(3'000'000, 'x');
    here.manager.queue<std::string>().put(large);
    CHECK(here.manager.queue<std::string>().get() == large);

    SECTION("an item of another type is a conversion_error, and gone")
    {
        here.manager.queue<std::string>().put("text");
        CHECK_THROWS_AS(here.manager.queue<int>().get(0ms), conversion_error);
        raw.put(value{300});
        CHECK_THROWS_AS(here.manager.queue<std::int8_t>().get(0ms), conversion_error);
        raw.put(value{1.5});
        CHECK_THROWS_AS(here.manager.queue<int>().get(0ms), conversion_error);
        raw.put(value{bytes(2)});
        CHECK_THROWS_AS(here.manager.queue<std::string>().get(0ms), conversion_error);
        CHECK(raw.empty());
        raw.put(value{true});
        CHECK(here.manager.queue<int>().get(0ms) == 1);
        raw.put(value{7});
        CHECK(here.manager.queue<double>().get(0ms) == 7.0);
    }
    SECTION("many at once")
    {
        const auto numbers = here.manager.queue<int>();
        CHECK(numbers.put_many(std::vector{1, 2, 3, 4}) == 4);
        CHECK(remote.queue<int>().get_many(2, 5s) == std::vector{1, 2});
        CHECK(numbers.get_many(10) == std::vector{3, 4});
        CHECK_THROWS_AS(numbers.get_many(1, 0ms), queue_empty);
        auto waiting = elsewhere([&] { return numbers.get_many(3, 20s); });
        wait_until([&] { return here.of_queue("waiting_getters") == 1; });
        CHECK(remote.queue<int>().put_many(std::vector{5, 6}) == 2);
        std::vector<int> got = in_time(waiting);
        while (got.size() < 2)
            got.push_back(numbers.get(5s));
        CHECK(got == std::vector{5, 6});
        numbers.put_many(std::vector{7, 8});
        numbers.shutdown();
        std::vector<int> consumed;
        for (const int each : numbers.consume(2))
            consumed.push_back(each);
        CHECK(consumed == std::vector{7, 8});
        CHECK_THROWS_AS(numbers.put(9), queue_shut_down);
        CHECK_THROWS_AS(numbers.get(), queue_shut_down);
    }
}

TEST_CASE("put_many() into a bounded local queue says how many are in", "[net][local]")
{
    served here{{queue_kind::fifo, 2}};
    const auto numbers = here.manager.queue<int>();
    CHECK(numbers.put_many(std::vector{1, 2, 3}, 0ms) == 2);
    CHECK_THROWS_AS(numbers.put_many(std::vector{3}, 10ms), queue_full);
    auto waiting = elsewhere([&] { return numbers.put_many(std::vector{3, 4, 5}, 20s); });
    std::vector<int> got;
    while (got.size() < 5)
        got.push_back(numbers.get(20s));
    CHECK(got == std::vector{1, 2, 3, 4, 5});
    CHECK(in_time(waiting) == 3);
}

TEST_CASE("a local get() is woken by a remote put(), and the other way round", "[net][local]")
{
    served here;
    const auto queue = here.manager.queue<std::string>();

    SECTION("by a client of the native dialect")
    {
        auto remote = connected_to(here.manager);
        const auto far = remote.queue<std::string>();
        auto waiting = elsewhere([&] { return queue.get(20s); });
        wait_until([&] { return here.of_queue("waiting_getters") == 1; });
        far.put("from afar");
        CHECK(in_time(waiting) == "from afar");
        auto back = elsewhere([&] { return far.get(20s); });
        wait_until([&] { return here.of_queue("waiting_getters") == 1; });
        queue.put("from here");
        CHECK(in_time(back) == "from here");
    }
    SECTION("by a client of Python's dialect")
    {
        python_peer peer{here.port()};
        peer.open_stream();
        auto waiting = elsewhere([&] { return queue.get(); });
        wait_until([&] { return here.of_queue("waiting_getters") == 1; });
        (void)peer.call("get_task_queue", "put", {value{"from Python"}});
        CHECK(in_time(waiting) == "from Python");
        // A scalar comes decoded to who waits already.
        const auto numbers = here.manager.queue<int>();
        auto number = elsewhere([&] { return numbers.get(); });
        wait_until([&] { return here.of_queue("waiting_getters") == 1; });
        (void)peer.call("get_task_queue", "put", {value{41}});
        CHECK(in_time(number) == 41);
        peer.request("get_task_queue", "get");
        wait_until([&] { return here.of_queue("waiting_getters") == 1; });
        queue.put("to Python");
        CHECK(peer.result() == value{"to Python"});
    }
    SECTION("by another thread")
    {
        auto waiting = elsewhere([&] { return queue.get(); });
        wait_until([&] { return here.of_queue("waiting_getters") == 1; });
        queue.put("from beside");
        CHECK(in_time(waiting) == "from beside");
    }
}

TEST_CASE("local and remote getters are served first come, first served", "[net][local]")
{
    served here;
    auto remote = connected_to(here.manager);
    const auto queue = here.manager.queue<int>();
    const auto far = remote.queue<int>();
    std::vector<std::future<int>> waiting;
    const auto stand = [&](auto& where) {
        waiting.push_back(elsewhere([&] { return where.get(20s); }));
        wait_until([&] { return here.of_queue("waiting_getters") == static_cast<std::int64_t>(waiting.size()); });
    };
    stand(queue);
    stand(far);
    stand(queue);
    stand(far);
    for (int i = 0; i < 4; ++i)
        (i % 2 == 0 ? far : queue).put(i);
    for (int i = 0; i < 4; ++i)
        CHECK(in_time(waiting[static_cast<std::size_t>(i)]) == i);
}

TEST_CASE("a local put() waits for room, and its time-outs are kept", "[net][local]")
{
    served here{{queue_kind::fifo, 1}};
    const auto queue = here.manager.queue<int>();
    queue.put(1);
    const auto began = clock_type::now();
    CHECK_THROWS_AS(queue.put(2, 0ms), queue_full);
    CHECK_THROWS_AS(queue.put_nowait(2), queue_full);
    CHECK(clock_type::now() - began < 5s);
    CHECK_THROWS_AS(queue.put(2, 30ms), queue_full);
    CHECK(clock_type::now() - began >= 30ms);
    CHECK(here.of_queue("waiting_putters") == 0);
    auto waiting = elsewhere([&] { queue.put(2); });
    wait_until([&] { return here.of_queue("waiting_putters") == 1; });
    CHECK(queue.get() == 1);
    in_time(waiting);
    CHECK(queue.get(0ms) == 2);
    const auto empty_since = clock_type::now();
    CHECK_THROWS_AS(queue.get(30ms), queue_empty);
    CHECK(clock_type::now() - empty_since >= 30ms);
    CHECK_THROWS_AS(queue.get_nowait(), queue_empty);
    CHECK(here.of_queue("waiting_getters") == 0);
    for (const auto timeout : {-1ms, std::chrono::milliseconds::min()}) {
        CHECK_THROWS_AS(queue.get(timeout), remote_error);
        CHECK_THROWS_AS(queue.put(1, timeout), remote_error);
    }
    queue.put(3, std::chrono::milliseconds::max());
    CHECK(queue.get(std::chrono::milliseconds::max()) == 3);
}

TEST_CASE("join() of a local queue waits for its task_done()", "[net][local]")
{
    served here;
    const auto queue = here.manager.queue<int>();
    queue.join();
    queue.put(1);
    auto waiting = elsewhere([&] { queue.join(); });
    wait_until([&] { return here.of_queue("waiting_joiners") == 1 || waiting.wait_for(0s) == std::future_status::ready; });
    CHECK(waiting.wait_for(0s) == std::future_status::timeout);
    CHECK(queue.get() == 1);
    queue.task_done();
    in_time(waiting);
    try {
        queue.task_done();
        FAIL("one task_done() too many");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "ValueError");
        CHECK(raised.text() == "task_done() called too many times");
        CHECK(raised.traceback().empty());
    }
}

TEST_CASE("a priority queue orders local items, and refuses those that do not compare", "[net][local]")
{
    manager_options limits = short_limits();
    limits.server.pickle.depth_max = 5;
    served here{{queue_kind::priority, 0}, limits};
    const auto queue = here.manager.queue<std::pair<int, std::string>>();
    queue.put({2, "b"});
    queue.put({1, "a"});
    CHECK(queue.get().second == "a");
    CHECK(queue.get().second == "b");
    const auto raw = here.manager.queue<value>();
    raw.put(value{1});
    try {
        raw.put(value{"text"});
        FAIL("an int and a str do not compare");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "TypeError");
    }
    value deep = value::list({});
    for (int i = 0; i < 10; ++i)
        deep = value::list({deep});
    try {
        raw.put(deep);
        FAIL("it is deeper than the server reads");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "_pickle.UnpicklingError");
    }
    CHECK(raw.qsize() == 1);
}

TEST_CASE("what a local call raises is what a client would get", "[net][local]")
{
    served here;
    auto remote = connected_to(here.manager);
    const auto refusal = [](auto&& call) -> std::vector<std::string> {
        try {
            call();
        } catch (const remote_error& raised) {
            return {raised.type_name(), raised.text(), raised.traceback()};
        }
        return {};
    };
    const auto compare = [&](auto&& make) {
        const auto near = refusal([&] { make(here.manager); });
        const auto far = refusal([&] { make(remote); });
        CHECK(!near.empty());
        CHECK(near == far);
    };
    compare([](queue_manager& manager) { (void)manager.queue<int>("get_nothing"); });
    compare([](queue_manager& manager) { (void)manager.queue<int>().call("nonsense"); });
    compare([](queue_manager& manager) { (void)manager.queue<int>().call("get", {}, {{"wrong", 1}}); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("list").call("__getitem__", {5}); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("dict").call("__getitem__", {"key"}); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("dict").call("__getitem__", {7}); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("Lock").call("release"); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("Lock").call("#GETVALUE"); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("list", {1}); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("Stock").call("fail"); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("QuickStock").call("fail"); });
    compare([](queue_manager& manager) { (void)manager.create_proxy("Stock").call("add", {"x"}); });
    CHECK_THROWS_AS(here.manager.create_proxy("list").call("__getitem__", {0}), remote_error);
}

TEST_CASE("containers and their iterators are called in place", "[net][local]")
{
    served here;
    auto remote = connected_to(here.manager);
    const auto dict = here.manager.create<dict_proxy<std::string, int>>("dict", std::map<std::string, int>{{"a", 1}});
    dict.set("b", 2);
    CHECK(dict.at("a") == 1);
    CHECK(dict.by_value<std::map<std::string, int>>() == std::map<std::string, int>{{"a", 1}, {"b", 2}});
    CHECK(dict.text() == "{'a': 1, 'b': 2}");
    const auto list = here.manager.create<list_proxy<std::string>>("list");
    list.push_back("x");
    list.push_back("y");
    std::vector<std::string> seen;
    for (const std::string& each : list)
        seen.push_back(each);
    CHECK(seen == std::vector<std::string>{"x", "y"});
    const std::size_t objects = here.manager.number_of_objects();
    {
        const proxy iterator = dict.call<proxy>("__iter__");
        CHECK(here.manager.number_of_objects() == objects + 1);
        CHECK(iterator.call("__next__") == value{"a"});
        CHECK_THROWS_AS(dict.call("__iter__"), error);  // nobody wants it: it is gone again
    }
    CHECK(here.manager.number_of_objects() == objects);
    // What has been handed out does not change with its container.
    const value before = list.by_value();
    list.push_back("z");
    CHECK(before == value::list({value{"x"}, value{"y"}}));
    const auto first = here.manager.create_proxy("list", {value::list({1, 2})});
    const auto second = here.manager.create_proxy("list", {value::list({3})});
    first.call<void>("extend", second);
    CHECK(first.by_value() == value::list({1, 2, 3}));
}

TEST_CASE("proxies inside local data keep their objects", "[net][local]")
{
    served here;
    auto remote = connected_to(here.manager);
    const auto tasks = here.manager.create<queue_proxy<value>>("get_task_queue");
    const std::size_t before = here.manager.number_of_objects();
    {
        const auto sent = here.manager.create<list_proxy<int>>("list", std::vector<int>{1, 2});
        tasks.put(sent.pickled());
    }
    CHECK(here.manager.number_of_objects() == before + 1);
    {
        const auto got = tasks.rebuild<list_proxy<int>>(tasks.get());
        CHECK(got.by_value<std::vector<int>>() == std::vector<int>{1, 2});
        tasks.put(got.pickled());
    }
    {
        const auto far = remote.create<queue_proxy<value>>("get_task_queue");
        const auto got = far.rebuild<list_proxy<int>>(far.get());
        got.push_back(3);
        CHECK(got.by_value<std::vector<int>>() == std::vector<int>{1, 2, 3});
        far.put(got.pickled());
    }
    {
        const auto got = tasks.rebuild<list_proxy<int>>(tasks.get());
        const auto home = here.manager.create_proxy("list");
        home.call<void>("append", got);
        const proxy same = home.call<proxy>("__getitem__", 0);
        CHECK(same.ident() == got.ident());
    }
    // Whoever was handed a proxy has a while to count on its object; then nobody holds it any more.
    CHECK(here.manager.number_of_objects() >= before);
}

TEST_CASE("what only local data held goes without anybody calling", "[net][local]")
{
    manager_options limits = short_limits();
    limits.server.handover_grace = 50ms;
    served here{{}, limits};
    const auto tasks = here.manager.create<queue_proxy<value>>("get_task_queue");
    python_peer peer{here.port()};
    peer.open_stream();
    const auto objects = [&] {
        return peer.call("quaymaster_status", "status").find(value{"objects"}).value().to_int64().value();
    };
    const std::int64_t before = objects();
    {
        const auto sent = here.manager.create<list_proxy<int>>("list");
        tasks.put(sent.pickled());
    }
    (void)tasks.get();
    wait_until([&] { return objects() <= before; });
}

TEST_CASE("locks are owned per thread by local callers", "[net][local]")
{
    served here;
    auto remote = connected_to(here.manager);
    const auto rlock = here.manager.create<lock_proxy>("RLock");
    rlock.lock();
    rlock.lock();
    auto other = elsewhere([&] { return rlock.try_lock(); });
    CHECK_FALSE(in_time(other));
    auto wrong = elsewhere([&] {
        try {
            rlock.release();
        } catch (const remote_error& raised) {
            return raised.type_name();
        }
        return std::string{};
    });
    CHECK(!in_time(wrong).empty());
    rlock.unlock();
    auto still = elsewhere([&] { return rlock.try_lock_for(20ms); });
    CHECK_FALSE(in_time(still));
    auto waiting = elsewhere([&] {
        rlock.lock();
        return true;
        // The thread ends, and with it what it owns.
    });
    rlock.unlock();
    CHECK(in_time(waiting));
    CHECK(rlock.try_lock_for(20s));
    rlock.unlock();

    SECTION("a condition's wait() and notify() go between local and remote callers")
    {
        const auto condition = here.manager.create<condition_proxy>("Condition");
        const auto tasks = here.manager.create<queue_proxy<value>>("get_task_queue");
        tasks.put(condition.pickled());
        const auto far_tasks = remote.create<queue_proxy<value>>("get_task_queue");
        const auto far = far_tasks.rebuild<condition_proxy>(far_tasks.get());
        std::atomic<bool> is_waiting{false};
        auto sleeper = elsewhere([&] {
            const std::lock_guard held{condition};
            is_waiting = true;
            return condition.wait_for(20s);
        });
        wait_until([&] { return is_waiting.load(); });
        {
            const std::lock_guard held{far};  // to be had only once it sleeps
            far.notify_all();
        }
        CHECK(in_time(sleeper));
        const std::lock_guard held{condition};
        CHECK_FALSE(condition.wait_for(20ms));
    }
    SECTION("events and semaphores wake local callers")
    {
        const auto event = here.manager.create<event_proxy>("Event");
        auto sleeper = elsewhere([&] { return event.wait_for(20s); });
        CHECK_FALSE(event.wait_for(10ms));
        event.set();
        CHECK(in_time(sleeper));
        const auto semaphore = here.manager.create<semaphore_proxy>("Semaphore", 0);
        auto acquirer = elsewhere([&] { return semaphore.try_acquire_for(20s); });
        semaphore.release();
        CHECK(in_time(acquirer));
    }
}

TEST_CASE("methods of registered classes run where they did, and a local caller waits for them", "[net][local]")
{
    served here;
    const proxy counted = here.manager.create_proxy("Stock", {10});
    CHECK(counted.call("add", {5}) == value{15});
    CHECK(counted.call("add", {}, {{"more", 4}}) == value{19});
    CHECK(counted.call("digits") == value::list({1, 9}));
    CHECK(counted.call("wait_for", {20}) == value{19});
    const proxy quick = here.manager.create_proxy("QuickStock", {1});
    CHECK(quick.call("add") == value{2});
    CHECK_THROWS_AS(here.manager.create_proxy("Stock", {"x"}), remote_error);

    SECTION("a method may call this server")
    {
        const proxy forwarding = here.manager.create_proxy("forwarder");
        auto called = elsewhere([&] { return forwarding.call<std::string>("forward"); });
        here.manager.queue<std::string>().put("item");
        CHECK(in_time(called) == "item");
        CHECK(here.manager.queue<std::string>("get_result_queue").get(20s) == "forwarded item");
    }
}

TEST_CASE("a local call of a method that takes too long is given up", "[net][local]")
{
    manager_options limits = short_limits();
    limits.client.call_deadline = 50ms;
    served here{{}, limits};
    const proxy counted = here.manager.create_proxy("Stock", {10});
    CHECK_THROWS_AS(counted.call("wait_for", {300}), deadline_exceeded);
    // Its late result is not taken for the next call's.
    const auto queue = here.manager.queue<std::string>();
    CHECK_THROWS_AS(queue.get(400ms), queue_empty);
    queue.put("item");
    CHECK(queue.get() == "item");
}

TEST_CASE("get_any() of local queues, and of local and remote ones", "[net][local][select]")
{
    served here;
    auto remote = connected_to(here.manager);
    const auto a = here.manager.queue<int>("get_task_queue");
    const auto b = here.manager.queue<int>("get_result_queue");
    CHECK_THROWS_AS(get_any({a, b}, 10ms), queue_empty);
    b.put(1);
    CHECK(get_any({a, b}).index == 1);
    auto waiting = elsewhere([&] { return get_any({a, b}, 20s).item; });
    wait_until([&] { return here.of_queue("waiting_getters") == 1; });
    remote.queue<int>("get_result_queue").put(2);
    CHECK(in_time(waiting) == 2);
    a.put(3);
    CHECK(get_any({a, remote.queue<int>("get_result_queue")}).item == 3);
}

TEST_CASE("shutdown() wakes local callers that wait, whatever for", "[net][local][stop]")
{
    manager_options limits = short_limits();
    limits.server.stop_grace = 200ms;
    std::optional<served> here{std::in_place, queue_options{queue_kind::fifo, 1}, limits};
    const auto full = here->manager.queue<int>("get_task_queue");
    const auto empty = here->manager.queue<int>("get_result_queue");
    const auto lock = here->manager.create<lock_proxy>("Lock");
    const auto event = here->manager.create<event_proxy>("Event");
    const proxy counted = here->manager.create_proxy("Stock", {10});
    full.put(1);
    lock.lock();
    std::atomic<int> begun{0};
    stock::waiting = 0;
    const auto lost = [&begun](auto act) {
        return elsewhere([&begun, act] {
            ++begun;
            try {
                act();
            } catch (const connection_lost&) {
                return true;
            }
            return false;
        });
    };
    std::vector<std::future<bool>> waiting;
    waiting.push_back(lost([&] { full.put(2); }));
    waiting.push_back(lost([&] { (void)empty.get(); }));
    waiting.push_back(lost([&] { full.join(); }));
    waiting.push_back(lost([&] { lock.lock(); }));
    waiting.push_back(lost([&] { event.wait(); }));
    waiting.push_back(lost([&] { (void)get_any({empty}); }));
    waiting.push_back(lost([&] { (void)counted.call("wait_for", {1000}); }));
    wait_until([&] {
        return begun == 7 && stock::waiting > 0 && here->of_queue("waiting_putters") == 1 &&
               here->of_queue("waiting_joiners") == 1 && here->of_queue("waiting_getters", "get_result_queue") == 2;
    });
    here->manager.shutdown();
    for (auto& each : waiting)
        CHECK(in_time(each));

    // Proxies outlive the server, and the manager.
    try {
        full.put(3);
        FAIL("the server has stopped");
    } catch (const connection_lost& stopped) {
        CHECK_FALSE(stopped.may_have_executed());
    }
    CHECK_THROWS_AS(counted.call("add"), connection_lost);
    CHECK_THROWS_AS(here->manager.queue<int>(), connection_lost);
    here.reset();
    CHECK_THROWS_AS(empty.get(0ms), connection_lost);
    auto never_called = elsewhere([&] {
        try {
            (void)empty.get(0ms);
        } catch (const connection_lost&) {
            return true;
        }
        return false;
    });
    CHECK(in_time(never_called));
}

TEST_CASE("a method's result is waited for when the server stops", "[net][local][stop]")
{
    served here;
    const proxy counted = here.manager.create_proxy("Stock", {10});
    stock::waiting = 0;
    auto called = elsewhere([&] { return counted.call<int>("wait_for", 300); });
    wait_until([] { return stock::waiting == 1; });
    here.manager.shutdown();
    CHECK(in_time(called) == 10);
}

TEST_CASE("local and remote callers share queues without losing an item", "[net][local][stress]")
{
    constexpr int each_count = 2'000;
    constexpr int pairs = 3;
    served here{{queue_kind::fifo, 8}};
    auto remote = connected_to(here.manager);
    const auto queue = here.manager.queue<int>();
    const auto far = remote.queue<int>();
    std::vector<std::future<std::int64_t>> getters;
    std::vector<std::future<void>> putters;
    for (int i = 0; i < pairs; ++i) {
        const auto& where = i == 0 ? far : queue;
        putters.push_back(elsewhere([&where, i] {
            for (int n = 0; n < each_count; ++n)
                where.put(i * each_count + n, 20s);
        }));
        const auto& from = i == 1 ? far : queue;
        getters.push_back(elsewhere([&from] {
            std::int64_t sum = 0;
            for (int n = 0; n < each_count; ++n) {
                for (;;) {
                    try {
                        sum += from.get(1ms);
                        break;
                    } catch (const queue_empty&) {
                    }
                }
            }
            return sum;
        }));
    }
    for (auto& each : putters)
        in_time(each);
    std::int64_t sum = 0;
    for (auto& each : getters)
        sum += in_time(each);
    const std::int64_t last = std::int64_t{pairs} * each_count - 1;
    CHECK(sum == last * (last + 1) / 2);
    CHECK(queue.empty());
}

TEST_CASE("threads that come and go leave nothing behind", "[net][local]")
{
    served here;
    const auto queue = here.manager.queue<int>();
    for (int i = 0; i < 50; ++i)
        std::thread{[&] { queue.put(i); }}.join();
    for (int i = 0; i < 50; ++i)
        CHECK(queue.get(0ms) == i);
    // One that calls several servers, one after the other.
    for (int i = 0; i < 3; ++i) {
        served another;
        another.manager.queue<int>().put(i);
        queue.put(i);
        CHECK(another.manager.queue<int>().get(0ms) == i);
        CHECK(queue.get(0ms) == i);
    }
}

TEST_CASE("a thread that calls one stopped server after another is told so by each", "[net][local][stop]")
{
    served one;
    served other;
    const auto of_one = one.manager.queue<int>();
    of_one.put(1);
    // Made by another thread, so that this one is nobody yet to the other server.
    auto made = elsewhere([&] { return other.manager.queue<int>(); });
    const auto of_other = in_time(made);
    one.manager.shutdown();
    other.manager.shutdown();
    // The first call of the other server forgets who this thread was to the one; only a sanitizer sees all that may go wrong then.
    CHECK_THROWS_AS(of_other.put(2), connection_lost);
    CHECK_THROWS_AS(of_one.put(3), connection_lost);
    CHECK_THROWS_AS(of_other.put(4), connection_lost);
}

TEST_CASE("in the child of a fork() the proxies of a started manager go over the network", "[net][local][fork]")
{
    served here;
    std::optional queue{here.manager.queue<std::string>()};
    queue->put("parent");
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        bool worked = false;
        try {
            worked = queue->get(5s) == "parent";
            queue->put("child");
            here.manager.queue<std::string>("get_result_queue").put("made by the child");
            here.manager.create<list_proxy<int>>("list").push_back(1);
            queue.reset();
        } catch (...) {
            worked = false;
        }
        ::_exit(worked ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(queue->get(5s) == "child");
    CHECK(here.manager.queue<std::string>("get_result_queue").get(0ms) == "made by the child");
}

TEST_CASE("who was served before a local call failed is told all the same", "[net][local]")
{
    manager_options limits = short_limits();
    limits.server.pickle.node_count_max = 10;
    served here{{queue_kind::priority, 0}, limits};
    python_peer asking{here.port()};
    asking.open_stream();
    python_peer getter{here.port()};
    getter.open_stream();
    getter.request("get_task_queue", "get");
    wait_until([&] { return queue_status(asking, "get_task_queue", "waiting_getters") == 1; });
    const value unreadable = value::list(std::vector<value>(20, value{1}));
    try {
        here.manager.queue<value>().put_many(std::vector{value{1}, unreadable});
        FAIL("it has more nodes than the server reads");
    } catch (const remote_error& raised) {
        CHECK(raised.type_name() == "_pickle.UnpicklingError");
    }
    CHECK(getter.result() == value{1});  // without another call of this thread's
}
