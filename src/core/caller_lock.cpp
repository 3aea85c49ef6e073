#include "core/caller_lock.hpp"

#include <cassert>
#include <cstdlib>

namespace quaymaster::core {
namespace {

std::int64_t carried_levels(waiter& parked) noexcept
{
    return parked.carried().known()->to_int64().value_or(1);
}

// What a call gets when its turn comes.
std::int64_t levels_wanted_by(waiter& parked) noexcept
{
    return parked.line() == caller_lock::acquirers_line ? 1 : std::abs(carried_levels(parked));
}

}  // namespace

bool caller_lock::counts_as_owned_by(const waiter& caller) const noexcept
{
    return is_locked() && (kind_ == lock_kind::plain || holder_ == &caller.principal());
}

outcome caller_lock::acquire(wait_limit limit, referent& place, waiter& caller)
{
    if (try_take(caller, 1))
        return returned{value{true}};
    if (kind_ == lock_kind::reentrant && holder_ == &caller.principal()) {
        ++levels_;
        return returned{value{true}};
    }
    if (!limit)
        return returned{value{false}};
    caller.park(place, acquirers_line, *limit);
    line_.push_back(caller);
    return parked{};
}

outcome caller_lock::release(const waiter& caller, completions& fulfilled)
{
    if (!counts_as_owned_by(caller)) {
        return raised{exception_type::runtime_error,
                      kind_ == lock_kind::plain ? "release unlocked lock" : "cannot release un-acquired lock"};
    }
    if (levels_ > 1)
        --levels_;
    else
        pass_on(fulfilled);
    return returned{};
}

bool caller_lock::try_take(const waiter& caller, std::int64_t levels) noexcept
{
    if (is_locked())
        return false;
    holder_ = &caller.principal();
    taker_ = &caller;
    taken_levels_ = levels;
    levels_ = levels;
    return true;
}

void caller_lock::stand_in_line(waiter& parked, completions& fulfilled)
{
    assert(parked.line() != acquirers_line && carried_levels(parked) > 0);
    // The sign says that it is in line. waiter::line() cannot, nor may it be parked anew: whoever notifies is another caller,
    // and the deadline of a parked waiter is read by its own caller without our guard.
    parked.carried() = value{-carried_levels(parked)};
    line_.push_back(parked);
    if (!is_locked())
        pass_on(fulfilled);
}

bool caller_lock::is_in_line(waiter& parked) noexcept
{
    return parked.line() != sleepers_line || carried_levels(parked) < 0;
}

outcome caller_lock::expire(waiter& late) noexcept
{
    assert(late.current_state() == waiter::state::parked && late.line() == acquirers_line);
    line_.take_out(late);
    late.reset();
    return returned{value{false}};
}

void caller_lock::withdraw(waiter& gone, completions& fulfilled)
{
    assert(gone.current_state() != waiter::state::idle);
    if (gone.current_state() == waiter::state::parked) {
        line_.take_out(gone);
        gone.reset();
        return;
    }
    if (is_locked() && taker_ == &gone) {
        if (levels_ > taken_levels_)  // its owner has acquired it again by another call
            levels_ -= taken_levels_;
        else
            pass_on(fulfilled);
    }
    static_cast<void>(gone.take_outcome());
}

void caller_lock::abandon(const waiter& owner, completions& fulfilled)
{
    if (is_locked() && holder_ == &owner.principal())
        pass_on(fulfilled);
}

// The lock has become free: the first in line has it from now on, if there is anybody.
void caller_lock::pass_on(completions& fulfilled)
{
    if (line_.empty()) {
        levels_ = 0;
        holder_ = nullptr;
        taker_ = nullptr;
        return;
    }
    waiter& next = line_.front();
    const std::int64_t levels = levels_wanted_by(next);
    line_.serve_first(returned{value{next.line() != latecomers_line}}, fulfilled);
    levels_ = levels;
    holder_ = &next.principal();
    taker_ = &next;
    taken_levels_ = levels;
}

}  // namespace quaymaster::core
