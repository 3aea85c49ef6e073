#include "net/peer_name.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace quaymaster::net {

peer_name::peer_name(const sockaddr_storage& at) noexcept
{
    if (at.ss_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &at, sizeof v4);
        family_ = family::v4;
        port_ = ntohs(v4.sin_port);
        std::memcpy(octets_.data(), &v4.sin_addr, sizeof v4.sin_addr);
    } else if (at.ss_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &at, sizeof v6);
        family_ = family::v6;
        port_ = ntohs(v6.sin6_port);
        std::memcpy(octets_.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            family_ = family::v4;
            std::copy_n(octets_.begin() + 12, 4, octets_.begin());
        }
    }
}

std::string peer_name::to_string() const
{
    if (family_ == family::local)
        return "a Unix socket";
    return (family_ == family::v6 ? '[' + host() + ']' : host()) + ':' + std::to_string(port_);
}

std::string peer_name::host() const
{
    if (family_ == family::local)
        return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family_ == family::v4 ? AF_INET : AF_INET6, octets_.data(), text.data(), text.size());
    return text.data();
}

}  // namespace quaymaster::net
