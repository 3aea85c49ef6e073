// connection: one accepted socket and the session on it, from the challenge to the close.
#pragma once

#include "net/caller.hpp"
#include "net/deadline_queue.hpp"
#include "net/event_loop.hpp"
#include "net/input_buffer.hpp"
#include "net/peer_name.hpp"
#include "net/unique_descriptor.hpp"
#include "session/server_session.hpp"
#include "wire/outbox.hpp"

#include <boost/intrusive/list_hook.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace quaymaster::net {

/// Moves octets between a socket and a session, and is the caller whose calls those of the session are.
/// While idle or parked it is told of readability (so a peer that leaves is noticed at once) and holds no buffer.
/// Thread safety: none; every member runs on the thread that has the turn of `home`. As a waiter it is guarded by its referent's guard.
/// Lifetime: shared by itself while open, by the handlers of its waits, and by whoever is about to tell it something.
class connection final : public caller, private timed, private watched, public in_loop_hook, public to_flush_hook {
public:
    connection(event_loop& home, unique_descriptor socket, const peer_name& peer);
    ~connection() override;

    /// Sends the challenge and waits for what comes.
    void start();
    /// See caller. Its loop calls on_fulfilled() soon.
    void tell(std::shared_ptr<core::waiter> told) noexcept override;
    /// Waiters of its session were fulfilled: answers those calls and goes on with what came meanwhile. Takes `told`.
    void on_fulfilled(std::span<std::shared_ptr<core::waiter>> told);
    /// The end of the loop's turn: sends what there is.
    void flush();
    /// The server stops: closes as soon as the call that runs has ended and the replies are out.
    void finish();
    /// The server cannot wait for it any longer.
    void cut_off();
    /// Closes now: a normal end.
    void close() noexcept;

    /// The server's end of it: (host, port), or the path of a Unix socket; None if that cannot be found out any more.
    [[nodiscard]] value own_end();

    /// The peer's; empty for a Unix socket.
    [[nodiscard]] std::string host() const { return peer_.host(); }

    /// The loop that it belongs to; any thread may ask.
    [[nodiscard]] event_loop& home() noexcept { return home_; }

private:
    /// Octets that a client may send ahead while its call blocks; beyond them nothing is read until the call is answered.
    static constexpr std::size_t input_size_while_parked_max = std::size_t{64} << 10;
    /// Reads in a row for one large frame before other connections have their turn.
    static constexpr int reads_per_turn = 8;

    enum class read_result : std::uint8_t { nothing, done, incomplete };

    template <class Act>
    void guarded(Act&& act) noexcept;
    template <class Act>
    void take_turn(core::time_point now, Act&& act);
    void on_due(core::time_point now) override;
    void on_ready(std::uint32_t events) override;
    bool on_guess() noexcept override;
    bool read();
    void go_on(core::time_point now);
    read_result read_once();
    void consume(bytes_view input, session::turn& now);
    [[nodiscard]] bool holds_whole_request() const noexcept;
    [[nodiscard]] bool is_full() const noexcept;
    void settle_turn(bool is_incomplete, core::time_point now);
    bool send(core::time_point now);
    void end_if_done(core::time_point now);
    [[nodiscard]] bool awaits_fetch() const noexcept;
    [[nodiscard]] core::time_point fetch_limit() const noexcept;
    void count_progress();
    void watch();
    void end_after_replies(core::time_point now);
    void finish_by(core::time_point limit);
    void close_lost(const error_code& cause);
    void close_finished();
    void close_because(log_level level, std::string_view what, std::string_view reason);

    event_loop& home_;
    unique_descriptor socket_;
    session::server_session session_;
    input_buffer input_;
    std::unique_ptr<wire::outbox> unsent_;  // what the kernel has not taken yet, lent by the loop; null when that is nothing
    std::size_t ahead_ = 0;                 // of unsent_, at its end: what the peer may fetch when it likes
    core::time_point last_fetch_{};         // when the kernel last took something, or there was first something that must be fetched
    std::uint32_t interest_ = 0;            // what the reactor tells us of
    std::shared_ptr<connection> self_;      // while open
    peer_name peer_;
    bool is_open_ = true;
    bool is_finishing_ = false;  // reads no more, and closes when the replies are out
    bool is_choked_ = false;     // the kernel did not take all of unsent_
    bool counts_as_unauthenticated_ = true;
    bool counts_as_stream_ = false;
    bool peer_left_ = false;  // it ended its side, or its machine did
};

}  // namespace quaymaster::net
