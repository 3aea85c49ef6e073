#include "core/selection.hpp"

#include "codec/item_pair.hpp"

#include <cassert>
#include <utility>

namespace quaymaster::core {

bool selection::getter::accepts(const outcome& offered) noexcept
{
    return std::holds_alternative<returned>(offered) ? home_.decide() : home_.close_one();
}

selection::selection(object_access& others, std::span<const choice> choices, waiter& caller)
    : others_{others}, caller_{caller.shared_from_this()}, open_{choices.size()}
{
    for (const choice& each : choices)
        getters_.emplace_back(*this, each);
}

outcome selection::begin(time_point deadline, completions& fulfilled)
{
    caller_->park(*this, 0, deadline);
    bool is_ours = false;
    try {
        // Once a queue we stand in has served the caller, it is being told, and this outcome must be `parked`.
        for (auto each = getters_.begin(); each != getters_.end() && !decided_; ++each) {
            const outcome got = take_or_stand(*each, is_ours, fulfilled);
            if (!is_ours)
                continue;
            (void)stand_nowhere();
            caller_->reset();
            return numbered(others_, each->chosen, got, fulfilled);
        }
    } catch (...) {
        if (is_ours || decide()) {
            (void)stand_nowhere();
            caller_->reset();
            throw;
        }
    }
    return parked{shared_from_this()};
}

/// `is_ours`: that decided, and the outcome is the caller's.
outcome selection::take_or_stand(getter& each, bool& is_ours, completions& fulfilled)
{
    return others_.inside(*each.chosen.queue, [&]() -> outcome {
        shared_queue& queue = each.chosen.queue->queue();
        if (queue.empty() && !queue.is_shut_down())
            return queue.get(never, each, fulfilled);
        is_ours = queue.empty() ? close_one() : decide();
        return is_ours ? queue.get({}, each, fulfilled) : parked{};
    });
}

outcome selection::invoke(call& request, waiter&, completions&)
{
    return raised{exception_type::attribute_error, std::string{request.method}};
}

outcome selection::expire(waiter& late, completions&)
{
    assert(late.current_state() == waiter::state::parked && late.place() == this);
    if (!decide())
        return parked{};
    (void)stand_nowhere();
    late.reset();
    return raised{exception_type::queue_empty, {}};
}

void selection::withdraw(waiter& gone, completions& fulfilled)
{
    assert(gone.current_state() == waiter::state::parked && gone.place() == this);
    // Whoever has won is in its queue's guard or has left it, so that its outcome is there when we come by.
    (void)decide();
    getter* const served = stand_nowhere();
    gone.reset();
    if (served != nullptr)
        others_.inside(*served->chosen.queue, [&] { served->chosen.queue->queue().withdraw(*served, fulfilled); });
}

outcome selection::collect(waiter& served)
{
    assert(decided_ && served.place() == this);
    const getter* const winner = stand_nowhere();
    assert(winner != nullptr);
    // A copy shares the item: if memory runs out, it is still there to be given back.
    outcome answer = numbered(winner->chosen.index, winner->peek_outcome());
    served.reset();
    return answer;
}

std::string selection::text() const
{
    return "<quaymaster selection of " + std::to_string(getters_.size()) + " queues>";
}

// Takes the getters out of the lines in which they still are. Returns the one that was served, or null; its outcome is the
// caller's thread's from here on. Precondition: decided.
selection::getter* selection::stand_nowhere()
{
    getter* winner = nullptr;
    completions nobody;  // is served when one goes who waits in vain
    for (getter& each : getters_) {
        others_.inside(*each.chosen.queue, [&] {
            if (each.current_state() == waiter::state::parked)
                each.chosen.queue->queue().withdraw(each, nobody);
            else if (each.current_state() == waiter::state::fulfilled)
                winner = &each;
        });
    }
    return winner;
}

outcome numbered(std::size_t index, const outcome& got)
{
    const auto* const taken = std::get_if<returned>(&got);
    if (taken == nullptr)
        return got;
    return returned{codec::pair_item(static_cast<std::uint16_t>(index), taken->result.to_item())};
}

outcome numbered(object_access& others, const choice& from, const outcome& got, completions& fulfilled)
{
    try {
        return numbered(from.index, got);
    } catch (...) {
        if (const auto* const taken = std::get_if<returned>(&got))
            others.inside(*from.queue, [&] { from.queue->queue().give_back(codec::payload{taken->result}, fulfilled); });
        throw;
    }
}

}  // namespace quaymaster::core
