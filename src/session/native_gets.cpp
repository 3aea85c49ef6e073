#include "session/native_gets.hpp"

#include "session/native_replies.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace quaymaster::session {

namespace native = wire::native;

namespace {

using native::operation;

/// For how many a peer that does not read is held what its queues gave them, before the others leave the lines. There may be some
/// for one that does read, if much comes at once.
constexpr std::size_t held_max = 16;
/// Of the items of one reply: with the size of each, that is less than a frame holds.
constexpr std::size_t batch_octets_max = std::size_t{1} << 30;

/// Takes what the wait of `served` has come to. What comes next takes the item out of that, for which there is memory then.
core::outcome collect(pending_request& served, turn& now)
{
    now.scratch.batch.reserve(1);
    return served.object->collect(served);
}

/// False: it could not be written, and the answer says so.
bool answer_get_by(native_state& state, std::uint32_t id, codec::item&& item, core::referent& from, turn& now)
{
    taken_batch batch{from, now};
    batch->push_back(std::move(item));
    const bool is_sent = answer_item(state, id, batch->front(), now);
    batch->clear();
    return is_sent;
}

/// What a get or a get_many has come to. A get_many takes what else there is.
void answer_get(native_state& state, const pending_request& waiting, core::outcome result, turn& now)
{
    if (auto* const error = std::get_if<core::raised>(&result))
        return answer_raised(waiting.id, 0, std::move(*error), now);
    codec::payload& first = std::get<core::returned>(result).result;
    if (waiting.code == operation::get) {
        if (answer_get_by(state, waiting.id, std::move(first).to_item(), *waiting.object, now))
            state.objects.count_taken(waiting.handle, *waiting.object, 1);
        return;
    }
    taken_batch batch{*waiting.object, now};
    batch->push_back(std::move(first).to_item());
    bool more = false;
    now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
        core::shared_queue& queue = waiting.queue();
        const std::size_t size = batch->front().size();
        const std::size_t room = waiting.octets_max - std::min<std::size_t>(size, waiting.octets_max);
        if (!queue.empty() && queue.next_size() <= room)  // one that is larger would come alone, and here is one already
            queue.take_ready(waiting.count - std::size_t{1}, room, *batch, fulfilled);
        more = !queue.empty();
    });
    (void)answer_items(state, waiting, batch, more, now);
}

/// Sends a consumer items that left its queue; returns how many, none of which it must fetch in time: that is what a window is for.
std::size_t send_ahead(native_state& state, const pending_request& waiting, taken_batch& items, turn& now)
{
    const std::size_t begun = now.replies.size();
    const std::size_t sent = answer_items(state, waiting, items, true, now);
    now.ahead.extend(begun, now.replies.size());
    return sent;
}

/// Ends a consume. Its consumer hears of that when it has taken the items before.
void end_ahead(native_state& state, pending_request& waiting, core::raised&& why, turn& now)
{
    const std::size_t begun = now.replies.size();
    answer_raised(waiting.id, 0, std::move(why), now);
    now.ahead.extend(begun, now.replies.size());
    state.waits.settle(waiting);
}

/// Sends a consumer what there is, as far as its credit goes, and has it wait for more if that is not used up. Precondition: it does not
/// wait, and is not stalled.
void feed(native_state& state, pending_request& waiting, turn& now)
{
    const std::size_t replies_size_max = state.settings->replies_size_max;
    while (waiting.credit != 0) {
        if (now.replies.size() >= replies_size_max || state.waits.held() >= held_max)
            return state.waits.stall(waiting);
        taken_batch batch{*waiting.object, now};
        core::outcome result;
        now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
            const std::size_t wanted = std::min<std::size_t>(waiting.credit, native::batch_items_max);
            const std::size_t room = std::min(replies_size_max - now.replies.size(), batch_octets_max);
            if (waiting.queue().take_ready(wanted, room, *batch, fulfilled) == 0)
                result = waiting.queue().get(core::never, waiting, fulfilled);
        });
        if (batch->empty()) {
            if (auto* const error = std::get_if<core::raised>(&result))
                return end_ahead(state, waiting, std::move(*error), now);
            waiting.is_waiting = true;
            return state.waits.rejoin(waiting);
        }
        const std::size_t sent = send_ahead(state, waiting, batch, now);
        if (sent == 0)
            return state.waits.settle(waiting);
        waiting.credit -= static_cast<std::uint32_t>(sent);  // for those that went back it stands
    }
}

void proceed_with_consume(native_state& state, pending_request& waiting, core::outcome result, turn& now)
{
    if (auto* const error = std::get_if<core::raised>(&result))
        return end_ahead(state, waiting, std::move(*error), now);
    waiting.is_waiting = false;
    --waiting.credit;
    taken_batch batch{*waiting.object, now};
    batch->push_back(std::move(std::get<core::returned>(result).result).to_item());
    if (send_ahead(state, waiting, batch, now) == 0)
        return state.waits.settle(waiting);
    feed(state, waiting, now);
}

/// A get or a get_many that has left its line is tried again, and joins it at the end.
void get_again(native_state& state, pending_request& waiting, turn& now)
{
    now.scratch.batch.reserve(1);  // for the item: see answer_get()
    core::outcome result;
    now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
        result = waiting.queue().get(waiting.due, waiting, fulfilled);
    });
    if (std::holds_alternative<core::parked>(result))
        return state.waits.rejoin(waiting);
    proceed_with_get(state, waiting, std::move(result), now);
}

/// The peer does not read: those that wait for their queues wait for it instead, in no line, so that the next items are others'.
void leave_lines(native_state& state, turn& now)
{
    for (pending_request* const each : state.waits.in_lines()) {
        if (leave_line(*each, now) != core::waiter::state::parked)
            continue;  // it was served a moment before, or has no credit
        each->is_waiting = false;
        state.waits.stall(*each);
    }
}

}  // namespace

void get(native_state& state, const native::frame& request, turn& now)
{
    queue_request wanted{request};
    if (!read_queue_request(state, request, queue_fields::timeout, wanted, now))
        return;
    if (!wanted.body.at_end())
        return refuse(request, "its body is no handle and timeout", now);
    if (!state.admit(request, now))
        return;
    open_object& from = *wanted.at;
    std::shared_ptr<pending_request> waiting;
    now.scratch.batch.reserve(1);  // for the item: see answer_get_by()
    codec::item item;
    core::outcome result;
    now.server.run_inside(*from.object, [&](core::completions& fulfilled) {
        item = from.queue->get_at_once();
        if (item)
            return;
        if (wanted.limit && from.queue->empty())
            waiting = state.make_waiting(request, from);
        core::waiter& waiter = waiting != nullptr ? static_cast<core::waiter&>(*waiting) : *state.caller;
        result = from.queue->get(waiting != nullptr ? wanted.limit : std::nullopt, waiter, fulfilled);
    });
    if (!item) {
        if (state.park_or_raise(request.id, std::move(waiting), wanted.limit, result, now))
            return;
        item = std::move(std::get<core::returned>(result).result).to_item();
    }
    if (answer_get_by(state, request.id, std::move(item), *from.object, now))
        ++from.taken;
}

void get_many(native_state& state, const native::frame& request, turn& now)
{
    queue_request wanted{request};
    if (!read_queue_request(state, request, queue_fields::timeout, wanted, now))
        return;
    const std::uint32_t octets_max = wanted.body.number32();
    if (!wanted.body.at_end() || request.count == 0)
        return refuse(request, request.count == 0 ? "it asks for no item" : "its body is no handle, timeout and size", now);
    if (!state.admit(request, now))
        return;
    core::shared_queue& queue = *wanted.at->queue;
    auto waiting = state.make_waiting(request, *wanted.at);
    waiting->octets_max = static_cast<std::uint32_t>(std::min({std::size_t{octets_max}, state.settings->replies_size_max, batch_octets_max}));
    taken_batch batch{*waiting->object, now};
    core::outcome result;
    bool more = false;
    now.server.run_inside(*waiting->object, [&](core::completions& fulfilled) {
        if (queue.take_ready(request.count, waiting->octets_max, *batch, fulfilled) == 0)
            result = queue.get(wanted.limit, *waiting, fulfilled);
        else
            more = !queue.empty();
    });
    if (batch->empty() && std::holds_alternative<core::parked>(result))
        return state.waits.park(std::move(waiting), *wanted.limit);
    if (batch->empty())
        answer_get(state, *waiting, std::move(result), now);
    else
        (void)answer_items(state, *waiting, batch, more, now);
    state.waits.recycle(std::move(waiting));
}

void consume(native_state& state, const native::frame& request, turn& now)
{
    queue_request wanted{request};
    if (!read_queue_request(state, request, queue_fields::none, wanted, now))
        return;
    const std::uint32_t credit = wanted.body.number32();
    if (!wanted.body.at_end())
        return refuse(request, "its body is no handle and credit", now);
    if (!state.admit(request, now))
        return;
    auto waiting = state.make_waiting(request, *wanted.at);
    waiting->credit = credit;
    pending_request& stream = *waiting;
    state.waits.park(std::move(waiting), core::never);
    feed(state, stream, now);
}

void credit(native_state& state, const native::frame& request, turn& now)
{
    native::body_reader body{request.body};
    const std::uint32_t added = body.number32();
    if (!body.at_end())
        return refuse(request, "its body is no credit", now);
    pending_request* const found = state.waits.find(request.id);
    if (found == nullptr || found->code != operation::consume)
        return;  // it has ended meanwhile, and its end is under way
    found->credit += std::min(added, std::numeric_limits<std::uint32_t>::max() - found->credit);
    if (!found->is_waiting && !found->is_stalled)
        feed(state, *found, now);
}

core::waiter::state leave_line(pending_request& waiting, turn& now)
{
    auto was = core::waiter::state::idle;
    now.server.run_inside(*waiting.object, [&](core::completions& fulfilled) {
        was = waiting.current_state();
        if (was == core::waiter::state::parked)
            waiting.queue().withdraw(waiting, fulfilled);
    });
    return was;
}

void proceed_with_get(native_state& state, pending_request& waiting, core::outcome result, turn& now)
{
    if (waiting.code == operation::consume)
        return proceed_with_consume(state, waiting, std::move(result), now);
    answer_get(state, waiting, std::move(result), now);
    state.waits.settle(waiting);
}

void resume_get(native_state& state, pending_request& served, turn& now)
{
    // Behind those that are held, which were served before.
    if (now.replies.size() < state.settings->replies_size_max && state.waits.held() == 0)
        return proceed_with_get(state, served, collect(served, now), now);
    state.waits.hold(served);
    if (state.waits.held() == held_max)
        leave_lines(state, now);
}

void feed_stalled(native_state& state, turn& now)
{
    while (now.replies.size() < state.settings->replies_size_max) {
        if (pending_request* const served = state.waits.take_held()) {
            proceed_with_get(state, *served, collect(*served, now), now);
            continue;
        }
        pending_request* const longest = state.waits.take_stalled();
        if (longest == nullptr)
            return;
        longest->code == operation::consume ? feed(state, *longest, now) : get_again(state, *longest, now);
    }
}

}  // namespace quaymaster::session
