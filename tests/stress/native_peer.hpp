// native_peer: a client of the native dialect over a socket of its own, with any number of requests under way.
#pragma once

#include "session/client_session.hpp"
#include "wire/native_dialect.hpp"
#include "wire/outbox.hpp"

#include "../wire/outbox_contents.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/value.hpp>

#include <openssl/rand.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::testing {

/// Whatever the connection comes to is a std::runtime_error. Waits at most 20 seconds for anything. Thread safety: none.
class native_peer {
public:
    struct reply {
        wire::native::operation code;
        std::uint8_t flags;
        std::uint16_t count;
        std::uint32_t id;
        bytes body;
    };

    explicit native_peer(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(port);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
            ::close(socket_);
            throw std::runtime_error{"cannot connect"};
        }
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        try {
            begin();
        } catch (...) {
            ::close(socket_);
            throw;
        }
    }
    native_peer(const native_peer&) = delete;
    native_peer& operator=(const native_peer&) = delete;
    ~native_peer() { close(); }

    void send(const wire::native::frame_head& head, bytes_view body)
    {
        wire::outbox out;
        wire::native::write_frame(out, head, body);
        send(contents(out));
    }
    /// Some of a frame, or of several.
    void send(bytes_view octets) const
    {
        while (!octets.empty()) {
            const ::ssize_t count = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
            if (count < 0)
                throw std::runtime_error{"cannot send"};
            octets = octets.subspan(static_cast<std::size_t>(count));
        }
    }
    /// The next reply; nullopt if none comes within `patience`.
    std::optional<reply> receive(std::chrono::milliseconds patience)
    {
        for (;;) {
            error_code ec;
            if (const auto found = wire::native::parse_frame(input_, std::size_t{1} << 30, ec)) {
                reply taken{found->code, found->flags, found->count, found->id, to_bytes(found->body)};
                input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(found->size()));
                return taken;
            }
            if (!read_more(patience))
                return std::nullopt;
        }
    }
    std::uint32_t open(std::string_view ident)
    {
        send({wire::native::operation::open, 1}, as_bytes(ident));
        const auto opened = receive(std::chrono::seconds{20});
        if (!opened || opened->code != wire::native::operation::opened)
            throw std::runtime_error{"cannot open a queue"};
        wire::native::body_reader body{opened->body};
        return body.number32();
    }
    /// Of its own end.
    [[nodiscard]] std::uint16_t port() const
    {
        sockaddr_in own{};
        socklen_t size = sizeof own;
        if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size) != 0)
            throw std::runtime_error{"no port"};
        return ntohs(own.sin_port);
    }
    /// As when the process is killed with unread data: the server gets a reset.
    void abort()
    {
        const linger now{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }
    /// Sends no more.
    void half_close() const { ::shutdown(socket_, SHUT_WR); }
    void close()
    {
        if (socket_ >= 0)
            ::close(std::exchange(socket_, -1));
    }

private:
    void begin()
    {
        session::client_settings settings;
        settings.authkey = to_bytes("abc");
        wire::handshake_nonce nonce;
        RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size()));
        session::client_session session{settings, nonce};
        const std::array<codec::payload, 2> versions{value{1}, value{1}};
        session.request({.method = wire::native::hello_name, .positional = versions});
        for (;;) {
            const auto step = session.receive(input_);
            const bool is_answered = step.reply.has_value();
            input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(step.consumed));
            send(contents(session.output()));
            session.output().clear();
            if (is_answered)
                return;
            if (!read_more(std::chrono::seconds{20}))
                throw std::runtime_error{"the server does not answer a hello"};
        }
    }
    bool read_more(std::chrono::milliseconds patience)
    {
        pollfd waiting{socket_, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0)
            return false;
        const std::size_t size = input_.size();
        constexpr std::size_t more = std::size_t{1} << 16;
        input_.resize(size + more);
        const ::ssize_t count = ::recv(socket_, input_.data() + size, more, 0);
        input_.resize(size + (count > 0 ? static_cast<std::size_t>(count) : 0));
        if (count <= 0)
            throw std::runtime_error{"the server closed the connection"};
        return true;
    }

    int socket_;
    bytes input_;
};

}  // namespace quaymaster::testing
