#include "stream_socket.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace quaymaster::tool {

namespace {

template <class Result>
Result checked(Result result, const char* what)
{
    if (result < 0)
        throw std::system_error{errno, std::generic_category(), what};
    return result;
}

struct address_list_deleter {
    void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

}  // namespace

stream_socket::~stream_socket()
{
    if (descriptor_ < 0)
        return;
    // Says goodbye first: without that a socket that forgets is reset, which the peer must take for a fault.
    ::shutdown(descriptor_, SHUT_WR);
    ::close(descriptor_);
}

stream_socket stream_socket::tcp(const std::string& host, std::uint16_t port)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); failure != 0)
        throw std::runtime_error{host + ": " + ::gai_strerror(failure)};
    const std::unique_ptr<addrinfo, address_list_deleter> list{found};
    int failure = ECONNREFUSED;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        stream_socket made{checked(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")};
        if (::connect(made.descriptor(), each->ai_addr, each->ai_addrlen) == 0) {
            const int on = 1;
            checked(::setsockopt(made.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
            return made;
        }
        failure = errno;
    }
    throw std::system_error{failure, std::generic_category(), "connect to " + host + ':' + std::to_string(port)};
}

stream_socket stream_socket::unix_path(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw std::runtime_error{"the path of the Unix socket is too long: " + path};
    std::memcpy(address.sun_path, path.data(), path.size());
    stream_socket made{checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")};
    checked(::connect(made.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    return made;
}

void stream_socket::send(std::string_view octets)
{
    while (!octets.empty())
        octets.remove_prefix(
            static_cast<std::size_t>(checked(::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL), "send")));
}

void stream_socket::send(std::string_view first, std::string_view second)
{
    std::array<iovec, 2> pieces{iovec{const_cast<char*>(first.data()), first.size()},
                                iovec{const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const auto sent = static_cast<std::size_t>(checked(::sendmsg(descriptor_, &message, MSG_NOSIGNAL), "send"));
    if (sent < first.size())
        send(first.substr(sent));
    send(second.substr(sent > first.size() ? sent - first.size() : 0));
}

std::size_t stream_socket::receive(char* buffer, std::size_t size)
{
    const ssize_t came = ::recv(descriptor_, buffer, size, 0);
    if (came == 0)
        throw std::runtime_error{"the server closed the connection"};
    if (came < 0 && errno == EAGAIN)
        throw std::runtime_error{"the server does not answer"};
    return static_cast<std::size_t>(checked(came, "recv"));
}

void stream_socket::limit_waits(std::chrono::seconds limit)
{
    const timeval span{limit.count(), 0};
    checked(::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span), "SO_RCVTIMEO");
}

void stream_socket::forget_on_close()
{
    const linger none{1, 0};
    checked(::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &none, sizeof none), "SO_LINGER");
}

void stream_socket::make_non_blocking()
{
    checked(::fcntl(descriptor_, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
}

void allow_descriptors(std::size_t count)
{
    rlimit limit{};
    checked(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    if (limit.rlim_max < count)
        throw std::runtime_error{"this takes " + std::to_string(count) + " descriptors, and the hard limit (ulimit -Hn) is " +
                                 std::to_string(limit.rlim_max) + ": ask for fewer connections"};
    limit.rlim_cur = limit.rlim_max;
    checked(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

}  // namespace quaymaster::tool
