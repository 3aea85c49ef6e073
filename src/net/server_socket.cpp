#include "net/server_socket.hpp"

#include "net/gathered_send.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace quaymaster::net {

namespace {

transfer failure() noexcept
{
    const int cause = errno;
    if (cause == EAGAIN || cause == EWOULDBLOCK)
        return {};
    return {transfer::status::failed, 0, error_code{cause, boost::system::system_category()}};
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
        const auto batch = pieces.first(std::min(pieces.size(), pieces_per_send));
        const ::ssize_t count = send_gathered(socket, batch, 0, MSG_DONTWAIT);
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

}  // namespace quaymaster::net
