// Random histories of a lock, two conditions that stand on it and a handful of clients, played to the referents and to a model
// that knows nothing of hand-overs: it lets everybody stand in line and then gives the lock away until nothing moves any more.
#include "core_testing.hpp"

#include "core/condition_referent.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <random>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr std::size_t client_count = 6;
constexpr std::size_t condition_count = 2;
constexpr std::size_t no_condition = condition_count;

// What a call has come to, as text: "True", "None", "RuntimeError", ...
using answer = std::string;
const answer waiting = "(waits)";

answer answer_of(const outcome& seen)
{
    if (is_parked(seen))
        return waiting;
    if (const auto* const error = std::get_if<raised>(&seen))
        return error->type == exception_type::runtime_error ? "RuntimeError" : "?";
    return std::get<returned>(seen).result.to_value().repr();
}

class model {
public:
    model(lock_kind kind, bool is_ownable) : kind_{kind}, is_ownable_{is_ownable} {}

    answer acquire(std::size_t client, bool waits)
    {
        if (kind_ == lock_kind::reentrant && holder_ == client) {
            ++levels;
            return "True";
        }
        return stand_in_line({client, 1, "True", no_condition}, waits);
    }
    answer release(std::size_t client)
    {
        if (!owns(client))
            return "RuntimeError";
        if (--levels == 0)
            set_free();
        settle();
        return "None";
    }
    answer wait(std::size_t client, std::size_t condition, bool waits)
    {
        if (!owns(client))
            return "RuntimeError";
        const std::int64_t saved = levels;
        set_free();
        settle();
        if (!waits)
            return stand_in_line({client, saved, "False", no_condition}, true);
        sleepers[condition].push_back({client, saved, "True", condition});
        return waiting;
    }
    answer notify(std::size_t client, std::size_t condition, std::size_t count)
    {
        if (!owns(client))
            return "RuntimeError";
        while (count-- > 0)
            wake(condition);
        return "None";
    }
    answer expire(std::size_t client)
    {
        for (auto& asleep : sleepers) {
            const auto found = std::find_if(asleep.begin(), asleep.end(), is{client});
            if (found == asleep.end())
                continue;
            const std::int64_t saved = found->levels;
            asleep.erase(found);
            return stand_in_line({client, saved, "False", no_condition}, true);
        }
        const auto found = std::find_if(line_.begin(), line_.end(), is{client});
        if (!found->is_acquire)
            return waiting;
        line_.erase(found);
        return "False";
    }
    void withdraw(std::size_t client)
    {
        std::size_t notified = no_condition;
        for (auto& asleep : sleepers)
            std::erase_if(asleep, is{client});
        if (const auto found = std::find_if(line_.begin(), line_.end(), is{client}); found != line_.end()) {
            notified = found->condition;
            line_.erase(found);
        }
        if (std::exchange(told[client], std::nullopt)) {
            notified = notified_[client];
            if (holder_ == client)
                set_free();
        }
        if (notified != no_condition)
            wake(notified);
        settle();
    }
    void abandon(std::size_t client)
    {
        if (is_ownable_ && holder_ == client)
            set_free();
        settle();
    }
    answer tell(std::size_t client) { return *std::exchange(told[client], std::nullopt); }

    struct place {
        std::size_t client;
        std::int64_t levels;
        answer result;
        std::size_t condition;  // that has notified it
        bool is_acquire = condition == no_condition && result == "True";
    };
    std::int64_t levels = 0;
    std::array<std::deque<place>, condition_count> sleepers;
    std::array<std::optional<answer>, client_count> told;  // what their clients have not been told yet

private:
    struct is {
        std::size_t client;
        bool operator()(const place& each) const { return each.client == client; }
    };
    [[nodiscard]] bool owns(std::size_t client) const { return levels > 0 && (kind_ == lock_kind::plain || holder_ == client); }
    void set_free()
    {
        levels = 0;
        holder_.reset();
    }
    answer stand_in_line(place wanted, bool waits)
    {
        const std::size_t client = wanted.client;
        line_.push_back(std::move(wanted));
        settle();
        if (told[client])
            return tell(client);
        if (waits)
            return waiting;
        line_.pop_back();
        return "False";
    }
    void wake(std::size_t condition)
    {
        if (sleepers[condition].empty())
            return;
        line_.push_back(sleepers[condition].front());
        sleepers[condition].pop_front();
    }
    void settle()
    {
        while (levels == 0 && !line_.empty()) {
            const place next = line_.front();
            line_.pop_front();
            holder_ = next.client;
            levels = next.levels;
            told[next.client] = next.result;
            notified_[next.client] = next.condition;
        }
    }

    lock_kind kind_;
    bool is_ownable_;
    std::optional<std::size_t> holder_;
    std::deque<place> line_;
    std::array<std::size_t, client_count> notified_{};
};

// One client of the referents. It may end, and another take its place.
struct client {
    std::shared_ptr<waiter> place = std::make_shared<waiter>();
    completions* served;

    answer call(referent& object, std::string_view method, const arguments& given = {}) const
    {
        core::call request = make_call(method, given);
        return answer_of(object.invoke(request, *place, *served));
    }
    answer expire() const { return answer_of(place->place()->expire(*place, *served)); }
    void withdraw() const { place->place()->withdraw(*place, *served); }
};

void play(lock_kind kind, bool release_at_session_end, std::mt19937::result_type seed)
{
    std::mt19937 random{seed};
    const auto below = [&random](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    const auto lock = std::make_shared<lock_referent>(kind, release_at_session_end);
    std::array<condition_referent, condition_count> conditions{condition_referent{lock}, condition_referent{lock}};
    const std::array<referent*, 3> locks{lock.get(), &conditions[0], &conditions[1]};
    model expected{kind, kind == lock_kind::reentrant || release_at_session_end};
    completions served;
    std::array<client, client_count> clients;
    for (client& each : clients)
        each.served = &served;
    std::array<bool, client_count> was_served{};

    // One action of one client, in both worlds.
    for (int step = 0; step < 250; ++step) {
        const std::size_t who = below(client_count);
        client& acting = clients[who];
        CAPTURE(step, who);
        if (acting.place->current_state() == waiter::state::fulfilled) {
            if (below(4) == 0) {
                expected.withdraw(who);
                acting.withdraw();
            } else {
                REQUIRE(answer_of(acting.place->take_outcome()) == expected.tell(who));
            }
        } else if (acting.place->current_state() == waiter::state::parked) {
            if (below(8) == 0) {
                expected.withdraw(who);
                acting.withdraw();
            } else if (below(3) == 0 && acting.place->deadline() != never) {
                REQUIRE(acting.expire() == expected.expire(who));
                if (acting.place->current_state() == waiter::state::parked)
                    REQUIRE(acting.place->deadline() == never);
            }
        } else {
            const bool waits = below(3) > 0;
            const std::size_t which = below(condition_count);
            const std::size_t action = below(100);
            if (action < 35) {
                const arguments given = waits ? arguments{true, 5} : arguments{false};
                REQUIRE(acting.call(*locks[below(3)], "acquire", given) == expected.acquire(who, waits));
            } else if (action < 60) {
                REQUIRE(acting.call(*locks[below(3)], "release") == expected.release(who));
            } else if (action < 80) {
                const arguments given = waits ? arguments{below(2) == 0 ? value{5} : value{}} : arguments{0};
                REQUIRE(acting.call(conditions[which], "wait", given) == expected.wait(who, which, waits));
            } else if (action < 90) {
                const std::size_t count = below(3);
                REQUIRE(acting.call(conditions[which], "notify", {static_cast<std::int64_t>(count)}) ==
                        expected.notify(who, which, count));
            } else if (action < 95) {
                REQUIRE(acting.call(conditions[which], "notify_all") == expected.notify(who, which, client_count));
            } else {
                expected.abandon(who);
                for (referent* const each : locks)
                    each->abandon(*acting.place, served);
            }
        }
        REQUIRE(lock->lock().levels() == expected.levels);
        for (std::size_t i = 0; i < condition_count; ++i)
            REQUIRE(conditions[i].text() ==
                    "<Condition(" + lock->text() + ", " + std::to_string(expected.sleepers[i].size()) + ")>");
        for (std::size_t i = 0; i < client_count; ++i) {
            const waiter& place = *clients[i].place;
            const bool is_served = place.current_state() == waiter::state::fulfilled;
            const answer untold = is_served ? answer_of(place.peek_outcome()) : waiting;
            if (untold != expected.told[i].value_or(waiting))
                FAIL("client " << i << " got " << untold << ", should have " << expected.told[i].value_or(waiting));
            // Whoever came to be served by this action is announced by it, once.
            const auto announced = std::count(served.begin(), served.end(), clients[i].place);
            if (announced != (is_served && !was_served[i] ? 1 : 0))
                FAIL("client " << i << " was announced " << announced << " times");
            was_served[i] = is_served;
        }
        served.clear();
    }
    for (const client& each : clients) {
        if (each.place->current_state() != waiter::state::idle)
            each.withdraw();
    }
}

}  // namespace

TEST_CASE("locks and conditions do what a simple model of threading's does", "[core][lock][condition]")
{
    struct lock_case {
        lock_kind kind;
        bool release_at_session_end;
    };
    for (const lock_case each :
         {lock_case{lock_kind::plain, false}, lock_case{lock_kind::plain, true}, lock_case{lock_kind::reentrant, false}}) {
        for (std::mt19937::result_type round = 0; round < 60; ++round) {
            const auto seed = Catch::rngSeed() + round;  // --rng-seed time: other histories
            CAPTURE(each.kind == lock_kind::reentrant, each.release_at_session_end, seed);
            play(each.kind, each.release_at_session_end, seed);
        }
    }
}
