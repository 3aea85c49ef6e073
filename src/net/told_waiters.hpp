// told_waiters: what a loop has been told, by other threads or its own: waiters whose calls are to go on. No lock, no memory.
#pragma once

#include "core/waiter.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace quaymaster::net {

/// A stack that many threads push to and one empties, linked through the waiters themselves: neither side waits for the other, and
/// nothing is allocated. A waiter is in at most one, once: it is told of one wait at a time.
/// Thread safety: push() and empty() from any thread; take_all() and the destructor by whoever has the loop's turn.
class told_waiters {
public:
    told_waiters() = default;
    told_waiters(const told_waiters&) = delete;
    told_waiters& operator=(const told_waiters&) = delete;
    ~told_waiters()
    {
        take_all([](const std::shared_ptr<core::waiter>&) {});
    }

    void push(std::shared_ptr<core::waiter> told) noexcept
    {
        core::told_link& link = told->told();
        core::waiter* const pushed = told.get();
        link.self = std::move(told);
        core::waiter* top = top_.load(std::memory_order_relaxed);
        do
            link.next = top;
        while (!top_.compare_exchange_weak(top, pushed, std::memory_order_seq_cst, std::memory_order_relaxed));
    }

    [[nodiscard]] bool empty() const noexcept { return top_.load(std::memory_order_seq_cst) == nullptr; }
    /// Takes all out and gives each to `take`, those pushed first first.
    template <class Take>
    void take_all(Take&& take)
    {
        core::waiter* reversed = nullptr;
        for (core::waiter* top = top_.exchange(nullptr, std::memory_order_acquire); top != nullptr;)
            top = std::exchange(top->told().next, std::exchange(reversed, top));
        while (reversed != nullptr) {
            core::told_link& link = reversed->told();
            reversed = std::exchange(link.next, nullptr);
            take(std::exchange(link.self, nullptr));  // whatever `take` does with it: a waiter that keeps itself would never end
        }
    }

private:
    std::atomic<core::waiter*> top_{nullptr};
};

/// The same for one thread, first in, first out: who is told must hear of it even if memory has run out.
/// Thread safety: none.
class told_line {
public:
    told_line() = default;
    told_line(const told_line&) = delete;
    told_line& operator=(const told_line&) = delete;
    ~told_line()
    {
        while (!empty())
            static_cast<void>(pop());
    }

    void push(std::shared_ptr<core::waiter> told) noexcept
    {
        core::told_link& link = told->told();
        link.next = nullptr;
        core::waiter*& end = last_ != nullptr ? last_->told().next : first_;
        end = last_ = told.get();
        link.self = std::move(told);
    }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    /// Precondition: not empty().
    [[nodiscard]] std::shared_ptr<core::waiter> pop() noexcept
    {
        core::told_link& link = first_->told();
        first_ = std::exchange(link.next, nullptr);
        if (first_ == nullptr)
            last_ = nullptr;
        return std::move(link.self);
    }

private:
    core::waiter* first_ = nullptr;
    core::waiter* last_ = nullptr;
};

}  // namespace quaymaster::net
