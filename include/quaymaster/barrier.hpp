// barrier: where the threads of one program meet, with the interface of a remote one.
#pragma once

#include <quaymaster/barrier_proxy.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quaymaster {

/// A place where so many threads meet, again and again: CPython's threading.Barrier, which unlike std::barrier can be left after a
/// time, and be broken. It has the members of barrier_proxy, so that a function template can serve both.
/// Thread safety: call any member from any thread; destroy only when no call is in progress.
class barrier {
public:
    /// Throws std::invalid_argument for no parties.
    explicit barrier(std::size_t parties) : parties_{parties}
    {
        if (parties == 0)
            throw std::invalid_argument{"a barrier needs at least one party"};
    }
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;

    /// Waits until all have arrived. Returns which of the parties this was, from 0 on. Throws broken_barrier.
    std::size_t arrive_and_wait() { return wait_until(std::nullopt); }
    /// The same for up to `timeout`. If that is over, the barrier is broken for all: throws broken_barrier, here as to the others
    /// that wait.
    template <class Rep, class Period>
    std::size_t arrive_and_wait_for(const std::chrono::duration<Rep, Period>& timeout)
    {
        // Beyond a century clocks run over.
        constexpr std::chrono::duration<double> longest = std::chrono::hours{24 * 365 * 100};
        const auto span = std::min<std::chrono::duration<double>>(timeout, longest);
        return wait_until(clock::now() + std::chrono::ceil<clock::duration>(span));
    }

    /// How many must arrive.
    [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
    /// How many wait.
    [[nodiscard]] std::size_t n_waiting() const
    {
        const std::lock_guard lock{mutex_};
        return round_->is_broken ? 0 : round_->arrived;
    }
    [[nodiscard]] bool broken() const
    {
        const std::lock_guard lock{mutex_};
        return round_->is_broken;
    }
    /// Breaks the barrier: those who wait, and who arrive until reset(), get broken_barrier.
    void abort()
    {
        const std::lock_guard lock{mutex_};
        break_round();
    }
    /// Makes it new. Those who wait get broken_barrier.
    void reset()
    {
        auto fresh = std::make_shared<round>();
        const std::lock_guard lock{mutex_};
        break_round();
        round_ = std::move(fresh);
    }

private:
    using clock = std::chrono::steady_clock;

    /// One meeting. Those who wait for it look at it even if the next has begun.
    struct round {
        std::size_t arrived = 0;
        bool is_complete = false;
        bool is_broken = false;
    };

    std::size_t wait_until(std::optional<clock::time_point> limit)
    {
        auto next = std::make_shared<round>();
        std::unique_lock lock{mutex_};
        const std::shared_ptr<round> mine = round_;
        if (mine->is_broken)
            throw broken_error();
        const std::size_t index = mine->arrived++;
        if (mine->arrived == parties_) {
            mine->is_complete = true;
            round_ = std::move(next);
            changed_.notify_all();
            return index;
        }
        const auto is_over = [&mine] { return mine->is_complete || mine->is_broken; };
        if (!limit)
            changed_.wait(lock, is_over);
        else if (!changed_.wait_until(lock, *limit, is_over))
            break_round();  // it is still this one: nobody has completed or replaced it
        if (!mine->is_complete)
            throw broken_error();
        return index;
    }
    /// Precondition: mutex_ is held.
    void break_round()
    {
        round_->is_broken = true;
        changed_.notify_all();
    }
    [[nodiscard]] static broken_barrier broken_error() { return {"threading.BrokenBarrierError", "", ""}; }

    const std::size_t parties_;
    mutable std::mutex mutex_;         // guards the two below; held only to look at them or to change them
    std::condition_variable changed_;  // notified when a round ends
    std::shared_ptr<round> round_ = std::make_shared<round>();
};

}  // namespace quaymaster
