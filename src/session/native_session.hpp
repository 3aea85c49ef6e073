// native_session: the server's end of a connection that speaks the native dialect, from the hello to the end.
#pragma once

#include "core/queue.hpp"
#include "core/referent.hpp"
#include "core/waiter.hpp"
#include "session/python_calls.hpp"
#include "session/service.hpp"
#include "session/turn.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::session {

/// Any number of requests at once, answered as they come to something. What waits is a `pending_request`, a waiter of its own with the
/// connection as its principal; what does not is answered at once and costs no memory.
/// How to drive it: as server_session, which owns it; resume() takes the waiter that was told.
/// Thread safety: none; everything on the thread that owns the connection. Lifetime: `settings` and `calls` outlive it; keeps its
/// caller alive until end().
class native_session {
public:
    native_session(const server_settings& settings, python_calls& calls, core::waiter& caller);
    ~native_session();
    native_session(const native_session&) = delete;
    native_session& operator=(const native_session&) = delete;

    /// Takes whole frames off the front of `input` and acts on them; returns how many octets it consumed. What it leaves is an
    /// incomplete frame, or was not looked at because the session is over or has replies_size_max to write.
    std::size_t receive(bytes_view input, turn& now);
    /// Answers with what the wait of `told` has come to, if that is one of this session's and not over already.
    void resume(core::waiter& told, turn& now);
    /// Answers all whose time is up.
    void on_deadline(turn& now);
    /// Withdraws all that waits and lets go of all that is open.
    void end(service& server);

    /// When on_deadline() is due; core::never if nothing is.
    [[nodiscard]] core::time_point deadline() const noexcept;
    /// True while a call runs, rather than blocks: its outcome comes without anybody else's doing.
    [[nodiscard]] bool awaits_work() const noexcept;
    /// True while items for the peer wait only for the replies before them to be written: then receive() is to be called once they
    /// are, though nothing has come.
    [[nodiscard]] bool is_stalled() const noexcept;
    /// True once the peer has broken the dialect: to be closed when the replies are out.
    [[nodiscard]] bool is_over() const noexcept { return is_over_; }
    /// How the peer has broken it, once; null if it has not.
    [[nodiscard]] std::unique_ptr<bad_end> take_bad_end() noexcept { return std::move(end_); }

private:
    class pending_request;
    struct batch_rest;
    struct id_of;
    struct earlier;
    struct open_object;
    struct request_row;
    static const request_row* find_row(wire::native::operation code) noexcept;

    using frame = wire::native::frame;
    using body_reader = wire::native::body_reader;

    void take_frame(const frame& request, turn& now);
    // One for each operation.
    void open(const frame& request, turn& now);
    void close(const frame& request, turn& now);
    void put(const frame& request, turn& now);
    void put_many(const frame& request, turn& now);
    void get(const frame& request, turn& now);
    void get_many(const frame& request, turn& now);
    void consume(const frame& request, turn& now);
    void credit(const frame& request, turn& now);
    void put_back(const frame& request, turn& now);
    void cancel(const frame& request, turn& now);
    void call(const frame& request, turn& now);
    void ping(const frame& request, turn& now);
    void inform(const frame& request, turn& now);

    // What several of them need.
    [[nodiscard]] std::uint32_t own_handle(std::uint32_t handle) const noexcept;
    [[nodiscard]] open_object* find_open(std::uint32_t handle) noexcept;
    [[nodiscard]] open_object* queue_for(const frame& request, std::uint32_t handle, turn& now);
    [[nodiscard]] bool read_item(const frame& request, bytes_view opcodes, const open_object& into, codec::item& found, turn& now);
    [[nodiscard]] bool read_items(const frame& request, body_reader& body, const open_object& into, std::vector<codec::item>& batch,
                                  turn& now);
    [[nodiscard]] core::wait_limit limit_of(std::uint32_t timeout, const turn& now) const noexcept;
    [[nodiscard]] pending_request* find_pending(std::uint32_t id) noexcept;
    [[nodiscard]] std::shared_ptr<pending_request> make_pending(const frame& request, const open_object* object);
    void recycle(std::shared_ptr<pending_request> done);
    void count_taken(const pending_request& waiting, std::size_t count) noexcept;
    [[nodiscard]] bool has_room(const frame& request, turn& now);

    void park(std::shared_ptr<pending_request> waiting, core::time_point due);
    void settle(pending_request& waiting);
    void cancel_put(pending_request& waiting, turn& now);
    static void withdraw_all(std::span<pending_request*> in_queues, service& server);
    void proceed(pending_request& waiting, core::outcome result, turn& now);
    void proceed_with_put(pending_request& waiting, core::outcome result, turn& now);
    void proceed_with_get(pending_request& waiting, core::outcome result, turn& now);
    void proceed_with_consume(pending_request& waiting, core::outcome result, turn& now);
    [[nodiscard]] core::outcome put_rest(pending_request& waiting, turn& now);
    void feed(pending_request& waiting, turn& now);
    void feed_stalled(turn& now);

    void answer_done(std::uint32_t id, std::uint16_t count, turn& now);
    void answer_item(std::uint32_t id, codec::payload&& item, turn& now);
    std::size_t answer_items(const pending_request& waiting, std::vector<codec::item>& items, bool more, turn& now);
    void answer_raised(std::uint32_t id, std::uint16_t count, core::raised&& error, turn& now);
    void refuse(const frame& request, std::string_view why, turn& now);
    void break_off(bad_end end);
    [[nodiscard]] codec::item for_client(codec::item pickled, turn& now);

    const server_settings* settings_;
    python_calls* calls_;
    std::shared_ptr<core::waiter> caller_;  // null after end()
    std::vector<open_object> open_;         // by handle
    std::vector<std::uint32_t> closed_;     // handles to give again
    struct requests;
    std::unique_ptr<requests> requests_;  // what waits; null until something has
    std::unique_ptr<bad_end> end_;        // until it is taken
    std::uint32_t last_opened_ = wire::native::last_opened;  // a handle; itself if the last open has opened nothing
    bool is_over_ = false;
};

}  // namespace quaymaster::session
