// barrier_referent: Barrier under the method names of Python's threading module.
#pragma once

#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/waiter_line.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

/// threading.Barrier as BarrierProxy sees it: wait(timeout=None), reset(), abort(), and __getattribute__(name) for `parties`,
/// `n_waiting` and `broken`. The last of `parties` callers releases all; each is told its place in the order of arrival, from
/// 0 to parties - 1, each of them once. A timeout breaks the barrier for all. Whoever is released, or told that the barrier is
/// broken, has left it at that moment: threading.py's states "draining" and "resetting", in which newcomers wait until the
/// others have run, do not exist here, and abort() or reset() no longer reach those who have been released.
/// A caller that leaves while it waits no longer counts: what becomes of a thread in which an exception ends wait() in CPython.
/// The others go on waiting, and a worker that is started again takes the place of the one that died. (Would a stock server
/// notice, that is what it would do; it does not, and counts the dead as arrived.)
class barrier_referent final : public referent {
public:
    /// `timeout` in seconds is the one of every wait() without its own; nullopt is without limit. It is not for wait() to find
    /// it beyond bounds: see fresh_barrier(). Precondition: `parties` > 0.
    explicit barrier_referent(std::int64_t parties, std::optional<double> timeout = std::nullopt) noexcept;

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// Breaks the barrier: broken_barrier for `late` and for all others that wait.
    outcome expire(waiter& late, completions& fulfilled) override;
    void withdraw(waiter& gone, completions& fulfilled) override;
    /// "<threading.Barrier: waiters=1/3>", "<threading.Barrier: broken>".
    [[nodiscard]] std::string text() const override;

private:
    struct methods;

    outcome abort(invocation& called);
    outcome get_attribute(invocation& called);
    outcome reset(invocation& called);
    outcome wait(invocation& called);

    /// How many wait. Fewer than parties_, or they would not.
    [[nodiscard]] std::int64_t waiting() const noexcept { return static_cast<std::int64_t>(line_.size()); }
    void break_up(completions& fulfilled);

    const std::int64_t parties_;
    const std::optional<double> timeout_;
    bool is_broken_ = false;
    waiter_line line_;  // empty while broken
};

/// `Barrier(parties, action=None, timeout=None)` of SyncManager: each create() makes a new one. value_error unless parties > 0
/// (as from CPython 3.13 on), type_error for one that is no int. An action is a type_error: this server runs no Python; one
/// that is false, such as 0, is none, as in threading.py. A timeout is checked here and not, as in threading.py, by wait():
/// type_error for what is no number, overflow_error beyond threading.TIMEOUT_MAX. `limits` is for decoding the action.
[[nodiscard]] factory fresh_barrier(const codec::pickle_limits& limits = {});

}  // namespace quaymaster::core
