// server_socket: the system calls of one accepted connection, none of which blocks.
#pragma once

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <cstddef>
#include <span>

namespace quaymaster::net {

/// What a read or write came to. `would_block`: nothing now; wait for readiness. `ended`: the peer closed its side.
struct transfer {
    enum class status : std::uint8_t { some, would_block, ended, failed };
    status state = status::would_block;
    std::size_t count = 0;
    error_code cause;
};

/// Reads what has come. Precondition: `into` is not empty.
[[nodiscard]] transfer receive_some(int socket, std::span<std::byte> into) noexcept;

/// Writes as much of `pieces`, in order, as the kernel takes without waiting. `some` with count 0 for no pieces.
[[nodiscard]] transfer send_some(int socket, std::span<const bytes_view> pieces) noexcept;

/// True if the peer has closed its side, or is gone, whether or not octets that it sent before are still unread.
[[nodiscard]] bool peer_has_left(int socket) noexcept;

}  // namespace quaymaster::net
