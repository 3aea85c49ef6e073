#include "reply_watch.hpp"

#include "simulation_failure.hpp"

#include "../wire/outbox_contents.hpp"
#include "codec/envelope.hpp"
#include "codec/payload.hpp"
#include "wire/framing.hpp"
#include "wire/python_dialect.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

namespace quaymaster::testing {

namespace native = wire::native;
using native::no_limit;
using native::operation;

namespace {

/// Of a get that comes to nothing.
constexpr std::size_t raised_reply_size_max = 64;

std::vector<item_key> items_in(const native::frame& reply)
{
    std::vector<item_key> items;
    native::body_reader body{reply.body};
    for (std::size_t i = 0; i < reply.count; ++i)
        items.push_back(key_of(body.sized_octets()));
    require(body.at_end() && !items.empty(), "a batch that is none");
    return items;
}

}  // namespace

reply_watch::before_turn reply_watch::before(const link& client) const noexcept
{
    return {.consumed = client.consumed, .is_full = client.replies.size() >= at_.settings.replies_size_max};
}

void reply_watch::after(link& client, const before_turn& before)
{
    require(!client.session.wants_close(), "a session ended by itself");
    check_replies_are_bounded(client, before);
    if (client.is_native)
        note_arrivals(client);
    const bytes waiting = contents(client.replies);
    const bytes_view fresh = bytes_view{waiting}.subspan(client.looked_at);
    client.looked_at = waiting.size();
    if (client.is_native)
        look_at_native(client, fresh);
    else
        look_at_python(client, fresh);
    // After the replies: one that is told before it arrives in full is answered in the same turn.
    if (!client.is_native)
        note_arrivals(client);
    if (client.replies.size() < at_.settings.replies_size_max && !client.session.is_stalled())
        client.full_since.reset();
    else if (!client.full_since)
        client.full_since = at_.now;
}

/// A client that sends and does not fetch costs the server no more than settings and what it has under way say. With replies_size_max to
/// write a session takes no request, and hands out no more items; what comes on top of that is what went beyond it at once, and a reply to each
/// of the requests before that does not depend on how the peer reads.
void reply_watch::check_replies_are_bounded(link& client, const before_turn& before) const
{
    require(!before.is_full || client.consumed == before.consumed,
            "a request is taken of a client that does not fetch its replies");
    if (!before.is_full) {
        client.replies_size_max = at_.settings.replies_size_max;
        std::size_t at_once = 0;
        for (const auto& [id, each] : client.open)
            if (client.has_arrived(each)) {
                at_once = std::max(at_once, each.reply_size_max());
                client.replies_size_max += each.takes_as_peer_reads() ? raised_reply_size_max : each.reply_size_max();
            }
        client.replies_size_max += at_once;
    }
    require(client.replies.size() <= client.replies_size_max, "replies without bound");
}

void reply_watch::note_arrivals(link& client) const
{
    for (auto& [id, each] : client.open)
        if (!each.arrival && client.has_arrived(each))
            each.arrival = at_.now;
}

void reply_watch::look_at_native(link& client, bytes_view fresh)
{
    while (!fresh.empty()) {
        error_code ec;
        const auto reply = native::parse_frame(fresh, fresh.size(), ec);
        require(reply.has_value(), "half a reply");
        on_native(client, *reply);
        fresh = fresh.subspan(reply->size());
    }
}

void reply_watch::look_at_python(link& client, bytes_view fresh)
{
    while (!fresh.empty()) {
        error_code ec;
        const auto reply = wire::parse_frame(fresh, fresh.size(), ec);
        require(reply.has_value(), "half a reply");
        require(!client.open.empty(), "a reply that nobody has asked for");
        request what = std::move(client.open.begin()->second);
        client.open.erase(client.open.begin());
        require(client.has_arrived(what), "a reply before the request");
        if (!what.arrival)
            what.arrival = at_.now;
        on_python(client, what, reply->payload);
        fresh = fresh.subspan(reply->size);
    }
}

void reply_watch::on_native(link& client, const native::frame& reply)
{
    if (reply.code == operation::opened && reply.id == 0)
        return;
    const auto found = client.open.find(reply.id);
    at_.say("  client ", client.number, " #", reply.id, " <- ", static_cast<int>(reply.code), ", count ", reply.count);
    require(found != client.open.end(), "a second reply, or one that nobody has asked for");
    require(found->second.arrival.has_value(), "a reply before the request");
    if (found->second.kind == action::consume && reply.code == operation::items)
        return on_streamed(client, found->second, reply);
    const request what = std::move(found->second);
    client.open.erase(found);
    on_last(client, what, reply);
}

void reply_watch::on_streamed(link& client, request& what, const native::frame& reply)
{
    const std::vector<item_key> items = items_in(reply);
    what.sent += items.size();
    require(what.sent <= what.credit, "more items than the credit goes");
    on_items(client, what, items);
}

/// The request is over.
void reply_watch::on_last(link& client, const request& what, const native::frame& reply)
{
    if (reply.code == operation::refused) {
        require(as_chars(reply.body).find("requests_max") != std::string_view::npos, "refused for no reason");
        on_put_over(what, 0);
        return require(what.kind != action::put_back, "a put_back is refused");
    }
    if (reply.code == operation::answer) {
        error_code ec;
        const auto inner = wire::parse_frame(reply.body, reply.body.size(), ec);
        require(what.is_call && inner.has_value(), "an answer that is none");
        return on_python(client, what, inner->payload);
    }
    using number = native::exception_number;
    const bool is_raised = reply.code == operation::raised;
    const native::raised_body error =
        is_raised ? native::parse_raised(reply.body).value_or(native::raised_body{}) : native::raised_body{};
    const auto raises = [&](number wanted) { return is_raised && error.number == wanted; };
    const bool is_shut_down = raises(number::queue_shut_down);
    require(!raises(number::other), "an exception that nothing explains");
    require(!is_shut_down || at_.queues[what.queue].is_shut_down, "a queue is said to be shut down");
    if (reply.code == operation::cancelled) {
        require(what.cancel_sent, "cancelled by nobody");
        require(reply.count <= what.items.size(), "more is in than was put");
        return on_put_over(what, reply.count);
    }
    switch (what.kind) {
    case action::put:
    case action::put_many: return on_put_answer(client, what, reply, is_raised, raises(number::queue_full));
    case action::get:
        check_end_of_wait(client, what, raises(number::queue_empty));
        if (is_raised)
            return;
        require(reply.code == operation::item, "a get is answered by something else");
        return on_items(client, what, {key_of(reply.body)});
    case action::get_many:
        check_end_of_wait(client, what, raises(number::queue_empty));
        return is_raised ? void() : on_batch(client, what, reply);
    case action::consume: return require(is_shut_down, "a consume ends by itself");
    case action::put_back:
        require(reply.code == operation::done && reply.count == what.items.size(), "a put_back is answered by something else");
        for (const item_key& each : what.items)
            at_.items.on_put_back_answered(each);
        at_.statistics.items_returned += what.items.size();
        return;
    case action::ping: return require(reply.code == operation::pong, "a ping is answered by something else");
    }
}

void reply_watch::on_put_answer(const link& client, const request& what, const native::frame& reply, bool is_raised, bool is_full)
{
    if (what.kind == action::put) {
        require(reply.code == operation::done || is_raised, "a put is answered by something else");
        check_end_of_wait(client, what, is_full);
        return on_put_over(what, is_raised ? 0 : 1);
    }
    require(reply.code == operation::done || is_raised, "a put_many is answered by something else");
    require(reply.count <= what.items.size(), "more is in than was put");
    require(is_raised || reply.count != 0, "done, and nothing is in");
    check_end_of_wait(client, what, is_full || (!is_raised && reply.count < what.items.size()));
    on_put_over(what, reply.count);
}

void reply_watch::on_batch(link& client, const request& what, const native::frame& reply)
{
    require(reply.code == operation::items && reply.count != 0 && reply.count <= what.count,
            "a get_many of more than it asked for");
    const std::vector<item_key> items = items_in(reply);
    require(reply.count == 1 || reply.body.size() - 4U * reply.count <= what.octets_max, "more octets than it asked for");
    on_items(client, what, items);
}

void reply_watch::on_python(link& client, const request& what, bytes_view payload)
{
    codec::envelope_reader reader;
    const wire::reply reply = wire::parse_reply(payload, reader, {});
    at_.say("  client ", client.number, " Python reply ", reply.index());
    if (const auto* const result = std::get_if<wire::returned_reply>(&reply)) {
        check_end_of_wait(client, what, false);
        if (what.kind == action::put)
            return on_put_over(what, 1);
        return on_items(client, what, {key_of(result->result.to_value())});
    }
    const auto* const error = std::get_if<wire::exception_reply>(&reply);
    require(error != nullptr, "a Python reply that nothing explains");
    require(!error->is_queue_shut_down() || at_.queues[what.queue].is_shut_down, "a queue is said to be shut down");
    require(error->is_queue_shut_down() || (what.kind == action::put ? error->is_queue_full() : error->is_queue_empty()),
            "an exception that nothing explains");
    check_end_of_wait(client, what, !error->is_queue_shut_down());
    on_put_over(what, 0);
}

/// `items` were written for the client. Whether it lives to read them is its own affair.
void reply_watch::on_items(link& client, const request& what, const std::vector<item_key>& items)
{
    at_.statistics.items_out += items.size();
    for (const item_key& each : items) {
        at_.say("    ", to_string(each));
        at_.items.on_handed_out(each, what.queue);
        if (!what.is_call)  // what calls are given is not counted
            client.held[each.queue].push_back(each);
        if (at_.queues[each.queue].kind != core::queue_kind::fifo || !at_.items.keeps_its_place(each))
            continue;
        std::size_t& latest = client.latest[{each.queue, each.producer}];
        if (each.number <= latest)
            fail("item " + to_string(each) + " is handed out after " + std::to_string(latest));
        latest = each.number;
    }
}

/// The first `in` of its items are in, and the others are not.
void reply_watch::on_put_over(const request& what, std::size_t in)
{
    if (what.kind != action::put && what.kind != action::put_many)
        return;
    at_.items.on_put_over(what.items, in);
    at_.statistics.items_in += in;
}

void reply_watch::check_end_of_wait(const link& client, const request& what, bool gave_up)
{
    if (what.timeout == no_limit)
        return require(!gave_up, "a wait without limit ended");
    const core::time_point due = *what.arrival + std::chrono::milliseconds{what.timeout};
    // The other dialect says seconds, of which a thousandth has no exact number.
    const auto rounding = what.is_call ? std::chrono::nanoseconds{2} : std::chrono::nanoseconds{0};
    // What would have been an answer in time waits for a peer that does not read those before it.
    const bool is_held_up = what.takes_as_peer_reads() && client.full_since && *client.full_since <= due;
    require(at_.now <= due + rounding || is_held_up, "a wait ended late");
    require(!gave_up || at_.now >= due - rounding, "a wait ended early");
    if (gave_up)
        ++at_.statistics.timeouts;
}

void reply_watch::note_return(const core::waiter& gone)
{
    if (gone.current_state() != core::waiter::state::fulfilled)
        return;
    const auto* const served = std::get_if<core::returned>(&gone.peek_outcome());
    if (served == nullptr || (served->result.known() != nullptr && served->result.known()->is_none()))
        return;  // a put's
    at_.items.on_came_back(key_of(served->result.to_value()));
    ++at_.statistics.items_returned;
}

}  // namespace quaymaster::testing
