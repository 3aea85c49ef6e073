#include "net/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <chrono>
#include <limits>

namespace quaymaster::net {
namespace {

constexpr core::time_point::duration tick_length = std::chrono::milliseconds{1};

}  // namespace

// A clock that is before its epoch is at it, as far as we are concerned.
timer_wheel::tick timer_wheel::tick_at_or_before(core::time_point time) noexcept
{
    return static_cast<tick>(std::max(time.time_since_epoch() / tick_length, core::time_point::rep{0}));
}

timer_wheel::tick timer_wheel::tick_at_or_after(core::time_point time) noexcept
{
    const bool is_between = time.time_since_epoch() % tick_length > core::time_point::duration{0};
    return tick_at_or_before(time) + (is_between ? 1 : 0);
}

core::time_point timer_wheel::time_of(tick time) noexcept
{
    constexpr auto latest = static_cast<tick>(core::time_point::max().time_since_epoch() / tick_length);
    if (time > latest)
        return core::time_point::max();
    return core::time_point{static_cast<core::time_point::rep>(time) * tick_length};
}

core::time_point timer_wheel::rounded(core::time_point due) noexcept
{
    return time_of(tick_at_or_after(due));
}

core::time_point timer_wheel::next() const noexcept
{
    return empty() ? core::never : time_of(first_place().begins);
}

void timer_wheel::add(entry& added, core::time_point due) noexcept
{
    assert(!added.hook_.is_linked() && due != core::never);
    added.due_ = due;
    put_in_place(added);
}

void timer_wheel::remove(entry& removed) noexcept
{
    if (!removed.hook_.is_linked())
        return;
    const unsigned level = removed.slot_ / slots_per_level;
    const unsigned index = removed.slot_ % slots_per_level;
    slot& home = slots_[level][index];
    home.erase(home.iterator_to(removed));
    removed.due_ = core::never;
    if (home.empty())
        note_empty(level, index);
}

timer_wheel::entry* timer_wheel::take_due(core::time_point now) noexcept
{
    const tick target = tick_at_or_before(now);
    while (!empty()) {
        const place first = first_place();
        if (first.begins > target)
            break;
        present_ = first.begins;
        slot& home = slots_[first.level][first.index];
        if (first.level == 0) {
            entry& due = home.front();
            remove(due);
            return &due;
        }
        slot moved;
        moved.swap(home);
        note_empty(first.level, first.index);
        while (!moved.empty()) {
            entry& each = moved.front();
            moved.pop_front();
            put_in_place(each);
        }
    }
    present_ = std::max(present_, target);
    return nullptr;
}

void timer_wheel::clear() noexcept
{
    for (auto& level : slots_)
        for (slot& each : level)
            each.clear_and_dispose([](entry* removed) { removed->due_ = core::never; });
    slots_in_use_ = {};
    levels_in_use_ = 0;
}

// All that is in a level comes after the present and before all that is in the next level: it differs from the present in the
// bits of its level and below.
timer_wheel::place timer_wheel::first_place() const noexcept
{
    const auto level = static_cast<unsigned>(std::countr_zero(levels_in_use_));
    const auto index = static_cast<unsigned>(std::countr_zero(slots_in_use_[level]));
    const unsigned shift = slot_bits * level;
    const tick above = present_ >> shift >> slot_bits << slot_bits;
    return {level, index, (above | index) << shift};
}

// What is overdue is due at present.
void timer_wheel::put_in_place(entry& placed) noexcept
{
    const tick due = std::max(tick_at_or_after(placed.due_), present_);
    const auto highest_difference = static_cast<unsigned>(std::bit_width((due ^ present_) | 1U)) - 1;
    const unsigned level = highest_difference / slot_bits;
    assert(level < level_count);
    const auto index = static_cast<unsigned>(due >> (slot_bits * level)) % slots_per_level;
    placed.slot_ = static_cast<std::uint16_t>(level * slots_per_level + index);
    slots_[level][index].push_back(placed);
    slots_in_use_[level] |= std::uint64_t{1} << index;
    levels_in_use_ |= 1U << level;
}

void timer_wheel::note_empty(unsigned level, unsigned index) noexcept
{
    slots_in_use_[level] &= ~(std::uint64_t{1} << index);
    if (slots_in_use_[level] == 0)
        levels_in_use_ &= ~(1U << level);
}

}  // namespace quaymaster::net
