#include "simulation.hpp"

#include "../session/bare_service.hpp"
#include "../session/client_beginning.hpp"
#include "../wire/outbox_contents.hpp"
#include "session/server_session.hpp"
#include "wire/framing.hpp"
#include "wire/native_dialect.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace quaymaster::testing {

namespace native = wire::native;
using native::operation;
using std::chrono::milliseconds;

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

/// splitmix64: small, and the same everywhere.
class random_source {
public:
    explicit random_source(std::uint64_t seed) noexcept : state_{seed} {}
    std::uint64_t next() noexcept
    {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
        return mixed ^ (mixed >> 31U);
    }
    /// From 0 up to `bound`, which is not among them.
    std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
    std::size_t between(std::size_t lowest, std::size_t highest) noexcept { return lowest + below(highest - lowest + 1); }
    bool one_in(std::size_t count) noexcept { return below(count) == 0; }
    template <class T>
    T& of(std::vector<T>& choices) noexcept
    {
        return choices[below(choices.size())];
    }

private:
    std::uint64_t state_;
};

[[noreturn]] void fail(const std::string& what)
{
    throw simulation_failure{what};
}

void require(bool holds, const char* what)
{
    if (!holds)
        fail(what);
}

// ---- items ------------------------------------------------------------------------------------------------------------------

struct item_key {
    std::size_t queue = 0;
    std::size_t producer = 0;
    std::size_t number = 0;
    friend auto operator<=>(const item_key&, const item_key&) = default;
};

std::string to_string(const item_key& key)
{
    return std::to_string(key.queue) + '/' + std::to_string(key.producer) + '/' + std::to_string(key.number);
}

/// What the clients know of an item.
struct known_item {
    enum class fate : std::uint8_t { not_in, maybe_in, in };
    fate put = fate::maybe_in;  // of the put; definite once it is answered
    bool is_repeated = false;   // a repetition that is refused says nothing of the first attempt
    int handed_out = 0;
    int put_back_sent = 0;
    int put_back = 0;        // answered
    int maybe_put_back = 0;  // the connection died before the answer
    bool came_back = false;  // or may have: then its place in the order is lost
    int left = 0;
};

bytes opcodes_of(const item_key& key, std::size_t padding)
{
    return to_bytes(codec::payload{value{to_string(key) + ' ' + std::string(padding, 'x')}}.to_item().opcodes());
}

item_key key_of(const value& item)
{
    item_key key;
    char slash = 0;
    std::istringstream text{std::string{item.text()}};
    if (!(text >> key.queue >> slash >> key.producer >> slash >> key.number))
        fail("an item that nobody has put");
    return key;
}

item_key key_of(bytes_view opcodes)
{
    return key_of(codec::payload{codec::item::make(opcodes, {.protocol_min = 4})}.to_value());
}

/// Tells of each wait that is withdrawn, before it is.
class watched_service final : public bare_service {
public:
    void withdraw(core::referent& object, core::waiter& gone) override
    {
        on_withdraw(gone);
        bare_service::withdraw(object, gone);
    }
    std::function<void(const core::waiter&)> on_withdraw = [](const core::waiter&) {};
};

// ---- connections ------------------------------------------------------------------------------------------------------------

enum class action : std::uint8_t { put, put_many, get, get_many, consume, put_back, ping };

constexpr std::uint32_t no_limit = native::no_limit;

struct request {
    action kind{};
    std::size_t queue = 0;
    std::vector<item_key> items{};  // that it puts or gives back
    std::uint32_t timeout = 0;      // as in the native dialect
    std::uint16_t count = 0;        // get_many: at most so many
    std::uint32_t octets_max = 0;
    std::optional<native::put_id> put_id{};
    bool is_call = false;   // a request of the Python dialect, inside the native one or not
    std::uint64_t end = 0;  // of its octets in what the client sends
    std::optional<core::time_point> arrival{};
    bool cancel_sent = false;
    std::uint64_t credit = 0;  // consume: in all
    std::uint64_t sent = 0;    // consume: items so far
};

/// Both ends of one connection, and the network between them.
struct link {
    link(bare_service& service, const session::server_settings& settings, bool native, std::size_t number)
        : session{settings, *waiter}, is_native{native}, number{number}
    {
        wire::outbox hello;
        session::turn turn{service, scratch, hello, test_start};
        session.start(turn);
        session.receive(client_handshake(service), turn);
        session.receive(native ? native_hello() : stream_hello(), turn);
        require(session.is_stream(), "a session has not begun");
    }

    std::shared_ptr<core::waiter> waiter = std::make_shared<core::waiter>();
    session::workspace scratch;
    session::server_session session;
    wire::outbox replies;
    bytes input;  // that the session has not consumed
    core::completions told;
    const bool is_native;
    const std::size_t number;
    bool is_slow = false;
    bool is_dead = false;  // the client is; the server may not know yet
    bool is_ended = false;

    bytes requests_under_way;
    std::size_t replies_under_way = 0;  // octets
    std::uint64_t sent = 0;             // octets of requests, from the first on
    std::uint64_t consumed = 0;
    std::size_t looked_at = 0;  // octets in `replies` that have been looked at

    // The client's memory.
    std::map<std::uint32_t, request> open;  // requests by id, without those that are over; a Python client's in order
    std::uint32_t last_id = 0;
    std::vector<std::uint32_t> handles;
    std::map<std::size_t, std::vector<item_key>> held;                  // by queue: what it was handed out
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> latest;  // number, by queue and producer: of the items in order
};

/// One who puts items and remembers, over connections, how far it is.
struct producer {
    std::size_t number = 0;
    std::size_t next = 0;
};

/// A put with an id whose connection died.
struct unanswered_put {
    request what;
    std::vector<std::size_t> paddings;
};

struct queue_under_test {
    const char* ident;
    core::queue_kind kind;
    std::int64_t maxsize;
    core::shared_queue* queue = nullptr;
    bool is_shut_down = false;
    bool drops_items = false;
};

// ---- the world --------------------------------------------------------------------------------------------------------------

class world {
public:
    explicit world(const simulation_options& options);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world()
    {
        for (const auto& each : links_)  // after a failure
            if (!each->is_ended)
                each->session.end(service_, true);
    }
    simulation_statistics run();

private:
    void say(const auto&... what)
    {
        if (options_.trace == nullptr)
            return;
        *options_.trace << "  " << (now_ - test_start) / milliseconds{1} << " ms: ";
        (*options_.trace << ... << what);
        *options_.trace << '\n';
    }
    void connect();
    void act();
    void act_on(link& client);
    void act_python(link& client);
    void send(link& client, request what, std::uint32_t id, bytes_view frame);
    void put(link& client, std::size_t queue, std::size_t count);
    void repeat_put(link& client);
    void send_put(link& client, request what, const std::vector<std::size_t>& paddings);
    void send_get(link& client, action kind, std::size_t queue);
    void put_back(link& client);
    void cancel_some(link& client);
    void kill(link& client);
    void shut_down();

    bool network_step();
    void deliver(link& client, std::size_t count);
    void transmit(link& client, std::size_t count);
    void notice_death(link& client);
    void resume(link& client);
    void on_deadline(link& client);
    bool pass_time();
    void settle_instant();
    void calm_down();

    template <class Act>
    void turn(link& client, Act&& act);
    void receive(link& client, session::turn& turn);
    void after_turn(link& client);
    void look_at_native_replies(link& client, bytes_view fresh);
    void look_at_python_replies(link& client, bytes_view fresh);
    void on_native_reply(link& client, const native::frame& reply);
    void on_python_reply(link& client, request what, bytes_view payload);
    void on_items(link& client, const request& what, const std::vector<item_key>& items);
    void on_put_over(const request& what, std::size_t in, bool rest_is_definite);
    void check_end_of_wait(const request& what, bool gave_up);
    void note_return(const core::waiter& gone);
    void check_queues();
    void check_nobody_starves();
    void check_conservation();

    [[nodiscard]] std::vector<link*> links(auto&& wanted)
    {
        std::vector<link*> found;
        for (const auto& each : links_)
            if (wanted(*each))
                found.push_back(each.get());
        return found;
    }
    [[nodiscard]] std::uint32_t some_timeout()
    {
        switch (random_.below(4)) {
        case 0: return 0;
        case 1: return no_limit;
        default: return static_cast<std::uint32_t>(random_.between(1, 50));
        }
    }

    simulation_options options_;
    random_source random_;
    simulation_statistics statistics_;
    watched_service service_;
    session::server_settings settings_;
    core::time_point now_ = test_start;
    std::array<queue_under_test, 5> queues_{{{"unbounded", core::queue_kind::fifo, 0},
                                             {"one", core::queue_kind::fifo, 1},
                                             {"few", core::queue_kind::fifo, 3},
                                             {"lifo", core::queue_kind::lifo, 2},
                                             {"priority", core::queue_kind::priority, 0}}};
    std::vector<std::unique_ptr<link>> links_;
    std::map<item_key, known_item> items_;
    std::map<std::pair<std::size_t, std::size_t>, producer> producers_;  // by connection and queue
    std::size_t producers_made_ = 0;
    std::uint64_t last_put_client_ = 0;
    std::vector<unanswered_put> unanswered_;
};

world::world(const simulation_options& options) : options_{options}, random_{options.seed}
{
    service_.on_withdraw = [this](const core::waiter& gone) { note_return(gone); };
    settings_.authkey = to_bytes("abc");
    constexpr std::array<std::size_t, 3> replies_sizes{300, 3000, std::size_t{1} << 20};
    settings_.replies_size_max = replies_sizes[random_.below(3)];
    constexpr std::array<std::size_t, 3> requests{3, 10, 1000};
    settings_.requests_max = requests[random_.below(3)];
    for (queue_under_test& each : queues_)
        each.queue = core::register_named_queue(service_.registry, each.ident, each.kind, each.maxsize)->as_queue();
}

simulation_statistics world::run()
{
    const std::size_t clients = random_.between(2, 6);
    for (std::size_t i = 0; i < clients; ++i)
        connect();
    for (std::size_t step = 0; step < options_.steps; ++step) {
        ++statistics_.events;
        switch (random_.below(10)) {
        case 0:
        case 1:
        case 2: act(); break;
        case 3: pass_time(); break;
        default:
            if (!network_step())
                act();
            break;
        }
        check_queues();
        if (random_.one_in(200))
            shut_down();
        if (links([](const link& each) { return !each.is_dead; }).size() < clients && random_.one_in(10))
            connect();
    }
    calm_down();
    return statistics_;
}

void world::connect()
{
    const std::size_t number = statistics_.connections++;
    auto made = std::make_unique<link>(service_, settings_, !random_.one_in(3), number);
    made->is_slow = random_.one_in(4);
    link& client = *made;
    links_.push_back(std::move(made));
    if (client.is_native) {
        // Their handles are known without waiting: they count from 0.
        for (std::size_t i = 0; i < queues_.size(); ++i) {
            wire::outbox out;
            native::write_frame(out, {operation::open, 0}, as_bytes(queues_[i].ident));
            turn(client, [&, octets = contents(out)](session::turn& now) {
                client.sent += octets.size();
                client.input.insert(client.input.end(), octets.begin(), octets.end());
                receive(client, now);
            });
            client.handles.push_back(static_cast<std::uint32_t>(i));
        }
    }
    say("client ", number, " connects, ", client.is_native ? "native" : "Python", client.is_slow ? ", slow" : "");
}

// ---- what clients do --------------------------------------------------------------------------------------------------------

void world::act()
{
    std::vector<link*> alive = links([](const link& each) { return !each.is_dead; });
    if (alive.empty())
        return connect();
    link& client = *random_.of(alive);
    if (random_.one_in(40))
        return kill(client);
    if (client.is_native)
        act_on(client);
    else
        act_python(client);
}

void world::act_on(link& client)
{
    const std::size_t queue = random_.below(queues_.size());
    switch (random_.below(12)) {
    case 0:
    case 1:
    case 2: return put(client, queue, 1);
    case 3:
    case 4: return put(client, queue, random_.between(1, 6));
    case 5: return send_get(client, action::get, queue);
    case 6: return send_get(client, action::get_many, queue);
    case 7: return send_get(client, action::consume, queue);
    case 8: return put_back(client);
    case 9: return cancel_some(client);
    case 10: return repeat_put(client);
    default: {
        if (!random_.one_in(4))
            return send_get(client, action::get, queue);
        wire::outbox out;
        const std::uint32_t id = ++client.last_id;
        native::write_frame(out, {operation::ping, id}, as_bytes("ping"));
        return send(client, {.kind = action::ping}, id, contents(out));
    }
    }
}

void world::act_python(link& client)
{
    if (client.open.size() >= 2)
        return;
    const std::size_t queue = random_.below(queues_.size());
    if (random_.one_in(2))
        put(client, queue, 1);
    else
        send_get(client, action::get, queue);
}

/// `what` has everything but where its octets end.
void world::send(link& client, request what, std::uint32_t id, bytes_view frame)
{
    ++statistics_.requests;
    client.requests_under_way.insert(client.requests_under_way.end(), frame.begin(), frame.end());
    client.sent += frame.size();
    what.end = client.sent;
    client.open.emplace(id, std::move(what));
}

/// The items of one producer are in order only if it waits for one put before it begins the next.
void world::put(link& client, std::size_t queue, std::size_t count)
{
    for (const auto& [id, each] : client.open)
        if ((each.kind == action::put || each.kind == action::put_many) && each.queue == queue)
            return;
    producer& by = producers_[{client.number, queue}];
    if (by.next == 0)
        by.number = ++producers_made_;
    request what{.kind = count == 1 ? action::put : action::put_many, .queue = queue, .timeout = some_timeout()};
    what.is_call = !client.is_native || (count == 1 && random_.one_in(5));
    if (!what.is_call && random_.one_in(2))
        what.put_id = native::put_id{++last_put_client_, random_.below(1000)};
    std::vector<std::size_t> paddings;
    for (std::size_t i = 0; i < count; ++i) {
        what.items.push_back({queue, by.number, ++by.next});
        items_.emplace(what.items.back(), known_item{});
        paddings.push_back(random_.one_in(3) ? random_.below(1000) : random_.below(10));
    }
    send_put(client, std::move(what), paddings);
}

/// As a client does that has not heard of a put whether it has happened.
void world::repeat_put(link& client)
{
    if (unanswered_.empty())
        return;
    unanswered_put again = random_.of(unanswered_);
    for (const auto& [id, each] : client.open)
        if (each.put_id && each.put_id->client == again.what.put_id->client)
            return;
    std::erase_if(unanswered_,
                  [&](const unanswered_put& each) { return each.what.put_id->client == again.what.put_id->client; });
    ++statistics_.retried_puts;
    for (const item_key& each : again.what.items) {
        items_.at(each).is_repeated = true;
        items_.at(each).came_back = true;  // a put of the first attempt may be under way beside it
    }
    again.what.timeout = some_timeout();
    again.what.cancel_sent = false;
    again.what.arrival.reset();
    send_put(client, std::move(again.what), again.paddings);
}

void world::send_put(link& client, request what, const std::vector<std::size_t>& paddings)
{
    const std::uint32_t id = ++client.last_id;
    bytes frame;
    if (what.is_call) {
        const value timeout = what.timeout == no_limit ? value{} : value{what.timeout / 1000.0};
        const std::array<codec::payload, 3> arguments{
            codec::payload{codec::item::make(opcodes_of(what.items.front(), paddings.front()), {.protocol_min = 4})},
            codec::payload{value{what.timeout != 0}}, codec::payload{timeout}};
        frame = python_request({.ident = queues_[what.queue].ident, .method = "put", .positional = arguments});
    } else {
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
        frame = contents(out);
    }
    if (what.is_call && client.is_native) {
        wire::outbox out;
        native::write_frame(out, {operation::call, id}, frame);
        frame = contents(out);
    }
    say("client ", client.number, " #", id, " puts ", what.items.size(), " from ", to_string(what.items.front()), ", timeout ",
        what.timeout, what.is_call ? ", by a call" : "", what.put_id ? ", with an id" : "");
    send(client, std::move(what), id, frame);
}

/// One at a time for each queue, so that a client can tell the order in which it was handed out what it gets.
void world::send_get(link& client, action kind, std::size_t queue)
{
    for (const auto& [id, each] : client.open)
        if ((each.kind == action::get || each.kind == action::get_many) && each.queue == queue)
            return;
        else if (each.kind == action::consume && each.queue == queue) {
            if (kind != action::consume || each.cancel_sent)
                return;
            const auto more = static_cast<std::uint32_t>(random_.below(5));
            native::fixed_fields fields;
            fields.add(more);
            wire::outbox out;
            native::write_frame(out, {operation::credit, id}, fields.view());
            const bytes octets = contents(out);
            client.requests_under_way.insert(client.requests_under_way.end(), octets.begin(), octets.end());
            client.sent += octets.size();
            client.open.at(id).credit += more;
            say("client ", client.number, " #", id, " gives credit of ", more);
            return;
        }
    const std::uint32_t id = ++client.last_id;
    request what{.kind = kind, .queue = queue, .timeout = some_timeout()};
    what.is_call = !client.is_native || (kind == action::get && random_.one_in(5));
    bytes frame;
    wire::outbox out;
    native::fixed_fields fields;
    fields.add(client.is_native ? client.handles[queue] : 0U);
    if (what.is_call) {
        const value timeout = what.timeout == no_limit ? value{} : value{what.timeout / 1000.0};
        const std::array<codec::payload, 2> arguments{codec::payload{value{what.timeout != 0}}, codec::payload{timeout}};
        frame = python_request({.ident = queues_[queue].ident, .method = "get", .positional = arguments});
        if (client.is_native) {
            native::write_frame(out, {operation::call, id}, frame);
            frame = contents(out);
        }
    } else if (kind == action::get) {
        fields.add(what.timeout);
        native::write_frame(out, {operation::get, id}, fields.view());
    } else if (kind == action::get_many) {
        what.count = static_cast<std::uint16_t>(random_.between(1, 8));
        what.octets_max = static_cast<std::uint32_t>(random_.one_in(2) ? 1'000'000 : random_.below(1500));
        fields.add(what.timeout).add(what.octets_max);
        native::write_frame(out, {operation::get_many, id, what.count}, fields.view());
    } else {
        what.timeout = no_limit;
        what.credit = random_.below(8);
        fields.add(static_cast<std::uint32_t>(what.credit));
        native::write_frame(out, {operation::consume, id}, fields.view());
    }
    if (frame.empty())
        frame = contents(out);
    constexpr std::array<const char*, 7> names{"", "", "get", "get_many", "consume", "", ""};
    say("client ", client.number, " #", id, ' ', names[static_cast<std::size_t>(kind)], " from ", queue, ", timeout ",
        what.timeout, what.is_call ? ", by a call" : "", kind == action::consume ? ", credit " : "",
        kind == action::consume ? std::to_string(what.credit) : "");
    send(client, std::move(what), id, frame);
}

void world::put_back(link& client)
{
    const std::size_t queue = random_.below(queues_.size());
    auto& held = client.held[queue];
    if (held.empty())
        return;
    const std::size_t count = random_.between(1, std::min<std::size_t>(held.size(), 4));
    request what{.kind = action::put_back, .queue = queue};
    what.items.assign(held.end() - static_cast<std::ptrdiff_t>(count), held.end());
    held.resize(held.size() - count);
    std::vector<codec::item> batch;
    for (const item_key& each : what.items) {
        batch.push_back(codec::item::make(opcodes_of(each, 3), {.protocol_min = 4}));
        items_.at(each).came_back = true;
        ++items_.at(each).put_back_sent;
    }
    const std::uint32_t id = ++client.last_id;
    native::fixed_fields fields;
    fields.add(client.handles[queue]);
    wire::outbox out;
    native::write_items(out, {operation::put_back, id}, fields.view(), batch);
    say("client ", client.number, " #", id, " puts back ", count, " from ", to_string(what.items.front()));
    send(client, std::move(what), id, contents(out));
}

void world::cancel_some(link& client)
{
    for (auto& [id, each] : client.open) {
        if (each.cancel_sent || random_.one_in(2))
            continue;
        each.cancel_sent = true;
        ++statistics_.cancels;
        wire::outbox out;
        native::write_frame(out, {operation::cancel, id});
        const bytes octets = contents(out);
        client.requests_under_way.insert(client.requests_under_way.end(), octets.begin(), octets.end());
        client.sent += octets.size();
        say("client ", client.number, " cancels #", id);
        return;
    }
}

/// The client is no more. A part of what it has sent may still arrive.
void world::kill(link& client)
{
    say("client ", client.number, " dies");
    ++statistics_.disconnections;
    client.is_dead = true;
    client.requests_under_way.resize(random_.below(client.requests_under_way.size() + 1));
}

void world::shut_down()
{
    queue_under_test& chosen = queues_[random_.below(queues_.size())];
    if (chosen.is_shut_down || !random_.one_in(3))
        return;
    chosen.is_shut_down = true;
    chosen.drops_items = random_.one_in(2);
    say("queue ", chosen.ident, " is shut down", chosen.drops_items ? ", with what it holds" : "");
    (void)chosen.queue->shutdown(chosen.drops_items, service_.told);
    settle_instant();
}

// ---- network and time -------------------------------------------------------------------------------------------------------

/// Something that is under way arrives. False if nothing is.
bool world::network_step()
{
    enum class event : std::uint8_t { deliver, transmit, resume, notice };
    std::vector<std::pair<event, link*>> possible;
    for (const auto& each : links_) {
        if (each->is_ended)
            continue;
        if (!each->requests_under_way.empty())
            possible.emplace_back(event::deliver, each.get());
        else if (each->is_dead)
            possible.emplace_back(event::notice, each.get());
        if (!each->replies.empty() && (!each->is_slow || random_.one_in(8)))
            possible.emplace_back(event::transmit, each.get());
        if (!each->told.empty())
            possible.emplace_back(event::resume, each.get());
    }
    if (possible.empty())
        return false;
    const auto [what, client] = random_.of(possible);
    switch (what) {
    case event::deliver: deliver(*client, random_.between(1, random_.one_in(3) ? 20 : 2000)); break;
    case event::transmit: transmit(*client, random_.between(1, client->is_slow ? 100 : 5000)); break;
    case event::resume: resume(*client); break;
    case event::notice: notice_death(*client); break;
    }
    return true;
}

void world::deliver(link& client, std::size_t count)
{
    count = std::min(count, client.requests_under_way.size());
    const auto end = client.requests_under_way.begin() + static_cast<std::ptrdiff_t>(count);
    client.input.insert(client.input.end(), client.requests_under_way.begin(), end);
    client.requests_under_way.erase(client.requests_under_way.begin(), end);
    turn(client, [&](session::turn& now) { receive(client, now); });
}

/// The peer's machine takes so many octets of the replies, and the session may go on.
void world::transmit(link& client, std::size_t count)
{
    count = std::min(count, client.replies.size());
    client.replies.consume(count);
    client.looked_at -= count;
    turn(client, [&](session::turn& now) { receive(client, now); });
}

void world::notice_death(link& client)
{
    say("the server notices that client ", client.number, " is gone");
    for (const auto& each : client.told)
        note_return(*each);
    client.session.end(service_, true);
    client.is_ended = true;
    client.told.clear();
    for (auto& [id, each] : client.open) {
        if (each.kind == action::put_back) {
            for (const item_key& item : each.items)
                ++items_.at(item).maybe_put_back;
        } else if (each.put_id) {
            unanswered_.push_back({each, std::vector<std::size_t>(each.items.size(), 5)});
        }
    }
    client.open.clear();
    settle_instant();
}

/// As a loop does: all that the connection has been told of, in one turn.
void world::resume(link& client)
{
    turn(client, [&](session::turn& now) {
        for (auto& each : std::exchange(client.told, {}))
            if (client.session.waits_in(*each))
                client.session.resume(std::move(each), now);
        receive(client, now);
    });
}

void world::on_deadline(link& client)
{
    turn(client, [&](session::turn& now) {
        client.session.on_deadline(now);
        receive(client, now);
    });
}

/// Time goes on when nothing is left to be done at this instant. False if nothing waits for it.
bool world::pass_time()
{
    settle_instant();
    core::time_point due = core::never;
    for (const auto& each : links_)
        if (!each->is_ended)
            due = std::min(due, each->session.deadline());
    const core::time_point later = now_ + milliseconds{random_.between(0, 20)};
    now_ = due != core::never && random_.one_in(2) ? due : std::min(due, later);
    return due != core::never;
}

/// Resumes all who were told and gives up for all whose time is up, in any order.
void world::settle_instant()
{
    for (;;) {
        std::vector<std::pair<bool, link*>> due;
        for (const auto& each : links_) {
            if (each->is_ended)
                continue;
            if (!each->told.empty())
                due.emplace_back(true, each.get());
            if (each->session.deadline() <= now_)
                due.emplace_back(false, each.get());
        }
        if (due.empty())
            return;
        const auto [is_told, client] = random_.of(due);
        if (is_told)
            resume(*client);
        else
            on_deadline(*client);
    }
}

/// Everybody has what is under way, gives up what waits, and leaves.
void world::calm_down()
{
    const auto settle_network = [&] {
        for (std::size_t rounds = 0; rounds < 1'000'000; ++rounds) {
            settle_instant();
            if (!network_step())
                break;
            check_queues();
        }
        // The slow ones, too.
        for (bool is_done = false; !is_done;) {
            is_done = true;
            for (const auto& each : links_)
                while (!each->is_ended && !each->replies.empty()) {
                    is_done = false;
                    transmit(*each, each->replies.size());
                    settle_instant();
                }
        }
    };
    say("calm");
    settle_network();
    check_nobody_starves();
    for (const auto& each : links_)
        if (!each->is_dead && !each->is_native)
            kill(*each);
    for (const auto& each : links_)
        while (!each->is_dead && std::any_of(each->open.begin(), each->open.end(), [](const auto& one) {
            return !one.second.cancel_sent && one.second.timeout == no_limit;
        }))
            cancel_some(*each);
    settle_network();
    while (pass_time())
        settle_network();
    settle_network();
    for (const auto& each : links_)
        if (!each->is_dead && !each->open.empty())
            fail("client " + std::to_string(each->number) + " #" + std::to_string(each->open.begin()->first) +
                 " is never answered");
    for (const auto& each : links_)
        if (!each->is_ended)
            notice_death(*each);
    check_queues();
    check_conservation();
}

// ---- what the server does ---------------------------------------------------------------------------------------------------

template <class Act>
void world::turn(link& client, Act&& act)
{
    if (client.is_ended)
        return;
    session::turn now{service_, client.scratch, client.replies, now_};
    act(now);
    after_turn(client);
    for (const auto& each : std::exchange(service_.told, {}))
        for (const auto& other : links_)
            if (!other->is_ended && &each->principal() == other->waiter.get())
                other->told.push_back(each);
}

void world::receive(link& client, session::turn& turn)
{
    const std::size_t consumed = client.session.receive(client.input, turn);
    client.input.erase(client.input.begin(), client.input.begin() + static_cast<std::ptrdiff_t>(consumed));
    client.consumed += consumed;
}

void world::after_turn(link& client)
{
    require(!client.session.wants_close(), "a session ended by itself");
    if (client.is_native)
        for (auto& [id, each] : client.open)
            if (!each.arrival && each.end <= client.consumed)
                each.arrival = now_;
    const bytes waiting = contents(client.replies);
    const bytes_view fresh = bytes_view{waiting}.subspan(client.looked_at);
    client.looked_at = waiting.size();
    if (client.is_native)
        look_at_native_replies(client, fresh);
    else
        look_at_python_replies(client, fresh);
    // One item or batch, and one reply more, may stand above the bound.
    require(client.replies.size() < settings_.replies_size_max + 6 * 1200 || settings_.replies_size_max > 100'000 ||
                client.open.size() > 3,
            "replies without bound");
    // After the replies: one that is told before it arrives in full is answered in the same turn.
    if (!client.is_native)
        for (auto& [id, each] : client.open)
            if (!each.arrival && each.end <= client.consumed)
                each.arrival = now_;
}

void world::look_at_native_replies(link& client, bytes_view fresh)
{
    while (!fresh.empty()) {
        error_code ec;
        const auto reply = native::parse_frame(fresh, fresh.size(), ec);
        require(reply.has_value(), "half a reply");
        on_native_reply(client, *reply);
        fresh = fresh.subspan(reply->size());
    }
}

void world::look_at_python_replies(link& client, bytes_view fresh)
{
    while (!fresh.empty()) {
        error_code ec;
        const auto reply = wire::parse_frame(fresh, fresh.size(), ec);
        require(reply.has_value(), "half a reply");
        require(!client.open.empty(), "a reply that nobody has asked for");
        request what = std::move(client.open.begin()->second);
        client.open.erase(client.open.begin());
        require(what.end <= client.consumed, "a reply before the request");
        if (!what.arrival)
            what.arrival = now_;
        on_python_reply(client, std::move(what), reply->payload);
        fresh = fresh.subspan(reply->size);
    }
}

void world::on_native_reply(link& client, const native::frame& reply)
{
    if (reply.code == operation::opened && reply.id == 0)
        return;
    const auto found = client.open.find(reply.id);
    say("  client ", client.number, " #", reply.id, " <- ", static_cast<int>(reply.code), ", count ", reply.count);
    require(found != client.open.end(), "a second reply, or one that nobody has asked for");
    require(found->second.arrival.has_value(), "a reply before the request");
    if (found->second.kind == action::consume && reply.code == operation::items) {
        std::vector<item_key> items;
        native::body_reader body{reply.body};
        for (std::size_t i = 0; i < reply.count; ++i)
            items.push_back(key_of(body.sized_octets()));
        require(body.at_end() && !items.empty(), "a batch that is none");
        found->second.sent += items.size();
        require(found->second.sent <= found->second.credit, "more items than the credit goes");
        return on_items(client, found->second, items);
    }
    const request what = std::move(found->second);
    client.open.erase(found);
    if (reply.code == operation::refused) {
        require(as_chars(reply.body).find("requests_max") != std::string_view::npos, "refused for no reason");
        on_put_over(what, 0, true);
        if (what.kind == action::put_back)
            fail("a put_back is refused");
        return;
    }
    if (reply.code == operation::answer) {
        error_code ec;
        const auto inner = wire::parse_frame(reply.body, reply.body.size(), ec);
        require(what.is_call && inner.has_value(), "an answer that is none");
        return on_python_reply(client, what, inner->payload);
    }
    const bool is_raised = reply.code == operation::raised;
    const native::raised_body error =
        is_raised ? native::parse_raised(reply.body).value_or(native::raised_body{}) : native::raised_body{};
    const auto raises = [&](native::exception_number number) { return is_raised && error.number == number; };
    using number = native::exception_number;
    const bool is_shut_down = raises(number::queue_shut_down);
    require(!raises(number::other), "an exception that nothing explains");
    require(!is_shut_down || queues_[what.queue].is_shut_down, "a queue is said to be shut down");
    if (reply.code == operation::cancelled) {
        require(what.cancel_sent, "cancelled by nobody");
        require(reply.count <= what.items.size(), "more is in than was put");
        return on_put_over(what, reply.count, true);
    }
    switch (what.kind) {
    case action::put:
        require(reply.code == operation::done || is_raised, "a put is answered by something else");
        check_end_of_wait(what, raises(number::queue_full));
        return on_put_over(what, is_raised ? 0 : 1, true);
    case action::put_many:
        require(reply.code == operation::done || is_raised, "a put_many is answered by something else");
        require(reply.count <= what.items.size(), "more is in than was put");
        require(is_raised || reply.count != 0, "done, and nothing is in");
        check_end_of_wait(what, raises(number::queue_full) || (!is_raised && reply.count < what.items.size()));
        return on_put_over(what, reply.count, true);
    case action::get:
        check_end_of_wait(what, raises(number::queue_empty));
        if (!is_raised) {
            require(reply.code == operation::item, "a get is answered by something else");
            on_items(client, what, {key_of(reply.body)});
        }
        return;
    case action::get_many: {
        check_end_of_wait(what, raises(number::queue_empty));
        if (is_raised)
            return;
        require(reply.code == operation::items && reply.count != 0 && reply.count <= what.count,
                "a get_many of more than it asked for");
        std::vector<item_key> items;
        native::body_reader body{reply.body};
        for (std::size_t i = 0; i < reply.count; ++i)
            items.push_back(key_of(body.sized_octets()));
        require(body.at_end(), "a batch that is none");
        require(reply.count == 1 || reply.body.size() - 4U * reply.count <= what.octets_max, "more octets than it asked for");
        return on_items(client, what, items);
    }
    case action::consume: return require(is_shut_down, "a consume ends by itself");
    case action::put_back:
        require(reply.code == operation::done && reply.count == what.items.size(), "a put_back is answered by something else");
        for (const item_key& each : what.items)
            ++items_.at(each).put_back;
        statistics_.items_returned += what.items.size();
        return;
    case action::ping: return require(reply.code == operation::pong, "a ping is answered by something else");
    }
}

void world::on_python_reply(link& client, request what, bytes_view payload)
{
    codec::envelope_reader reader;
    const wire::reply reply = wire::parse_reply(payload, reader, {});
    say("  client ", client.number, " Python reply ", reply.index());
    if (const auto* const result = std::get_if<wire::returned_reply>(&reply)) {
        check_end_of_wait(what, false);
        if (what.kind == action::put)
            return on_put_over(what, 1, true);
        return on_items(client, what, {key_of(result->result.to_value())});
    }
    const auto* const error = std::get_if<wire::exception_reply>(&reply);
    require(error != nullptr, "a Python reply that nothing explains");
    require(!error->is_queue_shut_down() || queues_[what.queue].is_shut_down, "a queue is said to be shut down");
    require(error->is_queue_shut_down() || (what.kind == action::put ? error->is_queue_full() : error->is_queue_empty()),
            "an exception that nothing explains");
    check_end_of_wait(what, !error->is_queue_shut_down());
    if (what.kind == action::put)
        on_put_over(what, 0, true);
}

/// `items` were written for the client. Whether it lives to read them is its own affair.
void world::on_items(link& client, const request& what, const std::vector<item_key>& items)
{
    statistics_.items_out += items.size();
    for (const item_key& each : items) {
        say("    ", to_string(each));
        const auto found = items_.find(each);
        require(found != items_.end() && each.queue == what.queue, "an item of another queue");
        known_item& known = found->second;
        require(known.put != known_item::fate::not_in, "an item that was refused is handed out");
        ++known.handed_out;
        if (known.handed_out > 1 + known.put_back_sent)
            fail("item " + to_string(each) + " is handed out twice");
        if (!what.is_call)  // what calls are given is not counted
            client.held[each.queue].push_back(each);
        if (queues_[each.queue].kind != core::queue_kind::fifo || known.came_back)
            continue;
        std::size_t& latest = client.latest[{each.queue, each.producer}];
        if (each.number <= latest)
            fail("item " + to_string(each) + " is handed out after " + std::to_string(latest));
        latest = each.number;
    }
}

/// The first `in` of its items are in, and the others are not.
void world::on_put_over(const request& what, std::size_t in, bool rest_is_definite)
{
    if (what.kind != action::put && what.kind != action::put_many)
        return;
    for (std::size_t i = 0; i < what.items.size(); ++i) {
        known_item& known = items_.at(what.items[i]);
        if (i < in) {
            known.put = known_item::fate::in;
            ++statistics_.items_in;
        } else if (rest_is_definite && !known.is_repeated) {
            require(known.handed_out == 0, "an item is handed out whose put was refused");
            known.put = known_item::fate::not_in;
        }
    }
}

void world::check_end_of_wait(const request& what, bool gave_up)
{
    if (what.timeout == no_limit)
        return require(!gave_up, "a wait without limit ended");
    const core::time_point due = *what.arrival + milliseconds{what.timeout};
    // The other dialect says seconds, of which a thousandth has no exact number.
    const auto rounding = what.is_call ? std::chrono::nanoseconds{2} : std::chrono::nanoseconds{0};
    require(now_ <= due + rounding, "a wait ended late");
    require(!gave_up || now_ >= due - rounding, "a wait ended early");
    if (gave_up)
        ++statistics_.timeouts;
}

/// A wait ends without an answer: an item that it was given goes back, and its place in the order is lost.
void world::note_return(const core::waiter& gone)
{
    if (gone.current_state() != core::waiter::state::fulfilled)
        return;
    const auto* const served = std::get_if<core::returned>(&gone.peek_outcome());
    if (served == nullptr || (served->result.known() != nullptr && served->result.known()->is_none()))
        return;  // a put's
    items_.at(key_of(served->result.to_value())).came_back = true;
    ++statistics_.items_returned;
}

// ---- what must hold ---------------------------------------------------------------------------------------------------------

void world::check_queues()
{
    for (const queue_under_test& each : queues_) {
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
void world::check_nobody_starves()
{
    for (const auto& client : links_) {
        if (client->is_dead)
            continue;
        require(!client->session.is_stalled(), "stalled, and all replies are written");
        require(client->requests_under_way.empty() && client->told.empty(), "the network is not calm");
        for (const auto& [id, each] : client->open) {
            if (each.kind != action::consume || each.credit == each.sent || !each.arrival)
                continue;
            require(queues_[each.queue].queue->empty(), "a consume has credit left, and there are items");
        }
    }
}

void world::check_conservation()
{
    for (queue_under_test& each : queues_) {
        const core::queue_statistics now = each.queue->statistics();
        require(now.waiting_getters == 0 && now.waiting_putters == 0, "somebody who is gone waits");
        std::vector<codec::item> left;
        while (each.queue->take_ready(1000, 1'000'000'000, left, service_.told) != 0) {
        }
        std::map<std::size_t, std::size_t> latest;
        for (const codec::item& item : left) {
            const item_key key = key_of(item.opcodes());
            known_item& known = items_.at(key);
            ++known.left;
            require(known.put != known_item::fate::not_in, "an item that was refused is in its queue");
            if (each.kind != core::queue_kind::fifo || known.came_back)
                continue;
            require(key.number > latest[key.producer], "what is left is not in order");
            latest[key.producer] = key.number;
        }
    }
    std::array<std::uint64_t, 5> in{};
    std::array<std::uint64_t, 5> maybe_in{};
    for (const auto& [key, item] : items_) {
        const int out = item.handed_out + item.left;
        const int back_at_most = item.put_back + item.maybe_put_back;
        const bool is_in = item.put == known_item::fate::in || out != 0;
        in[key.queue] += is_in ? 1 : 0;
        maybe_in[key.queue] += item.put != known_item::fate::not_in ? 1 : 0;
        if (out > 1 + back_at_most)
            fail("item " + to_string(key) + " is there " + std::to_string(out) + " times");
        if (is_in && !queues_[key.queue].drops_items && out < 1 + item.put_back)
            fail("item " + to_string(key) + " is lost");
    }
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        const std::uint64_t total = queues_[i].queue->statistics().puts_total;
        require(total <= maybe_in[i], "a queue has let in more than was put");
        require(total >= in[i], "a queue has let in less than it said");
        require(queues_[i].drops_items || total == in[i], "an item is lost that nobody knows to be in");
    }
}

}  // namespace

simulation_statistics simulate(const simulation_options& options)
{
    return world{options}.run();
}

}  // namespace quaymaster::testing
