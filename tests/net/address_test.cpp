#include <quaymaster/address.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using quaymaster::address;

TEST_CASE("an address reads what it writes", "[net][address]")
{
    for (const char* text : {"127.0.0.1:50000", "localhost:1", ":0", "[::1]:65535", "unix:/run/queues"}) {
        CAPTURE(text);
        CHECK(address::parse(text).to_string() == text);
    }
}

TEST_CASE("the parts of an address", "[net][address]")
{
    const address tcp = address::parse("[fe80::1]:80");
    CHECK(tcp.host() == "fe80::1");
    CHECK(tcp.port() == 80);
    CHECK_FALSE(tcp.is_unix());
    const address local = address::unix_socket("/tmp/s");
    CHECK(local.path() == "/tmp/s");
    CHECK(local.is_unix());
    CHECK(address{"a", 1} == address::parse("a:1"));
}

TEST_CASE("what is no address says why", "[net][address]")
{
    CHECK_THROWS_WITH(address::parse("localhost"), Catch::Contains("HOST:PORT"));
    CHECK_THROWS_WITH(address::parse("a:65536"), Catch::Contains("0..65535"));
    CHECK_THROWS_WITH(address::parse("a:"), Catch::Contains("port"));
    CHECK_THROWS_WITH(address::parse("::1:80"), Catch::Contains("brackets"));
    CHECK_THROWS_WITH(address::parse("[::1:80"), Catch::Contains("bracket"));
    CHECK_THROWS_AS(address::unix_socket(""), std::invalid_argument);
    CHECK_THROWS_AS(address::unix_socket(std::string(200, 'x')), std::invalid_argument);
}

TEST_CASE("which addresses only this machine can reach", "[net][address]")
{
    for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/x"})
        CHECK(address::parse(text).is_loopback());
    for (const char* text : {":1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.example.org:1"}) {
        CAPTURE(text);
        CHECK(address::parse(text).is_loopback() == false);
    }
}
