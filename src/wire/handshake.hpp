// handshake: both sides prove that they hold the authkey, without sending it. Follows multiprocessing/connection.py of
// 2.7 to 3.13: deliver_challenge, answer_challenge. docs/protocol.md draws it.
#pragma once

#include "wire/outbox.hpp"
#include "wire/wire_errc.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace quaymaster::wire {

/// The random part of a challenge. Fresh and unpredictable for each connection.
using handshake_nonce = std::array<std::byte, 40>;

/// What is signed: `{sha256}` and the nonce, as Python 3.12+ sends it. Older Pythons sign it whole with MD5.
using challenge_message = std::array<std::byte, 48>;

enum class handshake_state : std::uint8_t { running, done, failed };

struct handshake_policy {
    bytes_view authkey;
    /// Refuse MD5, bare or named, in either direction.
    bool require_sha256 = false;
};

/// The server's side: challenges first, and answers the peer's challenge only after the peer has proved the key.
/// Give it the payload of each frame that comes; what it appends to `out` are whole frames.
class server_handshake {
public:
    explicit server_handshake(const handshake_nonce& nonce) noexcept;

    /// Writes our challenge. Once, first.
    void start(outbox& out);
    /// Takes the next frame's payload. When it fails a `#FAILURE#` is in `out` if the peer would read one.
    handshake_state on_frame(bytes_view payload, const handshake_policy& policy, outbox& out);

    [[nodiscard]] handshake_state state() const noexcept;
    /// Clear unless failed.
    [[nodiscard]] error_code failure() const noexcept { return failure_; }
    /// True if the peer's challenge was that of Python 3.11 or older. Known when done.
    [[nodiscard]] bool peer_is_legacy() const noexcept { return peer_is_legacy_; }

private:
    enum class step : std::uint8_t { await_response, await_challenge, await_verdict, done, failed };

    handshake_state fail(error_code reason, outbox& out);

    challenge_message challenge_;
    error_code failure_;
    step step_ = step::await_response;
    bool peer_is_legacy_ = false;
};

/// The client's side: answers, then challenges. Our verdict `#WELCOME#` is appended when it is done, so that the first
/// request can leave in the same write.
class client_handshake {
public:
    explicit client_handshake(const handshake_nonce& nonce) noexcept;

    /// Takes the next frame's payload. When it fails a `#FAILURE#` is in `out` if the peer would read one.
    handshake_state on_frame(bytes_view payload, const handshake_policy& policy, outbox& out);

    [[nodiscard]] handshake_state state() const noexcept;
    [[nodiscard]] error_code failure() const noexcept { return failure_; }
    [[nodiscard]] bool peer_is_legacy() const noexcept { return peer_is_legacy_; }

private:
    enum class step : std::uint8_t { await_challenge, await_verdict, await_response, done, failed };

    handshake_state fail(error_code reason) noexcept;

    challenge_message challenge_;
    error_code failure_;
    step step_ = step::await_challenge;
    bool peer_is_legacy_ = false;
};

}  // namespace quaymaster::wire
