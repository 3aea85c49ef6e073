// server_testing: peers that speak the protocol octet by octet, and a log to wait for.
#pragma once

#include "codec/envelope.hpp"
#include "session/client_session.hpp"
#include "wire/framing.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/server.hpp>

#include <openssl/rand.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace server_testing {

using namespace quaymaster;
using namespace std::chrono_literals;

/// What a server logged. Thread safe.
class captured_log {
public:
    [[nodiscard]] log_function sink()
    {
        return [this](log_level, std::string_view line) {
            const std::lock_guard lock{mutex_};
            lines_.emplace_back(line);
            changed_.notify_all();
        };
    }
    /// True once a line holds `text`; waits for it.
    [[nodiscard]] bool has(std::string_view text)
    {
        std::unique_lock lock{mutex_};
        return changed_.wait_for(lock, 20s, [&] { return count_locked(text) != 0; });
    }
    [[nodiscard]] std::size_t count(std::string_view text)
    {
        const std::lock_guard lock{mutex_};
        return count_locked(text);
    }

private:
    std::size_t count_locked(std::string_view text) const
    {
        std::size_t found = 0;
        for (const std::string& line : lines_)
            found += line.find(text) != std::string::npos ? 1U : 0U;
        return found;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
};

/// A server on a port of its own, with the queue "tasks", that logs into `log`.
struct test_server {
    explicit test_server(server_options options = {}, queue_options queue = {})
        : served{{"127.0.0.1", 0}, "abc", with_log(std::move(options))}
    {
        served.register_queue("tasks", queue);
        served.start();
    }
    [[nodiscard]] std::uint16_t port() const { return served.bound_address().port(); }

    captured_log log;
    server served;

private:
    server_options with_log(server_options options)
    {
        options.log = log.sink();
        return options;
    }
};

/// A TCP connection to this machine. Waits at most 20 seconds for anything.
class raw_peer {
public:
    raw_peer() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        const timeval limit{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    explicit raw_peer(std::uint16_t port) : raw_peer{} { connect(port); }
    raw_peer(raw_peer&& other) noexcept : socket_{std::exchange(other.socket_, -1)} {}
    raw_peer& operator=(raw_peer&&) = delete;
    ~raw_peer() { close(); }

    void connect(std::uint16_t port) const
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(port);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
            throw std::runtime_error{"cannot connect"};
    }
    void send(bytes_view octets) const
    {
        while (!octets.empty()) {
            const ::ssize_t count = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
            if (count < 0)
                throw std::runtime_error{"cannot send"};
            octets = octets.subspan(static_cast<std::size_t>(count));
        }
    }
    /// What has come, at least one octet; empty at the end of the connection.
    [[nodiscard]] bytes receive() const
    {
        bytes space(std::size_t{1} << 16);
        const ::ssize_t count = ::recv(socket_, space.data(), space.size(), 0);
        if (count < 0 && errno != ECONNRESET)
            throw std::runtime_error{"nothing came within 20 seconds"};
        space.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return space;
    }
    /// Reads to the end. Throws if the server does not close the connection.
    [[nodiscard]] bytes receive_all() const
    {
        bytes all;
        for (bytes some = receive(); !some.empty(); some = receive())
            all.insert(all.end(), some.begin(), some.end());
        return all;
    }
    void half_close() const { ::shutdown(socket_, SHUT_WR); }
    /// As when the process is killed with unread data: the server gets a reset.
    void abort()
    {
        const linger now{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }
    void close()
    {
        if (socket_ >= 0)
            ::close(std::exchange(socket_, -1));
    }

private:
    int socket_;
};

/// An authenticated connection that sends requests and reads replies one by one.
class python_peer {
public:
    explicit python_peer(std::uint16_t port, std::string_view key = "abc")
        : settings_{settings_with(key)}, socket_{port}, session_{settings_, nonce()}
    {
    }

    /// Turns the connection into a stream, as the first method call of a client thread does.
    python_peer& open_stream()
    {
        request({.method = "accept_connection", .name = "MainProcess"});
        (void)result();
        return *this;
    }
    void request(const wire::outgoing_request& wanted)
    {
        session_.request(wanted);
        flush();
    }
    void request(std::string_view ident, std::string_view method, std::initializer_list<codec::payload> arguments = {})
    {
        request({.ident = ident, .method = method, .positional = {arguments.begin(), arguments.size()}});
    }
    /// The octets of a request, which the caller sends; then its reply is expected. The stream is open.
    bytes request_octets(std::string_view ident, std::string_view method, std::initializer_list<codec::payload> arguments = {})
    {
        session_.request({.ident = ident, .method = method, .positional = {arguments.begin(), arguments.size()}});
        return take_output();
    }
    /// The next reply. Throws if the server closes instead, or refuses the key.
    wire::reply reply()
    {
        for (;;) {
            const auto step = session_.receive(input_);
            std::optional<wire::reply> parsed;
            if (step.reply)
                parsed = wire::parse_reply(*step.reply, reader_, settings_.limits);
            input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(step.consumed));
            flush();
            if (parsed)
                return std::move(*parsed);
            if (session_.current_state() == session::client_session::state::failed)
                throw std::runtime_error{session_.failure_text()};
            const bytes more = socket_.receive();
            if (more.empty())
                throw std::runtime_error{"the server closed the connection"};
            input_.insert(input_.end(), more.begin(), more.end());
        }
    }
    /// The next reply, which must be a #RETURN.
    value result()
    {
        const wire::reply got = reply();
        const auto* returned = std::get_if<wire::returned_reply>(&got);
        if (returned == nullptr)
            throw std::runtime_error{"not a #RETURN"};
        return returned->result.to_value();
    }
    value call(std::string_view ident, std::string_view method, std::initializer_list<codec::payload> arguments = {})
    {
        request(ident, method, arguments);
        return result();
    }
    [[nodiscard]] raw_peer& socket() noexcept { return socket_; }

private:
    static session::client_settings settings_with(std::string_view key)
    {
        session::client_settings settings;
        settings.authkey = to_bytes(key);
        return settings;
    }
    static wire::handshake_nonce nonce()
    {
        wire::handshake_nonce fresh;
        RAND_bytes(reinterpret_cast<unsigned char*>(fresh.data()), static_cast<int>(fresh.size()));
        return fresh;
    }
    bytes take_output()
    {
        std::vector<bytes_view> pieces;
        session_.output().gather(pieces);
        bytes taken;
        for (const bytes_view piece : pieces)
            taken.insert(taken.end(), piece.begin(), piece.end());
        session_.output().clear();
        return taken;
    }
    void flush() { socket_.send(take_output()); }

    session::client_settings settings_;
    raw_peer socket_;
    session::client_session session_;
    codec::envelope_reader reader_;
    bytes input_;
};

/// Returns once `is_true()`; throws if it does not become true.
template <class Condition>
void wait_until(Condition is_true)
{
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > limit)
            throw std::runtime_error{"did not come true within 20 seconds"};
        std::this_thread::yield();
    }
}

/// What the server's status says of the queue `ident` under `key`.
inline std::int64_t queue_status(python_peer& asking, std::string_view ident, std::string_view key)
{
    const value status = asking.call("quaymaster_status", "status");
    return status.find(value{"queues"}).value().find(value{ident}).value().find(value{key}).value().to_int64().value();
}

/// Returns once `count` callers wait in the queue "tasks" to get. `asking` is an open stream.
inline void wait_for_getters(python_peer& asking, std::int64_t count)
{
    wait_until([&] { return queue_status(asking, "tasks", "waiting_getters") == count; });
}

/// The header of a frame with `size` octets of payload, and none of them.
inline bytes header(std::uint64_t size)
{
    return to_bytes(wire::frame_header{size}.view());
}

}  // namespace server_testing
