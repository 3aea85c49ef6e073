#include "network.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace quaymaster::testing {

bool network::step()
{
    enum class event : std::uint8_t { deliver, transmit, resume, notice };
    std::vector<std::pair<event, link*>> possible;
    for (const auto& each : at_.links) {
        if (each->is_ended)
            continue;
        if (!each->requests_under_way.empty())
            possible.emplace_back(event::deliver, each.get());
        else if (each->is_dead)
            possible.emplace_back(event::notice, each.get());
        if (!each->replies.empty() && (!each->is_slow || at_.random.one_in(8)))
            possible.emplace_back(event::transmit, each.get());
        if (!each->told.empty())
            possible.emplace_back(event::resume, each.get());
    }
    if (possible.empty())
        return false;
    const auto [what, client] = at_.random.of(possible);
    switch (what) {
    case event::deliver: deliver(*client, at_.random.between(1, at_.random.one_in(3) ? 20 : 2000)); break;
    case event::transmit: transmit(*client, at_.random.between(1, client->is_slow ? 100 : 5000)); break;
    case event::resume: resume(*client); break;
    case event::notice: notice_death(*client); break;
    }
    return true;
}

void network::deliver(link& client, std::size_t count)
{
    count = std::min(count, client.requests_under_way.size());
    const auto end = client.requests_under_way.begin() + static_cast<std::ptrdiff_t>(count);
    client.input.insert(client.input.end(), client.requests_under_way.begin(), end);
    client.requests_under_way.erase(client.requests_under_way.begin(), end);
    turn(client, [&](session::turn& now) { client.receive(now); });
}

void network::hand_over(link& client, bytes_view octets)
{
    client.send(octets);
    deliver(client, client.requests_under_way.size());
}

/// The peer's machine takes so many octets of the replies, and the session may go on.
void network::transmit(link& client, std::size_t count)
{
    count = std::min(count, client.replies.size());
    client.replies.consume(count);
    client.looked_at -= count;
    turn(client, [&](session::turn& now) { client.receive(now); });
}

void network::flush()
{
    for (bool is_done = false; !is_done;) {
        is_done = true;
        for (const auto& each : at_.links)
            while (!each->is_ended && !each->replies.empty()) {
                is_done = false;
                transmit(*each, each->replies.size());
                settle_instant();
            }
    }
}

void network::notice_death(link& client)
{
    at_.say("the server notices that client ", client.number, " is gone");
    for (const auto& each : client.told)
        watch_.note_return(*each);
    for (const auto& each : client.resumed)
        if (const auto held = each.lock())
            watch_.note_return(*held);
    client.session.end(at_.service, true);
    client.is_ended = true;
    client.told.clear();
    for (auto& [id, each] : client.open) {
        if (each.kind == action::put_back) {
            for (const item_key& item : each.items)
                at_.items.on_put_back_unanswered(item);
        } else if (each.put_id) {
            at_.unanswered.push_back({each, std::vector<std::size_t>(each.items.size(), 5)});
        }
    }
    client.open.clear();
    settle_instant();
}

/// As a loop does: all that the connection has been told of, in one turn.
void network::resume(link& client)
{
    turn(client, [&](session::turn& now) {
        for (auto& each : std::exchange(client.told, {}))
            if (client.session.waits_in(*each)) {
                client.resumed.push_back(each);
                client.session.resume(std::move(each), now);
            }
        client.receive(now);
    });
}

void network::on_deadline(link& client)
{
    turn(client, [&](session::turn& now) {
        client.session.on_deadline(now);
        client.receive(now);
    });
}

bool network::pass_time()
{
    settle_instant();
    core::time_point due = core::never;
    for (const auto& each : at_.links)
        if (!each->is_ended)
            due = std::min(due, each->session.deadline());
    const core::time_point later = at_.now + std::chrono::milliseconds{at_.random.between(0, 20)};
    at_.now = due != core::never && at_.random.one_in(2) ? due : std::min(due, later);
    return due != core::never;
}

void network::settle_instant()
{
    for (;;) {
        std::vector<std::pair<bool, link*>> due;
        for (const auto& each : at_.links) {
            if (each->is_ended)
                continue;
            if (!each->told.empty())
                due.emplace_back(true, each.get());
            if (each->session.deadline() <= at_.now)
                due.emplace_back(false, each.get());
        }
        if (due.empty())
            return;
        const auto [is_told, client] = at_.random.of(due);
        if (is_told)
            resume(*client);
        else
            on_deadline(*client);
    }
}

template <class Act>
void network::turn(link& client, Act&& act)
{
    if (client.is_ended)
        return;
    const reply_watch::before_turn before = watch_.before(client);
    session::turn now{at_.service, client.scratch, client.replies, at_.now};
    act(now);
    std::erase_if(client.resumed, [](const auto& each) {
        const auto held = each.lock();
        return held == nullptr || held->current_state() != core::waiter::state::fulfilled;
    });
    watch_.after(client, before);
    for (const auto& each : std::exchange(at_.service.told, {}))
        for (const auto& other : at_.links)
            if (!other->is_ended && &each->principal() == other->waiter.get())
                other->told.push_back(each);
}

}  // namespace quaymaster::testing
