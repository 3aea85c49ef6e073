#include "client_testing.hpp"
#include "codec/payload.hpp"
#include "scripted_server.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/queue_proxy.hpp>
#include <quaymaster/value.hpp>

#include <catch2/catch.hpp>

#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace quaymaster;
using namespace client_testing;
using namespace std::chrono_literals;

namespace {

std::vector<int> numbers(int first, int count)
{
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), first);
    return all;
}

/// One server, and a client that speaks a dialect with it.
struct two_ends {
    explicit two_ends(client_dialect dialect, queue_options queue = {})
    {
        serving.serve(queue);
        manager_options options = short_limits();
        options.client.dialect = dialect;
        client.emplace(connected_to(serving, options));
    }
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    std::optional<queue_manager> client;
};

constexpr auto both = {client_dialect::native, client_dialect::python};

}  // namespace

TEST_CASE("put_many() appends all items in order, and get_many() takes what there is", "[net][client][batches]")
{
    two_ends peers{GENERATE(values(both))};
    const auto queue = peers.client->queue<int>();
    SECTION("as many as there are") {
        CHECK(queue.put_many(numbers(0, 10)) == 10);
        CHECK(queue.get_many(100, 1s) == numbers(0, 10));
        CHECK(queue.empty());
    }
    SECTION("at most as many as asked for") {
        CHECK(queue.put_many(numbers(0, 10)) == 10);
        CHECK(queue.get_many(4, 1s) == numbers(0, 4));
        CHECK(queue.get_many(4) == numbers(4, 4));
        CHECK(queue.get_many(4, 0ms) == numbers(8, 2));
    }
    SECTION("nothing in time is queue_empty") {
        CHECK_THROWS_AS(queue.get_many(10, 0ms), queue_empty);
        CHECK_THROWS_AS(queue.get_many(10, 30ms), queue_empty);
    }
    SECTION("no items at all") {
        CHECK(queue.put_many(std::vector<int>{}) == 0);
        CHECK_THROWS_AS(queue.get_many(0), std::invalid_argument);
    }
    SECTION("a blocked get_many() returns with the first put") {
        std::jthread producer{[&] { peers.serving.queue<int>().put(7); }};
        CHECK(queue.get_many(5, 5s) == std::vector{7});
    }
    SECTION("any range") {
        CHECK(queue.put_many(std::views::iota(0, 5)) == 5);
        CHECK(queue.get_many(5) == numbers(0, 5));
    }
}

TEST_CASE("batches of items that are read in different ways keep their order", "[net][client][batches]")
{
    two_ends peers{GENERATE(values(both))};
    const bool is_local = GENERATE(false, true);
    // A float is read straight off its opcodes; an int takes the way of any object.
    const std::vector<value> mixed{value{0.5}, value{1}, value{2}, value{2.5}, value{3}};
    const std::vector<double> numbers{0.5, 1, 2, 2.5, 3};
    CHECK(peers.client->queue<value>().put_many(mixed) == mixed.size());
    const auto queue = is_local ? peers.serving.queue<double>() : peers.client->queue<double>();
    SECTION("get_many()") {
        CHECK(queue.get_many(10, 1s) == numbers);
    }
    SECTION("consume()") {
        peers.serving.queue<double>().shutdown();
        std::vector<double> seen;
        for (const double item : queue.consume(2))
            seen.push_back(item);
        CHECK(seen == numbers);
    }
    SECTION("what does not fit is told, and the batch is gone") {
        peers.client->queue<value>().put(value{"text"});
        CHECK_THROWS_AS(queue.get_many(10, 1s), conversion_error);
        CHECK(queue.empty());
    }
}

TEST_CASE("a batch of more than one request's items arrives whole", "[net][client][batches]")
{
    two_ends peers{client_dialect::native};
    const auto queue = peers.client->queue<int>();
    CHECK(queue.put_many(numbers(0, 200'000)) == 200'000);
    CHECK(queue.get_many(200'000) == numbers(0, 200'000));
    const auto texts = peers.client->queue<std::string>("get_result_queue");
    const std::vector<std::string> large(40, std::string(std::size_t{1} << 20, 'x'));
    CHECK(texts.put_many(large) == large.size());
    CHECK(texts.get_many(100) == large);
}

TEST_CASE("get_many() returns what it has got when more cannot be had, and the next one says why", "[net][client][batches]")
{
    using wire::native::operation;
    const auto item_of = [](int number) { return codec::payload{value{number}}.to_item(); };
    SECTION("in the native dialect") {
        const bool is_lost = GENERATE(true, false);
        int asked = 0;
        const scripted_server serving{[&](const wire::native::frame& request, wire::outbox& out) {
            if (request.code == operation::open) {
                answer_opened(request, out);
                return true;
            }
            switch (++asked) {
            case 1: {
                const std::vector<codec::item> items{item_of(1), item_of(2)};
                wire::native::write_items(out, {operation::items, request.id, 0, wire::native::has_more}, {}, items);
                return true;
            }
            case 2:
                if (is_lost)
                    return false;
                wire::native::write_raised(out, request.id, 0, wire::native::exception_number::other, "_pickle.PicklingError", "lost");
                return true;
            default: wire::native::write_items(out, {operation::items, request.id}, {}, std::vector<codec::item>{item_of(3)}); return true;
            }
        }};
        auto client = connected_to<queue_manager>(serving, short_limits(), client_dialect::native);
        const auto queue = client.queue<int>();
        CHECK(queue.get_many(10, 1s) == std::vector{1, 2});
        if (is_lost)
            CHECK_THROWS_AS(queue.get_many(10, 1s), connection_lost);
        else
            CHECK_THROWS_AS(queue.get_many(10, 1s), remote_error);
        CHECK(queue.get_many(10, 1s) == std::vector{3});
    }
    SECTION("in the Python dialect") {
        int asked = 0;
        const scripted_server serving{[&](const scripted_call&) -> scripted_answer {
            if (++asked == 2)
                return wire::builtin_exception("ValueError", "lost");
            return value{asked};
        }};
        auto client = connected_to<queue_manager>(serving);
        const auto queue = client.queue<int>();
        CHECK(queue.get_many(10, 1s) == std::vector{1});
        CHECK_THROWS_AS(queue.get_many(10, 1s), remote_error);
        CHECK(queue.get_many(2, 1s) == std::vector{3, 4});
    }
}

TEST_CASE("put_many() to a bounded queue says how many are in", "[net][client][batches]")
{
    two_ends peers{GENERATE(values(both)), {.maxsize = 3}};
    const auto queue = peers.client->queue<int>();
    SECTION("those for which there was room in time") {
        CHECK(queue.put_many(numbers(0, 5), 50ms) == 3);
        CHECK(queue.get_many(10, 0ms) == numbers(0, 3));
    }
    SECTION("queue_full if there was none for the first") {
        queue.put_many(numbers(0, 3));
        CHECK_THROWS_AS(queue.put_many(numbers(3, 2), 0ms), queue_full);
        CHECK_THROWS_AS(queue.put_many(numbers(3, 2), 30ms), queue_full);
        CHECK(queue.get_many(10, 0ms) == numbers(0, 3));
    }
    SECTION("it waits for room, item by item") {
        const std::chrono::milliseconds timeout = GENERATE(std::chrono::milliseconds{5s}, std::chrono::milliseconds::max());
        std::vector<int> got;
        std::jthread consumer{[&] {
            const auto source = peers.serving.queue<int>();
            while (got.size() < 10)
                got.push_back(source.get(5s));
        }};
        CHECK(queue.put_many(numbers(0, 10), timeout) == 10);
        consumer.join();
        CHECK(got == numbers(0, 10));
    }
}

TEST_CASE("consume() is a range of the items as they come", "[net][client][batches]")
{
    two_ends peers{GENERATE(values(both))};
    const auto queue = peers.client->queue<int>();
    const std::size_t window = GENERATE(1U, 2U, 16U);
    CAPTURE(window);
    SECTION("until the queue is shut down and empty") {
        std::jthread producer{[&] {
            const auto target = peers.serving.queue<int>();
            for (int i = 0; i < 100; ++i)
                target.put(i);
            target.shutdown();
        }};
        std::vector<int> seen;
        for (const int item : queue.consume(window))
            seen.push_back(item);
        CHECK(seen == numbers(0, 100));
    }
    SECTION("what the loop has not seen goes back to the front") {
        queue.put_many(numbers(0, 20));
        for (const int item : queue.consume(window))
            if (item == 4)
                break;
        CHECK(queue.get_many(100, 1s) == numbers(5, 15));
    }
    SECTION("other calls go on within the loop") {
        queue.put_many(numbers(0, 20));
        const auto results = peers.client->queue<int>("get_result_queue");
        for (const int item : queue.consume(window)) {
            results.put(item * item);
            if (item == 19)
                break;
        }
        CHECK(results.qsize() == 20);
    }
}

TEST_CASE("consume() wants a window of at least one", "[net][client][batches]")
{
    two_ends peers{client_dialect::native};
    CHECK_THROWS_AS(peers.client->queue<int>().consume(0), std::invalid_argument);
    CHECK_THROWS_AS(peers.client->queue<int>().consume(65'536), std::invalid_argument);
}

TEST_CASE("a client falls back to the Python dialect, unless it is to be native", "[net][client][dialect]")
{
    SECTION("both ends of a native server") {
        two_ends peers{client_dialect::native};
        peers.client->queue<int>().put(1);
        CHECK(peers.client->queue<int>().get(1s) == 1);
    }
    SECTION("dialects mix on one queue, first come, first served") {
        two_ends peers{client_dialect::native};
        manager_options options = short_limits();
        options.client.dialect = client_dialect::python;
        auto other = connected_to(peers.serving, options);
        peers.client->queue<int>().put(1);
        other.queue<int>().put(2);
        peers.client->queue<int>().put(3);
        CHECK(other.queue<int>().get(1s) == 1);
        CHECK(peers.client->queue<int>().get(1s) == 2);
        CHECK(other.queue<int>().get(1s) == 3);
    }
}
