#include "net/sync_socket.hpp"

#include "net/gathered_send.hpp"
#include "net/resolver.hpp"
#include "net/tcp_options.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace quaymaster::net {
namespace {

using clock = std::chrono::steady_clock;

error_code last_error() noexcept
{
    return {errno, boost::system::system_category()};
}

error_code timed_out() noexcept
{
    return boost::system::errc::make_error_code(boost::system::errc::timed_out);
}

/// What poll() is given: rounded up, so that it never returns before the deadline and then spins.
int poll_milliseconds(time_point deadline) noexcept
{
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 60'000));
}

/// Waits for `events`; false: the deadline came first, or `ec` is set.
bool poll_until(int descriptor, short events, time_point deadline, error_code& ec) noexcept
{
    ec.clear();
    for (;;) {
        pollfd watched{descriptor, events, 0};
        const int ready = ::poll(&watched, 1, poll_milliseconds(deadline));
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR) {
            ec = last_error();
            return false;
        }
        if (clock::now() >= deadline)
            return false;
    }
}

void set_kernel_timeout(int descriptor, int option, std::chrono::milliseconds timeout) noexcept
{
    timeval limit{};
    limit.tv_sec = static_cast<time_t>(timeout.count() / 1000);
    limit.tv_usec = static_cast<suseconds_t>(timeout.count() % 1000 * 1000);
    (void)::setsockopt(descriptor, SOL_SOCKET, option, &limit, sizeof limit);
}

void tune(int descriptor, bool tcp, const socket_settings& settings) noexcept
{
    set_kernel_timeout(descriptor, SO_RCVTIMEO, settings.tick);
    set_kernel_timeout(descriptor, SO_SNDTIMEO, settings.tick);
    if (tcp)
        tune_tcp(descriptor, {settings.keepalive_idle, std::chrono::seconds{10}, 3});
}

/// Connects a non-blocking `descriptor`.
void connect_descriptor(int descriptor, const socket_address& to, time_point deadline, error_code& ec) noexcept
{
    ec.clear();
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to.storage), to.size) == 0)
        return;
    if (errno != EINPROGRESS && errno != EINTR) {
        ec = last_error();
        return;
    }
    if (!poll_until(descriptor, POLLOUT, deadline, ec)) {
        if (!ec)
            ec = timed_out();
        return;
    }
    int failed = 0;
    socklen_t size = sizeof failed;
    (void)::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed != 0)
        ec = error_code{failed, boost::system::system_category()};
}

}  // namespace

sync_socket::sync_socket(int descriptor, bool tcp, const socket_settings& settings) noexcept
    : descriptor_{descriptor}, tcp_{tcp}, tick_{settings.tick}, busy_poll_{settings.busy_poll}
{
}

sync_socket::sync_socket(sync_socket&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)}, tcp_{other.tcp_}, tick_{other.tick_}, busy_poll_{other.busy_poll_}
{
}

sync_socket& sync_socket::operator=(sync_socket&& other) noexcept
{
    if (this != &other) {
        close();
        descriptor_ = std::exchange(other.descriptor_, -1);
        tcp_ = other.tcp_;
        tick_ = other.tick_;
        busy_poll_ = other.busy_poll_;
    }
    return *this;
}

sync_socket::~sync_socket()
{
    close();
}

void sync_socket::close() noexcept
{
    if (descriptor_ >= 0)
        (void)::close(std::exchange(descriptor_, -1));
}

sync_socket sync_socket::connect_tcp(const std::string& host, std::uint16_t port, const socket_settings& settings,
                                     time_point deadline, error_code& ec)
{
    const std::vector<socket_address> addresses = resolve(host, port, deadline, ec);
    if (ec)
        return {};
    for (std::size_t index = 0; index < addresses.size(); ++index) {
        const socket_address& to = addresses[index];
        const int descriptor = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (descriptor < 0) {
            ec = last_error();
            continue;
        }
        sync_socket socket{descriptor, true, settings};
        // Shared out, so that a first address which swallows packets leaves time for the second.
        const auto now = clock::now();
        const auto share = (deadline - now) / static_cast<clock::rep>(addresses.size() - index);
        connect_descriptor(descriptor, to, now + share, ec);
        if (ec)
            continue;
        int flags = 0;
        (void)::ioctl(descriptor, FIONBIO, &flags);
        tune(descriptor, true, settings);
        return socket;
    }
    if (!ec)
        ec = boost::asio::error::host_not_found;
    return {};
}

sync_socket sync_socket::connect_unix(const std::string& path, const socket_settings& settings, time_point deadline,
                                      error_code& ec)
{
    ec.clear();
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof to.sun_path) {
        ec = boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
        return {};
    }
    std::memcpy(to.sun_path, path.data(), path.size());
    const bool abstract = path.front() == '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0U : 1U));

    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        ec = last_error();
        return {};
    }
    sync_socket socket{descriptor, false, settings};
    // A Unix socket connects at once or waits for room in the backlog, under its send timeout; poll() does not help. One whose
    // wait a signal has ended has not connected, and may try again.
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        if (left.count() <= 0) {
            ec = timed_out();
            return {};
        }
        set_kernel_timeout(descriptor, SO_SNDTIMEO, left);
        if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), size) == 0)
            break;
        if (errno != EINTR) {
            ec = errno == EAGAIN ? timed_out() : last_error();
            return {};
        }
    }
    tune(descriptor, false, settings);
    return socket;
}

bool sync_socket::wait_turn(short events, time_point deadline, int& flags, error_code& ec) noexcept
{
    if (deadline - clock::now() > tick_)
        return true;
    flags |= MSG_DONTWAIT;
    if (poll_until(descriptor_, events, deadline, ec))
        return true;
    if (!ec)
        ec = timed_out();
    return false;
}

void sync_socket::write(std::span<const bytes_view> pieces, std::chrono::milliseconds patience, error_code& ec)
{
    ec.clear();
    time_point deadline = clock::now() + patience;
    std::size_t piece = 0;
    std::size_t offset = 0;  // within pieces[piece]: how much of it has been sent
    while (piece < pieces.size()) {
        // First without waiting: the send buffer of a conversation that takes turns is empty nearly always.
        ssize_t sent = send_gathered(descriptor_, pieces.subspan(piece), offset, MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            int flags = 0;
            if (!wait_turn(POLLOUT, deadline, flags, ec))
                return;
            sent = send_gathered(descriptor_, pieces.subspan(piece), offset, flags);
        }
        if (sent < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
                continue;  // to the deadline
            ec = last_error();
            return;
        }
        auto left = static_cast<std::size_t>(sent);
        while (piece < pieces.size() && left >= pieces[piece].size() - offset) {
            left -= pieces[piece].size() - offset;
            offset = 0;
            ++piece;
        }
        offset += left;
        if (piece < pieces.size())
            deadline = clock::now() + patience;
    }
}

std::size_t sync_socket::receive(std::span<std::byte> into, int flags, error_code& ec) noexcept
{
    const ssize_t count = ::recv(descriptor_, into.data(), into.size(), flags);
    if (count > 0)
        return static_cast<std::size_t>(count);
    if (count == 0)
        ec = boost::asio::error::eof;
    else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
        ec = last_error();
    return 0;
}

std::size_t sync_socket::read_some(std::span<std::byte> into, time_point deadline, error_code& ec)
{
    ec.clear();
    std::size_t count = 0;
    const auto look = [&] {
        count = receive(into, MSG_DONTWAIT, ec);
        return count != 0 || ec;
    };
    if (busy_poll_.poll(deadline, look))
        return count;
    for (;;) {
        int flags = 0;
        if (!wait_turn(POLLIN, deadline, flags, ec))
            return 0;
        count = receive(into, flags, ec);
        if (count == 0 && !ec)
            continue;
        busy_poll_.on_awake(clock::now());
        return count;
    }
}

void sync_socket::read_exactly(std::span<std::byte> into, std::chrono::milliseconds patience, error_code& ec)
{
    ec.clear();
    constexpr std::size_t stride_max = std::size_t{256} << 10;
    while (!into.empty()) {
        std::span<std::byte> stride = into.first(std::min(stride_max, into.size()));
        into = into.subspan(stride.size());
        const time_point deadline = clock::now() + patience;
        while (!stride.empty()) {
            int flags = 0;
            if (!wait_turn(POLLIN, deadline, flags, ec))
                return;
            // MSG_WAITALL: one wake-up for a large body rather than one per segment.
            const std::size_t count = receive(stride, flags == 0 ? MSG_WAITALL : flags, ec);
            if (ec)
                return;
            stride = stride.subspan(count);
        }
    }
}

bool sync_socket::is_quiet() noexcept
{
    std::byte octet;
    for (;;) {
        const ssize_t count = ::recv(descriptor_, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
        if (count >= 0)
            return false;
        if (errno != EINTR)
            return errno == EAGAIN || errno == EWOULDBLOCK;
    }
}

bool sync_socket::wait_readable(time_point deadline, error_code& ec)
{
    return poll_until(descriptor_, POLLIN, deadline, ec);
}

void sync_socket::acknowledge_now() noexcept
{
    if (tcp_)
        net::acknowledge_now(descriptor_);
}

}  // namespace quaymaster::net
