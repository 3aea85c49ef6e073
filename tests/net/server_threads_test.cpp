// Several loops: callers of one loop end the waits of another's, and nothing is lost or doubled.
#include "async_testing.hpp"
#include "server_testing.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace server_testing;

namespace {

test_server& with_loops(std::optional<test_server>& server, std::size_t loops)
{
    server_options options;
    options.threads = loops;
    return server.emplace(options);
}

}  // namespace

TEST_CASE("4 producers and 4 consumers on 4 loops: nothing lost, nothing doubled, each producer's order kept",
          "[net][server][threads]")
{
    constexpr std::int64_t producers = 4;
    constexpr std::int64_t items = 2'000;
    std::optional<test_server> holder;
    test_server& server = with_loops(holder, 4);
    std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> taken(producers);
    std::vector<std::thread> threads;
    for (std::int64_t producer = 0; producer < producers; ++producer) {
        threads.emplace_back([&server, producer] {
            python_peer peer{server.port()};
            peer.open_stream();
            for (std::int64_t index = 0; index < items; ++index)
                (void)peer.call("tasks", "put", {value::tuple({value{producer}, value{index}})});
        });
        threads.emplace_back([&server, &mine = taken[static_cast<std::size_t>(producer)]] {
            python_peer peer{server.port()};
            peer.open_stream();
            for (std::int64_t index = 0; index < items; ++index) {
                const value item = peer.call("tasks", "get");
                mine.emplace_back(item[0].to_int64().value(), item[1].to_int64().value());
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    std::vector<std::vector<bool>> seen(producers, std::vector<bool>(items));
    for (const auto& by_one : taken) {
        std::vector<std::int64_t> last(producers, -1);
        for (const auto& [producer, index] : by_one) {
            const auto p = static_cast<std::size_t>(producer);
            CHECK_FALSE(seen[p][static_cast<std::size_t>(index)]);
            seen[p][static_cast<std::size_t>(index)] = true;
            CHECK(index > last[p]);
            last[p] = index;
        }
    }
}

TEST_CASE("callers of a loop that sleeps are answered by the one that has served them, and their next waits end in time",
          "[net][server][threads]")
{
    server_options options;
    options.threads = 2;
    options.busy_poll = std::chrono::microseconds{0};  // a loop without work sleeps at once
    test_server server{options};
    constexpr std::size_t peers = 4;  // two on each loop
    std::vector<std::unique_ptr<python_peer>> getters;
    while (getters.size() < peers) {
        getters.push_back(std::make_unique<python_peer>(server.port()));
        getters.back()->open_stream();
    }
    python_peer putter{server.port()};
    putter.open_stream();
    for (std::int64_t round = 0; round < 50; ++round)
        for (const auto& getter : getters) {
            bytes both = getter->request_octets("tasks", "get");
            // This one begins in the turn of whoever answers the first.
            const bytes second = getter->request_octets("tasks", "get", {value{true}, value{0.002}});
            both.insert(both.end(), second.begin(), second.end());
            getter->socket().send(both);
            std::this_thread::sleep_for(std::chrono::milliseconds{1});  // its loop sleeps by now, or nearly always
            const auto begin = std::chrono::steady_clock::now();
            (void)putter.call("tasks", "put", {value{round}});
            const wire::reply got = getter->reply();
            REQUIRE(std::holds_alternative<wire::returned_reply>(got));
            CHECK(std::get<wire::returned_reply>(got).result.to_value() == value{round});
            CHECK_FALSE(std::holds_alternative<wire::returned_reply>(getter->reply()));
            const auto waited = std::chrono::steady_clock::now() - begin;
            CHECK(waited >= 2ms);
            CHECK(waited < 2s);  // on a busy machine; without its loop's help it would be as long as nothing else wakes the loop
        }
}

TEST_CASE("a loop that sleeps is visited for a few that are served at once, and woken for many", "[net][server][threads]")
{
    const std::size_t getters = GENERATE(std::size_t{1}, std::size_t{8}, std::size_t{9}, std::size_t{200});
    server_options options;
    options.threads = 2;
    options.busy_poll = std::chrono::microseconds{0};  // a loop without work sleeps at once
    test_server server{options};
    boost::asio::io_context io;
    const auto connect_to = [&] { return async_client{io, {"127.0.0.1", server.port()}, "abc", async_testing::short_limits()}; };
    const async_client getting = connect_to();
    const async_queue<int> from{getting, "tasks"};
    async_testing::run_for(io, from.async_open(boost::asio::use_future));
    const async_client putting = connect_to();  // on the other loop
    const async_queue<int> into{putting, "tasks"};
    const std::vector<int> numbers = async_testing::numbers_to(static_cast<int>(getters));
    for (int round = 0; round < 20; ++round) {
        std::vector<int> got;
        for (std::size_t i = 0; i < getters; ++i)
            from.async_get([&](std::exception_ptr failed, int item) { got.push_back(failed ? -1 : item); });
        CHECK(async_testing::run_for(io, from.async_qsize(boost::asio::use_future)) == 0);  // all of them wait
        std::this_thread::sleep_for(std::chrono::milliseconds{1});  // its loop sleeps by now, or nearly always
        CHECK(async_testing::run_for(io, into.async_put_many(numbers, boost::asio::use_future)) == getters);
        async_testing::run_until(io, [&] { return got.size() == getters; });
        CHECK(got == numbers);
    }
}

TEST_CASE("a wait that ends by timeout at the moment an item comes loses nothing", "[net][server][threads]")
{
    constexpr std::int64_t items = 1'000;
    std::optional<test_server> holder;
    test_server& server = with_loops(holder, 3);
    std::atomic<std::int64_t> received = 0;
    std::atomic<std::int64_t> sum = 0;
    const auto consume = [&] {
        python_peer peer{server.port()};
        peer.open_stream();
        while (received < items) {
            peer.request("tasks", "get", {value{true}, value{0.001}});
            const wire::reply got = peer.reply();
            if (const auto* returned = std::get_if<wire::returned_reply>(&got)) {
                sum += returned->result.to_value().to_int64().value();
                ++received;
            }
        }
    };
    std::thread first{consume};
    std::thread second{consume};
    python_peer producer{server.port()};
    producer.open_stream();
    for (std::int64_t item = 1; item <= items; ++item) {
        (void)producer.call("tasks", "put", {value{item}});
        // About as long as the timeout, so that both happen at once as often as can be.
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{item % 3 * 500};
        while (std::chrono::steady_clock::now() < until)
            std::this_thread::yield();
    }
    first.join();
    second.join();
    CHECK(sum == items * (items + 1) / 2);
}

TEST_CASE("connections that end while they are being served do no harm", "[net][server][threads]")
{
    std::optional<test_server> holder;
    test_server& server = with_loops(holder, 3);
    std::atomic<bool> is_over = false;
    std::thread producing{[&] {
        python_peer peer{server.port()};
        peer.open_stream();
        for (std::int64_t item = 0; !is_over; ++item)
            (void)peer.call("tasks", "put", {value{item}});
    }};
    for (int round = 0; round < 200; ++round) {
        python_peer peer{server.port()};
        peer.open_stream();
        for (int ahead = 0; ahead < 5; ++ahead)
            peer.request("tasks", "get");
        if (round % 2 == 0)
            (void)peer.result();
        peer.socket().abort();
    }
    is_over = true;
    producing.join();
    wait_until([&] { return server.served.statistics().connections == 0; });
    CHECK(python_peer{server.port()}.open_stream().call("tasks", "full") == value{false});
}

TEST_CASE("a server stops while clients of all loops are at work", "[net][server][threads]")
{
    std::optional<test_server> holder;
    test_server& server = with_loops(holder, 3);
    std::vector<std::thread> clients;
    std::atomic<int> started = 0;
    for (int index = 0; index < 6; ++index)
        clients.emplace_back([&server, &started, index] {
            try {
                python_peer peer{server.port()};
                peer.open_stream();
                ++started;
                for (;;) {
                    if (index % 2 == 0)
                        (void)peer.call("tasks", "put", {value{1}});
                    else
                        (void)peer.call("tasks", "get");
                }
            } catch (const std::runtime_error&) {
                // The end that the server makes.
            }
        });
    wait_until([&] { return started == 6; });
    server.served.stop();
    for (std::thread& client : clients)
        client.join();
    CHECK(server.served.statistics().connections == 0);
}

TEST_CASE("busy_poll serves and stops as well", "[net][server][threads]")
{
    server_options options;
    options.threads = 2;
    options.busy_poll = 50us;
    test_server server{options};
    python_peer peer{server.port()};
    peer.open_stream();
    for (std::int64_t item = 0; item < 100; ++item) {
        (void)peer.call("tasks", "put", {value{item}});
        CHECK(peer.call("tasks", "get") == value{item});
    }
    server.served.stop();
}
