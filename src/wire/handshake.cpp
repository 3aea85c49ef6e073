#include "wire/handshake.hpp"

#include "wire/digest.hpp"
#include "wire/framing.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace quaymaster::wire {

namespace {

constexpr std::string_view challenge_prefix = "#CHALLENGE#";
constexpr std::string_view welcome_text = "#WELCOME#";
constexpr std::string_view failure_text = "#FAILURE#";
constexpr std::string_view own_digest_prefix = "{sha256}";
static_assert(own_digest_prefix.size() + std::tuple_size_v<handshake_nonce> == std::tuple_size_v<challenge_message>);

/// A challenge of exactly this many octets comes from Python 3.11 or older, which knows MD5 alone; a shorter one is refused.
constexpr std::size_t legacy_challenge_size = 20;
/// Names between the braces have at most as many octets ("sha3_256").
constexpr std::size_t digest_name_size_max = 8;

void append_frame(outbox& out, bytes_view first, bytes_view second = {})
{
    out.append(frame_header{first.size() + second.size()}.view());
    out.append(first);
    out.append(second);
}

void append_frame(outbox& out, std::string_view text)
{
    append_frame(out, as_bytes(text));
}

challenge_message make_challenge(const handshake_nonce& nonce) noexcept
{
    challenge_message message;
    const bytes_view prefix = as_bytes(own_digest_prefix);
    std::copy(nonce.begin(), nonce.end(), std::copy(prefix.begin(), prefix.end(), message.begin()));
    return message;
}

/// A message that begins with `{name}`: the digest, and what follows the braces. connection.py: _get_digest_name_and_payload.
struct tagged_message {
    digest_kind digest;
    bytes_view rest;
};

std::optional<tagged_message> parse_tagged(bytes_view message) noexcept
{
    const std::string_view text = as_chars(message);
    if (text.empty() || text.front() != '{')
        return std::nullopt;
    const std::size_t close = text.substr(0, digest_name_size_max + 2).find('}');
    if (close == std::string_view::npos)
        return std::nullopt;
    const auto digest = digest_from_name(text.substr(1, close - 1));
    if (!digest)
        return std::nullopt;
    return tagged_message{*digest, message.subspan(close + 1)};
}

/// Is `response` made with our key over `challenge`? connection.py: _verify_challenge.
error_code verify_response(bytes_view response, bytes_view challenge, const handshake_policy& policy) noexcept
{
    tagged_message answer{digest_kind::md5, response};
    if (response.size() != mac_size(digest_kind::md5)) {  // that size is Python 3.11's: no name, so MD5
        const auto tagged = parse_tagged(response);
        if (!tagged)
            return wire_errc::digest_unsupported;
        answer = *tagged;
    }
    if (policy.require_sha256 && answer.digest == digest_kind::md5)
        return wire_errc::digest_refused;
    const auto expected = hmac(answer.digest, policy.authkey, challenge);
    if (!expected)
        return wire_errc::digest_unsupported;
    if (!equal_in_constant_time(expected->view(), answer.rest))
        return wire_errc::peer_key_wrong;
    return {};
}

/// Signs the challenge in `payload` and appends the answer in the form that the challenger understands.
/// connection.py: answer_challenge, _create_response.
error_code answer_challenge(bytes_view payload, bytes_view own_challenge, const handshake_policy& policy, outbox& out,
                            bool& peer_is_legacy)
{
    if (!as_chars(payload).starts_with(challenge_prefix))
        return as_chars(payload) == failure_text ? wire_errc::own_key_rejected : wire_errc::not_a_challenge;
    const bytes_view challenge = payload.subspan(challenge_prefix.size());
    if (challenge.size() < legacy_challenge_size)
        return wire_errc::challenge_too_short;
    if (std::equal(challenge.begin(), challenge.end(), own_challenge.begin(), own_challenge.end()))
        return wire_errc::challenge_reflected;

    peer_is_legacy = challenge.size() == legacy_challenge_size;
    digest_kind digest = digest_kind::md5;
    if (!peer_is_legacy) {
        const auto tagged = parse_tagged(challenge);
        if (!tagged)
            return wire_errc::digest_unsupported;
        digest = tagged->digest;
    }
    if (policy.require_sha256 && digest == digest_kind::md5)
        return wire_errc::digest_refused;
    const auto answer = hmac(digest, policy.authkey, challenge);
    if (!answer)
        return wire_errc::digest_unsupported;
    if (peer_is_legacy) {
        append_frame(out, answer->view());
        return {};
    }
    const std::string_view prefix = as_chars(challenge.first(to_string(digest).size() + 2));
    append_frame(out, as_bytes(prefix), answer->view());
    return {};
}

}  // namespace

// ---- server -------------------------------------------------------------------------------------------------------------

server_handshake::server_handshake(const handshake_nonce& nonce) noexcept : challenge_{make_challenge(nonce)} {}

void server_handshake::start(outbox& out)
{
    append_frame(out, as_bytes(challenge_prefix), challenge_);
}

handshake_state server_handshake::state() const noexcept
{
    if (step_ == step::done)
        return handshake_state::done;
    return step_ == step::failed ? handshake_state::failed : handshake_state::running;
}

handshake_state server_handshake::on_frame(bytes_view payload, const handshake_policy& policy, outbox& out)
{
    switch (step_) {
    case step::await_response:
        if (const error_code ec = verify_response(payload, challenge_, policy))
            return fail(ec, out);
        append_frame(out, welcome_text);
        step_ = step::await_challenge;
        return state();
    case step::await_challenge:
        if (const error_code ec = answer_challenge(payload, challenge_, policy, out, peer_is_legacy_))
            return fail(ec, out);
        step_ = step::await_verdict;
        return state();
    case step::await_verdict:
        if (as_chars(payload) != welcome_text)
            return fail(wire_errc::own_key_rejected, out);
        step_ = step::done;
        return state();
    case step::done: return fail(wire_errc::unexpected_handshake, out);
    case step::failed: break;
    }
    return state();
}

handshake_state server_handshake::fail(error_code reason, outbox& out)
{
    // A client that awaits a verdict or an answer raises AuthenticationError on this; a silent close would give it EOFError.
    if (step_ == step::await_response || step_ == step::await_challenge)
        append_frame(out, failure_text);
    failure_ = reason;
    step_ = step::failed;
    return state();
}

// ---- client -------------------------------------------------------------------------------------------------------------

client_handshake::client_handshake(const handshake_nonce& nonce) noexcept : challenge_{make_challenge(nonce)} {}

handshake_state client_handshake::state() const noexcept
{
    if (step_ == step::done)
        return handshake_state::done;
    return step_ == step::failed ? handshake_state::failed : handshake_state::running;
}

handshake_state client_handshake::on_frame(bytes_view payload, const handshake_policy& policy, outbox& out)
{
    switch (step_) {
    case step::await_challenge:
        if (const error_code ec = answer_challenge(payload, challenge_, policy, out, peer_is_legacy_))
            return fail(ec);
        step_ = step::await_verdict;
        return state();
    case step::await_verdict:
        if (as_chars(payload) != welcome_text)
            return fail(wire_errc::own_key_rejected);
        append_frame(out, as_bytes(challenge_prefix), challenge_);
        step_ = step::await_response;
        return state();
    case step::await_response:
        if (const error_code ec = verify_response(payload, challenge_, policy)) {
            append_frame(out, failure_text);
            return fail(ec);
        }
        append_frame(out, welcome_text);
        step_ = step::done;
        return state();
    case step::done: return fail(wire_errc::unexpected_handshake);
    case step::failed: break;
    }
    return state();
}

handshake_state client_handshake::fail(error_code reason) noexcept
{
    failure_ = reason;
    step_ = step::failed;
    return state();
}

}  // namespace quaymaster::wire
