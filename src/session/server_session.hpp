// server_session: the server's end of one connection, from the challenge to the last reply. Octets and the time come in,
// replies and waits go out; there is no socket here and no clock.
#pragma once

#include "codec/envelope.hpp"
#include "codec/pickle_limits.hpp"
#include "core/call.hpp"
#include "core/waiter.hpp"
#include "session/data_proxies.hpp"
#include "session/service.hpp"
#include "wire/handshake.hpp"
#include "wire/outbox.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/bytes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace quaymaster::session {

/// What all sessions of a server share. Constant while a session refers to it.
struct server_settings {
    bytes authkey;
    /// Refuse bare MD5 and every digest weaker than SHA-256: clients of Python 3.11 and older are then turned away.
    bool require_sha256 = false;
    /// From start() to the end of the handshake.
    std::chrono::milliseconds handshake_timeout{5'000};
    /// Octets in one request, after the handshake. Before it, wire::handshake_payload_size_max holds.
    std::size_t payload_size_max = std::size_t{64} << 20;
    /// Octets of unwritten replies above which receive() takes no further request: one that pipelines gets waits its turn.
    std::size_t replies_size_max = std::size_t{4} << 20;
    codec::pickle_limits limits;
};

/// Memory that the sessions of one thread lend each other for the length of a call. Thread safety: none.
struct workspace {
    codec::envelope_reader reader;
    wire::python_request request;
    core::call call;
};

/// What a session works with while something happens to it.
struct turn {
    service& server;
    workspace& scratch;
    /// Where the octets for the peer go.
    wire::outbox& replies;
    core::time_point now;
};

/// One connection of the Python dialect: handshake, then one request and the end ("one-shot"), or, after
/// `accept_connection`, requests on objects until the peer leaves (a "stream"). Follows managers.py: Server.handle_request
/// and Server.serve_client.
/// How to drive it: start(), then receive() with all octets that have come and are not consumed, write the replies, and
/// close when they are out if wants_close(). While parked() it consumes nothing; when it is told that its wait is over call resume()
/// and then receive() with what has come since. When deadline() passes call on_deadline(). When the peer is gone call
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
    /// Sends what the wait has come to. Precondition: parked(), and the caller has been told that the wait is over.
    void resume(turn& now);
    /// The handshake timed out, or the waiter gives up. Does nothing before deadline(). As after resume(), call receive()
    /// afterwards with what has come.
    void on_deadline(turn& now);
    /// Withdraws the waiter and releases what the session owns. It does nothing more.
    /// `peer_left`: it was not we who closed the connection.
    void end(service& server, bool peer_left = false);

    /// When on_deadline() is due; core::never if nothing is.
    [[nodiscard]] core::time_point deadline() const noexcept { return deadline_; }
    /// True while a call blocks.
    [[nodiscard]] bool parked() const noexcept { return place_ != nullptr; }
    /// True while a call runs, rather than blocks: its outcome comes without anybody else's doing.
    [[nodiscard]] bool awaits_work() const noexcept { return parked() && place_->works_for_the_parked(); }
    /// True after the handshake: the peer no longer counts as unauthenticated.
    [[nodiscard]] bool authenticated() const noexcept { return authenticated_; }
    /// True once `accept_connection` has made it a stream.
    [[nodiscard]] bool is_stream() const noexcept { return phase_ == phase::stream; }
    /// True when the connection is to be closed as soon as the replies are written.
    [[nodiscard]] bool wants_close() const noexcept { return phase_ == phase::over && !parked(); }
    /// Why the session ended badly, for the log; empty after a normal end. Holds no key and no digest.
    [[nodiscard]] std::string_view end_reason() const noexcept { return end_reason_; }
    /// Which of the faults of the wire ended it, for counters; clear after a normal end and for a timeout of the handshake.
    [[nodiscard]] error_code end_code() const noexcept { return end_code_; }
    /// True if it ended because the peer did not prove the key, or refused ours.
    [[nodiscard]] bool authentication_failed() const noexcept;
    /// The octets that the frame at the front of `input` has in all, header included, for reserving memory; nullopt if
    /// its header is not whole. Precondition: receive(input) has just consumed nothing.
    [[nodiscard]] std::optional<std::size_t> frame_size(bytes_view input) const noexcept;

private:
    enum class phase : std::uint8_t { handshake, first_request, stream, over };

    void take_frame(bytes_view payload, turn& now);
    void take_handshake_frame(bytes_view payload, turn& now);
    void dispatch(turn& now);
    void call_server_function(turn& now);
    void create_object(turn& now);
    void answer_created(core::outcome result, const holds& held, turn& now);
    void answer_created(const core::created& object, const holds& held, turn& now);
    void park_in(std::shared_ptr<core::referent> place);
    void call_method(turn& now);
    void keep_count(turn& now);
    void call_fallback(core::referent& object, turn& now);
    void answer(core::outcome result, turn& now);
    void answer_with_error(core::raised error, turn& now);
    void answer_with_proxy(core::made_proxy object, turn& now);
    void close_because(error_code code, std::string reason);
    void note_use(std::string_view ident, turn& now);
    void note_owned(const std::shared_ptr<core::referent>& object);
    [[nodiscard]] std::size_t payload_size_max() const noexcept;

    const server_settings* settings_;
    core::waiter* caller_;
    core::time_point deadline_ = core::never;
    std::shared_ptr<core::referent> place_;  // what the parked call waits in: kept alive though a decref may drop it
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    static constexpr std::size_t swept_min = 16;
    std::unordered_map<const core::referent*, std::weak_ptr<core::referent>> owned_;  // that this session may own
    std::size_t owned_swept_at_ = swept_min;  // objects that are gone are forgotten at that size
    std::string last_called_;
    std::unordered_set<std::string, text_hash, std::equal_to<>> used_;  // idents, not stable ones, that this stream has called
    std::size_t used_swept_at_ = swept_min;
    using count_map = std::unordered_map<std::string, std::size_t, text_hash, std::equal_to<>>;
    std::unique_ptr<count_map> counts_;  // what the client counts on as long as this stream; null if it has never said
    std::optional<wire::server_handshake> handshake_;
    codec::reader_dialect reader_;  // of the request being answered
    phase phase_ = phase::handshake;
    core::stream_role role_ = core::stream_role::unknown;
    std::unique_ptr<holds> creating_;  // what the arguments hold, if the parked call is a create
    bool authenticated_ = false;
    bool has_shut_down_error_ = false;  // the peer is new enough that it may know queue.ShutDown
    error_code end_code_;
    std::string end_reason_;
};

}  // namespace quaymaster::session
