// client_connection: one connection of a client to a server, driven by the thread that calls.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/envelope.hpp"
#include "net/reply_memory.hpp"
#include "net/sync_socket.hpp"
#include "session/client_session.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/address.hpp>
#include <quaymaster/client_options.hpp>

#include <chrono>
#include <functional>
#include <vector>

namespace quaymaster::net {

/// What all connections of one client share. Constant while any of them lives.
struct client_environment {
    address server;
    client_options options;
    session::client_settings session;
    socket_settings socket;
};

/// How long to wait for one reply.
struct reply_wait {
    /// How long the server may let nothing be heard.
    std::chrono::milliseconds patience;
    /// If set, the reply may take for ever as long as this, called whenever `patience` has passed in silence, does not throw.
    const std::function<void()>* still_alive = nullptr;
};

/// One socket and its session: the shell that moves octets between them.
/// Errors: connection_lost, deadline_exceeded, authentication_error; `error` if the peer speaks another protocol. After
/// one of these the connection is good for nothing but destruction: a late reply would be taken for another request's.
/// Thread safety: none; one thread at a time. Lifetime: `environment` outlives it.
class client_connection {
public:
    /// Connects the socket. The handshake follows with the first request, which travels with its last message.
    /// The attempt ends at `deadline`, the handshake included.
    client_connection(const client_environment& environment, time_point deadline);

    /// Sends `request` and waits for its reply. Throws pickle_error, with the connection unharmed, if an argument cannot
    /// be written in `dialect`.
    wire::reply transact(const wire::outgoing_request& request, codec::reader_dialect dialect, const reply_wait& wait);

    /// True after a call that failed half-way: the server may still be busy with it.
    [[nodiscard]] bool is_in_progress() const noexcept { return in_progress_; }
    /// True if another request may be sent: the last one was answered and the peer has neither spoken nor closed since.
    [[nodiscard]] bool is_usable() noexcept;

private:
    void flush(const reply_wait& wait);
    void fill(const reply_wait& wait);
    void wait_for_reply(const reply_wait& wait);
    wire::reply take_reply(const session::client_session::step& found);
    void drop_input(std::size_t count) noexcept;
    [[nodiscard]] bool shaking_hands() const noexcept;
    [[nodiscard]] std::chrono::milliseconds patience_of(const reply_wait& wait) const noexcept;
    [[noreturn]] void throw_socket_error(error_code ec, std::chrono::milliseconds waited) const;
    [[noreturn]] void throw_session_failure() const;

    const client_environment& environment_;
    time_point handshake_deadline_;
    sync_socket socket_;
    session::client_session session_;
    codec::envelope_reader envelope_;
    codec::byte_buffer input_;
    reply_memory memory_;  // where input_ comes back to when a large reply was given away with it
    std::vector<bytes_view> pieces_;  // kept for its memory
    unsigned fork_generation_;
    bool in_progress_ = false;   // a request was begun and its reply not read
    bool request_left_ = false;  // some of that request may have reached the server
};

}  // namespace quaymaster::net
