// Random histories of a queue and a handful of clients, played to shared_queue and to a model that knows nothing of
// hand-overs: it lets everybody stand in line and then moves items until nothing moves any more.
#include "core_testing.hpp"

#include "core/queue.hpp"
#include "core/queue_referent.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr std::size_t client_count = 7;

// What a call has come to, as text: "5", "None", "Empty", ...
using answer = std::string;
const answer waiting = "(waits)";

std::string name_of(exception_type type)
{
    switch (type) {
    case exception_type::queue_empty: return "Empty";
    case exception_type::queue_full: return "Full";
    case exception_type::queue_shut_down: return "ShutDown";
    case exception_type::value_error: return "ValueError";
    default: return "?";
    }
}

answer answer_of(const outcome& seen)
{
    if (is_parked(seen))
        return waiting;
    if (const auto* const error = std::get_if<raised>(&seen))
        return name_of(error->type);
    return std::get<returned>(seen).result.to_value().repr();
}

class model {
public:
    model(queue_kind kind, std::size_t maxsize) : kind_{kind}, maxsize_{maxsize} {}

    answer put(std::size_t client, int item, bool waits, std::optional<put_id> id)
    {
        if (is_let_in(id))
            return "None";
        if (is_shut_down_)
            return "ShutDown";
        putters_.push_back({client, item, id});
        return stand_in_line(client, waits, "Full");
    }
    answer get(std::size_t client, bool waits)
    {
        if (is_shut_down_ && items_.empty())
            return "ShutDown";
        getters_.push_back(client);
        return stand_in_line(client, waits, "Empty");
    }
    // Items are of one size: at most `octets_max` of them, as it were.
    std::vector<int> take_ready(std::size_t items_max, std::size_t octets_max)
    {
        std::vector<int> taken;
        while (!items_.empty() && taken.size() < items_max && (taken.empty() || taken.size() < octets_max)) {
            taken.push_back(take_next());
            settle();
        }
        gets_total += taken.size();
        return taken;
    }
    void put_back(std::vector<int> returned)
    {
        gets_total -= returned.size();
        if (drops_) {
            unfinished -= std::min(unfinished, returned.size());
            return settle();
        }
        // One by one to those who wait, and only then the rest into the queue.
        while (!returned.empty() && !getters_.empty()) {
            items_.push_back(returned.front());
            returned.erase(returned.begin());
            settle();
        }
        if (kind_ == queue_kind::fifo)
            items_.insert(items_.begin(), returned.begin(), returned.end());
        else
            items_.insert(items_.end(), returned.rbegin(), returned.rend());
    }
    answer join(std::size_t client)
    {
        joiners_.push_back(client);
        return stand_in_line(client, true, {});
    }
    answer task_done()
    {
        if (unfinished == 0)
            return "ValueError";
        --unfinished;
        settle();
        return "None";
    }
    answer shutdown(bool immediate)
    {
        is_shut_down_ = true;
        if (immediate) {
            drops_ = true;
            unfinished -= std::min(unfinished, items_.size());
            items_.clear();
        }
        for (const std::size_t client : getters_)
            told[client] = "ShutDown";
        for (const putter& each : putters_)
            told[each.client] = is_let_in(each.id) ? "None" : "ShutDown";
        getters_.clear();
        putters_.clear();
        settle();
        return "None";
    }
    answer expire(std::size_t client)
    {
        const bool is_getter = std::count(getters_.begin(), getters_.end(), client) > 0;
        const bool was_let_in = std::any_of(putters_.begin(), putters_.end(),
                                            [&](const putter& each) { return each.client == client && is_let_in(each.id); });
        forget(client);
        if (was_let_in)
            return "None";
        return is_getter ? "Empty" : "Full";
    }
    void withdraw(std::size_t client)
    {
        forget(client);
        told[client].reset();
        if (const auto item = std::exchange(taken_[client], std::nullopt)) {
            --gets_total;
            if (drops_)
                unfinished -= std::min<std::size_t>(unfinished, 1);
            else if (kind_ == queue_kind::fifo)
                items_.push_front(*item);
            else
                items_.push_back(*item);
        }
        settle();
    }
    answer tell(std::size_t client)
    {
        taken_[client].reset();
        return *std::exchange(told[client], std::nullopt);
    }
    [[nodiscard]] bool is_joining(std::size_t client) const
    {
        return std::count(joiners_.begin(), joiners_.end(), client) > 0;
    }

    [[nodiscard]] std::size_t qsize() const { return items_.size(); }
    std::size_t unfinished = 0;
    std::size_t gets_total = 0;
    std::array<std::optional<answer>, client_count> told;  // what their clients have not been told yet

private:
    struct putter {
        std::size_t client;
        int item;
        std::optional<put_id> id;
    };

    answer stand_in_line(std::size_t client, bool waits, const answer& otherwise)
    {
        settle();
        if (told[client])
            return tell(client);
        if (waits)
            return waiting;
        forget(client);
        return otherwise;
    }
    void settle()
    {
        for (bool moved = true; moved;) {
            moved = false;
            if (!getters_.empty() && !items_.empty()) {
                const int item = take_next();
                const std::size_t client = getters_.front();
                told[client] = std::to_string(item);
                taken_[client] = item;
                ++gets_total;
                getters_.pop_front();
                moved = true;
            } else if (!putters_.empty() && (maxsize_ == 0 || items_.size() < maxsize_)) {
                const putter first = putters_.front();
                putters_.pop_front();
                if (!is_let_in(first.id)) {
                    items_.push_back(first.item);
                    ++unfinished;
                    if (first.id)
                        let_in_.insert(*first.id);
                }
                told[first.client] = "None";
                moved = true;
            }
        }
        if (unfinished > 0)
            return;
        for (const std::size_t client : joiners_)
            told[client] = "None";
        joiners_.clear();
    }
    void forget(std::size_t client)
    {
        std::erase(getters_, client);
        std::erase(joiners_, client);
        std::erase_if(putters_, [&](const putter& each) { return each.client == client; });
    }
    int take_next()
    {
        const auto next = kind_ == queue_kind::fifo   ? items_.begin()
                          : kind_ == queue_kind::lifo ? items_.end() - 1
                                                      : std::min_element(items_.begin(), items_.end());
        const int taken = *next;
        items_.erase(next);
        return taken;
    }
    [[nodiscard]] bool is_let_in(const std::optional<put_id>& id) const { return id && let_in_.contains(*id); }

    queue_kind kind_;
    std::size_t maxsize_;
    bool is_shut_down_ = false;
    bool drops_ = false;
    std::deque<int> items_;
    std::deque<std::size_t> getters_;
    std::deque<putter> putters_;
    std::deque<std::size_t> joiners_;
    std::set<put_id> let_in_;
    std::array<std::optional<int>, client_count> taken_;
};

void play(queue_kind kind, std::size_t maxsize, std::mt19937::result_type seed)
{
    std::mt19937 random{seed};
    const auto below = [&random](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    queue_referent object{"q", kind, static_cast<std::int64_t>(maxsize)};
    shared_queue& queue = object.queue();
    model expected{kind, maxsize};
    std::array<std::shared_ptr<waiter>, client_count> clients;
    for (auto& client : clients)
        client = std::make_shared<waiter>();
    completions served;
    std::array<bool, client_count> was_served{};

    // Items differ, or equal ones would make a priority queue's order a matter of the heap's shape.
    const std::size_t item_size = codec::payload{value{0}}.to_item().size();
    std::vector<codec::item> taken;  // by take_ready(), and not put back
    const auto put_back = [&](std::size_t first, std::size_t count) {
        const auto returned = std::span{taken}.subspan(first, count);
        std::vector<int> numbers;
        for (const codec::item& each : returned)
            numbers.push_back(static_cast<int>(codec::payload{each}.to_value().to_int64().value()));
        queue.put_back(returned, served);
        expected.put_back(numbers);
        REQUIRE(std::none_of(returned.begin(), returned.end(), [](const codec::item& each) { return bool{each}; }));
        taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(first),
                    taken.begin() + static_cast<std::ptrdiff_t>(first + count));
    };
    std::vector<int> items(200);
    for (std::size_t i = 0; i < items.size(); ++i)
        items[i] = static_cast<int>(i);
    std::shuffle(items.begin(), items.end(), random);

    // One action of one client, in both worlds.
    for (const int item : items) {
        const std::size_t who = below(client_count);
        waiter& client = *clients[who];
        CAPTURE(item, who);
        if (client.current_state() == waiter::state::fulfilled) {
            if (below(3) == 0) {
                expected.withdraw(who);
                queue.withdraw(client, served);
            } else {
                REQUIRE(answer_of(client.take_outcome()) == expected.tell(who));
            }
        } else if (client.current_state() == waiter::state::parked) {
            if (below(4) == 0) {
                expected.withdraw(who);
                queue.withdraw(client, served);
            } else if (below(3) == 0 && !expected.is_joining(who)) {
                REQUIRE(answer_of(queue.expire(client)) == expected.expire(who));
            }
        } else {
            const bool waits = below(3) > 0;
            const wait_limit limit = waits ? wait_limit{start + 1s} : std::nullopt;
            const std::size_t action = below(100);
            if (action < 42) {
                // Few enough ids that some come again.
                const auto id = below(2) == 0 ? std::optional<put_id>{{1, below(50)}} : std::nullopt;
                const outcome seen = queue.put(value{item}, limit, client, served, id ? &*id : nullptr, start);
                REQUIRE(answer_of(seen) == expected.put(who, item, waits, id));
            } else if (action < 48) {
                const std::size_t items_max = below(6);
                const std::size_t octets_max = below(6);
                const std::size_t before = taken.size();
                const std::size_t count = queue.take_ready(items_max, octets_max * item_size + below(item_size), taken, served);
                REQUIRE(taken.size() == before + count);
                std::vector<int> numbers;
                for (std::size_t i = before; i < taken.size(); ++i)
                    numbers.push_back(static_cast<int>(codec::payload{taken[i]}.to_value().to_int64().value()));
                REQUIRE(numbers == expected.take_ready(items_max, octets_max));
            } else if (action < 53) {
                const std::size_t first = below(taken.size() + 1);
                put_back(first, below(taken.size() - first + 1));
            } else if (action < 78)
                REQUIRE(answer_of(queue.get(limit, client, served)) == expected.get(who, waits));
            else if (action < 84)
                REQUIRE(answer_of(queue.join(client)) == expected.join(who));
            else if (action < 99)
                REQUIRE(answer_of(queue.task_done(served)) == expected.task_done());
            else {
                const bool immediate = below(2) == 0;
                REQUIRE(answer_of(queue.shutdown(immediate, served)) == expected.shutdown(immediate));
            }
        }
        REQUIRE(queue.qsize() == expected.qsize());
        REQUIRE(queue.statistics().unfinished == expected.unfinished);
        REQUIRE(queue.statistics().gets_total == expected.gets_total);
        for (std::size_t i = 0; i < client_count; ++i) {
            const bool is_served = clients[i]->current_state() == waiter::state::fulfilled;
            const answer untold = is_served ? answer_of(clients[i]->peek_outcome()) : waiting;
            if (untold != expected.told[i].value_or(waiting))
                FAIL("client " << i << " got " << untold << ", should have " << expected.told[i].value_or(waiting));
        }
        // Whoever came to be served by this action is announced by it, once.
        for (std::size_t i = 0; i < client_count; ++i) {
            const bool is_served = clients[i]->current_state() == waiter::state::fulfilled;
            const auto announced = std::count(served.begin(), served.end(), clients[i]);
            if (announced != (is_served && !was_served[i] ? 1 : 0))
                FAIL("client " << i << " was announced " << announced << " times");
            was_served[i] = is_served;
        }
        served.clear();
    }
    for (const auto& client : clients) {
        if (client->current_state() != waiter::state::idle)
            queue.withdraw(*client, served);
    }
}

}  // namespace

TEST_CASE("shared_queue does what a simple model of queue.Queue does", "[core][queue]")
{
    for (const queue_kind kind : {queue_kind::fifo, queue_kind::lifo, queue_kind::priority}) {
        for (const std::size_t maxsize : {0U, 1U, 3U}) {
            for (std::mt19937::result_type round = 0; round < 30; ++round) {
                const auto seed = Catch::rngSeed() + round;  // --rng-seed time: other histories
                CAPTURE(to_string(kind), maxsize, seed);
                play(kind, maxsize, seed);
            }
        }
    }
}
