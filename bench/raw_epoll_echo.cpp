// raw_epoll_echo: the least that a round trip of 64 bytes over TCP costs here; the peer of our synchronous operation.
//   raw_epoll_echo serve                   one epoll thread; prints `listening on 127.0.0.1:PORT`
//   raw_epoll_echo ping PORT SECONDS       one blocking client; prints its median as JSON
// Two processes, as a server and its client are, so that the switch between them costs the same.
#include "measure.hpp"
#include "system_call.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

constexpr std::size_t message_size = 64;
using message = std::array<char, message_size>;

using bench::checked;

void watch(int poller, int socket)
{
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    checked(::epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
}

/// Sends back whatever came on `socket`; false when its peer has left.
bool echo(int socket)
{
    std::array<char, 4096> buffer;
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size <= 0)
        return false;
    // A ping-pong never has more than one message under way, so the send buffer always has room for it.
    return ::send(socket, buffer.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
}

[[noreturn]] void serve()
{
    const int listener = checked(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    sockaddr_in address = bench::loopback(0);
    socklen_t address_size = sizeof address;
    checked(::bind(listener, reinterpret_cast<const sockaddr*>(&address), address_size), "bind");
    checked(::listen(listener, 16), "listen");
    checked(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &address_size), "getsockname");
    std::cout << "listening on 127.0.0.1:" << ntohs(address.sin_port) << std::endl;

    const int poller = checked(::epoll_create1(0), "epoll_create1");
    watch(poller, listener);
    for (;;) {
        std::array<epoll_event, 16> events;
        const int ready = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
        for (int index = 0; index < ready; ++index) {
            const int socket = events[static_cast<std::size_t>(index)].data.fd;
            if (socket == listener) {
                const int client = checked(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK), "accept4");
                bench::send_at_once(client);
                watch(poller, client);
            } else if (!echo(socket)) {
                ::close(socket);
            }
        }
    }
}

/// One round trip: a message out, and all of it back.
void round_trip(int socket, message& buffer)
{
    checked(::send(socket, buffer.data(), buffer.size(), MSG_NOSIGNAL), "send");
    if (checked(::recv(socket, buffer.data(), buffer.size(), MSG_WAITALL), "recv") == 0)
        throw std::runtime_error{"the echo server closed the connection"};
}

void ping(std::uint16_t port, double seconds)
{
    const int socket = bench::connected_socket(port);
    message buffer{};
    std::cout << bench::latency_json(bench::time_calls(seconds, [&] { round_trip(socket, buffer); })) << '\n';
    ::close(socket);
}

}  // namespace

int main(int argc, char** argv)
try {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "serve" && argc == 2)
        serve();
    if (mode == "ping" && argc == 4) {
        ping(bench::parse_port(argv[2]), std::stod(argv[3]));
        return 0;
    }
    std::cerr << "usage: raw_epoll_echo serve\n       raw_epoll_echo ping PORT SECONDS\n";
    return 2;
} catch (const std::exception& error) {
    std::cerr << "raw_epoll_echo: " << error.what() << '\n';
    return 1;
}
