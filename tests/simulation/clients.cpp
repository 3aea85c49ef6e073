#include "clients.hpp"

#include "../session/client_beginning.hpp"
#include "../wire/outbox_contents.hpp"
#include "codec/item.hpp"
#include "codec/payload.hpp"
#include "wire/native_dialect.hpp"

#include <algorithm>
#include <array>

namespace quaymaster::testing {

namespace native = wire::native;
using native::no_limit;
using native::operation;

namespace {

/// As a request of the Python dialect has it: block, and seconds or None.
std::array<codec::payload, 2> block_and_timeout(const request& what)
{
    const value timeout = what.timeout == no_limit ? value{} : value{what.timeout / 1000.0};
    return {codec::payload{value{what.timeout != 0}}, codec::payload{timeout}};
}

/// A call in the native dialect: a request of Python's inside.
bytes native_call(std::uint32_t id, const bytes& call)
{
    wire::outbox out;
    native::write_frame(out, {operation::call, id}, call);
    return contents(out);
}

}  // namespace

void clients::act()
{
    std::vector<link*> alive = at_.living();
    link& client = *at_.random.of(alive);
    if (at_.random.one_in(40))
        return kill(client);
    if (client.is_native)
        act_native(client);
    else
        act_python(client);
}

void clients::act_native(link& client)
{
    const std::size_t queue = at_.random.below(at_.queues.size());
    switch (at_.random.below(12)) {
    case 0:
    case 1:
    case 2: return put(client, queue, 1);
    case 3:
    case 4: return put(client, queue, at_.random.between(1, 6));
    case 5: return get(client, action::get, queue);
    case 6: return get(client, action::get_many, queue);
    case 7: return get(client, action::consume, queue);
    case 8: return put_back(client);
    case 9: return cancel_some(client);
    case 10: return repeat_put(client);
    default: return at_.random.one_in(4) ? ping(client) : get(client, action::get, queue);
    }
}

void clients::act_python(link& client)
{
    if (client.open.size() >= 2)
        return;
    const std::size_t queue = at_.random.below(at_.queues.size());
    if (at_.random.one_in(2))
        put(client, queue, 1);
    else
        get(client, action::get, queue);
}

std::uint32_t clients::some_timeout()
{
    switch (at_.random.below(4)) {
    case 0: return 0;
    case 1: return no_limit;
    default: return static_cast<std::uint32_t>(at_.random.between(1, 50));
    }
}

/// `what` has everything but where its octets end.
void clients::send(link& client, request what, std::uint32_t id, bytes_view frame)
{
    ++at_.statistics.requests;
    client.send(frame);
    what.end = client.sent;
    client.open.emplace(id, std::move(what));
}

/// The items of one producer are in order only if it waits for one put before it begins the next.
void clients::put(link& client, std::size_t queue, std::size_t count)
{
    for (const auto& [id, each] : client.open)
        if ((each.kind == action::put || each.kind == action::put_many) && each.queue == queue)
            return;
    producer& by = producers_[{client.number, queue}];
    if (by.next == 0)
        by.number = ++producers_made_;
    request what{.kind = count == 1 ? action::put : action::put_many, .queue = queue, .timeout = some_timeout()};
    what.is_call = !client.is_native || (count == 1 && at_.random.one_in(5));
    if (!what.is_call && at_.random.one_in(2))
        what.put_id = native::put_id{++last_put_client_, at_.random.below(1000)};
    std::vector<std::size_t> paddings;
    for (std::size_t i = 0; i < count; ++i) {
        what.items.push_back({queue, by.number, ++by.next});
        at_.items.on_put(what.items.back());
        paddings.push_back(at_.random.one_in(3) ? at_.random.below(padding_max) : at_.random.below(10));
    }
    send_put(client, std::move(what), paddings);
}

/// As a client does that has not heard of a put whether it has happened.
void clients::repeat_put(link& client)
{
    if (at_.unanswered.empty())
        return;
    unanswered_put again = at_.random.of(at_.unanswered);
    for (const auto& [id, each] : client.open)
        if (each.put_id && each.put_id->client == again.what.put_id->client)
            return;
    std::erase_if(at_.unanswered,
                  [&](const unanswered_put& each) { return each.what.put_id->client == again.what.put_id->client; });
    ++at_.statistics.retried_puts;
    for (const item_key& each : again.what.items)
        at_.items.on_put_again(each);
    again.what.timeout = some_timeout();
    again.what.cancel_sent = false;
    again.what.arrival.reset();
    send_put(client, std::move(again.what), again.paddings);
}

void clients::send_put(link& client, request what, const std::vector<std::size_t>& paddings)
{
    const std::uint32_t id = ++client.last_id;
    bytes frame = what.is_call ? call_of_put(what, paddings) : frame_of_put(client, id, what, paddings);
    if (what.is_call && client.is_native)
        frame = native_call(id, frame);
    at_.say("client ", client.number, " #", id, " puts ", what.items.size(), " from ", to_string(what.items.front()),
            ", timeout ", what.timeout, what.is_call ? ", by a call" : "", what.put_id ? ", with an id" : "");
    send(client, std::move(what), id, frame);
}

bytes clients::call_of_put(const request& what, const std::vector<std::size_t>& paddings) const
{
    const auto [block, timeout] = block_and_timeout(what);
    const std::array<codec::payload, 3> arguments{
        codec::payload{codec::item::make(opcodes_of(what.items.front(), paddings.front()), {.protocol_min = 4})}, block,
        timeout};
    return python_request({.ident = at_.queues[what.queue].ident, .method = "put", .positional = arguments});
}

bytes clients::frame_of_put(const link& client, std::uint32_t id, const request& what,
                            const std::vector<std::size_t>& paddings) const
{
    native::fixed_fields fields;
    fields.add(client.handles[what.queue]).add(what.timeout);
    if (what.put_id)
        fields.add(*what.put_id);
    native::frame_head head{what.kind == action::put ? operation::put : operation::put_many, id, 0,
                            what.put_id ? native::has_put_id : std::uint8_t{0}};
    std::vector<codec::item> batch;
    for (std::size_t i = 0; i < what.items.size(); ++i)
        batch.push_back(codec::item::make(opcodes_of(what.items[i], paddings[i]), {.protocol_min = 4}));
    wire::outbox out;
    if (what.kind == action::put)
        native::write_frame(out, head, fields.view(), batch.front());
    else
        native::write_items(out, head, fields.view(), batch);
    return contents(out);
}

/// One at a time for each queue, so that a client can tell the order in which it was handed out what it gets.
void clients::get(link& client, action kind, std::size_t queue)
{
    for (const auto& [id, each] : client.open) {
        if (each.queue != queue)
            continue;
        if (each.kind == action::get || each.kind == action::get_many)
            return;
        if (each.kind == action::consume) {
            if (kind == action::consume && !each.cancel_sent)
                send_credit(client, id);
            return;
        }
    }
    const std::uint32_t id = ++client.last_id;
    request what{.kind = kind, .queue = queue, .timeout = some_timeout()};
    what.is_call = !client.is_native || (kind == action::get && at_.random.one_in(5));
    bytes frame = what.is_call ? call_of_get(what) : frame_of_get(client, id, what);
    if (what.is_call && client.is_native)
        frame = native_call(id, frame);
    constexpr std::array<const char*, 7> names{"", "", "get", "get_many", "consume", "", ""};
    at_.say("client ", client.number, " #", id, ' ', names[static_cast<std::size_t>(kind)], " from ", queue, ", timeout ",
            what.timeout, what.is_call ? ", by a call" : "", kind == action::consume ? ", credit " : "",
            kind == action::consume ? std::to_string(what.credit) : "");
    send(client, std::move(what), id, frame);
}

void clients::send_credit(link& client, std::uint32_t id)
{
    const auto more = static_cast<std::uint32_t>(at_.random.below(5));
    native::fixed_fields fields;
    fields.add(more);
    wire::outbox out;
    native::write_frame(out, {operation::credit, id}, fields.view());
    client.send(contents(out));
    client.open.at(id).credit += more;
    at_.say("client ", client.number, " #", id, " gives credit of ", more);
}

bytes clients::call_of_get(const request& what) const
{
    const std::array<codec::payload, 2> arguments = block_and_timeout(what);
    return python_request({.ident = at_.queues[what.queue].ident, .method = "get", .positional = arguments});
}

/// Decides what `what` asks for beside the timeout.
bytes clients::frame_of_get(const link& client, std::uint32_t id, request& what)
{
    wire::outbox out;
    native::fixed_fields fields;
    fields.add(client.handles[what.queue]);
    if (what.kind == action::get) {
        fields.add(what.timeout);
        native::write_frame(out, {operation::get, id}, fields.view());
    } else if (what.kind == action::get_many) {
        what.count = static_cast<std::uint16_t>(at_.random.between(1, 8));
        what.octets_max = static_cast<std::uint32_t>(at_.random.one_in(2) ? 1'000'000 : at_.random.below(1500));
        fields.add(what.timeout).add(what.octets_max);
        native::write_frame(out, {operation::get_many, id, what.count}, fields.view());
    } else {
        what.timeout = no_limit;
        what.credit = at_.random.below(8);
        fields.add(static_cast<std::uint32_t>(what.credit));
        native::write_frame(out, {operation::consume, id}, fields.view());
    }
    return contents(out);
}

void clients::put_back(link& client)
{
    const std::size_t queue = at_.random.below(at_.queues.size());
    auto& held = client.held[queue];
    if (held.empty())
        return;
    const std::size_t count = at_.random.between(1, std::min<std::size_t>(held.size(), 4));
    request what{.kind = action::put_back, .queue = queue};
    what.items.assign(held.end() - static_cast<std::ptrdiff_t>(count), held.end());
    held.resize(held.size() - count);
    std::vector<codec::item> batch;
    for (const item_key& each : what.items) {
        batch.push_back(codec::item::make(opcodes_of(each, 3), {.protocol_min = 4}));
        at_.items.on_put_back_sent(each);
    }
    const std::uint32_t id = ++client.last_id;
    native::fixed_fields fields;
    fields.add(client.handles[queue]);
    wire::outbox out;
    native::write_items(out, {operation::put_back, id}, fields.view(), batch);
    at_.say("client ", client.number, " #", id, " puts back ", count, " from ", to_string(what.items.front()));
    send(client, std::move(what), id, contents(out));
}

void clients::ping(link& client)
{
    wire::outbox out;
    const std::uint32_t id = ++client.last_id;
    native::write_frame(out, {operation::ping, id}, as_bytes("ping"));
    send(client, {.kind = action::ping}, id, contents(out));
}

void clients::cancel_some(link& client)
{
    for (auto& [id, each] : client.open) {
        if (each.cancel_sent || at_.random.one_in(2))
            continue;
        each.cancel_sent = true;
        ++at_.statistics.cancels;
        wire::outbox out;
        native::write_frame(out, {operation::cancel, id});
        client.send(contents(out));
        at_.say("client ", client.number, " cancels #", id);
        return;
    }
}

void clients::kill(link& client)
{
    at_.say("client ", client.number, " dies");
    ++at_.statistics.disconnections;
    client.is_dead = true;
    client.requests_under_way.resize(at_.random.below(client.requests_under_way.size() + 1));
}

}  // namespace quaymaster::testing
