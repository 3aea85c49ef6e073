// resolver: host names to socket addresses, under a deadline.
#pragma once

#include <quaymaster/errors.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace quaymaster::net {

struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

/// The addresses of `host` for a TCP connection to `port`, in the order to try them; `host` is a name or an IPv4 or IPv6
/// literal. Empty means loopback, of both families: a server bound to "" listens on every interface, and a client that is
/// given the same words reaches it there.
/// Errors: `ec` is boost::system::errc::timed_out at `deadline`, else what getaddrinfo() said; the result is empty then.
/// A name is looked up in a thread of its own, because getaddrinfo() knows no deadline; one that came too late is left
/// behind and ends by itself.
[[nodiscard]] std::vector<socket_address> resolve(const std::string& host, std::uint16_t port,
                                                  std::chrono::steady_clock::time_point deadline, error_code& ec);

}  // namespace quaymaster::net
