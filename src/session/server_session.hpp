// server_session: the server's end of one connection, from the challenge to the last reply. Octets and the time come in,
// replies and waits go out; there is no socket here and no clock.
#pragma once

#include "core/call.hpp"
#include "core/waiter.hpp"
#include "session/native_session.hpp"
#include "session/python_calls.hpp"
#include "session/service.hpp"
#include "session/turn.hpp"
#include "wire/handshake.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace quaymaster::session {

/// One connection: handshake, then one request of the Python dialect and the end ("one-shot"), or, after `accept_connection`,
/// requests on objects until the peer leaves (a "stream"), or, after the hello, the native dialect. Follows managers.py:
/// Server.handle_request and Server.serve_client.
/// How to drive it: start(), then receive() with all octets that have come and are not consumed, write the replies, and
/// close when they are out if wants_close(). While parked() it consumes nothing; when a waiter is told that its wait is over and
/// waits_in() it, call resume() and then receive() with what has come since. When deadline() passes call on_deadline(). When the peer is gone call
/// end(), once, whatever happened before.
/// Thread safety: none; everything on the thread that owns the connection.
/// Lifetime: `settings` and `caller` outlive it. `caller` may be the object that contains it.
class server_session {
public:
    server_session(const server_settings& settings, core::waiter& caller) noexcept;
    server_session(const server_session&) = delete;
    server_session& operator=(const server_session&) = delete;

    /// Writes the challenge. The handshake deadline counts from `now`.
    void start(turn& now);
    /// Takes whole frames off the front of `input` and acts on them; returns how many octets it consumed. What it leaves is
    /// an incomplete frame, or was not looked at because the session is parked, over, or has replies_size_max to write.
    std::size_t receive(bytes_view input, turn& now);
    /// Sends what the wait of `told` has come to. Precondition: waits_in(told), and it has been told that its wait is over.
    /// `told` is best moved here: while others share it, its memory cannot serve the next request that waits.
    void resume(std::shared_ptr<core::waiter> told, turn& now);
    /// The handshake timed out, or a waiter gives up. Does nothing before deadline(). As after resume(), call receive()
    /// afterwards with what has come.
    void on_deadline(turn& now);
    /// Withdraws what waits and releases what the session owns. It does nothing more.
    /// `peer_left`: it was not we who closed the connection.
    void end(service& server, bool peer_left = false);

    /// When on_deadline() is due; core::never if nothing is.
    [[nodiscard]] core::time_point deadline() const noexcept;
    /// True while a call blocks all that follow it, as in the Python dialect every call does.
    [[nodiscard]] bool parked() const noexcept { return call_.parked(); }
    /// True if `told` may have been told of a wait of this session's that is not over.
    [[nodiscard]] bool waits_in(const core::waiter& told) const noexcept { return native_ != nullptr || (&told == caller_ && parked()); }
    /// True while calls may wait, whether they block others or not.
    [[nodiscard]] bool may_wait() const noexcept { return native_ != nullptr || parked(); }
    /// True once the peer speaks the native dialect: it sends a request in one piece, and others while some are unanswered.
    [[nodiscard]] bool is_native() const noexcept { return native_ != nullptr; }
    /// True while a call runs, rather than blocks: its outcome comes without anybody else's doing.
    [[nodiscard]] bool awaits_work() const noexcept { return call_.awaits_work() || (native_ != nullptr && native_->awaits_work()); }
    /// True while there is more to send as soon as the replies are written, though the peer has asked for nothing more: then call
    /// receive(), with what has come or nothing.
    [[nodiscard]] bool is_stalled() const noexcept { return phase_ == phase::native && native_->is_stalled(); }
    /// True while that is an answer, which is to be fetched in time, rather than items that may be sent ahead.
    [[nodiscard]] bool holds_answers() const noexcept { return phase_ == phase::native && native_->holds_answers(); }
    /// True after the handshake: the peer no longer counts as unauthenticated.
    [[nodiscard]] bool authenticated() const noexcept { return authenticated_; }
    /// True once it calls methods: after `accept_connection` or the hello.
    [[nodiscard]] bool is_stream() const noexcept { return phase_ == phase::stream || phase_ == phase::native; }
    /// True when the connection is to be closed as soon as the replies are written.
    [[nodiscard]] bool wants_close() const noexcept { return phase_ == phase::over && !parked(); }
    /// Why the session ended badly, for the log; empty after a normal end. Holds no key and no digest.
    [[nodiscard]] std::string_view end_reason() const noexcept { return end_ != nullptr ? std::string_view{end_->reason} : std::string_view{}; }
    /// Which of the faults of the wire ended it, for counters; clear after a normal end and for a timeout of the handshake.
    [[nodiscard]] error_code end_code() const noexcept { return end_ != nullptr ? end_->code : error_code{}; }
    /// True if it ended because the peer did not prove the key, or refused ours.
    [[nodiscard]] bool authentication_failed() const noexcept;
    /// The octets that the frame at the front of `input` has in all, header included, for reserving memory; nullopt if
    /// its header is not whole. Precondition: receive(input) has just consumed nothing.
    [[nodiscard]] std::optional<std::size_t> frame_size(bytes_view input) const noexcept;

private:
    enum class phase : std::uint8_t { handshake, first_request, stream, native, over };
    struct timed_handshake {
        wire::server_handshake exchange;
        core::time_point deadline;
    };

    std::size_t receive_native(bytes_view input, turn& now);
    void take_frame(bytes_view payload, turn& now);
    void take_handshake_frame(bytes_view payload, turn& now);
    void close_because(bad_end end);
    void close_if_native_is_over();
    [[nodiscard]] std::size_t payload_size_max() const noexcept;

    const server_settings* settings_;
    core::waiter* caller_;
    python_calls calls_;
    python_call call_;  // of the Python dialect, which has one at a time
    std::unique_ptr<native_session> native_;
    std::unique_ptr<timed_handshake> handshake_;  // null before it and after it
    std::unique_ptr<bad_end> end_;                // null but for a session that has ended badly
    phase phase_ = phase::handshake;
    bool authenticated_ = false;
};

}  // namespace quaymaster::session
