// lock_referent: Lock and RLock under the method names of Python's threading module.
#pragma once

#include "core/caller_lock.hpp"
#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"

#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

/// threading.Lock or threading.RLock as AcquirerProxy sees it: acquire(blocking=True, timeout=-1), release(), and locked(),
/// which proxies of Python 3.14 call. All behaviour is in caller_lock. Arguments and errors as in _threadmodule.c (see
/// read_lock_wait()).
/// An RLock belongs to the session that acquired it and is released, with all its levels, when that ends: nobody else could.
/// A Lock belongs to nobody, so it stays locked, as in CPython, unless `release_at_session_end`: then it is released when the
/// session ends that was the last to acquire it, if nobody has done so.
class lock_referent final : public referent {
public:
    /// `release_at_session_end` concerns a plain lock only.
    explicit lock_referent(lock_kind kind = lock_kind::plain, bool release_at_session_end = false) noexcept;

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    outcome expire(waiter& late, completions& fulfilled) override;
    void withdraw(waiter& gone, completions& fulfilled) override;
    /// "<unlocked _thread.lock object>", "<locked _thread.RLock object count=2>".
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] bool can_be_owned() const noexcept override;
    void abandon(const waiter& owner, completions& fulfilled) override;

    /// The lock itself, for a condition that stands on it.
    [[nodiscard]] caller_lock& lock() noexcept { return lock_; }
    [[nodiscard]] const caller_lock& lock() const noexcept { return lock_; }

private:
    struct methods;

    outcome acquire(invocation& called);
    outcome locked(invocation& called);
    outcome release(invocation& called);

    const bool release_at_session_end_;
    caller_lock lock_;
};

/// What acquire() of a lock takes, for conditions, which have the method from their lock.
inline constexpr std::array<parameter, 2> lock_acquire_parameters{{{"blocking", false}, {"timeout", false}}};

/// `Lock()` of SyncManager: each create() makes a new one.
[[nodiscard]] factory fresh_lock(bool release_at_session_end = false);
/// `RLock()`. Arguments are ignored, as CPython does up to 3.13.
[[nodiscard]] factory fresh_rlock();

}  // namespace quaymaster::core
