#include "stress.hpp"

#include "native_peer.hpp"

#include "../net/client_testing.hpp"

#include <quaymaster/base_manager.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/queue_proxy.hpp>
#include <quaymaster/server.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

namespace quaymaster::testing {

namespace native = wire::native;
using native::operation;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

std::ostream& operator<<(std::ostream& out, const stress_statistics& found)
{
    return out << found.ordered_items << " items in order, " << found.chaotic_items
               << " among clients that die: " << found.disconnections << " have died, with " << found.lost_with_clients
               << " items of " << found.lost_at_most << " at most, " << found.repeated_puts << " puts repeated, "
               << found.cancels << " cancels, " << found.put_back << " items given back; " << found.waits
               << " waits measured, the latest " << found.latest.count() << " us late, the machine "
               << found.machine_latest.count() << " us";
}

namespace {

constexpr std::uint32_t no_limit = native::no_limit;

/// Items are numbers: who has put it, and its how manieth it is.
std::int64_t item_of(std::uint64_t producer, std::uint64_t number)
{
    return static_cast<std::int64_t>(producer << 32U | number);
}
std::uint64_t producer_of(std::int64_t item)
{
    return static_cast<std::uint64_t>(item) >> 32U;
}
std::uint64_t number_of(std::int64_t item)
{
    return static_cast<std::uint64_t>(item) & 0xffff'ffffU;
}
bytes opcodes_of(std::int64_t item)
{
    return to_bytes(codec::payload{value{item}}.to_item().opcodes());
}
std::int64_t item_from(bytes_view opcodes)
{
    const auto known = codec::payload{codec::item::make(opcodes, {.protocol_min = 4})}.to_value().to_int64();
    if (!known)
        throw stress_failure{"an item that nobody has put"};
    return *known;
}
bytes batch_of(const std::vector<std::int64_t>& items)
{
    bytes body;
    for (const std::int64_t each : items) {
        const bytes opcodes = opcodes_of(each);
        for (unsigned i = 0; i < 4; ++i)
            body.push_back(static_cast<std::byte>(opcodes.size() >> (8 * i)));
        body.insert(body.end(), opcodes.begin(), opcodes.end());
    }
    return body;
}
std::vector<std::int64_t> items_from(const native_peer::reply& reply)
{
    std::vector<std::int64_t> items;
    native::body_reader body{reply.body};
    for (std::size_t i = 0; i < reply.count; ++i)
        items.push_back(item_from(body.sized_octets()));
    return items;
}

/// Threads, of which the first that fails is heard of.
class crowd {
public:
    ~crowd() { join_all(); }
    void add(auto&& act)
    {
        threads_.emplace_back([this, act = std::forward<decltype(act)>(act)]() mutable {
            try {
                act();
            } catch (...) {
                const std::lock_guard lock{mutex_};
                if (failure_ == nullptr)
                    failure_ = std::current_exception();
                has_failed_ = true;
            }
        });
    }
    [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
    void join()
    {
        join_all();
        if (failure_ != nullptr)
            std::rethrow_exception(failure_);
    }

private:
    void join_all()
    {
        for (std::thread& each : threads_)
            if (each.joinable())
                each.join();
    }

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::exception_ptr failure_;
    std::atomic<bool> has_failed_{false};
};

/// How late a thread is that does nothing but sleep: what the machine has to do with it.
class control_timer {
public:
    control_timer() : thread_{[this] { run(); }} {}
    ~control_timer()
    {
        is_over_ = true;
        thread_.join();
    }
    /// The latest that it was since `begin`.
    [[nodiscard]] clock_type::duration latest_since(clock_type::time_point begin)
    {
        const std::lock_guard lock{mutex_};
        clock_type::duration latest = clock_type::now() - due_;  // it may be late right now
        for (auto it = lates_.rbegin(); it != lates_.rend() && it->first >= begin; ++it)
            latest = std::max(latest, it->second);
        return latest;
    }

private:
    void run()
    {
        while (!is_over_) {
            clock_type::time_point due = clock_type::now() + 1ms;
            {
                const std::lock_guard lock{mutex_};
                due_ = due;
            }
            std::this_thread::sleep_until(due);
            const auto now = clock_type::now();
            if (now - due < 2ms)
                continue;
            const std::lock_guard lock{mutex_};
            lates_.emplace_back(now, now - due);
        }
    }

    std::mutex mutex_;
    std::vector<std::pair<clock_type::time_point, clock_type::duration>> lates_;
    clock_type::time_point due_ = clock_type::now() + 1ms;
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

// ---- those whose order is checked -------------------------------------------------------------------------------------------

struct stress_manager : base_manager {
    using base_manager::base_manager;
    auto queue(const std::string& typeid_name) { return create<queue_proxy<std::int64_t>>(typeid_name); }
};

manager_options client_of(client_dialect dialect)
{
    manager_options options;
    options.client.dialect = dialect;
    options.client.call_deadline = 60s;
    return options;
}

/// What one consumer has been handed out.
struct consumption {
    std::map<std::uint64_t, std::uint64_t> latest;  // number, by producer
    std::vector<std::int64_t> items;

    void take(std::int64_t item)
    {
        std::uint64_t& known = latest[producer_of(item)];
        if (number_of(item) <= known)
            throw stress_failure{"item " + std::to_string(number_of(item)) + " of producer " +
                                 std::to_string(producer_of(item)) + " came after " + std::to_string(known)};
        known = number_of(item);
        items.push_back(item);
    }
};

/// One queue with producers and consumers of every kind.
class ordered_queue {
public:
    ordered_queue(const address& server, std::string typeid_name, std::uint64_t seed, std::size_t scale)
        : server_{server}, typeid_name_{std::move(typeid_name)}, seed_{seed}
    {
        constexpr std::size_t producer_kinds = 3;
        for (std::size_t i = 0; i < producer_kinds * scale; ++i)
            producers_.add([this, i] { produce(i + 1, i % producer_kinds); });
        constexpr std::size_t consumer_kinds = 5;
        consumptions_.resize(consumer_kinds * scale);
        for (std::size_t i = 0; i < consumptions_.size(); ++i)
            consumers_.add([this, i] { consume(consumptions_[i], i % consumer_kinds); });
    }
    ordered_queue(const ordered_queue&) = delete;
    ordered_queue& operator=(const ordered_queue&) = delete;
    ~ordered_queue()
    {
        is_over_ = true;
        try {
            shut_down();  // or those who wait would wait for ever, after a failure elsewhere
        } catch (const std::exception&) {
        }
    }
    /// All that was put arrives. Returns how many items that were.
    std::uint64_t end()
    {
        is_over_ = true;
        producers_.join();
        const auto limit = clock_type::now() + 60s;
        while (received_ < sent_) {
            if (consumers_.has_failed())
                break;
            if (clock_type::now() > limit) {
                shut_down();
                throw stress_failure{typeid_name_ + ": " + std::to_string(sent_ - received_) + " items have not arrived"};
            }
            std::this_thread::sleep_for(1ms);
        }
        shut_down();
        consumers_.join();
        std::vector<std::int64_t> all;
        for (const consumption& each : consumptions_)
            all.insert(all.end(), each.items.begin(), each.items.end());
        std::sort(all.begin(), all.end());
        if (std::adjacent_find(all.begin(), all.end()) != all.end())
            throw stress_failure{typeid_name_ + ": an item has arrived twice"};
        if (all.size() != sent_)
            throw stress_failure{typeid_name_ + ": more items have arrived than were put"};
        return all.size();
    }

private:
    void shut_down()
    {
        stress_manager manager{server_, "abc", client_of(client_dialect::native)};
        manager.connect();
        manager.queue(typeid_name_).shutdown();
    }
    void produce(std::uint64_t producer, std::size_t kind)
    {
        stress_manager manager{server_, "abc", client_of(kind == 2 ? client_dialect::python : client_dialect::native)};
        manager.connect();
        auto queue = manager.queue(typeid_name_);
        std::mt19937_64 random{seed_ * 1000 + producer};
        std::uint64_t number = 0;
        while (!is_over_) {
            if (sent_ - received_ > 20'000) {  // those who have no bound get one
                std::this_thread::sleep_for(1ms);
                continue;
            }
            if (kind != 1) {
                queue.put(item_of(producer, number + 1));
                ++number;
                ++sent_;
                continue;
            }
            std::vector<std::int64_t> batch;
            for (std::uint64_t i = 1 + random() % 200; i > 0; --i)
                batch.push_back(item_of(producer, ++number));
            // Counted before: some arrive before the call returns.
            sent_ += batch.size();
            if (queue.put_many(batch) != batch.size())
                throw stress_failure{"put_many() has not put all"};
        }
    }
    void consume(consumption& into, std::size_t kind)
    {
        stress_manager manager{server_, "abc", client_of(kind == 4 ? client_dialect::python : client_dialect::native)};
        manager.connect();
        auto queue = manager.queue(typeid_name_);
        const auto take = [&](std::int64_t item) {
            into.take(item);
            ++received_;
        };
        try {
            switch (kind) {
            case 0:
            case 4:
                for (;;)
                    take(queue.get());
            case 1:
                for (;;)
                    for (const std::int64_t each : queue.get_many(50))
                        take(each);
            case 2:
                for (const std::int64_t each : queue.consume(100))
                    take(each);
                return;
            default: consume_raw(take); return;
            }
        } catch (const queue_shut_down&) {
        } catch (const remote_error& error) {  // the Python dialect before 3.13 has no such exception
            if (kind != 4)
                throw;
        }
    }
    /// Many requests under way: what they are answered is in the order of the items only for one stream.
    void consume_raw(auto&& take)
    {
        native_peer peer{server_.port()};
        const std::uint32_t handle = peer.open(typeid_name_);
        native::fixed_fields fields;
        fields.add(handle).add(std::uint32_t{200});
        peer.send({operation::consume, 7}, fields.view());
        std::uint32_t used = 0;
        for (;;) {
            const auto reply = peer.receive(60s);
            if (!reply)
                throw stress_failure{"a consume is forgotten"};
            if (reply->code == operation::raised)
                return;
            if (reply->code != operation::items || reply->id != 7)
                throw stress_failure{"a consume is answered by something else"};
            for (const std::int64_t each : items_from(*reply))
                take(each);
            used += reply->count;
            if (used < 100)
                continue;
            native::fixed_fields more;
            more.add(std::exchange(used, 0));
            peer.send({operation::credit, 7}, more.view());
        }
    }

    const address server_;
    const std::string typeid_name_;
    const std::uint64_t seed_;
    std::atomic<bool> is_over_{false};
    std::atomic<std::uint64_t> sent_{0};
    std::atomic<std::uint64_t> received_{0};
    std::vector<consumption> consumptions_;
    crowd producers_;
    crowd consumers_;
};

// ---- those who die ----------------------------------------------------------------------------------------------------------

/// What is known of the items of one chaotic client and all of its lives.
struct life {
    std::map<std::int64_t, bool> put;        // true: it is in; false: it may be
    std::map<std::int64_t, int> received;    // less those that are known to be back
    std::map<std::int64_t, int> maybe_back;  // given back, and nobody has said that they are
    std::uint64_t lost_at_most = 0;
    stress_statistics counts;
};

class chaotic_client {
public:
    chaotic_client(std::uint16_t port, std::uint64_t number, std::uint64_t seed, const std::atomic<bool>& is_over, life& into)
        : port_{port}, number_{number}, random_{seed * 7919 + number}, is_over_{is_over}, into_{into}
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

    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

    void live()
    {
        native_peer peer{port_};
        handles_ = {peer.open("chaos"), peer.open("small_chaos")};
        open_.clear();
        held_.fill({});
        // At once: a queue does not remember an id for ever.
        while (!unanswered_.empty())
            repeat(peer, ++last_id_);
        const std::size_t steps = 20 + below(300);
        for (std::size_t step = 0; step < steps && !is_over_; ++step) {
            if (open_.size() < 30)
                act(peer);
            while (const auto reply = peer.receive(open_.size() < 30 ? 0ms : 5ms))
                on_reply(*reply);
        }
        if (is_over_ || below(3) == 0) {
            leave(peer);
            return;
        }
        ++into_.counts.disconnections;
        below(2) == 0 ? peer.abort() : peer.close();
        for (auto& [id, each] : open_) {
            into_.lost_at_most += each.may_take;
            if (each.code == operation::put_back)
                for (const std::int64_t item : each.items)
                    ++into_.maybe_back[item];
            else if (each.id)
                unanswered_.push_back(std::move(each));
        }
    }
    /// Cancels all, and hears of all.
    void leave(native_peer& peer)
    {
        for (const auto& [id, each] : open_)
            peer.send({operation::cancel, id}, {});
        for (auto& [id, each] : open_)
            each.is_cancelled = true;
        while (!open_.empty()) {
            const auto reply = peer.receive(20s);
            if (!reply)
                throw stress_failure{"a request that was cancelled is never answered"};
            on_reply(*reply);
        }
    }
    void act(native_peer& peer)
    {
        const std::size_t queue = below(2);
        const std::uint32_t timeout = below(3) == 0 ? 0 : static_cast<std::uint32_t>(below(40));
        const std::uint32_t id = ++last_id_;
        native::fixed_fields fields;
        fields.add(handles_[queue]);
        request what{.queue = queue};
        bytes body;
        std::uint16_t count = 0;
        std::uint8_t flags = 0;
        const auto with_fields = [&](bytes_view tail) {
            body = to_bytes(fields.view());
            body.insert(body.end(), tail.begin(), tail.end());
        };
        switch (below(9)) {
        case 0:
        case 1:
        case 2: {
            what.code = below(2) == 0 ? operation::put : operation::put_many;
            count = static_cast<std::uint16_t>(what.code == operation::put ? 1 : 1 + below(20));
            for (std::size_t i = 0; i < count; ++i) {
                what.items.push_back(item_of(number_, ++last_item_));
                into_.put[what.items.back()] = false;
            }
            fields.add(timeout);
            if (below(2) == 0) {
                what.id = native::put_id{random_(), 1};
                fields.add(*what.id);
                flags = native::has_put_id;
            }
            with_fields(what.code == operation::put ? opcodes_of(what.items.front()) : batch_of(what.items));
            if (what.code == operation::put)
                count = 0;
            break;
        }
        case 3:
            what.code = operation::get;
            what.may_take = 1;
            fields.add(below(4) == 0 ? no_limit : timeout);
            with_fields({});
            break;
        case 4:
            what.code = operation::get_many;
            count = static_cast<std::uint16_t>(1 + below(30));
            what.may_take = count;
            fields.add(timeout).add(std::uint32_t{100'000});
            with_fields({});
            break;
        case 5:
            what.code = operation::consume;
            what.may_take = below(20);
            fields.add(static_cast<std::uint32_t>(what.may_take));
            with_fields({});
            break;
        case 6: {
            auto& held = held_[queue];
            if (held.empty())
                return;
            what.code = operation::put_back;
            count = static_cast<std::uint16_t>(1 + below(std::min<std::size_t>(held.size(), 5)));
            what.items.assign(held.end() - count, held.end());
            held.resize(held.size() - count);
            with_fields(batch_of(what.items));
            break;
        }
        case 7:
            for (auto& [known, each] : open_) {
                if (each.is_cancelled || below(3) != 0)
                    continue;
                each.is_cancelled = true;
                ++into_.counts.cancels;
                return peer.send({operation::cancel, known}, {});
            }
            return;
        default:
            for (auto& [known, each] : open_) {
                if (each.code != operation::consume || each.is_cancelled)
                    continue;
                native::fixed_fields more;
                more.add(std::uint32_t{5});
                each.may_take += 5;
                return peer.send({operation::credit, known}, more.view());
            }
            return;
        }
        const native::frame_head head{what.code, id, count, flags};
        open_.emplace(id, std::move(what));
        peer.send(head, body);
    }
    void repeat(native_peer& peer, std::uint32_t id)
    {
        request what = std::move(unanswered_.back());
        unanswered_.pop_back();
        ++into_.counts.repeated_puts;
        what.is_repeated = true;
        what.is_cancelled = false;
        native::fixed_fields fields;
        fields.add(handles_[what.queue]).add(std::uint32_t{2000}).add(*what.id);
        bytes body = to_bytes(fields.view());
        const bytes tail = what.code == operation::put ? opcodes_of(what.items.front()) : batch_of(what.items);
        body.insert(body.end(), tail.begin(), tail.end());
        const auto count = static_cast<std::uint16_t>(what.code == operation::put ? 0 : what.items.size());
        const native::frame_head head{what.code, id, count, native::has_put_id};
        open_.emplace(id, std::move(what));
        peer.send(head, body);
    }
    void repeat_all()
    {
        native_peer peer{port_};
        handles_ = {peer.open("chaos"), peer.open("small_chaos")};
        open_.clear();
        while (!unanswered_.empty())
            repeat(peer, ++last_id_);
        while (!open_.empty()) {
            const auto reply = peer.receive(20s);
            if (!reply)
                throw stress_failure{"a put that was repeated is never answered"};
            on_reply(*reply);
        }
    }
    void on_reply(const native_peer::reply& reply)
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
        if (what.code == operation::put_back) {
            if (reply.code != operation::done || reply.count != what.items.size())
                throw stress_failure{"a put_back is answered by something else"};
            into_.counts.put_back += reply.count;
            for (const std::int64_t each : what.items)
                --into_.received[each];
        }
        if (what.code == operation::put || what.code == operation::put_many)
            on_put(what, reply);
        open_.erase(found);
    }
    void on_put(const request& what, const native_peer::reply& reply)
    {
        const std::size_t in = what.code == operation::put ? (reply.code == operation::done ? 1U : 0U) : reply.count;
        if (in > what.items.size())
            throw stress_failure{"more is in than was put"};
        for (std::size_t i = 0; i < what.items.size(); ++i) {
            if (i < in)
                into_.put[what.items[i]] = true;
            else if (!what.is_repeated)
                into_.put.erase(what.items[i]);  // it is not in
        }
    }
    void take(request& what, std::int64_t item)
    {
        if (what.may_take == 0)
            throw stress_failure{"more items than were asked for"};
        --what.may_take;
        ++into_.received[item];
        held_[what.queue].push_back(item);
    }

    const std::uint16_t port_;
    const std::uint64_t number_;
    std::mt19937_64 random_;
    const std::atomic<bool>& is_over_;
    life& into_;
    std::uint32_t last_id_ = 1;
    std::uint64_t last_item_ = 0;
    std::array<std::uint32_t, 2> handles_{};
    std::array<std::vector<std::int64_t>, 2> held_;
    std::map<std::uint32_t, request> open_;
    std::vector<request> unanswered_;
};

/// Adds up what all of them know, with what is left in the queues, and compares.
void check_lives(const address& server, const std::vector<life>& lives, stress_statistics& total)
{
    std::map<std::int64_t, bool> put;
    std::map<std::int64_t, int> there;
    std::map<std::int64_t, int> maybe_back;
    for (const life& each : lives) {
        put.insert(each.put.begin(), each.put.end());
        for (const auto& [item, count] : each.received)
            there[item] += count;
        for (const auto& [item, count] : each.maybe_back)
            maybe_back[item] += count;
        total.lost_at_most += each.lost_at_most;
        total.disconnections += each.counts.disconnections;
        total.repeated_puts += each.counts.repeated_puts;
        total.cancels += each.counts.cancels;
        total.put_back += each.counts.put_back;
    }
    stress_manager manager{server, "abc", client_of(client_dialect::native)};
    manager.connect();
    for (const char* const name : {"chaos", "small_chaos"}) {
        auto queue = manager.queue(name);
        try {
            for (;;)
                for (const std::int64_t each : queue.get_many(1000, 0ms))
                    ++there[each];
        } catch (const queue_empty&) {
        }
    }
    for (const auto& [item, count] : there) {
        if (count != 0 && !put.contains(item))
            throw stress_failure{"an item that was refused, or never put, is there"};
        if (count > 1 + maybe_back[item])
            throw stress_failure{"item " + std::to_string(number_of(item)) + " of " + std::to_string(producer_of(item)) +
                                 " is there " + std::to_string(count) + " times"};
    }
    for (const auto& [item, is_in] : put) {
        if (!is_in)
            continue;
        ++total.chaotic_items;
        if (there[item] < 1)
            ++total.lost_with_clients;
    }
    if (total.lost_with_clients > total.lost_at_most)
        throw stress_failure{std::to_string(total.lost_with_clients) + " items are lost, of which " +
                             std::to_string(total.lost_at_most) + " were on their way to clients that died"};
}

// ---- those who wait ---------------------------------------------------------------------------------------------------------

class patient_client {
public:
    patient_client(std::uint16_t port, std::uint64_t seed, const stress_options& options, control_timer& control,
                   const std::atomic<bool>& is_over)
        : port_{port}, random_{seed}, options_{options}, control_{control}, is_over_{is_over}
    {
    }
    /// Many waits at once, in an empty queue and in a full one, by the native dialect and by calls of the other.
    void run()
    {
        native_peer peer{port_};
        const std::uint32_t empty = peer.open("empty");
        const std::uint32_t full = peer.open("full");
        while (!is_over_ || !waits_.empty()) {
            while (!is_over_ && waits_.size() < 40)
                begin(peer, empty, full);
            const auto reply = peer.receive(20s);
            if (!reply)
                throw stress_failure{"a wait never ends"};
            end(*reply);
        }
    }
    std::uint64_t waits = 0;
    clock_type::duration latest{};
    clock_type::duration machine_latest{};

private:
    struct wait {
        clock_type::time_point begin;
        std::chrono::milliseconds timeout;
    };

    void begin(native_peer& peer, std::uint32_t empty, std::uint32_t full)
    {
        const std::uint32_t id = ++last_id_;
        const auto timeout = static_cast<std::uint32_t>(1 + random_() % 400);
        native::fixed_fields fields;
        native::frame_head head{operation::get, id};
        bytes body;
        switch (random_() % 3) {
        case 0: fields.add(empty).add(timeout); break;
        case 1:
            head.code = operation::put;
            fields.add(full).add(timeout);
            break;
        default:
            head = {operation::get_many, id, 5};
            fields.add(empty).add(timeout).add(std::uint32_t{1000});
            break;
        }
        body = to_bytes(fields.view());
        if (head.code == operation::put) {
            const bytes opcodes = opcodes_of(1);
            body.insert(body.end(), opcodes.begin(), opcodes.end());
        }
        waits_.emplace(id, wait{clock_type::now(), std::chrono::milliseconds{timeout}});
        peer.send(head, body);
    }
    void end(const native_peer::reply& reply)
    {
        const auto now = clock_type::now();
        const auto found = waits_.find(reply.id);
        if (found == waits_.end() || reply.code != operation::raised)
            throw stress_failure{"a wait for nothing is answered by something"};
        const auto [began, timeout] = found->second;
        waits_.erase(found);
        const auto late = now - (began + timeout);
        if (late < clock_type::duration::zero())
            throw stress_failure{"a wait of " + std::to_string(timeout.count()) + " ms ended too early"};
        ++waits;
        latest = std::max(latest, late);
        if (late <= options_.lateness_max)
            return;
        // Three threads have to be woken for it: the server's, maybe its other loops', and this one.
        const auto machine = control_.latest_since(began);
        machine_latest = std::max(machine_latest, machine);
        if (late > options_.lateness_max + 4 * machine)
            throw stress_failure{"a wait of " + std::to_string(timeout.count()) + " ms ended " +
                                 std::to_string(late / std::chrono::microseconds{1}) + " us late, a thread that sleeps only " +
                                 std::to_string(machine / std::chrono::microseconds{1})};
    }

    const std::uint16_t port_;
    std::mt19937_64 random_;
    const stress_options& options_;
    control_timer& control_;
    const std::atomic<bool>& is_over_;
    std::uint32_t last_id_ = 1;
    std::map<std::uint32_t, wait> waits_;
};

/// The same through a proxy, one wait at a time.
void wait_by_proxy(const address& server, client_dialect dialect, std::uint64_t seed, const stress_options& options,
                   control_timer& control, const std::atomic<bool>& is_over)
{
    stress_manager manager{server, "abc", client_of(dialect)};
    manager.connect();
    auto empty = manager.queue("empty");
    auto full = manager.queue("full");
    std::mt19937_64 random{seed};
    while (!is_over) {
        const std::chrono::milliseconds timeout{1 + random() % 100};
        const auto begin = clock_type::now();
        try {
            if (random() % 2 == 0)
                (void)empty.get(timeout);
            else
                full.put(1, timeout);
            throw stress_failure{"a wait for nothing got something"};
        } catch (const queue_empty&) {
        } catch (const queue_full&) {
        }
        const auto waited = clock_type::now() - begin;
        if (waited < timeout)
            throw stress_failure{"a call waited " + std::to_string(waited / std::chrono::microseconds{1}) + " us of " +
                                 std::to_string(timeout.count()) + " ms"};
        if (waited > timeout + options.lateness_max &&
            waited > timeout + options.lateness_max + 4 * control.latest_since(begin))
            throw stress_failure{"a call that may wait " + std::to_string(timeout.count()) + " ms waited " +
                                 std::to_string(waited / std::chrono::microseconds{1}) + " us"};
    }
}

}  // namespace

stress_statistics run_stress(const stress_options& options)
{
    server_options settings;
    settings.threads = options.server_threads;
    settings.outbox_size_max = 64 << 10;  // so that consumers meet it
    server served{{"127.0.0.1", 0}, "abc", settings};
    served.register_queue("ordered");
    served.register_queue("small_ordered", {.maxsize = 8});
    served.register_queue("chaos");
    served.register_queue("small_chaos", {.maxsize = 8});
    served.register_queue("empty");
    served.register_queue("full", {.maxsize = 1});
    served.start();
    const address where = served.bound_address();
    {
        stress_manager manager{where, "abc", client_of(client_dialect::native)};
        manager.connect();
        manager.queue("full").put(0);
    }

    stress_statistics total;
    std::atomic<bool> is_over{false};
    control_timer control;
    ordered_queue ordered{where, "ordered", options.seed, options.scale};
    ordered_queue small{where, "small_ordered", options.seed + 1, options.scale};
    std::vector<life> lives(4 * options.scale);
    crowd dying;
    for (std::size_t i = 0; i < lives.size(); ++i)
        dying.add([&, i] { chaotic_client{where.port(), i + 1, options.seed, is_over, lives[i]}.run(); });
    std::vector<patient_client> patients;
    for (std::size_t i = 0; i < 2 * options.scale; ++i)
        patients.emplace_back(where.port(), options.seed * 31 + i, options, control, is_over);
    crowd waiting;
    for (patient_client& each : patients)
        waiting.add([&each] { each.run(); });
    waiting.add([&] { wait_by_proxy(where, client_dialect::native, options.seed, options, control, is_over); });
    waiting.add([&] { wait_by_proxy(where, client_dialect::python, options.seed + 1, options, control, is_over); });

    const auto end = clock_type::now() + options.duration;
    while (clock_type::now() < end && !dying.has_failed() && !waiting.has_failed())
        std::this_thread::sleep_for(5ms);
    is_over = true;
    dying.join();
    waiting.join();
    total.ordered_items = ordered.end() + small.end();
    check_lives(where, lives, total);
    for (const patient_client& each : patients) {
        total.waits += each.waits;
        total.latest = std::max(total.latest, std::chrono::duration_cast<std::chrono::microseconds>(each.latest));
        total.machine_latest =
            std::max(total.machine_latest, std::chrono::duration_cast<std::chrono::microseconds>(each.machine_latest));
    }
    return total;
}

void run_killed_server(std::size_t threads, std::chrono::milliseconds before_it_is_killed)
{
    client_testing::server_process process;
    manager_options options = client_testing::short_limits();
    options.client.reconnect_deadline = 200ms;
    std::atomic<bool> is_killed{false};
    std::atomic<std::size_t> connected{0};
    std::vector<clock_type::time_point> ends(threads);
    crowd callers;
    for (std::size_t i = 0; i < threads; ++i)
        callers.add([&, i] {
            options.client.dialect == client_dialect::automatic ? void() : throw stress_failure{"an unexpected dialect"};
            client_testing::queue_manager manager{process.address(), "abc", options};
            manager.connect();
            auto queue = manager.queue<std::int64_t>();
            auto never_filled = manager.queue<std::int64_t>("get_result_queue");
            ++connected;
            std::size_t answers = 0;
            try {
                switch (i % 4) {
                case 0:
                    for (;; ++answers)
                        queue.put(static_cast<std::int64_t>(answers));
                case 1:
                    for (;; ++answers)
                        (void)queue.get();
                case 2:
                    for (;; ++answers)
                        (void)queue.put_many(std::vector<std::int64_t>(50, 1));
                default: (void)never_filled.get();
                }
                throw stress_failure{"a get of what nobody puts has got something"};
            } catch (const connection_lost& lost) {
                ends[i] = clock_type::now();
                if (!is_killed)
                    throw stress_failure{std::string{"the connection was lost before the server was killed: "} + lost.what()};
                // The one that waited was under way for certain; of others the next request may not have left.
                if (i % 4 == 3 && !lost.may_have_executed())
                    throw stress_failure{"a get that was under way is said not to have been executed"};
            }
            // What has not left cannot have been executed.
            try {
                queue.put(1);
                throw stress_failure{"a server that was killed answers"};
            } catch (const connection_lost& lost) {
                if (lost.may_have_executed())
                    throw stress_failure{"a put for which there was no connection is said to have been executed maybe"};
            }
        });
    while (connected < threads && !callers.has_failed())
        std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(before_it_is_killed);
    is_killed = true;
    process.kill();
    const auto killed = clock_type::now();
    callers.join();
    for (const auto& each : ends)
        if (each > killed + 5s)
            throw stress_failure{"a call ended long after the server was killed"};
}

}  // namespace quaymaster::testing
