#include "net/gathered_send.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

namespace quaymaster::net {
namespace {

/// Of a call that waits, the caller looks at its deadline before the next.
bool is_to_be_repeated(::ssize_t sent, int flags) noexcept
{
    return sent < 0 && errno == EINTR && (flags & MSG_DONTWAIT) != 0;
}

}  // namespace

::ssize_t send_gathered(int socket, std::span<const bytes_view> pieces, std::size_t skipped, int flags) noexcept
{
    if (pieces.size() == 1) {  // for which the kernel has less to copy
        const bytes_view part = pieces.front().subspan(skipped);
        ::ssize_t sent = 0;
        do
            sent = ::send(socket, part.data(), part.size(), flags | MSG_NOSIGNAL);
        while (is_to_be_repeated(sent, flags));
        return sent;
    }
    std::array<iovec, pieces_per_send> vectors;  // filled as far as it is used
    const std::size_t count = std::min(pieces.size(), pieces_per_send);
    for (std::size_t index = 0; index < count; ++index) {
        const bytes_view part = pieces[index].subspan(index == 0 ? skipped : 0);
        vectors[index] = {const_cast<std::byte*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    ::ssize_t sent = 0;
    do
        sent = ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    while (is_to_be_repeated(sent, flags));
    return sent;
}

}  // namespace quaymaster::net
