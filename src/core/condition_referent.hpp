// condition_referent: Condition under the method names of Python's threading module.
#pragma once

#include "core/lock_referent.hpp"
#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/waiter_line.hpp"

#include <quaymaster/value.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

/// threading.Condition as ConditionProxy sees it: acquire, release and locked of its lock, wait(timeout=None), notify(n=1),
/// notify_all() and its old name notifyAll(). (wait_for() is computed by the proxy, at the client.)
/// A wait() releases all levels of the lock and parks its caller as a sleeper. notify() moves the sleepers that have waited
/// longest to the end of the lock's line, and a sleeper whose time is up goes there by itself: whatever ends a wait(), its
/// caller has the lock back, all levels of it, before it is told. Hence expire() may leave the waiter parked, without a
/// deadline then. Served first come, first served, sleepers and lock each for itself.
/// A notification that a caller was never told of, because it left, goes to the next sleeper: CPython does not guarantee that
/// notify() wakes no more than `n`, but one that wakes nobody would let work lie.
/// Errors as in threading.py; notify() computes with `n` only if somebody sleeps. An RLock, which is the default, belongs to
/// its session as in lock_referent; over a plain Lock, as in threading.py, anybody may wait and notify while it is locked.
class condition_referent final : public referent {
public:
    /// Stands on an RLock of its own.
    condition_referent();
    /// Stands on `lock`, which others may call too. One guard must then cover both: see guarded_with().
    /// Precondition: not null.
    explicit condition_referent(std::shared_ptr<lock_referent> lock) noexcept;

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    outcome expire(waiter& late, completions& fulfilled) override;
    void withdraw(waiter& gone, completions& fulfilled) override;
    /// "<Condition(<unlocked _thread.RLock object count=0>, 0)>": the lock, and how many sleep.
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] bool can_be_owned() const noexcept override;
    void abandon(const waiter& owner, completions& fulfilled) override;

    /// Its lock, which calls of this object change.
    [[nodiscard]] const referent* guarded_with() const noexcept override { return lock_.get(); }
    /// What a caller may own by calling this object: its lock, which may outlive it.
    [[nodiscard]] std::shared_ptr<referent> owned_part() const noexcept override { return lock_; }

private:
    struct methods;

    outcome acquire(invocation& called);
    outcome locked(invocation& called);
    outcome notify(invocation& called);
    outcome notify_all(invocation& called);
    outcome release(invocation& called);
    outcome wait(invocation& called);

    void wake_first(completions& fulfilled);

    const std::shared_ptr<lock_referent> lock_;
    waiter_line sleepers_;
};

/// The object that the `lock` argument of Condition() means, such as a proxy kept inert; null for one that means none.
/// Called while the registry is guarded, so it may look there.
using lock_resolver = std::function<std::shared_ptr<referent>(const value& lock)>;

/// `Condition(lock=None)` of SyncManager: each create() makes a new one. Without a resolver a lock other than None is a
/// type_error; with one, anything that it does not resolve to a Lock or RLock is. `limits` is for decoding the argument.
[[nodiscard]] factory fresh_condition(lock_resolver resolve = {}, const codec::pickle_limits& limits = {});

}  // namespace quaymaster::core
