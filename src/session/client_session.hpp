// client_session: the client's end of one connection. Octets in, requests and replies out; no socket and no clock.
#pragma once

#include "codec/pickle_limits.hpp"
#include "wire/handshake.hpp"
#include "wire/outbox.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace quaymaster::session {

/// What all connections of a client share. Constant while a session refers to it.
struct client_settings {
    bytes authkey;
    /// Refuse a server that offers or uses MD5: Python 3.11 and older.
    bool require_sha256 = false;
    /// Octets in one reply.
    std::size_t payload_size_max = std::size_t{1} << 30;
    codec::pickle_limits limits;
};

/// One connection as its client: the mutual handshake, then requests, each answered in order.
/// How to drive it: after connecting, request() what is wanted (it is held back until the handshake is done and then
/// leaves in one write with our `#WELCOME#`); write out output() whenever it is not empty; give receive() what comes.
/// Thread safety: none. Lifetime: `settings` outlives it.
class client_session {
public:
    enum class state : std::uint8_t {
        handshake,  ///< not authenticated yet
        ready,      ///< authenticated; requests may be on their way
        failed,     ///< see failure(); close the connection once output() is written
    };

    /// What receive() found.
    struct step {
        /// Octets to drop from the front of the input.
        std::size_t consumed = 0;
        /// The pickle of one reply, borrowed from the input; nullopt if more octets are needed or the session failed.
        /// Take it apart with wire::parse_reply before the octets are dropped.
        std::optional<bytes_view> reply;
    };

    /// `nonce` is fresh cryptographic randomness.
    client_session(const client_settings& settings, const wire::handshake_nonce& nonce);

    /// Takes frames off the front of `input`, up to and with one reply; call again with the rest for the next reply.
    step receive(bytes_view input);
    /// Writes `request` in `dialect` behind those already there. Throws pickle_error if an argument cannot be written
    /// within the limits; then nothing was written. Requests may be pipelined; replies come in their order.
    void request(const wire::outgoing_request& request, codec::reader_dialect dialect = {});
    /// The octets for the server: gather() them, write them, consume() what was written.
    [[nodiscard]] wire::outbox& output() noexcept { return output_; }

    [[nodiscard]] state current_state() const noexcept { return state_; }
    /// Clear unless failed. A wire_errc: is_authentication_failure() tells a wrong key from a broken protocol.
    [[nodiscard]] error_code failure() const noexcept { return failure_; }
    /// What happened, with limits and cures, for an exception's text; empty unless failed.
    [[nodiscard]] std::string failure_text() const;
    /// How many requests were written and not yet answered, the held back ones included.
    [[nodiscard]] std::size_t unanswered() const noexcept { return unanswered_; }
    /// True if the server's challenge was that of Python 3.11 or older. Known when ready.
    [[nodiscard]] bool server_is_legacy() const noexcept { return handshake_.peer_is_legacy(); }
    /// The octets that the frame at the front of `input` has in all, header included, for reserving memory; nullopt if
    /// its header is not whole. Precondition: receive(input) has just consumed nothing.
    [[nodiscard]] std::optional<std::size_t> frame_size(bytes_view input) const noexcept;

private:
    void take_handshake_frame(bytes_view payload);
    void take_reply(bytes_view payload, step& found);
    void fail(error_code code) noexcept;
    [[nodiscard]] std::size_t payload_size_max() const noexcept;

    const client_settings* settings_;
    wire::client_handshake handshake_;
    wire::outbox output_;
    wire::outbox held_back_;  // requests made before the handshake was done
    std::size_t unanswered_ = 0;
    std::uint64_t refused_size_ = 0;  // of a frame that was too large
    error_code failure_;
    state state_ = state::handshake;
};

}  // namespace quaymaster::session
