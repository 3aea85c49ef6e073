// selection: one call that waits in the lines of several queues, for the first item of any.
#pragma once

#include "core/object_access.hpp"
#include "core/queue_referent.hpp"
#include "core/referent.hpp"
#include "core/waiter.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace quaymaster::core {

/// One of the queues of a get_any(), and where in its list it stands.
struct choice {
    std::size_t index;
    std::shared_ptr<queue_referent> queue;
};

/// What the caller of get_any() is parked in: a getter in each queue, of which at most one is ever served.
/// Whoever serves one of them must win `decided_` first, inside that queue's guard; a getter whose selection is decided refuses
/// what it is offered, so an item never leaves its queue for a caller that another queue serves. The end of the wait (its time is
/// up, its caller has left) must win, too, or comes too late. The outcome stays in the getter, under its queue's guard, until the
/// caller has been told and collects it; the caller's own waiter stays parked so long.
/// Thread safety: all members on the thread of the caller, without a guard; other threads are met in the queues' guards, one at a
/// time, and at the two atomics.
/// Lifetime: made by std::make_shared; keeps its queues and its caller alive until the wait is over, however it ends.
class selection final : public referent, public std::enable_shared_from_this<selection> {
public:
    /// `choices` not empty, each queue once.
    selection(object_access& others, std::span<const choice> choices, waiter& caller);

    /// Takes what any queue has by now, the earliest first, or parks `caller` until `deadline`. Call once.
    /// queue_shut_down if all are shut down and empty.
    outcome begin(time_point deadline, completions& fulfilled);

    /// It has no methods.
    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override { return {}; }
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// queue_empty; `parked` if a queue has served the caller meanwhile.
    outcome expire(waiter& late, completions& fulfilled) override;
    /// An item that the caller was served goes back to its queue, or to the next who waits there.
    void withdraw(waiter& gone, completions& fulfilled) override;
    [[nodiscard]] outcome collect(waiter& served) override;
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] const referent* guarded_with() const noexcept override { return nullptr; }

private:
    /// The caller's place in the line of one queue; guarded by that queue's guard once it is parked.
    class getter final : public waiter {
    public:
        getter(selection& home, choice place) noexcept : chosen{std::move(place)}, home_{home} {}

        [[nodiscard]] bool accepts(const outcome& offered) noexcept override;
        [[nodiscard]] std::shared_ptr<waiter> owner() override { return home_.caller_; }
        [[nodiscard]] waiter& principal() noexcept override { return home_.caller_->principal(); }

        const choice chosen;

    private:
        selection& home_;
    };

    outcome take_or_stand(getter& each, bool& is_ours, completions& fulfilled);
    [[nodiscard]] bool decide() noexcept { return !decided_.exchange(true); }
    /// One queue is shut down and empty: true if it was the last, and that decides.
    [[nodiscard]] bool close_one() noexcept { return open_.fetch_sub(1) == 1 && decide(); }
    [[nodiscard]] getter* stand_nowhere();

    object_access& others_;
    const std::shared_ptr<waiter> caller_;
    std::deque<getter> getters_;
    std::atomic<std::size_t> open_;
    std::atomic<bool> decided_{false};
};

/// The answer of get_any(): `got`, if it is an item, as the tuple (index, item). The item is copied, not decoded.
[[nodiscard]] outcome numbered(std::size_t index, const outcome& got);
/// The same for what has just been taken `from` a queue: if memory runs out it goes back there. Call with no guard held.
[[nodiscard]] outcome numbered(object_access& others, const choice& from, const outcome& got, completions& fulfilled);

}  // namespace quaymaster::core
