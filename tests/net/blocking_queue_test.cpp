#include <catch2/catch.hpp>

#include <quaymaster/blocking_queue.hpp>
#include <quaymaster/queue_concept.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;

static_assert(shared_queue_of<blocking_queue<int>, int>);
static_assert(shared_queue_of<blocking_queue<std::string>, std::string>);

TEST_CASE("blocking_queue gives items back in the order in which they were put", "[net][queue]")
{
    blocking_queue<std::string> queue;
    CHECK(queue.empty());
    queue.put("first");
    const std::string second = "second";
    queue.put(second);
    queue.put_nowait("third");
    CHECK(second == "second");
    CHECK(queue.qsize() == 3);
    CHECK(queue.get() == "first");
    CHECK(queue.get_nowait() == "second");
    CHECK(queue.get(1s) == "third");
    CHECK(queue.empty());
}

TEST_CASE("blocking_queue::get() waits no longer than its timeout", "[net][queue]")
{
    blocking_queue<std::string> queue{1};
    SECTION("an empty queue throws queue_empty and stays usable") {
        REQUIRE_THROWS_AS(queue.get(0ms), queue_empty);
        REQUIRE_THROWS_AS(queue.get_nowait(), queue_empty);
        queue.put("late");
        REQUIRE(queue.get(0ms) == "late");
    }
    SECTION("never early") {
        const auto begin = std::chrono::steady_clock::now();
        REQUIRE_THROWS_AS(queue.get(20ms), queue_empty);
        CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
    }
    SECTION("a negative timeout is refused, even if there is an item") {
        REQUIRE_THROWS_AS(queue.get(-1ms), std::invalid_argument);
        queue.put("item");
        REQUIRE_THROWS_AS(queue.get(-1ms), std::invalid_argument);
        REQUIRE(queue.qsize() == 1);
    }
    SECTION("the longest timeout there is does not wrap into the past") {
        std::thread producer{[&] { queue.put("item"); }};
        CHECK(queue.get(std::chrono::milliseconds::max()) == "item");
        producer.join();
    }
}

TEST_CASE("blocking_queue::put() waits for room", "[net][queue]")
{
    blocking_queue<std::unique_ptr<int>> queue{1};
    queue.put(std::make_unique<int>(1));
    CHECK(queue.full());
    SECTION("an item that found no room is unmoved") {
        auto item = std::make_unique<int>(2);
        REQUIRE_THROWS_AS(queue.put(std::move(item), 0ms), queue_full);
        REQUIRE_THROWS_AS(queue.put_nowait(std::move(item)), queue_full);
        REQUIRE_THROWS_AS(queue.put(std::move(item), 1ms), queue_full);
        REQUIRE(item != nullptr);
        CHECK(*item == 2);
    }
    SECTION("room lets a waiting put in") {
        auto blocked = std::async(std::launch::async, [&] { queue.put(std::make_unique<int>(2)); });
        CHECK(*queue.get() == 1);
        CHECK(*queue.get() == 2);
        blocked.get();
    }
    SECTION("a negative timeout is refused where a put could wait, and ignored where it could not") {
        CHECK_THROWS_AS(queue.put(nullptr, -1ms), std::invalid_argument);
        blocking_queue<int> unbounded;
        CHECK_NOTHROW(unbounded.put(1, -1ms));
    }
}

TEST_CASE("blocking_queue::join() returns when every item is done", "[net][queue]")
{
    blocking_queue<int> queue;
    CHECK_NOTHROW(queue.join());
    CHECK_THROWS_AS(queue.task_done(), std::invalid_argument);
    queue.put(1);
    queue.put(2);
    std::atomic<int> done{0};
    std::thread worker{[&] {
        for (int i = 0; i < 2; ++i) {
            static_cast<void>(queue.get());
            ++done;
            queue.task_done();
        }
    }};
    queue.join();
    CHECK(done == 2);
    worker.join();
}

TEST_CASE("blocking_queue::shutdown() releases everybody", "[net][queue]")
{
    SECTION("getters, once the queue is empty") {
        blocking_queue<int> queue;
        auto blocked = std::async(std::launch::async, [&] { return queue.get(); });
        queue.shutdown();
        CHECK_THROWS_AS(blocked.get(), queue_shut_down);
    }
    SECTION("putters at once, while items remain to be taken") {
        blocking_queue<int> queue{1};
        queue.put(1);
        auto blocked = std::async(std::launch::async, [&] { queue.put(2); });
        queue.shutdown();
        CHECK_THROWS_AS(blocked.get(), queue_shut_down);
        CHECK_THROWS_AS(queue.put(3), queue_shut_down);
        CHECK(queue.get() == 1);
        CHECK_THROWS_AS(queue.get(), queue_shut_down);
    }
    SECTION("immediately: items are dropped and count as done") {
        blocking_queue<int> queue;
        queue.put(1);
        queue.put(2);
        auto joined = std::async(std::launch::async, [&] { queue.join(); });
        queue.shutdown(true);
        CHECK_NOTHROW(joined.get());
        CHECK_THROWS_AS(queue.get(), queue_shut_down);
    }
}

TEST_CASE("blocking_queue loses and doubles nothing between many threads", "[net][queue]")
{
    constexpr int producer_count = 4;
    constexpr int consumer_count = 4;
    constexpr int items_each = 2'000;
    blocking_queue<int> queue{16};
    std::vector<std::atomic<int>> seen(producer_count * items_each);
    std::vector<std::thread> threads;
    for (int producer = 0; producer < producer_count; ++producer) {
        threads.emplace_back([&, producer] {
            for (int i = 0; i < items_each; ++i)
                queue.put(producer * items_each + i);
        });
    }
    for (int consumer = 0; consumer < consumer_count; ++consumer) {
        threads.emplace_back([&] {
            try {
                for (;;) {
                    ++seen[static_cast<std::size_t>(queue.get())];
                    queue.task_done();
                }
            } catch (const queue_shut_down&) {
            }
        });
    }
    for (int producer = 0; producer < producer_count; ++producer)
        threads[static_cast<std::size_t>(producer)].join();
    queue.join();
    queue.shutdown();
    for (int consumer = 0; consumer < consumer_count; ++consumer)
        threads[static_cast<std::size_t>(producer_count + consumer)].join();
    CHECK(std::all_of(seen.begin(), seen.end(), [](const std::atomic<int>& count) { return count == 1; }));
}
