// address: where a server listens and where a client connects.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quaymaster {

/// A host and a port, or the path of a Unix socket: what Python writes as `(host, port)` or as a `str`.
/// Nothing is resolved here; start() and connect() do that.
class address {
public:
    /// An empty `host` is every interface for a server and this machine for a client. Port 0 lets the system choose
    /// (servers only; server::bound_address() tells the choice).
    address(std::string host, std::uint16_t port) : host_{std::move(host)}, port_{port} {}

    /// A Unix socket. Throws std::invalid_argument if `path` is empty or longer than the system allows (107 octets on Linux).
    [[nodiscard]] static address unix_socket(std::string path);

    /// Reads "HOST:PORT", "[IPV6]:PORT", ":PORT" or "unix:PATH". Throws std::invalid_argument, saying what is wrong.
    [[nodiscard]] static address parse(std::string_view text);

    [[nodiscard]] bool is_unix() const noexcept { return !path_.empty(); }
    /// Empty for a Unix socket.
    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    /// 0 for a Unix socket.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// Empty unless is_unix().
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// True if only this machine can reach it: a Unix socket, 127.0.0.0/8, ::1 or the name localhost.
    [[nodiscard]] bool is_loopback() const noexcept;

    /// As parse() reads it: "127.0.0.1:50000", "[::1]:50000", "unix:/run/queue".
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const address&, const address&) = default;

private:
    std::string host_;
    std::string path_;
    std::uint16_t port_ = 0;
};

}  // namespace quaymaster
