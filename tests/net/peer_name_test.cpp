#include "net/peer_name.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

using quaymaster::net::peer_name;

namespace {

sockaddr_storage v4(const char* host, std::uint16_t port)
{
    sockaddr_storage storage{};
    auto& at = reinterpret_cast<sockaddr_in&>(storage);
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &at.sin_addr);
    return storage;
}

sockaddr_storage v6(const char* host, std::uint16_t port)
{
    sockaddr_storage storage{};
    auto& at = reinterpret_cast<sockaddr_in6&>(storage);
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(port);
    ::inet_pton(AF_INET6, host, &at.sin6_addr);
    return storage;
}

}  // namespace

TEST_CASE("peers are named as people write them", "[net][peer_name]")
{
    CHECK(peer_name{v4("10.1.2.3", 51514)}.to_string() == "10.1.2.3:51514");
    CHECK(peer_name{v6("::1", 7)}.to_string() == "[::1]:7");
    CHECK(peer_name{v6("::ffff:10.1.2.3", 7)}.to_string() == "10.1.2.3:7");
    CHECK(peer_name{}.to_string() == "a Unix socket");
    CHECK_FALSE(peer_name{}.is_tcp());
    CHECK(peer_name{v6("::1", 7)}.is_tcp());
    CHECK(sizeof(peer_name) <= 20);
}
