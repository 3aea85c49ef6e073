// get_any(): one of several queues serves a caller, whatever happens at the same time.
#include "client_testing.hpp"
#include "scripted_server.hpp"
#include "server_testing.hpp"

#include <quaymaster/get_any.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
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

const std::vector<std::string> names{"a", "b", "c"};

/// A server on four loops with the queues a, b and c.
struct three_queues {
    explicit three_queues(queue_options options = {}) : manager{{"127.0.0.1", 0}, "abc", on_loops(4)}
    {
        for (const std::string& name : names)
            manager.register_queue(name, options);
        manager.start();
        client.emplace(connected_to(manager));
    }
    static manager_options on_loops(std::size_t threads)
    {
        auto options = short_limits();
        options.server.threads = threads;
        return options;
    }
    template <class T>
    std::vector<queue_proxy<T>> all()
    {
        std::vector<queue_proxy<T>> queues;
        for (const std::string& name : names)
            queues.push_back(client->queue<T>(name));
        return queues;
    }
    [[nodiscard]] std::uint16_t port() const { return manager.address().port(); }
    /// How many stand in the lines of the three.
    std::int64_t getters()
    {
        python_peer asking{port()};
        asking.open_stream();
        std::int64_t sum = 0;
        for (const std::string& name : names)
            sum += queue_status(asking, name, "waiting_getters");
        return sum;
    }

    queue_manager manager;
    std::optional<queue_manager> client;  // of the server
};

codec::payload idents()
{
    return value::list({value{"a"}, value{"b"}, value{"c"}});
}

/// (who put it, which of its puts to that queue).
using numbered = std::pair<int, int>;

}  // namespace

TEST_CASE("get_any() takes the next item of the first queue that has one", "[net][select]")
{
    three_queues served;
    auto client = connected_to(served.manager);
    const auto a = client.queue<std::string>("a");
    const auto b = client.queue<std::string>("b");
    b.put("first of b");
    b.put("second of b");
    a.put("of a");

    const auto first = get_any({a, b}, 5s);
    CHECK(first.index == 0);
    CHECK(first.item == "of a");
    const auto [index, item] = get_any({a, b});
    CHECK(index == 1);
    CHECK(item == "first of b");
    CHECK(get_any(std::vector{b, a}, 0ms).index == 0);
    CHECK_THROWS_AS(get_any(std::array{&a, &b}, 0ms), queue_empty);

    const std::string large(3'000'000, 'x');
    b.put(large);
    CHECK(get_any({a, b}).item == large);
    const auto raw_a = client.queue<value>("a");
    const auto raw_b = client.queue<value>("b");
    for (const value& each : {value{}, value{true}, value{-1.5}, value::dict({{"k", value::list({1})}})}) {
        raw_b.put(each);
        CHECK(get_any({raw_a, raw_b}).item == each);
    }
    // An item of the wrong type has left its queue, as with get().
    raw_a.put(7);
    CHECK_THROWS_AS(get_any({a, b}), conversion_error);
    CHECK(a.empty());
}

TEST_CASE("get_any() waits for the first item of any queue", "[net][select]")
{
    three_queues served;
    auto client = connected_to(served.manager);
    const auto queues = served.all<int>();
    const bool in_slices = GENERATE(false, true);
    auto options = short_limits();
    options.client.wait_slice = in_slices ? 20ms : 10'000ms;
    for (const std::size_t which : {2U, 0U, 1U}) {
        std::optional<any_item<int>> got;
        std::thread waiting{[&] {
            auto impatient = connected_to(served.manager, options);
            const auto a = impatient.queue<int>("a");
            const auto b = impatient.queue<int>("b");
            const auto c = impatient.queue<int>("c");
            got = get_any({a, b, c});
        }};
        wait_until([&] { return served.getters() == 3; });
        if (in_slices)
            std::this_thread::sleep_for(100ms);
        queues[which].put(static_cast<int>(which) + 10);
        waiting.join();
        REQUIRE(got);
        CHECK(got->index == which);
        CHECK(got->item == static_cast<int>(which) + 10);
        CHECK(served.getters() == 0);
    }
}

TEST_CASE("a timeout of get_any() is kept, and never early", "[net][select]")
{
    three_queues served;
    auto options = short_limits();
    options.client.wait_slice = GENERATE(60ms, 10'000ms);
    auto client = connected_to(served.manager, options);
    const auto a = client.queue<int>("a");
    const auto b = client.queue<int>("b");
    const auto started = clock_type::now();
    CHECK_THROWS_AS(get_any({a, b}, 200ms), queue_empty);
    const auto taken = clock_type::now() - started;
    CHECK(taken >= 200ms);
    CHECK(taken < 10s);
    CHECK(served.getters() == 0);
    CHECK_THROWS_AS(get_any({a, b}, -1ms), remote_error);
    a.put(1);
    CHECK(get_any({a, b}, 200ms).item == 1);
}

TEST_CASE("get_any() passes over queues that are shut down until all are", "[net][select]")
{
    three_queues served;
    const auto queues = served.all<int>();
    queues[0].put(1);
    queues[0].shutdown();
    CHECK(get_any(queues).item == 1);
    std::thread ending{[&] {
        wait_until([&] { return served.getters() == 2; });
        queues[1].shutdown();
        queues[2].put(2);
    }};
    CHECK(get_any(queues, 10s).item == 2);
    ending.join();
    std::thread ending_all{[&] {
        wait_until([&] { return served.getters() == 1; });
        queues[2].shutdown();
    }};
    CHECK_THROWS_AS(get_any(queues, 10s), queue_shut_down);
    ending_all.join();
    CHECK_THROWS_AS(get_any(queues, 0ms), queue_shut_down);
}

TEST_CASE("get_any() says what it cannot do", "[net][select]")
{
    three_queues served;
    const auto queues = served.all<int>();
    CHECK_THROWS_AS(get_any(std::vector<queue_proxy<int>>{}), std::invalid_argument);
    CHECK_THROWS_AS(get_any(std::vector(1025, queues.front()), 0ms), remote_error);
    CHECK_THROWS_AS(get_any(std::vector(1024, queues.front()), 0ms), queue_empty);

    three_queues another;
    CHECK_THROWS_WITH(get_any({queues[0], another.manager.queue<int>("a")}, 0ms),
                      Catch::StartsWith("get_any() needs queues of one server, not of 127.0.0.1:"));

    const client_testing::scripted_server cpython{[](const client_testing::scripted_call& call) {
        return client_testing::scripted_traceback{wire::builtin_exception("KeyError", call.ident)};
    }};
    auto client = connected_to<queue_manager>(cpython);
    const auto queue = client.queue<int>("a");
    CHECK_THROWS_WITH(get_any({queue}, 5s), Catch::Contains("cannot wait for several queues at once") &&
                                                Catch::Contains("get(0ms)") && Catch::Contains(cpython.address().to_string()));
}

TEST_CASE("get_any() finds its queues again after a restart of the server", "[net][select]")
{
    const auto serve = [](queue_manager& manager) {
        manager.register_queue_factory("get_queue");
        manager.start();
    };
    std::optional<queue_manager> serving;
    serve(serving.emplace(address{"127.0.0.1", 0}, "abc", short_limits()));
    const auto port = serving->address().port();
    queue_manager client{{"127.0.0.1", port}, "abc", short_limits()};
    client.connect();
    const auto one = client.create<queue_proxy<int>>("get_queue", "one");
    const auto two = client.create<queue_proxy<int>>("get_queue", "two");
    two.put(1);
    CHECK(get_any({one, two}, 0ms).index == 1);

    serving.reset();
    serve(serving.emplace(address{"127.0.0.1", port}, "abc", short_limits()));
    CHECK_THROWS_AS(get_any({one, two}, 0ms), queue_empty);
    one.put(2);
    CHECK(get_any({one, two}, 0ms).item == 2);
}

TEST_CASE("an item that holds a proxy keeps its object on the way through get_any()", "[net][select]")
{
    queue_manager manager{{"127.0.0.1", 0}, "abc", three_queues::on_loops(2)};
    manager.register_sync_types();
    manager.serve();
    auto client = connected_to(manager);
    const auto tasks = client.queue<value>("get_task_queue");
    const auto results = client.queue<value>("get_result_queue");
    {
        const auto list = client.create<proxy>("list", std::vector<int>{1, 2, 3});
        results.put(value::list({list.pickled()}));
    }
    const auto [index, item] = get_any({tasks, results}, 5s);
    CHECK(index == 1);
    CHECK(results.rebuild(item[0]).call<int>("__len__") == 3);
}

TEST_CASE("many callers of get_any() and get(): nothing lost, nothing doubled, each producer's order kept per queue",
          "[net][select][threads]")
{
    constexpr int producers = 3;
    constexpr int items = 600;  // of each producer to each queue
    three_queues served{{queue_kind::fifo, GENERATE(std::size_t{0}, std::size_t{3})}};
    std::mutex mutex;
    std::multiset<std::pair<std::size_t, numbered>> taken;
    std::atomic<bool> order_kept = true;
    const auto consume = [&](auto take) {
        auto client = connected_to(served.manager);
        std::vector<queue_proxy<numbered>> queues;
        for (const std::string& name : names)
            queues.push_back(client.queue<numbered>(name));
        std::vector<std::pair<std::size_t, numbered>> mine;
        std::vector<std::array<int, producers>> last(queues.size());
        for (auto& each : last)
            each.fill(-1);
        try {
            for (;;) {
                const any_item<numbered> got = take(queues);
                mine.emplace_back(got.index, got.item);
                int& before = last[got.index][static_cast<std::size_t>(got.item.first)];
                order_kept = order_kept && got.item.second > before;
                before = got.item.second;
            }
        } catch (const queue_shut_down&) {
        }
        const std::lock_guard lock{mutex};
        taken.insert(mine.begin(), mine.end());
    };
    std::vector<std::thread> consumers;
    for (int i = 0; i < 4; ++i)
        consumers.emplace_back([&, i] {
            int turn = i;
            consume([&turn](const std::vector<queue_proxy<numbered>>& queues) {
                // Rotated, so that no queue starves.
                const auto shift = static_cast<std::size_t>(turn++ % 3);
                auto rotated = queues;
                std::rotate(rotated.begin(), rotated.begin() + static_cast<std::ptrdiff_t>(shift), rotated.end());
                auto got = get_any(rotated);
                got.index = (got.index + shift) % queues.size();
                return got;
            });
        });
    for (const std::size_t plain : {0U, 1U})
        consumers.emplace_back([&, plain] {
            consume([plain](const std::vector<queue_proxy<numbered>>& queues) {
                return any_item<numbered>{plain, queues[plain].get()};
            });
        });
    std::vector<std::thread> putting;
    for (int producer = 0; producer < producers; ++producer)
        putting.emplace_back([&, producer] {
            auto client = connected_to(served.manager);
            std::vector<queue_proxy<numbered>> queues;
            for (const std::string& name : names)
                queues.push_back(client.queue<numbered>(name));
            for (int i = 0; i < items; ++i)
                for (const auto& queue : queues)
                    queue.put({producer, i});
        });
    for (std::thread& each : putting)
        each.join();
    for (const auto& queue : served.all<numbered>())
        queue.shutdown();
    for (std::thread& each : consumers)
        each.join();
    CHECK(order_kept);
    std::multiset<std::pair<std::size_t, numbered>> expected;
    for (std::size_t queue = 0; queue < names.size(); ++queue)
        for (int producer = 0; producer < producers; ++producer)
            for (int i = 0; i < items; ++i)
                expected.insert({queue, {producer, i}});
    CHECK(taken == expected);
    CHECK(served.getters() == 0);
}

TEST_CASE("a get_any() that ends by timeout at the moment an item comes loses nothing", "[net][select][threads]")
{
    constexpr int items = 600;
    three_queues served;
    std::atomic<int> received = 0;
    std::atomic<std::int64_t> sum = 0;
    const auto consume = [&] {
        python_peer peer{served.port()};
        peer.open_stream();
        while (received < items) {
            peer.request("quaymaster_select", "get_any", {idents(), value{true}, value{0.001}});
            const wire::reply got = peer.reply();
            if (const auto* returned = std::get_if<wire::returned_reply>(&got)) {
                sum += returned->result.to_value()[1].to_int64().value();
                ++received;
            }
        }
    };
    std::thread first{consume};
    std::thread second{consume};
    python_peer producer{served.port()};
    producer.open_stream();
    for (std::int64_t item = 1; item <= items; ++item) {
        (void)producer.call(names[static_cast<std::size_t>(item % 3)], "put", {value{item}});
        // About as long as the timeout, so that both happen at once as often as can be.
        const auto until = clock_type::now() + std::chrono::microseconds{item % 3 * 500};
        while (clock_type::now() < until)
            std::this_thread::yield();
    }
    first.join();
    second.join();
    CHECK(sum == std::int64_t{items} * (items + 1) / 2);
    wait_until([&] { return served.getters() == 0; });
}

TEST_CASE("clients that are killed in get_any() lose nothing", "[net][select][threads]")
{
    three_queues served;
    const auto queues = served.all<int>();
    // None of the killed clients reads a reply, so what they were served comes back, unless it was written to them already.
    SECTION("while they wait")
    {
        for (int round = 0; round < 20; ++round) {
            python_peer peer{served.port()};
            peer.open_stream();
            peer.request("quaymaster_select", "get_any", {idents()});
            wait_until([&] { return served.getters() == 3; });
            peer.socket().abort();
            wait_until([&] { return served.getters() == 0; });
            const auto& queue = queues[static_cast<std::size_t>(round % 3)];
            queue.put(round);
            CHECK(queue.get(5s) == round);
        }
    }
    SECTION("while others are served")
    {
        constexpr int items = 1'000;
        CHECK_THROWS_AS(get_any(queues, 0ms), queue_empty);  // this thread has its connection from here on
        python_peer asking{served.port()};
        asking.open_stream();
        const auto connections = [&asking] {
            return asking.call("quaymaster_status", "status").find(value{"connections"}).value().to_int64().value();
        };
        const std::int64_t connections_before = connections();
        std::atomic<bool> is_over = false;
        std::vector<std::thread> killed;
        for (int i = 0; i < 2; ++i)
            killed.emplace_back([&] {
                while (!is_over) {
                    python_peer peer{served.port()};
                    peer.open_stream();
                    peer.request("quaymaster_select", "get_any", {idents()});
                    peer.socket().abort();
                }
            });
        std::thread putting{[&] {
            auto client = connected_to(served.manager);
            for (int i = 0; i < items; ++i)
                client.queue<int>(names[static_cast<std::size_t>(i % 3)]).put(i);
        }};
        std::set<int> got;
        int doubled = 0;
        const auto take_rest = [&] {
            try {
                for (;;)
                    doubled += got.insert(get_any(queues, 300ms).item).second ? 0 : 1;
            } catch (const queue_empty&) {
            }
        };
        take_rest();
        putting.join();
        is_over = true;
        for (std::thread& each : killed)
            each.join();
        wait_until([&] { return connections() == connections_before; });  // all that comes back has
        take_rest();
        CHECK(doubled == 0);
        // An item whose reply the kernel had taken is gone with its reader, as with get(); the counts agree with what is left.
        std::int64_t handed_out = 0;
        for (const std::string& name : names)
            handed_out += queue_status(asking, name, "gets_total");
        CHECK(handed_out == items);
        CHECK(static_cast<int>(got.size()) <= items);
        CHECK(served.getters() == 0);
    }
}

TEST_CASE("a server stops while clients wait in get_any()", "[net][select]")
{
    std::optional<three_queues> served;
    served.emplace();
    std::vector<std::thread> waiting;
    std::atomic<int> ended = 0;
    for (int i = 0; i < 3; ++i)
        waiting.emplace_back([&, port = served->port()] {
            python_peer peer{port};
            peer.open_stream();
            peer.request("quaymaster_select", "get_any", {idents()});
            try {
                (void)peer.reply();
            } catch (const std::exception&) {
                ++ended;
            }
        });
    wait_until([&] { return served->getters() == 9; });
    served.reset();
    for (std::thread& each : waiting)
        each.join();
    CHECK(ended == 3);
}
