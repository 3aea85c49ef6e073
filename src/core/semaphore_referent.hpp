// semaphore_referent: Semaphore and BoundedSemaphore under the method names of Python's threading module.
#pragma once

#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/waiter_line.hpp"

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace quaymaster::core {

enum class semaphore_kind : std::uint8_t { unbounded, bounded };

/// threading.Semaphore or threading.BoundedSemaphore as AcquirerProxy sees it: acquire(blocking=True, timeout=None) and
/// release(n=1). A release hands its permits to the first in line, so that nobody who comes later gets between; hence at any
/// time: while somebody waits, the value is 0. As in threading.py, acquire() looks at its timeout only if it must wait.
/// Beyond threading.py's errors: overflow_error for a value beyond 63 bits; `n` and the initial value are ints.
/// Permits belong to nobody, so those of a session that ends are not given back, as in CPython, unless
/// `release_at_session_end`: then the semaphore keeps account of who holds how many, and gives back what the session still
/// holds. A release counts for the caller's own permits first, then for those of whoever has held some for longest.
class semaphore_referent final : public referent {
public:
    /// Precondition: `initial_value` >= 0.
    explicit semaphore_referent(std::int64_t initial_value = 1, semaphore_kind kind = semaphore_kind::unbounded,
                                bool release_at_session_end = false) noexcept;

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// False.
    outcome expire(waiter& late, completions& fulfilled) override;
    /// A permit that its caller was never told of goes to the next in line, or back.
    void withdraw(waiter& gone, completions& fulfilled) override;
    /// "<threading.Semaphore: value=1>", "<threading.BoundedSemaphore: value=0/1>".
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] bool can_be_owned() const noexcept override { return keeps_account_; }
    void abandon(const waiter& owner, completions& fulfilled) override;

    [[nodiscard]] std::int64_t current_value() const noexcept { return value_; }

private:
    struct methods;

    /// Who holds how many permits, those first who have held some for longest. A holder is the principal of its calls; they
    /// are compared, never followed.
    class account {
    public:
        void take(const waiter& holder);
        void give(const waiter& giver, std::int64_t count) noexcept;
        [[nodiscard]] std::int64_t held_by(const waiter& holder) const noexcept;

    private:
        struct holding {
            const waiter* holder;  // a principal
            std::int64_t permits;
        };
        using holdings = std::list<holding>;
        void reduce(holdings::iterator place, std::int64_t& count) noexcept;

        holdings oldest_first_;
        std::unordered_map<const waiter*, holdings::iterator> by_holder_;
    };

    outcome acquire(invocation& called);
    outcome release(invocation& called);

    void give_back(std::int64_t count, completions& fulfilled);

    const semaphore_kind kind_;
    const bool keeps_account_;
    const std::int64_t initial_value_;
    std::int64_t value_;
    waiter_line line_;
    account held_;  // empty unless keeps_account_
};

/// `Semaphore(value=1)` of SyncManager: each create() makes a new one. value_error for a negative value.
[[nodiscard]] factory fresh_semaphore(bool release_at_session_end = false);
/// `BoundedSemaphore(value=1)`, likewise.
[[nodiscard]] factory fresh_bounded_semaphore(bool release_at_session_end = false);

}  // namespace quaymaster::core
