#include "simulation.hpp"

#include "clients.hpp"
#include "network.hpp"
#include "reply_watch.hpp"
#include "scene.hpp"
#include "simulation_failure.hpp"

#include "../wire/outbox_contents.hpp"
#include "wire/native_dialect.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace quaymaster::testing {

simulation_statistics& simulation_statistics::operator+=(const simulation_statistics& other) noexcept
{
    events += other.events;
    connections += other.connections;
    disconnections += other.disconnections;
    requests += other.requests;
    items_in += other.items_in;
    items_out += other.items_out;
    items_returned += other.items_returned;
    retried_puts += other.retried_puts;
    timeouts += other.timeouts;
    cancels += other.cancels;
    return *this;
}

namespace {

/// One run, from the first connection to the last.
class run_of_events {
public:
    explicit run_of_events(const simulation_options& options) : at_{options}
    {
        at_.service.on_withdraw = [this](const core::waiter& gone) { watch_.note_return(gone); };
    }
    simulation_statistics run();

private:
    void connect();
    void act();
    void shut_down();
    void calm_down();
    void settle_network();
    void check_queues();
    void check_nobody_starves();
    void check_nobody_is_left();

    scene at_;
    reply_watch watch_{at_};
    network network_{at_, watch_};
    clients clients_{at_};
};

simulation_statistics run_of_events::run()
{
    const std::size_t wanted = at_.random.between(2, 6);
    for (std::size_t i = 0; i < wanted; ++i)
        connect();
    for (std::size_t step = 0; step < at_.options.steps; ++step) {
        ++at_.statistics.events;
        switch (at_.random.below(10)) {
        case 0:
        case 1:
        case 2: act(); break;
        case 3: network_.pass_time(); break;
        default:
            if (!network_.step())
                act();
            break;
        }
        check_queues();
        if (at_.random.one_in(200))
            shut_down();
        if (at_.living().size() < wanted && at_.random.one_in(10))
            connect();
    }
    calm_down();
    return at_.statistics;
}

void run_of_events::connect()
{
    const std::size_t number = at_.statistics.connections++;
    auto made = std::make_unique<link>(at_.service, at_.settings, !at_.random.one_in(3), number);
    made->is_slow = at_.random.one_in(4);
    link& client = *made;
    at_.links.push_back(std::move(made));
    if (client.is_native) {
        // Their handles are known without waiting: they count from 0.
        for (std::size_t i = 0; i < at_.queues.size(); ++i) {
            wire::outbox out;
            wire::native::write_frame(out, {wire::native::operation::open, 0}, as_bytes(at_.queues[i].ident));
            network_.hand_over(client, contents(out));
            client.handles.push_back(static_cast<std::uint32_t>(i));
        }
    }
    at_.say("client ", number, " connects, ", client.is_native ? "native" : "Python", client.is_slow ? ", slow" : "");
}

void run_of_events::act()
{
    if (at_.living().empty())
        connect();
    else
        clients_.act();
}

void run_of_events::shut_down()
{
    queue_under_test& chosen = at_.queues[at_.random.below(at_.queues.size())];
    if (chosen.is_shut_down || !at_.random.one_in(3))
        return;
    chosen.is_shut_down = true;
    chosen.drops_items = at_.random.one_in(2);
    at_.say("queue ", chosen.ident, " is shut down", chosen.drops_items ? ", with what it holds" : "");
    (void)chosen.queue->shutdown(chosen.drops_items, at_.service.told);
    network_.settle_instant();
}

/// Everybody has what is under way, gives up what waits, and leaves.
void run_of_events::calm_down()
{
    at_.say("calm");
    settle_network();
    check_nobody_starves();
    for (const auto& each : at_.links)
        if (!each->is_dead && !each->is_native)
            clients_.kill(*each);
    for (const auto& each : at_.links)
        while (!each->is_dead && std::any_of(each->open.begin(), each->open.end(), [](const auto& one) {
            return !one.second.cancel_sent && one.second.timeout == wire::native::no_limit;
        }))
            clients_.cancel_some(*each);
    settle_network();
    while (network_.pass_time())
        settle_network();
    settle_network();
    for (const auto& each : at_.links)
        if (!each->is_dead && !each->open.empty())
            fail("client " + std::to_string(each->number) + " #" + std::to_string(each->open.begin()->first) +
                 " is never answered");
    for (const auto& each : at_.links)
        if (!each->is_ended)
            network_.notice_death(*each);
    check_queues();
    check_nobody_is_left();
    at_.items.check_conservation(at_.queues, at_.service.told);
}

void run_of_events::settle_network()
{
    for (std::size_t rounds = 0; rounds < 1'000'000; ++rounds) {
        network_.settle_instant();
        if (!network_.step())
            break;
        check_queues();
    }
    network_.flush();
}

void run_of_events::check_queues()
{
    for (const queue_under_test& each : at_.queues) {
        const core::queue_statistics now = each.queue->statistics();
        require(now.waiting_getters == 0 || now.depth == 0, "a getter waits beside an item");
        require(now.waiting_putters == 0 || (now.maxsize > 0 && now.depth >= static_cast<std::uint64_t>(now.maxsize)),
                "a putter waits beside room");
        require(!now.is_shut_down || (now.waiting_getters == 0 && now.waiting_putters == 0),
                "somebody waits for a queue that is shut down");
        require(each.drops_items || now.puts_total - now.gets_total == now.depth, "a queue's totals are not its depth");
    }
}

/// With all under way at its end: nobody is left with credit beside items.
void run_of_events::check_nobody_starves()
{
    for (const auto& client : at_.links) {
        if (client->is_dead)
            continue;
        require(!client->session.is_stalled(), "stalled, and all replies are written");
        require(client->requests_under_way.empty() && client->told.empty(), "the network is not calm");
        for (const auto& [id, each] : client->open) {
            if (each.kind != action::consume || each.credit == each.sent || !each.arrival)
                continue;
            require(at_.queues[each.queue].queue->empty(), "a consume has credit left, and there are items");
        }
    }
}

void run_of_events::check_nobody_is_left()
{
    for (const queue_under_test& each : at_.queues) {
        const core::queue_statistics now = each.queue->statistics();
        require(now.waiting_getters == 0 && now.waiting_putters == 0, "somebody who is gone waits");
    }
}

}  // namespace

simulation_statistics simulate(const simulation_options& options)
{
    return run_of_events{options}.run();
}

}  // namespace quaymaster::testing
