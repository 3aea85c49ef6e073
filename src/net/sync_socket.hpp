// sync_socket: socket I/O on the calling thread, each step under a deadline.
#pragma once

#include "net/busy_poll.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace quaymaster::net {

using time_point = std::chrono::steady_clock::time_point;

/// What every socket of a client gets.
struct socket_settings {
    /// How long the kernel may block in one system call. An operation whose deadline is further away than this blocks
    /// outright and looks at the clock when it wakes up, which spares a poll() per read; a nearer one polls.
    std::chrono::milliseconds tick{5'000};
    /// TCP only: idle time before the first keepalive probe; zero switches keepalive off.
    std::chrono::seconds keepalive_idle{30};
    /// How long a read polls the socket before it sleeps, while that pays; zero: never.
    std::chrono::microseconds busy_poll{100};
};

/// A connected stream socket (TCP over IPv4 or IPv6, or Unix) that blocks its caller, and never beyond a deadline.
/// Errors: `ec` is boost::system::errc::timed_out when the deadline came first, boost::asio::error::eof when the peer
/// closed, else what the kernel said. After any error the only use left is close().
/// Thread safety: none; one thread at a time. Lifetime: closes its descriptor when destroyed.
class sync_socket {
public:
    sync_socket() noexcept = default;
    sync_socket(sync_socket&& other) noexcept;
    sync_socket& operator=(sync_socket&& other) noexcept;
    ~sync_socket();

    /// Connects to `host` (a name, an IPv4 or IPv6 literal; empty means loopback), trying each of its addresses in turn
    /// with an equal share of the time that is left. TCP_NODELAY is set.
    static sync_socket connect_tcp(const std::string& host, std::uint16_t port, const socket_settings& settings,
                                   time_point deadline, error_code& ec);
    /// Connects to the Unix socket at `path`; one that begins with NUL names an abstract socket.
    static sync_socket connect_unix(const std::string& path, const socket_settings& settings, time_point deadline,
                                    error_code& ec);

    [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
    void close() noexcept;

    /// Sends all of `pieces`, in order, in as few system calls as the kernel permits. Gives up when the peer has taken
    /// nothing for `patience`: a large item on a slow line may take longer than that.
    void write(std::span<const bytes_view> pieces, std::chrono::milliseconds patience, error_code& ec);
    /// Reads what has come, waiting for at least one octet; returns how many.
    std::size_t read_some(std::span<std::byte> into, time_point deadline, error_code& ec);
    /// Fills `into`. Gives up when 256 KiB of it have not come within `patience`.
    void read_exactly(std::span<std::byte> into, std::chrono::milliseconds patience, error_code& ec);
    /// True if nothing is to be read: neither an octet nor the peer's end. One system call, never waits.
    [[nodiscard]] bool is_quiet() noexcept;
    /// Waits until there is something to read. False: the deadline came first (`ec` clear), or an error (`ec` set).
    bool wait_readable(time_point deadline, error_code& ec);
    /// Has the kernel acknowledge at once what has come. A peer that writes a frame in two pieces with Nagle's
    /// algorithm on holds the second until the first is acknowledged: 40 ms with delayed acknowledgements.
    void acknowledge_now() noexcept;

private:
    sync_socket(int descriptor, bool tcp, const socket_settings& settings) noexcept;
    /// One recv() with `flags`; 0 and `ec` clear means: try again.
    std::size_t receive(std::span<std::byte> into, int flags, error_code& ec) noexcept;
    /// The wait before a system call: sets `flags` to MSG_DONTWAIT after polling for `events`, or leaves it for the
    /// kernel's own tick. False: deadline passed or error, in `ec`.
    bool wait_turn(short events, time_point deadline, int& flags, error_code& ec) noexcept;

    int descriptor_ = -1;
    bool tcp_ = false;
    std::chrono::milliseconds tick_{0};
    busy_poll busy_poll_{{}};
};

}  // namespace quaymaster::net
