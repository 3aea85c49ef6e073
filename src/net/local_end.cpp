#include "net/local_end.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace quaymaster::net {

namespace {

value host_and_port(int family, const void* host, in_port_t port)
{
    char text[INET6_ADDRSTRLEN];
    if (::inet_ntop(family, host, text, sizeof text) == nullptr)
        return {};
    return value::tuple({value{std::string_view{text}}, value{static_cast<int>(ntohs(port))}});
}

value of_ipv6(const sockaddr_in6& at)
{
    constexpr std::size_t ipv4_offset = 12;  // of an IPv4-mapped address
    if (IN6_IS_ADDR_V4MAPPED(&at.sin6_addr))
        return host_and_port(AF_INET, at.sin6_addr.s6_addr + ipv4_offset, at.sin6_port);
    return host_and_port(AF_INET6, &at.sin6_addr, at.sin6_port);
}

}  // namespace

value local_end_of(int socket)
{
    sockaddr_storage at{};
    socklen_t size = sizeof at;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&at), &size) != 0)
        return {};
    switch (at.ss_family) {
    case AF_INET: {
        const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(at);
        return host_and_port(AF_INET, &ipv4.sin_addr, ipv4.sin_port);
    }
    case AF_INET6: return of_ipv6(reinterpret_cast<const sockaddr_in6&>(at));
    case AF_UNIX: return value{std::string{reinterpret_cast<const sockaddr_un&>(at).sun_path}};
    default: return {};
    }
}

}  // namespace quaymaster::net
