#include "net/tcp_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <string_view>

namespace quaymaster::net {

namespace {

void set_option(int socket, int level, int option, int value) noexcept
{
    (void)::setsockopt(socket, level, option, &value, sizeof value);
}

/// True if both ends have one address, whatever its family: what is sent never leaves this machine.
bool is_within_machine(int socket) noexcept
{
    sockaddr_storage here{};
    sockaddr_storage there{};
    socklen_t here_size = sizeof here;
    socklen_t there_size = sizeof there;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &here_size) != 0 ||
        ::getpeername(socket, reinterpret_cast<sockaddr*>(&there), &there_size) != 0 || here.ss_family != there.ss_family)
        return false;
    if (here.ss_family == AF_INET)
        return std::memcmp(&reinterpret_cast<const sockaddr_in&>(here).sin_addr,
                           &reinterpret_cast<const sockaddr_in&>(there).sin_addr, sizeof(in_addr)) == 0;
    return here.ss_family == AF_INET6 &&
        std::memcmp(&reinterpret_cast<const sockaddr_in6&>(here).sin6_addr,
                    &reinterpret_cast<const sockaddr_in6&>(there).sin6_addr, sizeof(in6_addr)) == 0;
}

/// BBR, where it is the system's default, estimates a bandwidth and paces to it by timers. Between two processes of one
/// machine there is no bottleneck to find, and the timers halve the throughput of large items.
void unpace(int socket) noexcept
{
#ifdef TCP_CONGESTION
    constexpr std::string_view every_kernel_has{"reno"};
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, every_kernel_has.data(), every_kernel_has.size());
#else
    (void)socket;
#endif
}

}  // namespace

void tune_tcp(int socket, const keepalive& probing) noexcept
{
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (is_within_machine(socket))
        unpace(socket);
    if (probing.idle.count() <= 0)
        return;
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(probing.idle.count()));
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(probing.interval.count()));
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, probing.probes);
#endif
}

void acknowledge_now(int socket) noexcept
{
#ifdef TCP_QUICKACK
    set_option(socket, IPPROTO_TCP, TCP_QUICKACK, 1);
#else
    (void)socket;
#endif
}

}  // namespace quaymaster::net
