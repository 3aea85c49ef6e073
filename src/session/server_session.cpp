#include "session/server_session.hpp"

#include "wire/framing.hpp"
#include "wire/native_dialect.hpp"

#include <exception>
#include <utility>

namespace quaymaster::session {

server_session::server_session(const server_settings& settings, core::waiter& caller) noexcept
    : settings_{&settings}, caller_{&caller}, calls_{settings, caller}, call_{caller}
{
}

void server_session::start(turn& now)
{
    wire::handshake_nonce nonce;
    now.server.fill_random(nonce);
    handshake_ = std::make_unique<timed_handshake>(
        timed_handshake{wire::server_handshake{nonce}, now.now + settings_->handshake_timeout});
    handshake_->exchange.start(now.replies);
}

std::size_t server_session::receive(bytes_view input, turn& now)
{
    std::size_t consumed = 0;
    while (phase_ != phase::native && phase_ != phase::over && !parked() && now.replies.size() < settings_->replies_size_max) {
        const bytes_view rest = input.subspan(consumed);
        error_code ec;
        const auto next = wire::parse_frame(rest, payload_size_max(), ec);
        if (ec) {
            const std::uint64_t announced = wire::announced_payload_size(rest).value_or(0);
            close_because({ec, wire::frame_fault_text(ec, announced, payload_size_max(), "payload_size_max")});
            break;
        }
        if (!next)
            break;
        take_frame(next->payload, now);
        consumed += next->size;
    }
    if (phase_ == phase::native)
        consumed += receive_native(input.subspan(consumed), now);
    return consumed;
}

void server_session::take_frame(bytes_view payload, turn& now)
{
    if (phase_ == phase::handshake) {
        take_handshake_frame(payload, now);
        return;
    }
    // On a stream a fault is answered and the next request is as good as any; without one there is nothing to go on with.
    if (phase_ == phase::stream) {
        calls_.take_request(payload, true, call_, now);
        return;
    }
    phase_ = phase::over;  // unless the answer says otherwise
    switch (calls_.take_request(payload, false, call_, now)) {
    case python_calls::after::close: break;
    case python_calls::after::stream: phase_ = phase::stream; break;
    case python_calls::after::native:
        phase_ = phase::native;
        native_ = std::make_unique<native_session>(*settings_, calls_, *caller_);
        break;
    }
}

std::size_t server_session::receive_native(bytes_view input, turn& now)
{
    const std::size_t consumed = native_->receive(input, now);
    close_if_native_is_over();
    return consumed;
}

void server_session::close_if_native_is_over()
{
    if (auto end = native_->take_bad_end())
        close_because(std::move(*end));
}

void server_session::take_handshake_frame(bytes_view payload, turn& now)
{
    const wire::handshake_policy policy{settings_->authkey, settings_->require_sha256};
    switch (handshake_->exchange.on_frame(payload, policy, now.replies)) {
    case wire::handshake_state::running: return;
    case wire::handshake_state::failed:
        return close_because({handshake_->exchange.failure(), "handshake: " + handshake_->exchange.failure().message()});
    case wire::handshake_state::done: break;
    }
    calls_.set_has_shut_down_error(!handshake_->exchange.peer_is_legacy());
    handshake_.reset();
    authenticated_ = true;
    phase_ = phase::first_request;
}

void server_session::resume(std::shared_ptr<core::waiter> told, turn& now)
{
    if (native_ != nullptr)
        native_->resume(std::move(told), now);
    else
        calls_.resume(call_, now);
}

core::time_point server_session::deadline() const noexcept
{
    if (native_ != nullptr)
        return native_->deadline();
    if (call_.parked())
        return call_.deadline();
    return handshake_ != nullptr ? handshake_->deadline : core::never;
}

void server_session::on_deadline(turn& now)
{
    if (now.now < deadline())
        return;
    if (native_ != nullptr)
        return native_->on_deadline(now);
    if (call_.parked())
        return calls_.expire(call_, now);
    close_because({{}, "handshake not done within " + std::to_string(settings_->handshake_timeout.count()) +
                           " ms (handshake_timeout)"});
}

void server_session::end(service& server, bool peer_left)
{
    calls_.withdraw(call_, server);
    std::exception_ptr failure;
    try {
        if (native_ != nullptr)
            native_->end(server);
    } catch (const std::exception&) {  // which has ended for all that
        failure = std::current_exception();
    }
    calls_.end(server, peer_left);
    handshake_.reset();
    phase_ = phase::over;
    if (failure != nullptr)
        std::rethrow_exception(failure);
}

bool server_session::authentication_failed() const noexcept
{
    return wire::is_authentication_failure(end_code());
}

std::optional<std::size_t> server_session::frame_size(bytes_view input) const noexcept
{
    if (phase_ != phase::native)
        return wire::announced_frame_size(input, payload_size_max());
    const auto body_size = wire::native::announced_body_size(input);
    if (!body_size || *body_size > settings_->payload_size_max)
        return std::nullopt;
    return wire::native::header_size + *body_size;
}

std::size_t server_session::payload_size_max() const noexcept
{
    return phase_ == phase::handshake ? wire::handshake_payload_size_max : settings_->payload_size_max;
}

void server_session::close_because(bad_end end)
{
    phase_ = phase::over;
    handshake_.reset();
    end_ = std::make_unique<bad_end>(std::move(end));
}

}  // namespace quaymaster::session
