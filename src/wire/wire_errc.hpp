// wire_errc: what a peer can do wrong before its pickles are looked at.
#pragma once

#include <quaymaster/errors.hpp>

#include <string>

namespace quaymaster::wire {

enum class wire_errc : int {
    frame_too_large = 1,   ///< above payload_size_max: raise it at this side or send smaller items
    bad_frame_length,      ///< a negative length other than -1: the peer does not speak this protocol
    not_a_challenge,       ///< a handshake frame that should begin with #CHALLENGE# does not
    challenge_too_short,   ///< fewer than 20 octets: an answer would prove too much
    challenge_reflected,   ///< the peer sent our own challenge back for us to sign
    digest_unsupported,    ///< a digest that CPython does not allow, or one this OpenSSL does not offer
    digest_refused,        ///< MD5 while require_sha256 is on: use Python 3.12+, or turn the option off
    peer_key_wrong,        ///< the peer's answer was not made with our authkey
    own_key_rejected,      ///< the peer says that our answer was not made with its authkey
    unexpected_handshake,  ///< a frame for the handshake after it was over
    unasked_reply,         ///< a frame from a server that owes no reply
};

[[nodiscard]] error_code make_error_code(wire_errc code) noexcept;

/// True if `ec` says that the two sides do not share a key or a digest, rather than that one of them is broken.
[[nodiscard]] bool is_authentication_failure(error_code ec) noexcept;

}  // namespace quaymaster::wire

template <>
struct boost::system::is_error_code_enum<quaymaster::wire::wire_errc> : std::true_type {
};
