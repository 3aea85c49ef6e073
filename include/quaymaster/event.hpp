// event: a flag between the threads of one program, with the interface of a remote one.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace quaymaster {

/// A flag that threads wait for: CPython's threading.Event. It has the members of event_proxy, so that a function template can
/// serve a local and a remote event alike.
/// Thread safety: call any member from any thread; destroy only when no call is in progress.
class event {
public:
    event() = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    /// Sets the flag, and lets all go who wait for it.
    void set()
    {
        const std::lock_guard lock{mutex_};
        is_set_ = true;
        ++times_set_;
        changed_.notify_all();
    }
    void clear()
    {
        const std::lock_guard lock{mutex_};
        is_set_ = false;
    }
    [[nodiscard]] bool is_set() const
    {
        const std::lock_guard lock{mutex_};
        return is_set_;
    }
    /// Waits until the flag is set, without limit.
    void wait() const
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this, before = times_set_] { return has_been_set_since(before); });
    }
    /// Waits up to `timeout`; false if the flag was not set in that time.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(const std::chrono::duration<Rep, Period>& timeout) const
    {
        // Beyond a century clocks run over.
        constexpr std::chrono::duration<double> longest = std::chrono::hours{24 * 365 * 100};
        const auto span = std::min<std::chrono::duration<double>>(timeout, longest);
        return wait_until(std::chrono::steady_clock::now() + std::chrono::ceil<std::chrono::steady_clock::duration>(span));
    }
    template <class Clock, class Duration>
    [[nodiscard]] bool wait_until(const std::chrono::time_point<Clock, Duration>& limit) const
    {
        std::unique_lock lock{mutex_};
        return changed_.wait_until(lock, limit, [this, before = times_set_] { return has_been_set_since(before); });
    }

private:
    /// True too if it was set and cleared again before the waiting thread could look. Precondition: mutex_ is held.
    [[nodiscard]] bool has_been_set_since(unsigned before) const noexcept { return is_set_ || times_set_ != before; }

    mutable std::mutex mutex_;                 // guards the two below; held only to look or to change them
    mutable std::condition_variable changed_;  // notified by set()
    bool is_set_ = false;
    unsigned times_set_ = 0;
};

}  // namespace quaymaster
