// queue_proxy: a remote queue behaves as queue.Queue does, between many threads and programs.
#include "client_testing.hpp"

#include <quaymaster/blocking_queue.hpp>
#include <quaymaster/queue_concept.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;
using client_testing::connected_to;
using client_testing::queue_manager;
using client_testing::short_limits;

namespace {

using clock_type = std::chrono::steady_clock;

static_assert(shared_queue_of<queue_proxy<int>, int>);
static_assert(shared_queue_of<queue_proxy<std::string>, std::string>);
static_assert(shared_queue_of<blocking_queue<int>, int>);

struct served_queue {
    explicit served_queue(std::size_t maxsize = 0)
    {
        manager.serve({queue_kind::fifo, maxsize});
    }
    queue_manager manager{{"127.0.0.1", 0}, "abc", short_limits()};
};

/// A worker that does not know where its queues live.
template <class Numbers, class Squares>
    requires shared_queue_of<Numbers, int> && shared_queue_of<Squares, int>
void square_all(Numbers& numbers, Squares& squares)
{
    try {
        for (;;) {
            const int number = numbers.get_nowait();
            squares.put(number * number);
            numbers.task_done();
        }
    } catch (const queue_empty&) {
    }
}

}  // namespace

TEST_CASE("items of many types come out as they went in", "[net][manager][queue]")
{
    served_queue served;
    auto client = connected_to(served.manager);
    const auto check = [&]<class T>(const T& item) {
        for (const auto& queue : {client.queue<T>(), served.manager.queue<T>()}) {
            queue.put(item);
            CHECK(queue.get(0ms) == item);
        }
    };
    check(std::int64_t{-1} << 62);
    check(3.25);
    check(true);
    check(std::string{"gr\xc3\xbc\xc3\x9f" "e"});
    check(std::string{"put"});  // in a request this is a back-reference to the method's name
    check(std::string{"get_task_queue"});
    check(to_bytes(std::string_view{"\0\xff", 2}));
    check(std::vector<std::optional<int>>{1, std::nullopt, 3});
    check(std::map<std::string, std::vector<int>>{{"a", {1, 2}}, {"b", {}}});
    check(std::tuple<int, std::string, double>{1, "x", 0.5});
    check(value::tuple({1, "two", value::list({3.0, nullptr})}));
    check(std::string(100'000, 'x'));
    check(bytes(std::size_t{5} << 20, std::byte{42}));
}

TEST_CASE("a timeout is kept, and never early", "[net][manager][queue]")
{
    served_queue served{1};
    auto client = connected_to(served.manager);
    const auto queue = client.queue<int>();
    const auto took = [](auto&& call) {
        const auto started = clock_type::now();
        call();
        return clock_type::now() - started;
    };
    const auto empty = took([&] { CHECK_THROWS_AS(queue.get(200ms), queue_empty); });
    CHECK(empty >= 200ms);
    CHECK(empty < 2s);
    CHECK_THROWS_AS(queue.get_nowait(), queue_empty);
    CHECK_THROWS_AS(queue.get(0ms), queue_empty);

    queue.put(1);
    const auto full = took([&] { CHECK_THROWS_AS(queue.put(2, 200ms), queue_full); });
    CHECK(full >= 200ms);
    CHECK(full < 2s);
    CHECK_THROWS_AS(queue.put_nowait(2), queue_full);
    CHECK_THROWS_AS(queue.put(2, 0ms), queue_full);
    CHECK(queue.full());
    CHECK(queue.qsize() == 1);
}

TEST_CASE("a long wait is cut into slices that nobody notices", "[net][manager][queue]")
{
    served_queue served{1};
    auto options = short_limits();
    options.client.wait_slice = 20ms;
    auto client = connected_to(served.manager, options);
    const auto queue = client.queue<int>();

    SECTION("a wait with an end") {
        const auto started = clock_type::now();
        CHECK_THROWS_AS(queue.get(130ms), queue_empty);
        CHECK(clock_type::now() - started >= 130ms);
    }
    SECTION("a wait without one") {
        auto item = std::async(std::launch::async, [&] { return queue.get(); });
        CHECK(item.wait_for(100ms) == std::future_status::timeout);
        served.manager.queue<int>().put(1);
        CHECK(item.get() == 1);
    }
    SECTION("a put without one") {
        queue.put(1);
        auto put = std::async(std::launch::async, [&] { queue.put(2); });
        CHECK(put.wait_for(100ms) == std::future_status::timeout);
        CHECK(queue.get() == 1);
        put.get();
        CHECK(queue.get() == 2);
    }
    SECTION("join") {
        queue.put(1);
        auto joined = std::async(std::launch::async, [&] { queue.join(); });
        CHECK(joined.wait_for(100ms) == std::future_status::timeout);
        queue.task_done();
        joined.get();
    }
}

TEST_CASE("a blocked get() holds up no other thread of the program", "[net][manager][queue]")
{
    served_queue served;
    auto client = connected_to(served.manager);
    const auto tasks = client.queue<int>("get_task_queue");
    auto blocked = std::async(std::launch::async, [&] { return tasks.get(); });
    CHECK(tasks.qsize() == 0);
    tasks.put(9);  // through the same proxy as the one that waits
    CHECK(blocked.get() == 9);
}

TEST_CASE("shutdown() wakes those who wait", "[net][manager][queue]")
{
    served_queue served;
    auto client = connected_to(served.manager);
    const auto queue = client.queue<int>();
    auto blocked = std::async(std::launch::async, [&] { return queue.get(); });
    served.manager.queue<int>().shutdown();
    CHECK_THROWS_AS(blocked.get(), queue_shut_down);
    CHECK_THROWS_AS(queue.put(1), queue_shut_down);
}

TEST_CASE("one function template serves a local and a remote queue", "[net][manager][queue]")
{
    served_queue served;
    auto client = connected_to(served.manager);
    auto remote_numbers = client.queue<int>("get_task_queue");
    auto remote_squares = client.queue<int>("get_result_queue");
    blocking_queue<int> local_numbers;
    blocking_queue<int> local_squares;
    for (int number = 0; number < 10; ++number) {
        remote_numbers.put(number);
        local_numbers.put(number);
    }
    square_all(remote_numbers, local_squares);
    square_all(local_numbers, remote_squares);
    remote_numbers.join();
    local_numbers.join();
    for (int number = 0; number < 10; ++number) {
        CHECK(local_squares.get(0ms) == number * number);
        CHECK(remote_squares.get(0ms) == number * number);
    }
}

TEST_CASE("4 producers and 4 consumers: nothing lost, nothing doubled, FIFO per producer", "[net][manager][queue][exactly_once]")
{
    constexpr int producer_count = 4;
    constexpr int consumer_count = 4;
    constexpr int items_each = 10'000;
    using item = std::pair<int, int>;  // producer, number

    served_queue served{100};  // bounded, so that producers wait, too
    // A proxy shared by all producers; a manager of its own for each consumer.
    auto client = connected_to(served.manager);
    const auto tasks = (GENERATE(false, true) ? served.manager : client).queue<item>();
    std::vector<std::vector<item>> received(consumer_count);
    {
        std::vector<std::jthread> threads;
        for (int producer = 0; producer < producer_count; ++producer)
            threads.emplace_back([&, producer] {
                for (int number = 0; number < items_each; ++number)
                    tasks.put({producer, number});
            });
        for (auto& mine : received)
            threads.emplace_back([&] {
                auto manager = connected_to(served.manager);
                const auto queue = manager.queue<item>();
                for (item next = queue.get(); next.first >= 0; next = queue.get())
                    mine.push_back(next);
            });
        for (int producer = 0; producer < producer_count; ++producer)
            threads[static_cast<std::size_t>(producer)].join();
        for (int consumer = 0; consumer < consumer_count; ++consumer)
            tasks.put({-1, 0});
    }

    std::map<item, int> times;
    for (const auto& mine : received) {
        std::vector<int> last(producer_count, -1);
        bool in_order = true;
        for (const auto& [producer, number] : mine) {
            ++times[{producer, number}];
            int& before = last[static_cast<std::size_t>(producer)];
            in_order = in_order && number > before;
            before = number;
        }
        CHECK(in_order);
    }
    CHECK(times.size() == std::size_t{producer_count} * items_each);
    const bool once_each = std::all_of(times.begin(), times.end(), [](const auto& entry) { return entry.second == 1; });
    CHECK(once_each);
}

TEST_CASE("threads come and go over one proxy", "[net][manager][queue]")
{
    served_queue served;
    auto client = connected_to(served.manager);
    const auto queue = client.queue<int>();
    constexpr int rounds = 20;
    for (int round = 0; round < rounds; ++round) {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] { queue.put(1); });
    }
    int sum = 0;
    while (!queue.empty())
        sum += queue.get_nowait();
    CHECK(sum == 4 * rounds);
}
