// kept_counts: what a client counts on, when the stream that says so is lost.
#include "net/kept_counts.hpp"

#include "client_testing.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/server.hpp>
#include <quaymaster/sync_manager.hpp>

#include <catch2/catch.hpp>

#include <memory>

using namespace client_testing;
using namespace quaymaster;

namespace {

constexpr std::size_t payload_size_max = 1 << 16;

struct fixture {
    fixture()
    {
        serving.register_sync_types();
        serving.start();
        environment.server = serving.bound_address();
        environment.session.authkey = to_bytes("abc");
    }
    static server_options options()
    {
        server_options chosen;
        chosen.payload_size_max = payload_size_max;
        return chosen;
    }
    std::shared_ptr<net::client_connection> connected() const
    {
        return std::make_shared<net::client_connection>(environment, std::chrono::steady_clock::now() + 20s);
    }
    wire::reply ask(net::client_connection& connection, std::string_view function, std::string_view name) const
    {
        return connection.transact({std::nullopt, function, name, {}, {}}, {}, {20s, nullptr});
    }
    /// A stream that the test can look at.
    std::shared_ptr<net::client_connection> open_stream()
    {
        stream = connected();
        REQUIRE(std::holds_alternative<wire::returned_reply>(ask(*stream, "accept_connection", "counts")));
        return stream;
    }
    /// One count more on the object, and the client keeps it.
    void count(net::kept_counts& counts, const proxy& object) const
    {
        REQUIRE(std::holds_alternative<wire::returned_reply>(ask(*connected(), "incref", object.ident())));
        counts.adopt(object.ident());
    }
    /// The server ends a stream that asks for too much.
    void lose_stream() { CHECK_THROWS_AS(ask(*stream, "adopt", std::string(2 * payload_size_max, 'x')), connection_lost); }

    server serving{{"127.0.0.1", 0}, "abc", options()};
    net::client_environment environment{address{"127.0.0.1", 1}, {}, {}, {}};
    std::shared_ptr<net::client_connection> stream;
};

}  // namespace

TEST_CASE_METHOD(fixture, "counts are given back once, also those that went with a stream", "[net][client][counts]")
{
    sync_manager other{serving.bound_address(), "abc", short_limits()};
    other.connect();
    const auto first = other.list<int>();
    const auto second = other.list<int>();
    net::kept_counts counts{[this] { return open_stream(); }, 20s};
    CHECK_FALSE(counts.release(first.ident()));
    count(counts, first);
    SECTION("on the stream")
    {
        CHECK(counts.release(first.ident()));
        CHECK_FALSE(counts.release(first.ident()));
    }
    SECTION("that is lost")
    {
        lose_stream();
        CHECK(counts.release(first.ident()));
        CHECK_FALSE(counts.release(first.ident()));
    }
    SECTION("that failed half-way, and so is not opened anew")
    {
        lose_stream();
        count(counts, second);
        CHECK(counts.release(first.ident()));
        CHECK_FALSE(counts.release(first.ident()));
        CHECK_FALSE(counts.release(second.ident()));
    }
    first.push_back(1);  // the other client's count has stayed
    CHECK(first.size() == 1);
    CHECK(second.empty());
}
