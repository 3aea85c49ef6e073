// What a queue allocates, and what it does when there is no memory.
#include "../allocations.hpp"
#include "core_testing.hpp"

#include "core/queue.hpp"
#include "core/queue_referent.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <new>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;
using quaymaster::testing::allocations;
using quaymaster::testing::allocations_left;
using quaymaster::testing::short_memory;
using quaymaster::testing::unlimited;

namespace {

constexpr wait_limit no_wait = std::nullopt;
constexpr std::size_t no_bound = std::numeric_limits<std::size_t>::max();

/// What a priority queue cannot tell apart without decoding it, so that this takes memory, too.
codec::item make_item(int number)
{
    return codec::payload{value::tuple({"the same, and longer than a key", number})}.to_item();
}

int number_of(const codec::payload& carried)
{
    return static_cast<int>(carried.to_value()[1].to_int64().value());
}

bool is_none(const outcome& seen)
{
    const auto* const result = std::get_if<returned>(&seen);
    return result != nullptr && !result->result.is_item();
}

class random_history {
public:
    random_history(queue_kind kind, std::int64_t maxsize, std::mt19937::result_type seed)
        : object_{"q", kind, maxsize}, random_{seed}
    {
        for (auto& client : clients_)
            client = std::make_shared<waiter>();
    }
    ~random_history()
    {
        for (const auto& client : clients_)
            if (client->current_state() != waiter::state::idle)
                queue_.withdraw(*client, served_);
    }

    /// Plays; what has been let in and not been handed out for good is in the queue at the end.
    void play()
    {
        for (int number = 0; number < 300; ++number)
            step(number);
        for (std::size_t who = 0; who < clients_.size(); ++who) {
            if (clients_[who]->current_state() == waiter::state::fulfilled)
                tell(who);
            if (clients_[who]->current_state() == waiter::state::parked)
                queue_.withdraw(*clients_[who], served_);
        }
        std::multiset<int> found;
        for (const codec::item& each : taken_)
            found.insert(number_of(each));
        std::vector<codec::item> rest;
        queue_.take_ready(no_bound, no_bound, rest, served_);
        for (const codec::item& each : rest)
            found.insert(number_of(each));
        REQUIRE(found == let_in_);
        REQUIRE(queue_.statistics().puts_total == puts_);
        REQUIRE(queue_.statistics().gets_total == puts_);
    }

    std::size_t failures = 0;

private:
    [[nodiscard]] std::size_t below(std::size_t bound)
    {
        return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random_);
    }

    void note_let_in(int number)
    {
        let_in_.insert(number);
        ++puts_;
    }
    // The outcome of a call of `who`, which is not `parked`.
    void note(std::size_t who, const outcome& seen)
    {
        const auto* const result = std::get_if<returned>(&seen);
        if (result == nullptr)
            return;
        if (const codec::item* const item = result->result.pickled())
            taken_.push_back(*item);
        else
            note_let_in(putting_[who]);
    }
    void tell(std::size_t who) { note(who, clients_[who]->take_outcome()); }

    void step(int number)
    {
        const std::size_t who = below(clients_.size());
        waiter& client = *clients_[who];
        const codec::item item = make_item(number);
        const std::size_t action = below(10);
        const wait_limit limit = below(2) == 0 ? wait_limit{never} : no_wait;
        const put_id id{1, static_cast<std::uint64_t>(number)};
        std::vector<codec::item> batch;
        completions told;
        const queue_statistics before = queue_.statistics();
        try {
            const short_memory scarce{below(2) == 0 ? unlimited : below(4)};
            if (client.current_state() == waiter::state::fulfilled) {
                if (action < 5) {
                    const bool was_putter = is_none(client.peek_outcome());
                    queue_.withdraw(client, told);
                    allocations_left = unlimited;
                    if (was_putter)
                        note_let_in(putting_[who]);  // told or not
                }
            } else if (client.current_state() == waiter::state::parked) {
                if (action < 2)
                    queue_.withdraw(client, told);
            } else if (action < 4) {
                putting_[who] = number;
                outcome seen = queue_.put(item, limit, client, told, action % 2 == 0 ? &id : nullptr, start);
                allocations_left = unlimited;
                note(who, seen);
            } else if (action < 6) {
                outcome seen = queue_.get(limit, client, told);
                allocations_left = unlimited;
                note(who, seen);
            } else if (action < 8) {
                queue_.take_ready(5, no_bound, batch, told);
            } else {
                const std::size_t count = below(taken_.size() + 1);
                queue_.put_back(std::span{taken_}.last(count), told);
            }
        } catch (const std::bad_alloc&) {
            ++failures;
            REQUIRE(batch.empty());
            const queue_statistics after = queue_.statistics();
            REQUIRE(after.puts_total == before.puts_total);
            REQUIRE(after.unfinished == before.unfinished);
        }
        if (client.current_state() == waiter::state::fulfilled && action >= 5)
            tell(who);
        taken_.insert(taken_.end(), batch.begin(), batch.end());
        // Back in the queue, or with those who waited.
        std::erase_if(taken_, [](const codec::item& each) { return !each; });
        for (const auto& each : told)
            REQUIRE(each->current_state() == waiter::state::fulfilled);
    }

    queue_referent object_;
    shared_queue& queue_ = object_.queue();
    std::mt19937 random_;
    std::array<std::shared_ptr<waiter>, 5> clients_;
    std::array<int, 5> putting_{};
    completions served_;
    std::vector<codec::item> taken_;
    std::multiset<int> let_in_;
    std::uint64_t puts_ = 0;
};

}  // namespace

TEST_CASE("no item is lost or doubled where memory runs out", "[core][queue]")
{
    std::size_t failures = 0;
    for (const queue_kind kind : {queue_kind::fifo, queue_kind::lifo, queue_kind::priority}) {
        for (const std::int64_t maxsize : {0, 1, 3}) {
            for (std::mt19937::result_type round = 0; round < 20; ++round) {
                const auto seed = Catch::rngSeed() + round;
                CAPTURE(to_string(kind), maxsize, seed);
                random_history history{kind, maxsize, seed};
                history.play();
                failures += history.failures;
            }
        }
    }
    CHECK(failures > 100);
}

TEST_CASE("a queue whose length stays much the same allocates nothing", "[core][queue]")
{
    queue_referent object;
    shared_queue& queue = object.queue();
    const auto place = std::make_shared<waiter>();
    completions served;
    const codec::item item = make_item(1);
    std::uint64_t number = 0;
    const auto put = [&] {
        const put_id id{1, number++};
        static_cast<void>(queue.put(item, no_wait, *place, served, &id, start));
    };
    // The ids are as many as are remembered.
    for (std::size_t i = 0; i <= put_id_limits{}.count_max; ++i) {
        put();
        if (i >= 100)
            static_cast<void>(queue.get(no_wait, *place, served));
    }
    std::vector<codec::item> batch;
    batch.reserve(64);
    int puts_at_once = 0;
    const std::size_t before = allocations;
    for (int i = 0; i < 10'000; ++i) {
        put();
        static_cast<void>(queue.put(item, no_wait, *place, served));
        static_cast<void>(queue.get(no_wait, *place, served));
        queue.take_ready(64, no_bound, batch, served);
        queue.put_back(std::span{batch}.subspan(1), served);
        batch.clear();
        codec::item other = queue.get_at_once();
        puts_at_once += queue.put_at_once(other) ? 1 : 0;
    }
    const std::size_t after = allocations;
    CHECK(after == before);
    CHECK(puts_at_once == 10'000);
    CHECK(queue.qsize() == 100);
}

#if !defined(__SANITIZE_ADDRESS__)  // with which each item has memory of its own
TEST_CASE("small items that come and go allocate nothing, and many of them little", "[core][queue]")
{
    queue_referent object;
    shared_queue& queue = object.queue();
    const bytes octets(66, std::byte{'x'});
    const auto put = [&](std::size_t count) {
        std::size_t in = 0;
        for (; in < count; ++in) {
            codec::item added = codec::item::make(octets, {});
            if (!queue.put_at_once(added))
                break;
        }
        return in;
    };
    const auto get = [&](std::size_t count) {
        std::size_t out = 0;
        while (out < count && queue.get_at_once())
            ++out;
        return out;
    };
    CHECK(put(1'000) == 1'000);
    CHECK(get(900) == 900);
    std::size_t passed = 0;
    const std::size_t before = allocations;
    for (int i = 0; i < 1'000; ++i) {
        passed += put(64);
        passed += get(64);
    }
    const std::size_t while_passing = allocations - before;
    CHECK(passed == 128'000);
    CHECK(while_passing == 0);
    const std::size_t before_growth = allocations;
    CHECK(put(100'000) == 100'000);
    CHECK(allocations - before_growth < 100'000 / 500);
    CHECK(get(200'000) == 100'100);
}
#endif
