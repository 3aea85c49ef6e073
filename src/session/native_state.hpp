// native_state: what the parts of a native_session share: one connection, and how its requests begin.
#pragma once

#include "codec/item.hpp"
#include "core/put_id.hpp"
#include "core/wait_limit.hpp"
#include "core/waiter.hpp"
#include "session/native_objects.hpp"
#include "session/native_waits.hpp"
#include "session/python_calls.hpp"
#include "session/turn.hpp"
#include "wire/native_dialect.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quaymaster::session {

/// One connection of the native dialect. Its session drives it; the operations on it are in native_puts, native_gets and
/// native_session.
/// Thread safety: none. Lifetime: `settings` and `calls` outlive it.
struct native_state {
    native_state(const server_settings& all_settings, python_calls& python, core::waiter& principal)
        : settings{&all_settings}, calls{&python}, caller{principal.shared_from_this()}
    {
    }

    const server_settings* settings;
    python_calls* calls;
    std::shared_ptr<core::waiter> caller;  // whose calls these are; null after the session's end
    open_objects objects;
    pending_requests waits;
    std::unique_ptr<bad_end> end;  // how the peer has broken the dialect, until somebody asks
    bool is_over = false;

    /// The peer has broken the dialect.
    void break_off(bad_end how);
    /// False, with the request refused, if too many wait or one of its id does.
    [[nodiscard]] bool admit(const wire::native::frame& request, turn& now);
    /// False if what waits already carries so much that `request` must not wait as well.
    [[nodiscard]] bool may_carry(const wire::native::frame& request) const noexcept;
    [[nodiscard]] std::string why_not_carried() const;
    /// For `request`, which may have to wait for its queue `at`.
    [[nodiscard]] std::shared_ptr<pending_request> make_waiting(const wire::native::frame& request, const open_object& at);
    /// What a put and a get that were tried have in common: one that is parked waits until `limit` in `waiting`, one that was raised is
    /// answered. False if `result` is neither; `waiting`, which may be null, is for other requests then.
    [[nodiscard]] bool park_or_raise(std::uint32_t id, std::shared_ptr<pending_request> waiting, core::wait_limit limit,
                                     core::outcome& result, turn& now);
};

/// What follows the handle in a request on a queue.
enum class queue_fields : std::uint8_t { none, timeout, timeout_and_put_id };

/// The beginning of a request on a queue. Lifetime: no longer than its frame, and until something is opened.
struct queue_request {
    explicit queue_request(const wire::native::frame& request) noexcept : body{request.body} {}

    wire::native::body_reader body;  // what is left
    open_object* at = nullptr;       // a queue
    core::wait_limit limit;
    std::optional<core::put_id> put_id;
};

/// False, with the request refused, if it names no queue. `found` was made of `request`.
[[nodiscard]] bool read_queue_request(native_state& state, const wire::native::frame& request, queue_fields those,
                                      queue_request& found, turn& now);
/// False, with the request answered, if the opcodes are no item for the object `into`.
[[nodiscard]] bool read_item(native_state& state, const wire::native::frame& request, bytes_view opcodes,
                             const open_object& into, codec::item& found, turn& now);
/// The items that the body of `wanted` goes on with, into `batch`. False, with the request answered, if it is no batch.
[[nodiscard]] bool read_items(native_state& state, const wire::native::frame& request, queue_request& wanted,
                              std::vector<codec::item>& batch, turn& now);

/// The loop's memory for a batch, empty before and after.
class borrowed_batch {
public:
    explicit borrowed_batch(workspace& scratch) noexcept : batch_{scratch.batch} { batch_.clear(); }
    borrowed_batch(const borrowed_batch&) = delete;
    borrowed_batch& operator=(const borrowed_batch&) = delete;
    ~borrowed_batch() { batch_.clear(); }
    [[nodiscard]] std::vector<codec::item>& operator*() const noexcept { return batch_; }
    [[nodiscard]] std::vector<codec::item>* operator->() const noexcept { return &batch_; }

private:
    std::vector<codec::item>& batch_;
};

/// A borrowed_batch of items that have left the queue `from` and are in no reply yet. What is still in it at its end goes back there: an
/// exception has come between, and if there is no memory for that either, they are lost. Some may be as they were to be written by then.
class taken_batch {
public:
    taken_batch(core::referent& from, turn& now) noexcept : from_{from}, now_{now}, batch_{now.scratch} {}
    taken_batch(const taken_batch&) = delete;
    taken_batch& operator=(const taken_batch&) = delete;
    ~taken_batch();

    [[nodiscard]] std::vector<codec::item>& operator*() const noexcept { return *batch_; }
    [[nodiscard]] std::vector<codec::item>* operator->() const noexcept { return &*batch_; }
    /// Those from this one on go back.
    void put_back_from(std::size_t first);

private:
    core::referent& from_;
    turn& now_;
    const borrowed_batch batch_;
};

}  // namespace quaymaster::session
