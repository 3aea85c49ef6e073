#include "chaos.hpp"

#include "crowd.hpp"
#include "native_peer.hpp"
#include "stress_failure.hpp"
#include "stress_items.hpp"

#include "codec/item.hpp"
#include "codec/payload.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/value.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quaymaster::testing {

namespace native = wire::native;
using native::operation;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

chaos_statistics& chaos_statistics::operator+=(const chaos_statistics& other) noexcept
{
    items += other.items;
    lost += other.lost;
    lost_at_most += other.lost_at_most;
    disconnections += other.disconnections;
    repeated_puts += other.repeated_puts;
    cancels += other.cancels;
    put_back += other.put_back;
    return *this;
}

namespace {

constexpr std::array<const char*, 2> queue_names{"chaos", "small_chaos"};

/// What the client that has put an item knows of it.
enum class put_state : std::uint8_t {
    refused,  // it is not in
    unheard,  // it may be in
    done,
};

/// What one chaotic client has put and got in all of its lives. In flat memory: what the test allocates and frees makes the server, which
/// is in the same process, wait for the kernel's lock of that.
struct life {
    std::vector<put_state> put;            // by number of the item, from 1
    std::vector<std::int64_t> received;    // in any order, as
    std::vector<std::int64_t> back;        // given back, and known to be, and
    std::vector<std::int64_t> maybe_back;  // given back, and nobody has said that they are
    chaos_statistics counts;
};

// ---- one client ------------------------------------------------------------------------------------------------------------

/// Connects, does this and that, has many requests under way, and goes or dies, over and over.
class chaotic_client {
public:
    chaotic_client(std::uint16_t port, std::uint64_t number, const chaos_options& options, const std::atomic<bool>& is_over, life& into)
        : port_{port}, number_{number}, they_die_{options.they_die}, random_{options.seed * 7919 + number}, is_over_{is_over}, into_{into}
    {
    }
    void run()
    {
        while (!is_over_)
            live();
        // Whoever has not heard of a put with an id asks until it has.
        while (!unanswered_.empty())
            repeat_all();
    }

private:
    struct request {
        operation code{};
        std::vector<std::int64_t> items{};
        std::optional<native::put_id> id{};
        std::uint64_t may_take = 0;  // items
        bool is_repeated = false;
        bool is_cancelled = false;
        std::size_t queue = 0;
    };
    static constexpr std::size_t open_max = 30;

    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
    std::uint32_t some_timeout() { return below(3) == 0 ? 0 : static_cast<std::uint32_t>(below(40)); }

    void live();
    void leave(native_peer& peer);
    void die(native_peer& peer);

    void act(native_peer& peer);
    void send_put(native_peer& peer);
    void send_get(native_peer& peer);
    void send_get_many(native_peer& peer);
    void send_consume(native_peer& peer);
    void send_put_back(native_peer& peer);
    void send_credit(native_peer& peer);
    void cancel_some(native_peer& peer);
    void send(native_peer& peer, request&& what, std::uint16_t count, bytes_view body, std::uint8_t flags = 0);
    void repeat(native_peer& peer);
    void repeat_all();

    void on_reply(const native_peer::reply& reply);
    void on_put(const request& what, const native_peer::reply& reply);
    void on_put_back(const request& what, const native_peer::reply& reply);
    void take(request& what, std::int64_t item);

    const std::uint16_t port_;
    const std::uint64_t number_;
    const bool they_die_;
    std::mt19937_64 random_;
    const std::atomic<bool>& is_over_;
    life& into_;
    std::uint32_t last_id_ = 1;
    std::array<std::uint32_t, queue_names.size()> handles_{};
    std::array<std::vector<std::int64_t>, queue_names.size()> held_;
    std::map<std::uint32_t, request> open_;
    std::vector<request> unanswered_;
};

void chaotic_client::live()
{
    native_peer peer{port_};
    handles_ = {peer.open(queue_names[0]), peer.open(queue_names[1])};
    open_.clear();
    held_.fill({});
    // At once: a queue does not remember an id for ever.
    while (!unanswered_.empty())
        repeat(peer);
    const std::size_t steps = 20 + below(300);
    for (std::size_t step = 0; step < steps && !is_over_; ++step) {
        if (open_.size() < open_max)
            act(peer);
        while (const auto reply = peer.receive(open_.size() < open_max ? 0ms : 5ms))
            on_reply(*reply);
    }
    if (is_over_ || !they_die_ || below(3) == 0)
        leave(peer);
    else
        die(peer);
}

/// Cancels all, and hears of all.
void chaotic_client::leave(native_peer& peer)
{
    for (auto& [id, each] : open_) {
        peer.send({operation::cancel, id}, {});
        each.is_cancelled = true;
    }
    while (!open_.empty()) {
        const auto reply = peer.receive(20s);
        if (!reply)
            throw stress_failure{"a request that was cancelled is never answered"};
        on_reply(*reply);
    }
}

void chaotic_client::die(native_peer& peer)
{
    ++into_.counts.disconnections;
    below(2) == 0 ? peer.abort() : peer.close();
    for (auto& [id, each] : open_) {
        into_.counts.lost_at_most += each.may_take;
        if (each.code == operation::put_back)
            for (const std::int64_t item : each.items)
                into_.maybe_back.push_back(item);
        else if (each.id)
            unanswered_.push_back(std::move(each));
    }
}

// ---- what it sends ---------------------------------------------------------------------------------------------------------

bytes body_of(bytes_view fields, bytes_view tail)
{
    bytes body = to_bytes(fields);
    body.insert(body.end(), tail.begin(), tail.end());
    return body;
}

void chaotic_client::act(native_peer& peer)
{
    switch (below(9)) {
    case 0:
    case 1:
    case 2: return send_put(peer);
    case 3: return send_get(peer);
    case 4: return send_get_many(peer);
    case 5: return send_consume(peer);
    case 6: return send_put_back(peer);
    case 7: return cancel_some(peer);
    default: return send_credit(peer);
    }
}

void chaotic_client::send(native_peer& peer, request&& what, std::uint16_t count, bytes_view body, std::uint8_t flags)
{
    const std::uint32_t id = ++last_id_;
    const native::frame_head head{what.code, id, count, flags};
    open_.emplace(id, std::move(what));
    peer.send(head, body);
}

void chaotic_client::send_put(native_peer& peer)
{
    request what{.code = below(2) == 0 ? operation::put : operation::put_many, .queue = below(handles_.size())};
    const bool is_batch = what.code == operation::put_many;
    for (std::size_t i = is_batch ? 1 + below(20) : 1; i > 0; --i) {
        into_.put.push_back(put_state::unheard);
        what.items.push_back(item_of(number_, into_.put.size()));
    }
    native::fixed_fields fields;
    fields.add(handles_[what.queue]).add(some_timeout());
    if (below(2) == 0) {
        what.id = native::put_id{random_(), 1};
        fields.add(*what.id);
    }
    const bytes body = body_of(fields.view(), is_batch ? batch_of(what.items) : opcodes_of(what.items.front()));
    const auto count = static_cast<std::uint16_t>(is_batch ? what.items.size() : 0);
    const std::uint8_t flags = what.id ? native::has_put_id : std::uint8_t{0};
    send(peer, std::move(what), count, body, flags);
}

void chaotic_client::send_get(native_peer& peer)
{
    request what{.code = operation::get, .may_take = 1, .queue = below(handles_.size())};
    native::fixed_fields fields;
    fields.add(handles_[what.queue]).add(below(4) == 0 ? native::no_limit : some_timeout());
    send(peer, std::move(what), 0, fields.view());
}

void chaotic_client::send_get_many(native_peer& peer)
{
    const auto count = static_cast<std::uint16_t>(1 + below(30));
    request what{.code = operation::get_many, .may_take = count, .queue = below(handles_.size())};
    native::fixed_fields fields;
    fields.add(handles_[what.queue]).add(some_timeout()).add(std::uint32_t{100'000});
    send(peer, std::move(what), count, fields.view());
}

void chaotic_client::send_consume(native_peer& peer)
{
    request what{.code = operation::consume, .may_take = below(20), .queue = below(handles_.size())};
    native::fixed_fields fields;
    fields.add(handles_[what.queue]).add(static_cast<std::uint32_t>(what.may_take));
    send(peer, std::move(what), 0, fields.view());
}

void chaotic_client::send_put_back(native_peer& peer)
{
    const std::size_t queue = below(handles_.size());
    auto& held = held_[queue];
    if (held.empty())
        return;
    const std::size_t count = 1 + below(std::min<std::size_t>(held.size(), 5));
    request what{.code = operation::put_back,
                 .items = {held.end() - static_cast<std::ptrdiff_t>(count), held.end()},
                 .queue = queue};
    held.resize(held.size() - count);
    native::fixed_fields fields;
    fields.add(handles_[queue]);
    const bytes body = body_of(fields.view(), batch_of(what.items));
    send(peer, std::move(what), static_cast<std::uint16_t>(count), body);
}

void chaotic_client::cancel_some(native_peer& peer)
{
    for (auto& [known, each] : open_) {
        if (each.is_cancelled || below(3) != 0)
            continue;
        each.is_cancelled = true;
        ++into_.counts.cancels;
        return peer.send({operation::cancel, known}, {});
    }
}

void chaotic_client::send_credit(native_peer& peer)
{
    for (auto& [known, each] : open_) {
        if (each.code != operation::consume || each.is_cancelled)
            continue;
        native::fixed_fields more;
        more.add(std::uint32_t{5});
        each.may_take += 5;
        return peer.send({operation::credit, known}, more.view());
    }
}

/// A put that nobody has answered, again.
void chaotic_client::repeat(native_peer& peer)
{
    request what = std::move(unanswered_.back());
    unanswered_.pop_back();
    ++into_.counts.repeated_puts;
    what.is_repeated = true;
    what.is_cancelled = false;
    native::fixed_fields fields;
    fields.add(handles_[what.queue]).add(std::uint32_t{2000}).add(*what.id);
    const bool is_batch = what.code == operation::put_many;
    const bytes body = body_of(fields.view(), is_batch ? batch_of(what.items) : opcodes_of(what.items.front()));
    const auto count = static_cast<std::uint16_t>(is_batch ? what.items.size() : 0);
    send(peer, std::move(what), count, body, native::has_put_id);
}

void chaotic_client::repeat_all()
{
    native_peer peer{port_};
    handles_ = {peer.open(queue_names[0]), peer.open(queue_names[1])};
    open_.clear();
    while (!unanswered_.empty())
        repeat(peer);
    while (!open_.empty()) {
        const auto reply = peer.receive(20s);
        if (!reply)
            throw stress_failure{"a put that was repeated is never answered"};
        on_reply(*reply);
    }
}

// ---- what it is answered ---------------------------------------------------------------------------------------------------

void chaotic_client::on_reply(const native_peer::reply& reply)
{
    const auto found = open_.find(reply.id);
    if (found == open_.end())
        throw stress_failure{"a second reply, or one that nobody has asked for"};
    request& what = found->second;
    if (reply.code == operation::refused)
        throw stress_failure{"refused: " + std::string{as_chars(reply.body)}};
    if (reply.code == operation::cancelled && !what.is_cancelled)
        throw stress_failure{"cancelled by nobody"};
    if (reply.code == operation::item)
        take(what, item_from(reply.body));
    else if (reply.code == operation::items)
        for (const std::int64_t each : items_from(reply))
            take(what, each);
    if (what.code == operation::consume && reply.code == operation::items)
        return;
    if (what.code == operation::put_back)
        on_put_back(what, reply);
    if (what.code == operation::put || what.code == operation::put_many)
        on_put(what, reply);
    open_.erase(found);
}

void chaotic_client::on_put_back(const request& what, const native_peer::reply& reply)
{
    if (reply.code != operation::done || reply.count != what.items.size())
        throw stress_failure{"a put_back is answered by something else"};
    into_.counts.put_back += reply.count;
    into_.back.insert(into_.back.end(), what.items.begin(), what.items.end());
}

void chaotic_client::on_put(const request& what, const native_peer::reply& reply)
{
    const std::size_t in = what.code == operation::put ? (reply.code == operation::done ? 1U : 0U) : reply.count;
    if (in > what.items.size())
        throw stress_failure{"more is in than was put"};
    for (std::size_t i = 0; i < what.items.size(); ++i) {
        put_state& known = into_.put[number_of(what.items[i]) - 1];
        if (i < in)
            known = put_state::done;
        else if (!what.is_repeated)
            known = put_state::refused;
    }
}

void chaotic_client::take(request& what, std::int64_t item)
{
    if (what.may_take == 0)
        throw stress_failure{"more items than were asked for"};
    --what.may_take;
    into_.received.push_back(item);
    held_[what.queue].push_back(item);
}

// ---- what all of them must have seen ---------------------------------------------------------------------------------------

/// What the server counts, of both queues together.
struct server_counts {
    std::uint64_t puts = 0;
    std::uint64_t gets = 0;
};

/// Looks at the queues, and empties them. Thread safety: none.
class witness {
public:
    explicit witness(std::uint16_t port) : peer_{port}, handles_{peer_.open(queue_names[0]), peer_.open(queue_names[1])} {}

    [[nodiscard]] server_counts counts()
    {
        server_counts all;
        for (const std::uint32_t each : handles_) {
            native::fixed_fields fields;
            fields.add(each);
            const auto reply = ask({operation::inform, 2}, fields.view());
            if (reply.code != operation::item)
                throw stress_failure{"a queue says nothing of itself"};
            const value known = codec::payload{codec::item::make(reply.body, {.protocol_min = 4})}.to_value();
            if (known.find("waiting_getters")->to_uint64() != 0U || known.find("waiting_putters")->to_uint64() != 0U)
                throw stress_failure{"somebody waits on a queue whose clients have gone"};
            all.puts += known.find("puts_total")->to_uint64().value();
            all.gets += known.find("gets_total")->to_uint64().value();
        }
        return all;
    }
    [[nodiscard]] std::vector<std::int64_t> empty_queues()
    {
        std::vector<std::int64_t> left;
        for (const std::uint32_t each : handles_) {
            native::fixed_fields fields;
            fields.add(each).add(std::uint32_t{0}).add(std::uint32_t{1} << 20U);
            for (;;) {
                const auto reply = ask({operation::get_many, 2, 1000}, fields.view());
                if (reply.code != operation::items)
                    break;
                for (const std::int64_t item : items_from(reply))
                    left.push_back(item);
            }
        }
        return left;
    }

private:
    native_peer::reply ask(const native::frame_head& head, bytes_view body)
    {
        peer_.send(head, body);
        auto reply = peer_.receive(20s);
        if (!reply)
            throw stress_failure{"a request is never answered"};
        return std::move(*reply);
    }

    native_peer peer_;
    std::array<std::uint32_t, queue_names.size()> handles_;
};

/// Where each item is, by the client that has put it and the number that it gave it.
class whereabouts {
public:
    explicit whereabouts(const std::deque<life>& lives) : lives_{lives}, known_(lives.size())
    {
        for (std::size_t i = 0; i < lives.size(); ++i)
            known_[i].resize(lives[i].put.size());
        for (const life& each : lives) {
            add(each.received, 1);
            add(each.back, -1);
            for (const std::int64_t item : each.maybe_back)
                ++at(item).maybe_back;
        }
    }
    void add(const std::vector<std::int64_t>& items, int times)
    {
        for (const std::int64_t each : items)
            at(each).there += times;
    }
    /// How many items there are. Throws stress_failure for one that is there too often.
    [[nodiscard]] std::uint64_t present() const
    {
        std::uint64_t all = 0;
        for (std::size_t client = 0; client < known_.size(); ++client)
            for (std::size_t i = 0; i < known_[client].size(); ++i) {
                const item_count& found = known_[client][i];
                if (found.there > 0 && lives_[client].put[i] == put_state::refused)
                    throw stress_failure{"an item that was refused is there"};
                if (found.there > 1 + found.maybe_back)
                    throw stress_failure{"item " + std::to_string(i + 1) + " of " + std::to_string(client + 1) + " is there " +
                                         std::to_string(found.there) + " times"};
                all += found.there > 0 ? 1U : 0U;
            }
        return all;
    }

private:
    struct item_count {
        std::int32_t there = 0;
        std::int32_t maybe_back = 0;
    };

    [[nodiscard]] item_count& at(std::int64_t item)
    {
        const std::uint64_t client = producer_of(item) - 1;
        if (client >= known_.size() || number_of(item) - 1 >= known_[client].size())
            throw stress_failure{"an item that nobody has put is there"};
        return known_[client][number_of(item) - 1];
    }

    const std::deque<life>& lives_;
    std::vector<std::vector<item_count>> known_;
};

/// Adds up what all of them know, with what is `left` in the queues, and compares.
chaos_statistics check_lives(const std::deque<life>& lives, const std::vector<std::int64_t>& left, const server_counts& counted)
{
    whereabouts places{lives};
    places.add(left, 1);
    const std::uint64_t present = places.present();
    chaos_statistics total;
    std::uint64_t unheard = 0;
    for (const life& each : lives) {
        total += each.counts;
        total.items += static_cast<std::uint64_t>(std::count(each.put.begin(), each.put.end(), put_state::done));
        unheard += static_cast<std::uint64_t>(std::count(each.put.begin(), each.put.end(), put_state::unheard));
    }
    if (counted.puts < total.items || counted.puts > total.items + unheard)
        throw stress_failure{"the server has let in " + std::to_string(counted.puts) + " items, its clients know of " +
                             std::to_string(total.items) + " and of " + std::to_string(unheard) + " maybe"};
    if (counted.gets != counted.puts)
        throw stress_failure{"the queues are empty, but the server has handed out " + std::to_string(counted.gets) + " items of " +
                             std::to_string(counted.puts)};
    if (present > counted.puts)
        throw stress_failure{"more items are there than were let in"};
    total.lost = counted.puts - present;
    if (total.lost > total.lost_at_most)
        throw stress_failure{std::to_string(total.lost) + " items are lost, of which " + std::to_string(total.lost_at_most) +
                             " at most were on their way to clients that died"};
    return total;
}

}  // namespace

chaos_statistics run_chaos(const address& server, const chaos_options& options, const std::function<bool()>& is_broken_off,
                           const std::function<void()>& wait_for_the_dead)
{
    const server_counts before = witness{server.port()}.counts();
    std::atomic<bool> is_over{false};
    std::deque<life> lives(options.clients);
    {
        crowd clients;
        for (std::size_t i = 0; i < lives.size(); ++i)
            clients.add([&, i] { chaotic_client{server.port(), i + 1, options, is_over, lives[i]}.run(); });
        const auto end = clock_type::now() + options.duration;
        while (clock_type::now() < end && !clients.has_failed() && !is_broken_off())
            std::this_thread::sleep_for(5ms);
        is_over = true;
        clients.join();
    }
    wait_for_the_dead();
    witness looking{server.port()};
    const std::vector<std::int64_t> left = looking.empty_queues();
    const server_counts after = looking.counts();
    return check_lives(lives, left, {after.puts - before.puts, after.gets - before.gets});
}

}  // namespace quaymaster::testing
