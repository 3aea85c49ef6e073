#include "session/native_puts.hpp"

#include "session/native_replies.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace quaymaster::session {

namespace native = wire::native;

namespace {

using native::operation;

/// Of a batch.
std::uint16_t number_added(const pending_request& waiting) noexcept
{
    return static_cast<std::uint16_t>(waiting.batch->added);
}

/// Puts what is left of a batch. `parked` if it has to wait; else what the last put has come to, or nullopt, with the request answered,
/// if the next item is none that its queue can read.
std::optional<core::outcome> put_rest(pending_request& waiting, turn& now)
{
    core::outcome result;
    std::optional<std::string> fault;
    const core::wait_limit limit = waiting.due == core::time_point::min() ? std::nullopt : core::wait_limit{waiting.due};
    now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
        try {
            result = waiting.queue().put_rest(*waiting.batch, limit, waiting, fulfilled, now.now);
        } catch (const pickle_error& error) {  // a priority queue must be able to read it
            fault = error.what();
        }
    });
    if (fault) {
        answer_unreadable(waiting.id, number_added(waiting), *fault, now);
        return std::nullopt;
    }
    return result;
}

/// A put that was tried without waiting, because what waits carries too much already, has found no room: that is why it does not wait.
void say_why_not_carried(const native_state& state, core::outcome& result)
{
    auto* const error = std::get_if<core::raised>(&result);
    if (error != nullptr && error->type == core::exception_type::queue_full)
        *error = {core::exception_type::memory_error, state.why_not_carried()};
}

void answer_put(const pending_request& waiting, core::outcome result, turn& now)
{
    const bool is_batch = waiting.code == operation::put_many;
    const std::uint16_t count = is_batch ? number_added(waiting) : std::uint16_t{0};
    auto* const error = std::get_if<core::raised>(&result);
    // That there was no room for the rest of a batch in time is no error of those that are in.
    if (error != nullptr && (count == 0 || error->type != core::exception_type::queue_full))
        return answer_raised(waiting.id, count, std::move(*error), now);
    answer_done(waiting.id, is_batch ? count : std::uint16_t{1}, now);
}

}  // namespace

void put(native_state& state, const native::frame& request, turn& now)
{
    queue_request wanted{request};
    if (!read_queue_request(state, request, queue_fields::timeout_and_put_id, wanted, now))
        return;
    const bytes_view opcodes = wanted.body.rest();
    if (wanted.body.failed())
        return refuse(request, "its body is too short", now);
    codec::item item;
    if (!read_item(state, request, opcodes, *wanted.at, item, now) || !state.admit(request, now))
        return;
    core::shared_queue& queue = *wanted.at->queue;
    const bool may_wait = wanted.limit && state.may_carry(request);
    std::shared_ptr<pending_request> waiting;
    bool is_in = false;
    core::outcome result;
    now.server.run_inside(*wanted.at->object, [&](core::completions& fulfilled) {
        is_in = !wanted.put_id && queue.put_at_once(item);
        if (is_in)
            return;
        if (may_wait && queue.full())
            waiting = state.make_waiting(request, *wanted.at);
        core::waiter& waiter = waiting != nullptr ? static_cast<core::waiter&>(*waiting) : *state.caller;
        result = queue.put(std::move(item), waiting != nullptr ? wanted.limit : std::nullopt, waiter, fulfilled,
                           wanted.put_id ? &*wanted.put_id : nullptr, now.now);
    });
    if (is_in)
        return answer_done(request.id, 1, now);
    if (wanted.limit && !may_wait)
        say_why_not_carried(state, result);
    if (state.park_or_raise(request.id, std::move(waiting), wanted.limit, result, now))
        return;
    answer_done(request.id, 1, now);
}

void put_many(native_state& state, const native::frame& request, turn& now)
{
    queue_request wanted{request};
    if (!read_queue_request(state, request, queue_fields::timeout_and_put_id, wanted, now))
        return;
    const borrowed_batch batch{now.scratch};
    if (!read_items(state, request, wanted, *batch, now) || !state.admit(request, now))
        return;
    auto waiting = state.make_waiting(request, *wanted.at);
    const bool may_wait = wanted.limit && state.may_carry(request);
    waiting->due = may_wait ? *wanted.limit : core::time_point::min();  // that is: at once
    if (waiting->batch == nullptr)
        waiting->batch = std::make_unique<core::batch_rest>();
    core::batch_rest& rest = *waiting->batch;
    rest.added = 0;
    rest.has_id = wanted.put_id.has_value();
    rest.id = wanted.put_id.value_or(core::put_id{});
    rest.items.swap(*batch);
    std::reverse(rest.items.begin(), rest.items.end());
    std::optional<core::outcome> result = put_rest(*waiting, now);
    if (result && std::holds_alternative<core::parked>(*result)) {
        const core::time_point due = waiting->due;
        return state.waits.park(std::move(waiting), due);
    }
    if (result && wanted.limit && !may_wait)
        say_why_not_carried(state, *result);
    if (result)
        answer_put(*waiting, *std::move(result), now);
    rest.items.clear();
    rest.items.swap(*batch);  // its memory
    state.waits.recycle(std::move(waiting));
}

void put_back(native_state& state, const native::frame& request, turn& now)
{
    queue_request wanted{request};
    if (!read_queue_request(state, request, queue_fields::none, wanted, now))
        return;
    open_object& into = *wanted.at;
    if (request.count > into.taken)
        return refuse(request,
                      "this connection was handed out " + std::to_string(into.taken) + " items of that queue, not " +
                          std::to_string(request.count),
                      now);
    const borrowed_batch batch{now.scratch};
    if (!read_items(state, request, wanted, *batch, now))
        return;
    now.server.run_inside(*into.object, [&](core::completions& fulfilled) { into.queue->put_back(*batch, fulfilled); });
    into.taken -= request.count;
    answer_done(request.id, request.count, now);
}

void proceed_with_put(native_state& state, pending_request& waiting, core::outcome result, turn& now)
{
    if (waiting.code == operation::put_many && std::holds_alternative<core::returned>(result)) {
        ++waiting.batch->added;
        std::optional<core::outcome> rest = put_rest(waiting, now);
        if (!rest)
            return state.waits.settle(waiting);
        if (std::holds_alternative<core::parked>(*rest))
            return state.waits.keep_due(waiting);  // it may have been served at the very end of its time
        result = *std::move(rest);
    }
    answer_put(waiting, std::move(result), now);
    state.waits.settle(waiting);
}

void cancel_put(native_state& state, pending_request& waiting, turn& now)
{
    core::outcome result = now.server.expire(*waiting.object, waiting);
    const bool was_waiting = !std::holds_alternative<core::parked>(result);
    if (!was_waiting)  // served a moment before: whoever comes to tell finds it settled
        result = waiting.object->collect(waiting);
    const bool is_batch = waiting.code == operation::put_many;
    const bool is_let_in = std::holds_alternative<core::returned>(result);
    if (is_let_in && is_batch)
        ++waiting.batch->added;
    const bool is_partly_in = is_let_in && is_batch && !waiting.batch->items.empty();
    const bool is_not_in = was_waiting && std::holds_alternative<core::raised>(result);
    if (is_partly_in || is_not_in)
        native::write_frame(now.replies, {operation::cancelled, waiting.id, is_batch ? number_added(waiting) : std::uint16_t{0}});
    else
        answer_put(waiting, std::move(result), now);
    state.waits.settle(waiting);
}

}  // namespace quaymaster::session
