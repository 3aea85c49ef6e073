// client_connection: one connection of a client to a server, driven by the thread that calls.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/envelope.hpp"
#include "net/object_channel.hpp"
#include "net/reply_memory.hpp"
#include "net/sync_socket.hpp"
#include "session/client_session.hpp"
#include "wire/native_dialect.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/address.hpp>
#include <quaymaster/authkey.hpp>
#include <quaymaster/client_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quaymaster::net {

/// What all connections of one client share. Constant while any of them lives.
struct client_environment {
    address server;
    client_options options;
    session::client_settings session;
    socket_settings socket;
};

/// Throws std::invalid_argument for an option out of its range.
[[nodiscard]] client_environment make_environment(address server, const authkey& key, const client_options& options);

/// How long to wait for the reply to one native request.
struct native_wait {
    /// How long the server was asked to wait; nullopt: without limit.
    std::optional<std::chrono::milliseconds> asked;
    /// How long it may take beyond that, sending included; nullopt: client_options::call_deadline.
    std::optional<std::chrono::milliseconds> beyond = std::nullopt;
};

/// The reply to a native request. Its body is borrowed from the connection until the next request.
struct native_reply {
    wire::native::operation code;
    std::uint8_t flags;
    std::uint16_t count;
    bytes_view body;
};

/// Thrown if the server has no such object as a request was for: it has not been carried out, and the connection is unharmed.
struct unknown_object {};

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

    /// Asks the server for the native dialect. False if it does not speak it: then it has closed the connection. Call first and once.
    bool begin_native();
    /// True after begin_native(): then transact() goes by native frames, too.
    [[nodiscard]] bool is_native() const noexcept { return is_native_; }
    /// Sends one native request, whose body is `fields` and then `tail`, and waits for its reply. A wait that is longer than
    /// client_options::wait_slice pings the server, which must answer within call_deadline.
    native_reply transact_native(const wire::native::frame_head& head, bytes_view fields, bytes_view tail, const native_wait& wait);
    /// A handle of the object `ident` for the request that transact_native() sends next. If the object is not open yet, that request
    /// opens it on its way, and throws unknown_object if the server has none.
    [[nodiscard]] std::uint32_t handle_for_next(std::string_view ident);
    /// Sends one without waiting: its id, for receive_native().
    std::uint32_t start_native(const wire::native::frame_head& head, bytes_view fields);
    /// Sends one that has no reply of its own.
    void send_native(const wire::native::frame_head& head, bytes_view fields);
    /// Waits for the next frame for request `id`, such as more items of a consume.
    native_reply receive_native(std::uint32_t id, const native_wait& wait);
    /// The item in `reply`, whose memory it may take over. It is the last thing to do with that reply.
    codec::item take_item(const native_reply& reply);
    /// What the server has open for the object `ident`. Asks once. Throws unknown_object if it knows none.
    std::uint32_t handle_of(std::string_view ident);
    /// True if that is open: no need to ask.
    [[nodiscard]] bool has_open(std::string_view ident) noexcept { return find_handle(ident) != nullptr; }
    /// Closes the object `ident`, if it is open: in front of the next request, or with send_closes().
    void close(std::string_view ident);
    /// close() for all that is open.
    void close_all();
    /// Closes now what is to be closed, and waits for the answer.
    void send_closes(std::chrono::milliseconds patience);
    /// What ended_objects has told it.
    [[nodiscard]] std::uint64_t ended_known() const noexcept { return ended_known_; }
    void set_ended_known(std::uint64_t count) noexcept { ended_known_ = count; }
    /// Octets of one request.
    [[nodiscard]] std::size_t request_size_max() const noexcept { return request_size_max_; }

    /// True in the child of a fork(): the connection is the parent's.
    [[nodiscard]] bool is_inherited() const noexcept;
    /// True after a call that failed half-way: the server may still be busy with it.
    [[nodiscard]] bool is_in_progress() const noexcept { return in_progress_; }
    /// True if another request may be sent: the last one was answered and the peer has neither spoken nor closed since.
    [[nodiscard]] bool is_usable() noexcept;

private:
    /// How long nothing may be heard while a reply is waited for.
    struct silence {
        time_point begin{};     // of the wait; like the others not known before nothing is there: most replies come at once
        time_point heard{};     // when something last was, or `begin`
        time_point until{};
        bool is_asked = false;  // since anything was heard: then this is the server's last chance

        /// The wait begins, or something was heard.
        void begin_again(time_point now, std::chrono::milliseconds slice)
        {
            begin = begin == time_point{} ? now : begin;
            heard = now;
            until = now + slice;
            is_asked = false;
        }
    };

    void require_accepted(std::size_t request_size) const;
    wire::reply transact_in_frames(const wire::outgoing_request& request, codec::reader_dialect dialect, const reply_wait& wait);
    [[nodiscard]] std::uint32_t next_id() noexcept;
    [[nodiscard]] const std::uint32_t* find_handle(std::string_view ident) noexcept;
    std::uint32_t note_opened(std::string ident, const native_reply& reply);
    void take_opened(std::string ident, const native_reply& reply, std::uint32_t id);
    void close_handle(std::uint32_t handle);
    void write_request(std::span<const bytes_view> pieces, const native_wait& wait);
    void write_native(std::span<const bytes_view> pieces, std::chrono::milliseconds patience);
    native_reply open_and_transact(std::string ident, bytes_view front, bytes_view tail, std::uint32_t id, const native_wait& wait);
    native_reply wait_for_native(std::uint32_t id, const native_wait& wait);
    std::optional<native_reply> take_native(std::uint32_t id);
    [[nodiscard]] bool is_by_the_way(const wire::native::frame& found, std::uint32_t id);
    void fill_native(time_point deadline, silence& watched);
    void ping();
    [[nodiscard]] bool takes_late_pong() noexcept;
    [[noreturn]] void throw_protocol_error(const std::string& what) const;
    void flush(const reply_wait& wait);
    void fill(const reply_wait& wait);
    void wait_for_reply(const reply_wait& wait);
    wire::reply take_reply(const session::client_session::step& found);
    void drop_input(std::size_t count) noexcept;
    [[nodiscard]] bool shaking_hands() const noexcept;
    [[nodiscard]] std::chrono::milliseconds patience_of(const reply_wait& wait) const noexcept;
    [[nodiscard]] std::chrono::milliseconds beyond(const native_wait& wait) const noexcept;
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
    time_point last_answer_{};
    bool is_native_ = false;
    bool awaits_pong_ = false;  // a ping was sent, and its answer not read
    std::uint32_t last_id_ = 0;
    std::size_t native_reply_size_ = 0;  // octets at the front of input_ that the last native reply took
    std::size_t request_size_max_ = 0;
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    using handle_map = std::unordered_map<std::string, std::uint32_t, text_hash, std::equal_to<>>;
    handle_map handles_;  // by ident
    handle_map::value_type* last_used_ = nullptr;
    codec::byte_buffer closes_;         // close requests that are yet to be sent
    std::deque<std::uint32_t> closing_;  // ids of those that are yet to be answered, in their order
    std::uint64_t ended_known_ = 0;
    std::optional<std::string> to_open_;  // the object of the next request, by its ident, if that is not open yet
    bool in_progress_ = false;   // a request was begun and its reply not read
    bool request_left_ = false;  // some of that request may have reached the server
};

}  // namespace quaymaster::net
