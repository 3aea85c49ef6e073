// native_session: the server's end of a connection that speaks the native dialect, from the hello to the end.
#pragma once

#include "core/waiter.hpp"
#include "session/native_state.hpp"
#include "session/python_calls.hpp"
#include "session/service.hpp"
#include "session/turn.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace quaymaster::session {

/// Any number of requests at once, answered as they come to something. What waits is a `pending_request`, a waiter of its own with the
/// connection as its principal; what does not is answered at once and costs no memory.
/// How to drive it: as server_session, which owns it; resume() takes the waiter that was told.
/// Thread safety: none; everything on the thread that owns the connection. Lifetime: `settings` and `calls` outlive it; keeps its
/// caller alive until end().
class native_session {
public:
    native_session(const server_settings& settings, python_calls& calls, core::waiter& caller) : state_{settings, calls, caller} {}
    native_session(const native_session&) = delete;
    native_session& operator=(const native_session&) = delete;

    /// Takes whole frames off the front of `input` and acts on them; returns how many octets it consumed. What it leaves is an
    /// incomplete frame, or was not looked at because the session is over or has replies_size_max to write.
    std::size_t receive(bytes_view input, turn& now);
    /// Answers with what the wait of `told` has come to, if that is one of this session's and not over already.
    void resume(std::shared_ptr<core::waiter> told, turn& now);
    /// Answers all whose time is up.
    void on_deadline(turn& now);
    /// Withdraws all that waits and lets go of all that is open.
    void end(service& server);

    /// When on_deadline() is due; core::never if nothing is.
    [[nodiscard]] core::time_point deadline() const noexcept { return state_.waits.deadline(); }
    /// True while a call runs, rather than blocks: its outcome comes without anybody else's doing.
    [[nodiscard]] bool awaits_work() const noexcept { return state_.waits.awaits_work(); }
    /// True while items for the peer wait only for the replies before them to be written: then receive() is to be called once they
    /// are, though nothing has come.
    [[nodiscard]] bool is_stalled() const noexcept { return state_.waits.has_stalled(); }
    /// True while an answer is one of them: the peer has asked for that, whatever was sent ahead of it.
    [[nodiscard]] bool holds_answers() const noexcept { return state_.waits.holds_answers(); }
    /// True once the peer has broken the dialect: to be closed when the replies are out.
    [[nodiscard]] bool is_over() const noexcept { return state_.is_over; }
    /// How the peer has broken it, once; null if it has not.
    [[nodiscard]] std::unique_ptr<bad_end> take_bad_end() noexcept { return std::move(state_.end); }

private:
    void take_frame(const wire::native::frame& request, turn& now);
    void proceed(pending_request& waiting, core::outcome result, turn& now);

    native_state state_;
};

}  // namespace quaymaster::session
