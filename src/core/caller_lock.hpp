// caller_lock: Lock and RLock themselves. Who holds one, who waits for it, who gets it next; no method names and no pickles.
#pragma once

#include "core/referent.hpp"
#include "core/wait_limit.hpp"
#include "core/waiter.hpp"
#include "core/waiter_line.hpp"

#include <cstdint>

namespace quaymaster::core {

/// `plain` is threading.Lock, which anybody may release; `reentrant` is threading.RLock, which its owner may acquire again.
enum class lock_kind : std::uint8_t { plain, reentrant };

/// A lock with waiting as data: a call that must wait parks its caller's waiter in the one line of the lock, whichever object
/// it called (the lock or a condition that stands on it), and a release hands the lock to the first in line, so that nobody
/// who comes later gets between. Hence at any time: while somebody waits, the lock is held.
/// An owner is known by the principal of its calls' waiters, which lives as long as it does. A call that found the lock held by
/// another waits for its own turn, even if another call of the same owner comes first and gets the lock.
/// Thread safety: none of its own. Lifetime: destroy only when nobody is parked.
class caller_lock {
public:
    /// waiter::line() of those who wait for the lock, now or later: why they do, which decides what they are told.
    enum line_number : std::uint8_t {
        acquirers_line,
        sleepers_line,    // of a condition: here once notified
        latecomers_line,  // of a condition: timed out
    };

    explicit caller_lock(lock_kind kind) noexcept : kind_{kind} {}

    [[nodiscard]] lock_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_locked() const noexcept { return levels_ != 0; }
    /// How many times the holder has acquired it; 0 when it is unlocked.
    [[nodiscard]] std::int64_t levels() const noexcept { return levels_; }
    /// What threading.Condition means by having acquired its lock: of a plain one it asks only whether it is locked.
    [[nodiscard]] bool counts_as_owned_by(const waiter& caller) const noexcept;

    /// Returns True, with the lock held once more by `caller`; False if `limit` allows no waiting; or parks `caller` in
    /// `place`, the object that it called.
    outcome acquire(wait_limit limit, referent& place, waiter& caller);
    /// Releases one level. runtime_error if there is nothing that `caller` may release.
    outcome release(const waiter& caller, completions& fulfilled);

    // ---- for conditions ----

    /// Releases all levels. Precondition: locked.
    void release_all(completions& fulfilled) { pass_on(fulfilled); }
    /// Gives the lock to `caller` if nobody has it. False: somebody has.
    [[nodiscard]] bool try_take(const waiter& caller, std::int64_t levels) noexcept;
    /// Puts a parked sleeper or latecomer in line, who carries the levels that it is to get back (a positive int). When it
    /// gets the lock the call that it blocks in returns True (a sleeper) or False (a latecomer).
    void stand_in_line(waiter& parked, completions& fulfilled);
    /// False for a parked sleeper that has not been notified.
    [[nodiscard]] static bool is_in_line(waiter& parked) noexcept;

    // ---- for whoever parks waiters here ----

    /// As referent::expire(), for one parked by acquire(): False.
    outcome expire(waiter& late) noexcept;
    /// As referent::withdraw(). One that was given the lock and never told gives back the levels that it was given, unless
    /// somebody has released the lock meanwhile.
    void withdraw(waiter& gone, completions& fulfilled);
    /// Releases all levels if a call of the principal of `owner` was the last to acquire it and nobody has released it since.
    void abandon(const waiter& owner, completions& fulfilled);

private:
    void pass_on(completions& fulfilled);

    const lock_kind kind_;
    std::int64_t levels_ = 0;
    // Compared, never followed: a plain lock may outlast the one who acquired it.
    const waiter* holder_ = nullptr;  // the principal
    const waiter* taker_ = nullptr;   // the call by which the holder came to hold it
    std::int64_t taken_levels_ = 0;   // that it was given then
    waiter_line line_;
};

}  // namespace quaymaster::core
