// peer_name: who is at the other end, kept small and made text only when a log line needs it.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace quaymaster::net {

/// A peer's address in 20 octets: each open connection holds one, and hardly any is ever printed.
class peer_name {
public:
    peer_name() noexcept = default;
    /// `at` as accept() gave it; families other than IPv4 and IPv6 are "a Unix socket".
    explicit peer_name(const sockaddr_storage& at) noexcept;

    /// "127.0.0.1:51514", "[::1]:51514" or "a Unix socket". An IPv4 peer of a dual-stack socket reads as IPv4.
    [[nodiscard]] std::string to_string() const;
    /// The same without the port; empty for a Unix socket.
    [[nodiscard]] std::string host() const;
    [[nodiscard]] bool is_tcp() const noexcept { return family_ != family::local; }

private:
    enum class family : std::uint8_t { local, v4, v6 };

    std::array<std::uint8_t, 16> octets_{};
    std::uint16_t port_ = 0;
    family family_ = family::local;
};

}  // namespace quaymaster::net
