#include "net/tcp_options.hpp"
#include "net/unique_descriptor.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace quaymaster::net {
namespace {

/// Two connected TCP sockets of this machine.
struct tcp_pair {
    tcp_pair()
    {
        const unique_descriptor listener{::socket(AF_INET, SOCK_STREAM, 0)};
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const address = reinterpret_cast<sockaddr*>(&at);
        socklen_t size = sizeof at;
        REQUIRE(::bind(listener.number(), address, size) == 0);
        REQUIRE(::listen(listener.number(), 1) == 0);
        REQUIRE(::getsockname(listener.number(), address, &size) == 0);
        client = unique_descriptor{::socket(AF_INET, SOCK_STREAM, 0)};
        REQUIRE(::connect(client.number(), address, size) == 0);
        server = unique_descriptor{::accept(listener.number(), nullptr, nullptr)};
        REQUIRE(server.is_open());
    }

    unique_descriptor client;
    unique_descriptor server;
};

int option_of(const unique_descriptor& socket, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(socket.number(), level, option, &value, &size) == 0);
    return value;
}

std::string congestion_control_of(const unique_descriptor& socket)
{
    std::array<char, 16> name{};
    socklen_t size = name.size();
    REQUIRE(::getsockopt(socket.number(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) == 0);
    return name.data();
}

TEST_CASE("a tuned socket sends at once, probes a silent peer, and does not pace within this machine", "[net][tcp_options]")
{
    const tcp_pair pair;
    tune_tcp(pair.server.number(), {std::chrono::seconds{61}, std::chrono::seconds{16}, 5});
    CHECK(option_of(pair.server, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option_of(pair.server, SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK(option_of(pair.server, IPPROTO_TCP, TCP_KEEPIDLE) == 61);
    CHECK(option_of(pair.server, IPPROTO_TCP, TCP_KEEPINTVL) == 16);
    CHECK(option_of(pair.server, IPPROTO_TCP, TCP_KEEPCNT) == 5);
    CHECK(congestion_control_of(pair.server) == "reno");
}

TEST_CASE("keepalive of zero seconds is none", "[net][tcp_options]")
{
    const tcp_pair pair;
    tune_tcp(pair.client.number(), {std::chrono::seconds{0}, std::chrono::seconds{1}, 1});
    CHECK(option_of(pair.client, SOL_SOCKET, SO_KEEPALIVE) == 0);
}

}  // namespace
}  // namespace quaymaster::net
