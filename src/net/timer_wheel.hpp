// timer_wheel: what is due when, at a cost that does not depend on how much waits. No clock and no timer.
#pragma once

#include "core/call.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace quaymaster::net {

/// A hierarchical timing wheel (Varghese and Lauck) with ticks of 1 ms. Level 0 has a slot for each of the ticks to come that
/// differ from the present one in their last 6 bits only, level 1 a slot for each 64 ticks of those that differ in the next 6
/// bits, and so on; when the present comes to a slot of a higher level, its entries go to lower ones. The levels are enough for
/// all that a time_point can say.
/// Adding and removing take constant time; an entry that stays until it is due is moved level by level on its way, at most 7
/// times. An entry is never due early, and up to 1 ms late: deadlines are rounded up to ticks, and come in the order of these.
/// Memory: 8 KiB; none for an entry beside itself.
/// Thread safety: none of its own. Lifetime: an entry outlives its stay.
class timer_wheel {
public:
    class entry {
    public:
        /// The time that was asked for; core::never when it is in no wheel.
        [[nodiscard]] core::time_point due() const noexcept { return due_; }

    protected:
        entry() = default;
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;
        ~entry() = default;

    private:
        friend class timer_wheel;
        boost::intrusive::list_member_hook<> hook_;
        core::time_point due_ = core::never;
        std::uint16_t slot_ = 0;  // 64 * level + slot
    };

    timer_wheel() = default;
    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;
    ~timer_wheel() { clear(); }

    [[nodiscard]] bool empty() const noexcept { return levels_in_use_ == 0; }
    /// When that tick comes in which what is due at `due` is taken: `due`, rounded up.
    [[nodiscard]] static core::time_point rounded(core::time_point due) noexcept;
    /// A time at or before the first tick in which something is due; near it, if that is near. core::never if there is nothing.
    [[nodiscard]] core::time_point next() const noexcept;

    /// Precondition: `added` is in no wheel and `due` is not core::never.
    void add(entry& added, core::time_point due) noexcept;
    /// Does nothing if it is in no wheel.
    void remove(entry& removed) noexcept;
    /// Takes out one that is due at `now`; null if none is. Call until then; between calls the wheel may be changed in any way.
    [[nodiscard]] entry* take_due(core::time_point now) noexcept;
    void clear() noexcept;

private:
    using tick = std::uint64_t;  // of the clock of core::time_point, from its epoch
    using slot =
        boost::intrusive::list<entry, boost::intrusive::member_hook<entry, boost::intrusive::list_member_hook<>, &entry::hook_>,
                               boost::intrusive::constant_time_size<false>>;

    static constexpr unsigned slot_bits = 6;
    static constexpr unsigned slots_per_level = 1U << slot_bits;
    static constexpr unsigned level_count = 8;

    [[nodiscard]] static tick tick_at_or_after(core::time_point time) noexcept;
    [[nodiscard]] static tick tick_at_or_before(core::time_point time) noexcept;
    [[nodiscard]] static core::time_point time_of(tick time) noexcept;

    /// The first slot that is in use, and where it begins. Precondition: not empty().
    struct place {
        unsigned level;
        unsigned index;
        tick begins;
    };
    [[nodiscard]] place first_place() const noexcept;

    void put_in_place(entry& placed) noexcept;
    void note_empty(unsigned level, unsigned index) noexcept;

    tick present_ = 0;                                       // no entry is before it
    unsigned levels_in_use_ = 0;                             // bit i: slots_in_use_[i] is not 0
    std::array<std::uint64_t, level_count> slots_in_use_{};  // bit j of i: slots_[i][j] is not empty
    std::array<std::array<slot, slots_per_level>, level_count> slots_;
};

}  // namespace quaymaster::net
