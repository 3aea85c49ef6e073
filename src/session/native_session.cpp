#include "session/native_session.hpp"

#include "session/native_gets.hpp"
#include "session/native_puts.hpp"
#include "session/native_replies.hpp"
#include "session/server_information.hpp"
#include "wire/framing.hpp"

#include <quaymaster/errors.hpp>

#include <array>
#include <exception>
#include <string>
#include <utility>
#include <variant>

namespace quaymaster::session {

namespace native = wire::native;

namespace {

using native::frame;
using native::operation;

/// Octets of an unknown ident that come back.
constexpr std::size_t echoed_size_max = 200;

// ---- operations that neither put nor get ------------------------------------------------------------------------------

void open(native_state& state, const frame& request, turn& now)
{
    const std::string_view ident = as_chars(request.body);
    auto object = now.server.find(ident);
    if (object == nullptr)
        return answer_raised(request.id, 0, {core::exception_type::key_error, std::string{ident.substr(0, echoed_size_max)}}, now);
    const std::size_t handles_max = state.settings->handles_max;
    if (!state.objects.has_room(handles_max))
        return refuse(request, "handles_max (" + std::to_string(handles_max) + ") objects are open: close some", now);
    state.calls->note_use(ident, now);
    core::shared_queue* const queue = object->as_queue();
    native::fixed_fields fields;
    fields.add(state.objects.add({std::move(object), queue, std::string{ident}}));
    fields.add(static_cast<std::uint8_t>(queue != nullptr ? native::object_kind::queue : native::object_kind::other));
    native::write_frame(now.replies, {operation::opened, request.id}, fields.view());
}

void close(native_state& state, const frame& request, turn& now)
{
    native::body_reader body{request.body};
    const std::uint32_t handle = body.number32();
    if (!body.at_end() || !state.objects.close(handle))
        return refuse(request, "no such handle", now);
    answer_done(request.id, 0, now);
}

void inform(native_state& state, const frame& request, turn& now)
{
    if (request.body.empty()) {
        answer_item(state, request.id, codec::payload{server_information(*state.settings, native::version_max)}.to_item(), now);
        return;
    }
    queue_request wanted{request};
    if (!read_queue_request(state, request, queue_fields::none, wanted, now))
        return;
    if (!wanted.body.at_end())
        return refuse(request, "its body is no handle", now);
    core::queue_statistics found;
    now.server.run_inside(*wanted.at->object, [&](core::completions&) { found = wanted.at->queue->statistics(); });
    answer_item(state, request.id, codec::payload{queue_information(found)}.to_item(), now);
}

void ping(native_state&, const frame& request, turn& now)
{
    if (request.body.size() > native::ping_size_max)
        return refuse(request, "at most " + std::to_string(native::ping_size_max) + " octets come back", now);
    native::write_frame(now.replies, {operation::pong, request.id}, request.body);
}

void call(native_state& state, const frame& request, turn& now)
{
    error_code ec;
    const auto inner = wire::parse_frame(request.body, state.settings->payload_size_max, ec);
    if (!inner || inner->size != request.body.size())
        return refuse(request, "its body is no frame of the Python dialect", now);
    if (!state.admit(request, now))
        return;
    if (!state.may_carry(request))
        return refuse(request, state.why_not_carried(), now);
    auto waiting = state.waits.make(request, state.caller);
    if (waiting->python == nullptr)
        waiting->python = std::make_unique<python_call>(*waiting);
    const std::size_t begun = native::begin_body(now.replies, {operation::answer, request.id});
    state.calls->take_any_request(inner->payload, *waiting->python, now);
    if (waiting->python->parked()) {
        now.replies.truncate(begun);
        const core::time_point due = waiting->python->deadline();
        return state.waits.park(std::move(waiting), due);
    }
    native::end_body(now.replies, begun);
    state.waits.recycle(std::move(waiting));
}

/// False, with nothing done, if the wait has come to something that is to be answered: a call may have put something, and if gets were to
/// give back what they were given, one by one, each item would come before the last.
bool withdraw(native_state& state, pending_request& waiting, turn& now)
{
    if (waiting.code == operation::call)
        return state.calls->cancel(*waiting.python, now.server);
    if (waiting.code != operation::consume)
        return leave_line(waiting, now) != core::waiter::state::fulfilled;
    now.server.withdraw(*waiting.object, waiting);
    return true;
}

void cancel(native_state& state, const frame& request, turn& now)
{
    if (!request.body.empty())
        return refuse(request, "it has no body", now);
    pending_request* const found = state.waits.find(request.id);
    if (found == nullptr)
        return;  // its reply is under way
    pending_request& waiting = *found;
    if (waiting.code == operation::put || waiting.code == operation::put_many)
        return cancel_put(state, waiting, now);
    if (!withdraw(state, waiting, now))
        return;  // its answer is under way
    native::write_frame(now.replies, {operation::cancelled, waiting.id});
    state.waits.settle(waiting);
}

// ---- all operations ---------------------------------------------------------------------------------------------------

struct request_row {
    void (*take)(native_state&, const frame&, turn&) = nullptr;
    std::uint8_t flags = 0;  // that it may have
};

/// By operation.
constexpr std::array<request_row, 14> rows{{
    {},
    {open},
    {close},
    {put, native::has_put_id},
    {put_many, native::has_put_id},
    {get},
    {get_many},
    {consume},
    {credit},
    {put_back},
    {cancel},
    {call},
    {ping},
    {inform},
}};

const request_row* find_row(operation code) noexcept
{
    const auto index = static_cast<std::size_t>(code);
    return index > 0 && index < rows.size() ? &rows[index] : nullptr;
}

}  // namespace

// ---- frames -----------------------------------------------------------------------------------------------------------

std::size_t native_session::receive(bytes_view input, turn& now)
{
    const server_settings& settings = *state_.settings;
    feed_stalled(state_, now);
    std::size_t consumed = 0;
    while (!is_over() && now.replies.size() < settings.replies_size_max) {
        const bytes_view rest = input.subspan(consumed);
        error_code ec;
        const auto next = native::parse_frame(rest, settings.payload_size_max, ec);
        if (ec) {
            const std::size_t announced = native::announced_body_size(rest).value_or(0);
            std::string why = wire::frame_fault_text(ec, announced, settings.payload_size_max, "payload_size_max");
            native::write_frame(now.replies, {operation::refused, wire::load_little<std::uint32_t>(rest.data() + 8)}, as_bytes(why));
            state_.break_off({ec, std::move(why)});
            break;
        }
        if (!next)
            break;
        take_frame(*next, now);
        consumed += next->size();
    }
    return consumed;
}

void native_session::take_frame(const frame& request, turn& now)
{
    const request_row* const row = find_row(request.code);
    if (request.code == operation::open)
        state_.objects.begin_open();  // whatever it comes to: those behind it must not reach what was opened before
    if (row == nullptr)
        return refuse(request, "version " + std::to_string(native::version_max) + " of the native dialect has no operation " +
                                   std::to_string(static_cast<unsigned>(request.code)), now);
    if ((request.flags & ~row->flags) != 0)
        return refuse(request, "it has flags that its version of the native dialect does not know", now);
    try {
        row->take(state_, request, now);
    } catch (const pickle_error& error) {
        answer_unreadable(request.id, 0, error.what(), now);
    }
}

// ---- waits that are over ----------------------------------------------------------------------------------------------

void native_session::resume(std::shared_ptr<core::waiter> told, turn& now)
{
    auto& waiting = static_cast<pending_request&>(*told);  // of whose kind all are whose principal is a connection of this dialect
    if (!waiting.is_registered())
        return;
    told.reset();  // it has itself; its memory serves another request if nobody else refers to it when it is settled
    if (waiting.code == operation::call) {
        const std::size_t begun = native::begin_body(now.replies, {operation::answer, waiting.id});
        state_.calls->resume(*waiting.python, now);
        native::end_body(now.replies, begun);
        return state_.waits.settle(waiting);
    }
    if (waiting.takes_items())
        return resume_get(state_, waiting, now);
    proceed_with_put(state_, waiting, waiting.object->collect(waiting), now);
}

void native_session::on_deadline(turn& now)
{
    while (pending_request* const due = state_.waits.take_due(now.now)) {
        pending_request& waiting = *due;
        if (waiting.code == operation::call) {
            const std::size_t begun = native::begin_body(now.replies, {operation::answer, waiting.id});
            state_.calls->expire(*waiting.python, now);
            if (waiting.python->parked()) {
                now.replies.truncate(begun);
                continue;
            }
            native::end_body(now.replies, begun);
            state_.waits.settle(waiting);
            continue;
        }
        if (waiting.is_stalled) {  // a get that stands in no line
            proceed_with_get(state_, waiting, core::raised{core::exception_type::queue_empty, {}}, now);
            continue;
        }
        core::outcome result = now.server.expire(*waiting.object, waiting);
        if (!std::holds_alternative<core::parked>(result))  // else it was served a moment before, and resume() will come
            proceed(waiting, std::move(result), now);
    }
}

void native_session::proceed(pending_request& waiting, core::outcome result, turn& now)
{
    if (waiting.takes_items())
        proceed_with_get(state_, waiting, std::move(result), now);
    else
        proceed_with_put(state_, waiting, std::move(result), now);
}

void native_session::end(service& server)
{
    std::exception_ptr failure;  // the first: whatever fails, nothing of this session stays anywhere
    const auto attempt = [&failure](auto&& step) {
        try {
            step();
        } catch (const std::exception&) {
            if (failure == nullptr)
                failure = std::current_exception();
        }
    };
    for (pending_request& each : state_.waits)
        if (each.code == operation::call)
            attempt([&] { state_.calls->withdraw(*each.python, server); });
    attempt([&] { state_.waits.withdraw_all(server); });
    state_.objects.clear();
    state_.caller.reset();
    if (failure != nullptr)
        std::rethrow_exception(failure);
}

}  // namespace quaymaster::session
