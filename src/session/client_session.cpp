#include "session/client_session.hpp"

#include "wire/framing.hpp"

namespace quaymaster::session {

client_session::client_session(const client_settings& settings, const wire::handshake_nonce& nonce)
    : settings_{&settings}, handshake_{nonce}
{
}

client_session::step client_session::receive(bytes_view input)
{
    step found;
    while (state_ != state::failed) {
        const bytes_view rest = input.subspan(found.consumed);
        error_code ec;
        const auto next = wire::parse_frame(rest, payload_size_max(), ec);
        if (ec) {
            refused_size_ = wire::announced_payload_size(rest).value_or(0);
            fail(ec);
            break;
        }
        if (!next)
            break;
        found.consumed += next->size;
        if (state_ == state::ready) {
            take_reply(next->payload, found);
            break;
        }
        take_handshake_frame(next->payload);
    }
    return found;
}

void client_session::take_reply(bytes_view payload, step& found)
{
    if (unanswered_ == 0) {
        fail(wire::wire_errc::unasked_reply);
        return;
    }
    --unanswered_;
    found.reply = payload;
}

void client_session::take_handshake_frame(bytes_view payload)
{
    switch (handshake_.on_frame(payload, {settings_->authkey, settings_->require_sha256}, output_)) {
    case wire::handshake_state::running: return;
    case wire::handshake_state::failed: fail(handshake_.failure()); return;
    case wire::handshake_state::done: break;
    }
    state_ = state::ready;
    output_.splice(held_back_);
    held_back_.release();
}

void client_session::request(const wire::outgoing_request& request, codec::reader_dialect dialect)
{
    wire::write_request(state_ == state::ready ? output_ : held_back_, dialect, request, settings_->limits);
    ++unanswered_;
}

void client_session::fail(error_code code) noexcept
{
    state_ = state::failed;
    failure_ = code;
}

std::string client_session::failure_text() const
{
    if (state_ != state::failed)
        return {};
    const bool in_handshake = handshake_.state() != wire::handshake_state::done;
    return wire::frame_fault_text(failure_, refused_size_,
                                  in_handshake ? wire::handshake_payload_size_max : settings_->payload_size_max, "reply_size_max");
}

std::optional<std::size_t> client_session::frame_size(bytes_view input) const noexcept
{
    return wire::announced_frame_size(input, payload_size_max());
}

std::size_t client_session::payload_size_max() const noexcept
{
    return state_ == state::ready ? settings_->payload_size_max : wire::handshake_payload_size_max;
}

}  // namespace quaymaster::session
