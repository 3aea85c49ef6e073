#include "wire/wire_errc.hpp"

namespace quaymaster::wire {

namespace {

const char* text_of(int code) noexcept
{
    switch (static_cast<wire_errc>(code)) {
    case wire_errc::frame_too_large: return "a frame exceeds payload_size_max: raise the limit or send smaller items";
    case wire_errc::bad_frame_length:
        return "a frame of negative length: the peer does not speak the protocol of multiprocessing.managers";
    case wire_errc::not_a_challenge: return "the peer sent no challenge where the handshake needs one";
    case wire_errc::challenge_too_short: return "the peer's challenge has fewer than 20 octets";
    case wire_errc::challenge_reflected: return "the peer sent our own challenge back to be signed";
    case wire_errc::digest_unsupported:
        return "the peer uses a digest that is not supported (supported: md5, sha256, sha384, sha3_256, sha3_384)";
    case wire_errc::digest_refused:
        return "the peer uses MD5, which require_sha256 refuses: use Python 3.12 or later there, or turn require_sha256 off";
    case wire_errc::peer_key_wrong: return "the peer does not hold the same authkey";
    case wire_errc::own_key_rejected: return "the peer rejected our answer to its challenge: the authkeys differ";
    case wire_errc::unexpected_handshake: return "a handshake frame came after the handshake had ended";
    case wire_errc::unasked_reply: return "the server sent a reply that nobody had asked for";
    }
    return "unknown wire error";
}

class wire_category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "quaymaster.wire"; }
    [[nodiscard]] std::string message(int code) const override { return text_of(code); }
};

}  // namespace

error_code make_error_code(wire_errc code) noexcept
{
    static const wire_category category;
    return {static_cast<int>(code), category};
}

bool is_authentication_failure(error_code ec) noexcept
{
    return ec == wire_errc::digest_unsupported || ec == wire_errc::digest_refused || ec == wire_errc::peer_key_wrong ||
           ec == wire_errc::own_key_rejected || ec == wire_errc::challenge_reflected;
}

}  // namespace quaymaster::wire
