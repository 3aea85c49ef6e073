// gathered_send: several pieces of memory in one system call.
#pragma once

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <span>

#include <sys/types.h>

namespace quaymaster::net {

/// The most pieces of one call; further ones wait for the next.
inline constexpr std::size_t pieces_per_send = 64;

/// One sendmsg() with `flags` and MSG_NOSIGNAL, of at most pieces_per_send of `pieces` in order, without the first
/// `skipped` octets of the first piece. Returns what sendmsg() does; errno says why it failed: with MSG_DONTWAIT never EINTR,
/// without it EINTR if a signal came while it waited and nothing had been sent by then.
/// Preconditions: `pieces` is not empty, `skipped` is within its first piece.
[[nodiscard]] ::ssize_t send_gathered(int socket, std::span<const bytes_view> pieces, std::size_t skipped, int flags) noexcept;

}  // namespace quaymaster::net
