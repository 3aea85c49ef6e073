// The limits of a client: what goes beyond one is an error that says so, and the client goes on working.
#include "client_testing.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/value.hpp>

#include <catch2/catch.hpp>

#include <netinet/tcp.h>

#include <numeric>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;
using client_testing::connected_to;
using client_testing::queue_manager;
using client_testing::short_limits;

namespace {

value nested_lists(int depth)
{
    value nested = value::list({});
    for (int level = 1; level < depth; ++level)
        nested = value::list({nested});
    return nested;
}

value numbers(int count)
{
    std::vector<value> items;
    for (int number = 0; number < count; ++number)
        items.emplace_back(number);
    return value::list(items);
}

/// `count` texts, each twice: a pickle keeps those in its memo.
value repeated_texts(int count)
{
    std::vector<value> items;
    for (int number = 0; number < count; ++number)
        items.insert(items.end(), 2, value{"text " + std::to_string(number)});
    return value::list(items);
}

/// An item that exceeds one of pickle_limits, which is set to `bound`.
struct excess {
    std::string limit;
    std::size_t pickle_limits::*member;
    std::size_t bound;
    value item;
};

std::vector<excess> excesses()
{
    return {
        {"depth_max", &pickle_limits::depth_max, 20, nested_lists(40)},
        {"stack_size_max", &pickle_limits::stack_size_max, 100, numbers(200)},
        {"memo_size_max", &pickle_limits::memo_size_max, 100, repeated_texts(200)},
        {"node_count_max", &pickle_limits::node_count_max, 100, numbers(200)},
        {"integer_size_max", &pickle_limits::integer_size_max, 16, value::integer_from_decimal("1" + std::string(60, '0'))},
    };
}

/// The sockets of this process that are connected to `port` of this machine: those of its clients.
std::vector<int> sockets_to(std::uint16_t port)
{
    std::vector<int> found;
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port)
            found.push_back(descriptor);
    }
    return found;
}

int option_of(int socket, int level, int option)
{
    int number = -1;
    socklen_t size = sizeof number;
    REQUIRE(::getsockopt(socket, level, option, &number, &size) == 0);
    return number;
}

}  // namespace

TEST_CASE("a reply beyond one of the client's pickle_limits is a pickle_error that names it", "[net][client][limits]")
{
    // A reply from 64 KiB on is read in another way.
    const std::size_t padding_size = GENERATE(std::size_t{0}, std::size_t{100'000});
    CAPTURE(padding_size);
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    const auto source = serving.queue<value>();
    for (const excess& each : excesses()) {
        CAPTURE(each.limit);
        source.put(value::tuple({each.item, std::string(padding_size, 'x')}));
        source.put("the next");

        manager_options options = short_limits();
        options.client.pickle.*each.member = each.bound;
        auto client = connected_to(serving, options);
        const auto queue = client.queue<value>();
        try {
            (void)queue.get(0ms);
            FAIL("the limit was not applied");
        } catch (const pickle_error& exceeded) {
            CHECK_THAT(exceeded.what(), Catch::Contains(each.limit) && Catch::Contains(std::to_string(each.bound)));
        }
        CHECK(queue.get(0ms) == value{"the next"});
    }
}

TEST_CASE("what is within the client's pickle_limits is read", "[net][client][limits]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    const auto source = serving.queue<value>();
    for (const excess& each : excesses()) {
        CAPTURE(each.limit);
        source.put(each.item);
        manager_options options = short_limits();
        options.client.pickle.*each.member = 1000;
        auto client = connected_to(serving, options);
        CHECK(client.queue<value>().get(0ms) == each.item);
    }
}

TEST_CASE("a reply beyond reply_size_max ends the connection, and the next call makes another", "[net][client][limits]")
{
    constexpr std::size_t limit = 10'000;
    // Just beyond, and so much that the server cannot have written it all.
    const std::size_t size = GENERATE(std::size_t{10'000}, std::size_t{30} << 20);
    CAPTURE(size);
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    serving.queue<bytes>().put(bytes(size));

    manager_options options = short_limits();
    options.client.reply_size_max = limit;
    auto client = connected_to(serving, options);
    const auto queue = client.queue<bytes>();
    try {
        (void)queue.get(0ms);
        FAIL("a reply of " << size << " octets was read");
    } catch (const connection_lost& lost) {
        CHECK(lost.may_have_executed());
        CHECK_THAT(lost.what(), Catch::Contains("reply_size_max (" + std::to_string(limit) + ")"));
    }
    // Through another queue: the item may come back to this one when the server finds that it was not fetched.
    const auto other = client.queue<bytes>("get_result_queue");
    const bytes allowed(limit - 100);
    other.put(allowed);
    CHECK(other.get(0ms) == allowed);
}

TEST_CASE("get_many() asks for no more than reply_size_max allows", "[net][client][limits]")
{
    const std::size_t limit = GENERATE(std::size_t{600}, std::size_t{64} << 10);
    CAPTURE(limit);
    constexpr std::size_t count = 70'000;
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    std::vector<std::size_t> items(limit < 1'000 ? 1'000 : count);
    std::iota(items.begin(), items.end(), std::size_t{0});
    serving.queue<std::size_t>().put_many(items);

    manager_options options = short_limits();
    options.client.reply_size_max = limit;
    auto client = connected_to(serving, options);
    const auto queue = client.queue<std::size_t>();
    std::vector<std::size_t> got;
    while (got.size() < items.size()) {
        const std::vector<std::size_t> more = queue.get_many(65'535, 0ms);
        got.insert(got.end(), more.begin(), more.end());
    }
    CHECK(got == items);
    CHECK(queue.empty());
    // Two of these are too many for one reply.
    const std::vector<bytes> large(3, bytes(limit / 2));
    const auto other = client.queue<bytes>("get_result_queue");
    other.put_many(large);
    CHECK(other.get_many(65'535, 0ms) == large);
}

TEST_CASE("keepalive_idle is set on a client's connections, and zero switches keepalive off", "[net][client][limits]")
{
    queue_manager serving{{"127.0.0.1", 0}, "abc", short_limits()};
    serving.serve();
    manager_options options = short_limits();
    options.client.keepalive_idle = GENERATE(0s, 77s);
    auto client = connected_to(serving, options);
    const auto queue = client.queue<int>();
    queue.put(1);  // opens this thread's connection, the only one that stays

    const std::vector<int> sockets = sockets_to(serving.address().port());
    REQUIRE(sockets.size() == 1);
    if (options.client.keepalive_idle == 0s) {
        CHECK(option_of(sockets[0], SOL_SOCKET, SO_KEEPALIVE) == 0);
    } else {
        CHECK(option_of(sockets[0], SOL_SOCKET, SO_KEEPALIVE) == 1);
        CHECK(option_of(sockets[0], IPPROTO_TCP, TCP_KEEPIDLE) == 77);
    }
}
