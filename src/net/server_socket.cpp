#include "net/server_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace quaymaster::net {

namespace {

constexpr std::size_t pieces_per_call = 64;
constexpr int keepalive_idle_s = 60;
constexpr int keepalive_interval_s = 15;
constexpr int keepalive_probes = 4;

transfer failure() noexcept
{
    const int cause = errno;
    if (cause == EAGAIN || cause == EWOULDBLOCK)
        return {};
    return {transfer::status::failed, 0, error_code{cause, boost::system::system_category()}};
}

void set_option(int socket, int level, int option, int value) noexcept
{
    // Tuning: a system that refuses it still serves.
    (void)::setsockopt(socket, level, option, &value, sizeof value);
}

/// One sendmsg() of at most `pieces_per_call` pieces.
::ssize_t send_batch(int socket, std::span<const bytes_view> pieces) noexcept
{
    std::array<iovec, pieces_per_call> vectors;  // filled as far as it is used
    for (std::size_t index = 0; index < pieces.size(); ++index)
        vectors[index] = {const_cast<std::byte*>(pieces[index].data()), pieces[index].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = pieces.size();
    ::ssize_t count = 0;
    do
        count = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count;
}

}  // namespace

transfer receive_some(int socket, std::span<std::byte> into) noexcept
{
    ::ssize_t count = 0;
    do
        count = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return failure();
    if (count == 0)
        return {transfer::status::ended, 0, {}};
    return {transfer::status::some, static_cast<std::size_t>(count), {}};
}

transfer send_some(int socket, std::span<const bytes_view> pieces) noexcept
{
    transfer done{transfer::status::some, 0, {}};
    while (!pieces.empty()) {
        const auto batch = pieces.first(std::min(pieces.size(), pieces_per_call));
        const ::ssize_t count = send_batch(socket, batch);
        if (count < 0) {
            const transfer failed = failure();
            return {failed.state, done.count, failed.cause};
        }
        std::size_t batch_size = 0;
        for (const bytes_view piece : batch)
            batch_size += piece.size();
        done.count += static_cast<std::size_t>(count);
        if (static_cast<std::size_t>(count) < batch_size)
            return {transfer::status::would_block, done.count, {}};
        pieces = pieces.subspan(batch.size());
    }
    return done;
}

bool peer_has_left(int socket) noexcept
{
    pollfd watched{socket, POLLRDHUP, 0};
    return ::poll(&watched, 1, 0) > 0;
}

void tune_accepted(int socket) noexcept
{
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
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
