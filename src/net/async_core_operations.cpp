// The operations of an async_core: from their beginning to their reply.
#include "net/async_core.hpp"

#include "core/recent_put_ids.hpp"
#include "net/async_tags.hpp"
#include "net/batch_bounds.hpp"
#include "net/client_reply.hpp"
#include "net/later.hpp"
#include "wire/framing.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace quaymaster::net {

namespace native = wire::native;

namespace {

using kind = async_request::kind;
using native::operation;
using std::chrono::milliseconds;

/// Fields before the items of a put, at most.
constexpr std::size_t put_fields_size = 24;

bool is_queue_full(const session::native_reply& reply)
{
    return reply.code == operation::raised && native::parse_raised(reply.body)->number == native::exception_number::queue_full;
}

/// A put was not to wait, because its connection has the server keep too much already, or was, and memory ran out.
bool is_memory_error(const session::native_reply& reply)
{
    return reply.code == operation::raised && native::parse_raised(reply.body)->type_name == "MemoryError";
}

/// Of a put: it has come to its end, and what it was to put is not in.
bool says_not_in(const session::native_reply& reply)
{
    return reply.code == operation::cancelled || is_queue_full(reply) || is_memory_error(reply);
}

detail::encoded_item copied(bytes_view opcodes)
{
    return detail::encoded_item{codec::item::make(opcodes, {})};
}

}  // namespace

void async_core::begin(async_operation& started)
{
    started.started = now_;
    if (started.number != 0)
        cancellable_.insert(started);
    if (phase_ == phase::closed)
        return finish_with_error(started, aborted());
    const async_request& wanted = started.request;
    switch (wanted.what) {
    case kind::next: return begin_next(started);
    case kind::stop: return begin_stop(started);
    case kind::connect:
        if (phase_ == phase::ready)
            return finish(started, {});
        started.where = async_operation::place::waiting;
        connects_.push_back(started);
        return connect();
    case kind::put_many:
        if (wanted.items.empty())
            return finish(started, {});
        break;
    default: break;
    }
    if (wanted.timeout && wanted.timeout->count() < 0)
        return finish_with_error(
            started, std::make_exception_ptr(remote_error{"ValueError", "'timeout' must be a non-negative number"}));
    if (room_.empty() && has_room())
        return admit(started);
    if (full_ == when_full::fail)
        return finish_with_error(started, no_room());
    started.where = async_operation::place::room;
    started.due = queued_until(started);
    room_.push_back(started);
}

/// Of those that may wait, so many at once. One place is left for the calls about objects, which are answered at once and are
/// not to be refused over what waits. Precondition: ready.
std::size_t async_core::requests_max() const noexcept
{
    return std::max<std::size_t>(connection_->session().server().requests_max - 1, 1);
}

/// Precondition: ready.
bool async_core::server_takes_more() const noexcept
{
    return connection_->session().under_way() < requests_max();
}

/// Consumers are requests, too, and always under way: these, and those that are to begin.
std::size_t async_core::consumes() const noexcept
{
    return static_cast<std::size_t>(
        std::count_if(feeds_.begin(), feeds_.end(), [](const auto& each) { return each->is_running || each->is_wanted; }));
}

bool async_core::has_room() const noexcept
{
    if (in_flight_ >= in_flight_max_)
        return false;
    // They are counted only where it matters how many of the feeds they are.
    return phase_ != phase::ready || in_flight_ + feeds_.size() < requests_max() || in_flight_ + consumes() < requests_max();
}

std::exception_ptr async_core::no_room() const
{
    const std::string operations = std::to_string(in_flight_) + " operations";
    const std::string fault = in_flight_ >= in_flight_max_
        ? operations + " are under way: raise in_flight_max (" + std::to_string(in_flight_max_) + ")"
        : operations + " and " + std::to_string(consumes()) + " consumers are under way, and " + server().to_string() +
              " takes no more (its requests_max is " + std::to_string(connection_->session().server().requests_max) +
              "): use another client beside this one";
    return std::make_exception_ptr(too_many_under_way{fault + ", or have them wait (async_client_options::full)"});
}

void async_core::admit(async_operation& next)
{
    next.is_counted = true;
    ++in_flight_;
    route(next);
}

void async_core::route(async_operation& next)
{
    async_object& object = *next.request.object;
    if (is_open(object))
        return send_in_turn(next);
    next.where = async_operation::place::waiting;
    object.waiting.push_back(next);
    want(next.request.object);
}

/// Milliseconds as the native dialect has them, of what is left of the operation's time.
std::uint32_t async_core::timeout_of(const async_operation& next) const
{
    const auto timeout = next.request.timeout;
    if (!timeout || *timeout >= milliseconds{native::no_limit})
        return native::no_limit;
    const auto left = std::chrono::ceil<milliseconds>(next.started + *timeout - now_);
    return static_cast<std::uint32_t>(std::max(left, milliseconds{0}).count());
}

/// When it must have been sent, if others hold it up.
time_point async_core::queued_until(const async_operation& next) const
{
    const auto timeout = next.request.timeout;
    return timeout ? later(later(next.started, *timeout), environment_.options.call_deadline) : time_point::max();
}

/// Why the server would refuse it; null if it would not.
std::exception_ptr async_core::fault_of(const async_operation& next) const
{
    const async_request& wanted = next.request;
    const auto too_large = [&](std::size_t size) -> std::exception_ptr {
        const std::size_t most = std::min<std::size_t>(connection_->session().server().payload_size_max, native::no_limit);
        if (size + put_fields_size + sizeof(std::uint32_t) <= most)
            return nullptr;
        return std::make_exception_ptr(error{"an item of " + std::to_string(size) + " octets exceeds what the server at " +
                                             server().to_string() + " takes: its payload_size_max is " + std::to_string(most)});
    };
    const bool is_known = wanted.object->at == async_object::step::open;
    if (wanted.what != kind::call && wanted.what != kind::open && is_known && !wanted.object->is_queue)
        return std::make_exception_ptr(error{"'" + wanted.object->typeid_name + "' is no queue"});
    if (wanted.what == kind::put)
        return too_large(wanted.item.content().size());
    if (wanted.what == kind::put_many && next.progress == 0)
        for (const detail::encoded_item& each : wanted.items)
            if (auto fault = too_large(each.content().size()))
                return fault;
    return nullptr;
}

/// Sends it when the server takes it, which refuses what would be too many that wait. Precondition: its object is open.
void async_core::send_in_turn(async_operation& next)
{
    const bool is_answered_at_once = next.request.what == kind::open || next.request.what == kind::put_back;
    if (is_answered_at_once || (held_.empty() && server_takes_more()))
        return send(next);
    next.where = async_operation::place::waiting;
    // A call has no timeout, and needs none where the server takes it: it is answered at once.
    next.due = next.request.what == kind::call ? now_ + environment_.options.call_deadline : queued_until(next);
    held_.push_back(next);
}

/// Precondition: its object is open, or has just been asked to be, and the server takes it: what it continues has just been
/// answered, or see send_in_turn().
void async_core::send(async_operation& next)
{
    if (auto fault = fault_of(next))
        return finish_with_error(next, std::move(fault));
    session::native_client_session& session = connection_->session();
    const async_request& wanted = next.request;
    const std::uint32_t handle = wanted.object->server_handle;
    const std::uint32_t timeout = timeout_of(next);
    switch (wanted.what) {
    case kind::open: return finish(next, {});
    case kind::call: next.id = session.call(tag_of(next), {.ident = wanted.object->ident, .method = wanted.method}); break;
    case kind::put: {
        if (repeat_puts_ && next.put_number == 0)
            next.put_number = put_number_++;
        const native::put_id id{put_client_, next.put_number};
        count_sent(next, 1);
        next.id = session.put(tag_of(next), handle, timeout, wanted.item.content(), repeat_puts_ ? &id : nullptr);
        break;
    }
    case kind::put_many: next.id = send_put_many(next, handle, timeout); break;
    case kind::put_back: next.id = send_put_back(next, handle); break;
    case kind::get: next.id = session.get(tag_of(next), handle, timeout); break;
    case kind::get_many: {
        const batch_bounds bounds =
            bounds_within(environment_.options.reply_size_max, std::min(wanted.count_max, session.server().batch_items_max),
                          session.server().batch_size_max);
        next.id = session.get_many(tag_of(next), handle, timeout, bounds.count, bounds.octets);
        break;
    }
    case kind::connect:
    case kind::next:
    case kind::stop: break;
    }
    const bool is_endless = timeout == native::no_limit && wanted.what != kind::call && wanted.what != kind::put_back;
    next.due =
        is_endless ? time_point::max() : now_ + milliseconds{wanted.timeout ? timeout : 0} + environment_.options.call_deadline;
    next.sent_until = connection_->appended();
    next.where = async_operation::place::sent;
    sent_.push_back(next);
}

/// Octets of items, with their sizes, that go to this server at once.
std::size_t async_core::request_items_size_max() const noexcept
{
    return std::min(batch_size_max, connection_->session().server().payload_size_max - put_fields_size);
}

/// Has batch_ be what of its items is not in yet, as far as one frame goes.
void async_core::fill_batch(async_operation& next)
{
    const std::vector<detail::encoded_item>& items = next.request.items;
    const std::size_t count_max = connection_->session().server().batch_items_max;
    const std::size_t size_max = request_items_size_max();
    std::size_t size = 0;
    for (std::size_t i = next.progress; i < items.size() && batch_.size() < count_max; ++i) {
        const codec::item& each = items[i].content();
        size += sizeof(std::uint32_t) + each.size();
        if (size > size_max && !batch_.empty())
            break;
        batch_.push_back(each);
    }
    next.batch_count = batch_.size();
}

std::uint32_t async_core::send_put_many(async_operation& next, std::uint32_t handle, std::uint32_t timeout)
{
    fill_batch(next);
    if (repeat_puts_ && next.put_number == 0)
        next.put_number = std::exchange(put_number_, put_number_ + next.request.items.size());
    count_sent(next, batch_.size());
    const native::put_id id{put_client_, next.put_number + next.progress};
    const std::uint32_t sent =
        connection_->session().put_many(tag_of(next), handle, timeout, batch_, repeat_puts_ ? &id : nullptr);
    batch_.clear();
    return sent;
}

/// `count` of its items that are not in are about to be sent, some of them perhaps again.
void async_core::count_sent(async_operation& put, std::size_t count) noexcept
{
    if (put.progress == put.items_sent)
        put.items_over_before = items_over_;
    const std::size_t sent = std::max(put.items_sent, put.progress + count);
    items_sent_ += sent - put.items_sent;
    put.items_sent = sent;
}

/// The queue still knows the ids of what it has let in of it, as far as this client's own puts are concerned. After it may have
/// been let in what was sent later, and, because puts wait for room, what was sent earlier and had not come to its end.
bool async_core::is_remembered(const async_operation& put) const noexcept
{
    return items_sent_ - put.items_over_before <= core::put_id_limits{}.count_max;
}

std::uint32_t async_core::send_put_back(async_operation& next, std::uint32_t handle)
{
    fill_batch(next);
    const std::uint32_t sent = connection_->session().put_back(tag_of(next), handle, batch_);
    batch_.clear();
    return sent;
}

void async_core::cancel_one(std::uint64_t number)
{
    const auto found = cancellable_.find(number);
    if (found == cancellable_.end() || found->request.what == kind::stop)
        return;
    async_operation& cancelled = *found;
    if (cancelled.where == async_operation::place::sent) {
        // Answered all the same: by what it has come to, if that is on its way already.
        cancelled.is_cancelled = true;
        connection_->session().cancel(cancelled.id);
        return;
    }
    finish_unanswered(cancelled);
}

/// One that is cancelled, and that no server has been asked, or one of which nothing has been heard since.
void async_core::finish_unanswered(async_operation& cancelled)
{
    if (cancelled.may_have_executed)
        return finish_lost(
            cancelled, {nullptr, "cancelled while it waited to be sent again", boost::asio::error::operation_aborted, false});
    if (cancelled.progress == 0)
        return finish_with_error(cancelled, aborted());
    async_result result;  // of a batch, some parts of which are in
    result.count = cancelled.progress;
    finish(cancelled, std::move(result));
}

void async_core::finish(async_operation& done, async_result&& result)
{
    if (done.async_operation::list_base_hook::is_linked())
        done.async_operation::list_base_hook::unlink();
    if (done.number != 0)
        cancellable_.erase(cancellable_.iterator_to(done));
    if (done.is_counted)
        --in_flight_;
    items_over_ += done.items_sent - done.progress;
    result.limits = environment_.options.pickle;
    done.complete(std::move(result));
}

void async_core::finish_with_error(async_operation& done, std::exception_ptr error)
{
    async_result result;
    result.count = done.progress;
    result.error = std::move(error);
    finish(done, std::move(result));
}

void async_core::finish_lost(async_operation& done, const connection_failure& why)
{
    if (why.lasting != nullptr && !done.may_have_executed)
        return finish_with_error(done, why.lasting);
    if (why.is_deadline && !done.may_have_executed)
        return finish_with_error(done, std::make_exception_ptr(deadline_exceeded{why.text}));
    finish_with_error(
        done, std::make_exception_ptr(connection_lost{
                  done.may_have_executed ? why.text + "; the request had been sent, and may have been carried out" : why.text,
                  why.cause, done.may_have_executed}));
}

/// A put that was sent again has come to nothing this time, as `reply` says. What was sent first may be in a queue, or wait for room there,
/// if the server has not noticed that the connection was lost.
void async_core::finish_sent_again(async_operation& done, const session::native_reply& reply)
{
    const bool is_cancelled = reply.code == operation::cancelled;
    const error_code cause =
        is_cancelled ? error_code{boost::asio::error::operation_aborted} : make_error_code(boost::system::errc::timed_out);
    finish_with_error(done, std::make_exception_ptr(connection_lost{
                                std::string{is_cancelled ? "cancelled" : "found no room in time"} +
                                    " when it was sent again, because the connection to " + server().to_string() +
                                    " was lost before it answered; the request may have been carried out",
                                cause, true}));
}

// ---- replies ----------------------------------------------------------------------------------------------------------

void async_core::on_reply(const session::native_reply& reply)
{
    now_ = connection_->last_heard();
    if (reply.tag == nullptr) {
        if (reply.code == operation::pong)
            ping_due_.reset();
        return;
    }
    if (reply.asked == operation::consume)
        return on_feed_reply(*static_cast<async_feed*>(reply.tag), reply);
    if (is_object(reply.tag))
        return on_object_reply(object_of(reply.tag), reply);
    on_operation_reply(operation_of(reply.tag), reply);
}

void async_core::on_replies_end()
{
    settle();
}

std::exception_ptr async_core::error_of(const session::native_reply& reply) const
{
    if (reply.code == operation::refused)
        return std::make_exception_ptr(
            error{server().to_string() + " refused the request: " + std::string{as_chars(reply.body)}});
    const auto raised = native::parse_raised(reply.body);
    switch (raised->number) {
    case native::exception_number::queue_empty: return std::make_exception_ptr(queue_empty{});
    case native::exception_number::queue_full: return std::make_exception_ptr(queue_full{});
    case native::exception_number::queue_shut_down: return std::make_exception_ptr(queue_shut_down{});
    case native::exception_number::other: break;
    }
    return std::make_exception_ptr(remote_error{std::string{raised->type_name}, std::string{raised->text}});
}

/// What a call has returned. Throws what it raised.
codec::payload async_core::result_of(const session::native_reply& answer)
{
    if (answer.code != operation::answer)
        std::rethrow_exception(error_of(answer));
    error_code ec;
    const auto inner = wire::parse_frame(answer.body, environment_.session.payload_size_max, ec);
    return take_result(wire::parse_reply(inner->payload, envelope_, environment_.session.limits));
}

void async_core::on_operation_reply(async_operation& asked, const session::native_reply& reply)
{
    if (asked.along_with != 0 && reply.code == operation::refused)
        return on_refused_along(asked, reply);
    asked.along_with = 0;
    if (asked.request.what == kind::put_many)
        return on_put_many_reply(asked, reply);
    if (asked.request.what == kind::put_back && reply.code != operation::done) {
        // Whatever the server has against it, they are ours to give.
        asked.async_operation::list_base_hook::unlink();
        asked.request.what = kind::put_many;
        return route(asked);
    }
    if (asked.may_have_executed && says_not_in(reply))
        return finish_sent_again(asked, reply);
    async_result result;
    switch (reply.code) {
    case operation::item: result.item = copied(reply.body); break;
    case operation::items:
        result.items.reserve(reply.count);
        session::for_each_item(reply, [&](bytes_view opcodes) { result.items.push_back(copied(opcodes)); });
        break;
    case operation::answer: try { result.item = detail::encoded_item{result_of(reply).to_item()};
        } catch (...) {
            result.error = std::current_exception();
        }
        break;
    case operation::cancelled: result.error = aborted(); break;
    case operation::raised:
    case operation::refused: result.error = error_of(reply); break;
    default: break;
    }
    finish(asked, std::move(result));
}

/// It was sent behind an open. If that was given up, so is this; if it has come to nothing otherwise this goes with the next,
/// before what has not been sent yet.
void async_core::on_refused_along(async_operation& asked, const session::native_reply& reply)
{
    const async_object& object = *asked.request.object;
    // The next attempt may have been made by now, and that is none of its business.
    const bool has_failed = object.failure != nullptr && object.failed_open == asked.along_with;
    if (!has_failed && is_open(object)) {
        std::exception_ptr fault = fault_of(asked);
        return finish_with_error(asked, fault != nullptr ? std::move(fault) : error_of(reply));
    }
    if (asked.is_cancelled)
        return finish_unanswered(asked);
    if (has_failed)
        return finish_with_error(asked, object.failure);
    asked.async_operation::list_base_hook::unlink();
    wait_again(asked);
}

/// What had been sent waits for its object behind what was refused with an open, and before what has not been sent yet.
void async_core::wait_again(async_operation& next)
{
    operation_list& waiting = next.request.object->waiting;
    next.where = async_operation::place::waiting;
    const auto unsent = std::find_if(waiting.begin(), waiting.end(), [](const auto& each) { return each.along_with == 0; });
    waiting.insert(unsent, next);
}

void async_core::on_put_many_reply(async_operation& asked, const session::native_reply& reply)
{
    const std::size_t sent = asked.batch_count;
    const std::size_t added = reply.code == operation::refused ? 0 : reply.count;
    asked.progress += added;
    items_over_ += added;
    const bool is_short = reply.code == operation::done && reply.count < sent;
    if (asked.may_have_executed && (is_short || says_not_in(reply)))
        return finish_sent_again(asked, reply);
    asked.may_have_executed = false;  // of the next part nothing has been sent
    async_result result;
    result.count = asked.progress;
    if (reply.code == operation::done) {
        if (reply.count == sent && asked.progress < asked.request.items.size()) {
            // The next part, unless it was cancelled meanwhile.
            if (!asked.is_cancelled) {
                asked.async_operation::list_base_hook::unlink();
                return send(asked);
            }
        }
    } else if (reply.code == operation::cancelled) {
        if (asked.progress == 0)
            result.error = aborted();
    } else {
        // That there was no room for the rest in time is no error of those that are in.
        if (!is_queue_full(reply) || asked.progress == 0)
            result.error = error_of(reply);
    }
    finish(asked, std::move(result));
}

}  // namespace quaymaster::net
