#include "net/resolver.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <netdb.h>

namespace quaymaster::net {
namespace {

using socket_addresses = std::vector<socket_address>;

/// getaddrinfo()'s errors beside errno, so that a message says "name or service not known".
error_code resolver_error(int code) noexcept
{
    switch (code) {
    case EAI_SYSTEM: return {errno, boost::system::system_category()};
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

}  // namespace

std::vector<socket_address> resolve(const std::string& host, std::uint16_t port,
                                    std::chrono::steady_clock::time_point deadline, error_code& ec)
{
    if (host.empty()) {
        socket_addresses loopback = look_up("127.0.0.1", port, AI_NUMERICHOST, ec);
        const socket_addresses loopback6 = look_up("::1", port, AI_NUMERICHOST, ec);
        loopback.insert(loopback.end(), loopback6.begin(), loopback6.end());
        ec.clear();
        return loopback;
    }
    if (socket_addresses literal = look_up(host, port, AI_NUMERICHOST, ec); !ec)
        return literal;

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
        ec = boost::system::errc::make_error_code(boost::system::errc::timed_out);
        return {};
    }
    ec = shared->ec;
    return std::move(shared->addresses);
}

}  // namespace quaymaster::net
