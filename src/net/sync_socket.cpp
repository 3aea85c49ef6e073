#include "net/sync_socket.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
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

struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

using socket_addresses = std::vector<socket_address>;

/// getaddrinfo()'s errors beside errno, so that a message says "name or service not known".
error_code resolver_error(int code) noexcept
{
    switch (code) {
    case EAI_SYSTEM: return last_error();
    case EAI_AGAIN: return boost::asio::error::host_not_found_try_again;
    case EAI_SERVICE: return boost::asio::error::service_not_found;
    case EAI_MEMORY: return boost::asio::error::no_memory;
    default: return boost::asio::error::host_not_found;
    }
}

socket_addresses look_up(const std::string& host, std::uint16_t port, int flags, error_code& ec)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    socket_addresses addresses;
    if (const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); failed != 0) {
        ec = resolver_error(failed);
        return addresses;
    }
    ec.clear();
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        socket_address address;
        std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
        address.size = each->ai_addrlen;
        addresses.push_back(address);
    }
    ::freeaddrinfo(found);
    return addresses;
}

/// What a resolving thread and its caller share. The thread outlives a caller that has given up.
struct resolution {
    std::mutex mutex;                  // guards all below
    std::condition_variable finished;  // notified once, when done
    bool done = false;
    socket_addresses addresses;
    error_code ec;
};

socket_addresses resolve(const std::string& host, std::uint16_t port, time_point deadline, error_code& ec)
{
    if (host.empty()) {
        // A server bound to "" listens on every interface; a client that is given the same words reaches it here.
        socket_addresses loopback = look_up("127.0.0.1", port, AI_NUMERICHOST, ec);
        const socket_addresses loopback6 = look_up("::1", port, AI_NUMERICHOST, ec);
        loopback.insert(loopback.end(), loopback6.begin(), loopback6.end());
        ec.clear();
        return loopback;
    }
    if (socket_addresses literal = look_up(host, port, AI_NUMERICHOST, ec); !ec)
        return literal;

    // getaddrinfo() knows no deadline: it runs in a thread of its own, which is left behind when the deadline comes.
    auto shared = std::make_shared<resolution>();
    std::thread{[shared, host, port] {
        error_code failed;
        socket_addresses addresses = look_up(host, port, AI_ADDRCONFIG, failed);
        const std::lock_guard lock{shared->mutex};
        shared->addresses = std::move(addresses);
        shared->ec = failed;
        shared->done = true;
        shared->finished.notify_one();
    }}.detach();

    std::unique_lock lock{shared->mutex};
    if (!shared->finished.wait_until(lock, deadline, [&] { return shared->done; })) {
        ec = timed_out();
        return {};
    }
    ec = shared->ec;
    return std::move(shared->addresses);
}

void set_option(int descriptor, int level, int option, int value) noexcept
{
    // A refused tuning option is no reason to refuse the connection.
    (void)::setsockopt(descriptor, level, option, &value, sizeof value);
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
    if (!tcp)
        return;
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    if (settings.keepalive_idle.count() > 0) {
        set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(settings.keepalive_idle.count()));
        set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 10);
        set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
    }
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
    const socket_addresses addresses = resolve(host, port, deadline, ec);
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
    // A Unix socket connects at once or waits for room in the backlog, under its send timeout; poll() does not help.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0) {
        ec = timed_out();
        return {};
    }
    set_kernel_timeout(descriptor, SO_SNDTIMEO, left);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), size) != 0) {
        ec = errno == EAGAIN ? timed_out() : last_error();
        return {};
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
    constexpr std::size_t batch_max = 64;
    time_point deadline = clock::now() + patience;
    std::array<iovec, batch_max> batch;
    std::size_t piece = 0;
    std::size_t offset = 0;  // within pieces[piece]: how much of it has been sent
    while (piece < pieces.size()) {
        std::size_t count = 0;
        for (std::size_t index = piece; index < pieces.size() && count < batch_max; ++index, ++count) {
            const bytes_view part = index == piece ? pieces[index].subspan(offset) : pieces[index];
            batch[count] = iovec{const_cast<std::byte*>(part.data()), part.size()};
        }
        msghdr message{};
        message.msg_iov = batch.data();
        message.msg_iovlen = count;
        // First without waiting: the send buffer of a conversation that takes turns is empty nearly always.
        ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            int flags = MSG_NOSIGNAL;
            if (!wait_turn(POLLOUT, deadline, flags, ec))
                return;
            sent = ::sendmsg(descriptor_, &message, flags);
        }
        if (sent < 0) {
            if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
                continue;
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

/// Polls as long as that is better than to sleep. False if it came to nothing, or was not tried.
bool sync_socket::poll_receive(std::span<std::byte> into, std::size_t& count, error_code& ec) noexcept
{
    const auto begin = clock::now();
    if (!busy_poll_.is_worth_trying(begin))
        return false;
    const auto end = busy_poll_.begin(begin, preemption_count());
    for (auto now = begin; now < end; now = clock::now()) {
        count = receive(into, MSG_DONTWAIT, ec);
        if (count != 0 || ec) {
            busy_poll_.on_hit();
            return true;
        }
    }
    if (end != begin)
        busy_poll_.on_miss(end);
    return false;
}

std::size_t sync_socket::read_some(std::span<std::byte> into, time_point deadline, error_code& ec)
{
    ec.clear();
    std::size_t count = 0;
    if (poll_receive(into, count, ec))
        return count;
    for (;;) {
        int flags = 0;
        if (!wait_turn(POLLIN, deadline, flags, ec))
            return 0;
        count = receive(into, flags, ec);
        if (count != 0 || ec)
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
        set_option(descriptor_, IPPROTO_TCP, TCP_QUICKACK, 1);
}

}  // namespace quaymaster::net
