#include "net/reached_addresses.hpp"

#include <catch2/catch.hpp>

#include <string>

using quaymaster::value;
using quaymaster::net::reached_addresses;

namespace {

value at(const char* host, int port = 5000)
{
    return value::tuple({host, port});
}

}  // namespace

TEST_CASE("who comes in where an address was named can use it", "[net][proxy]")
{
    reached_addresses known;
    CHECK(known.better_than(at("host"), at("192.0.2.1")) == at("192.0.2.1"));
    known.note(at("192.0.2.1"), at("host"));
    CHECK_FALSE(known.better_than(at("host"), at("192.0.2.1")));
    CHECK_FALSE(known.better_than(at("192.0.2.1"), at("192.0.2.1")));
    SECTION("and is given it for one that nobody there has named")
    {
        CHECK(known.better_than(at("127.0.0.1"), at("192.0.2.1")) == at("host"));
    }
    SECTION("but who comes in elsewhere is not")
    {
        CHECK(known.better_than(at("host"), at("127.0.0.1")) == at("127.0.0.1"));
    }
}

TEST_CASE("what is no address is not kept", "[net][proxy]")
{
    reached_addresses known;
    for (const value& wrong : {value{1}, value{}, value::list({"host", 1}), value::tuple({"host"}), value::tuple({1, "host"}),
                               value{std::string(2000, 'x')}}) {
        known.note(at("192.0.2.1"), wrong);
        CHECK(known.better_than(wrong, at("192.0.2.1")) == at("192.0.2.1"));
    }
}

TEST_CASE("clients cannot make the server remember addresses without bound", "[net][proxy]")
{
    reached_addresses known;
    for (int port = 1; port <= 100; ++port)
        known.note(at("192.0.2.1"), at("host", port));
    CHECK(known.better_than(at("host", 1), at("192.0.2.1")) == at("host", 100));
    constexpr int kept = static_cast<int>(reached_addresses::names_per_end_max);
    CHECK_FALSE(known.better_than(at("host", 100 - kept + 1), at("192.0.2.1")));
    CHECK(known.better_than(at("host", 100 - kept), at("192.0.2.1")).has_value());

    for (int end = 1; end <= 100; ++end)
        known.note(at("192.0.2.2", end), at("host"));
    constexpr int ends = static_cast<int>(reached_addresses::ends_max) - 1;  // beside the first
    CHECK_FALSE(known.better_than(at("host"), at("192.0.2.2", ends)));
    CHECK(known.better_than(at("host"), at("192.0.2.2", ends + 1)).has_value());
}
