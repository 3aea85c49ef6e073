// control_timer: how late a thread is that does nothing but sleep: what the machine has to do with the lateness of others.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace quaymaster::testing {

/// Thread safety: latest_since() from any thread.
class control_timer {
public:
    using clock_type = std::chrono::steady_clock;

    control_timer() : thread_{[this] { run(); }} {}
    control_timer(const control_timer&) = delete;
    control_timer& operator=(const control_timer&) = delete;
    ~control_timer()
    {
        is_over_ = true;
        thread_.join();
    }
    /// The latest that it was since `begin`; zero if it was in time.
    [[nodiscard]] clock_type::duration latest_since(clock_type::time_point begin)
    {
        const std::lock_guard lock{mutex_};
        clock_type::duration latest = std::max(clock_type::duration::zero(), clock_type::now() - due_);  // it may be late right now
        for (auto it = lates_.rbegin(); it != lates_.rend() && it->first >= begin; ++it)
            latest = std::max(latest, it->second);
        return latest;
    }

private:
    void run()
    {
        while (!is_over_) {
            const clock_type::time_point due = clock_type::now() + std::chrono::milliseconds{1};
            {
                const std::lock_guard lock{mutex_};
                due_ = due;
            }
            std::this_thread::sleep_until(due);
            const auto now = clock_type::now();
            if (now - due < std::chrono::milliseconds{2})
                continue;
            const std::lock_guard lock{mutex_};
            lates_.emplace_back(now, now - due);
        }
    }

    std::mutex mutex_;
    std::vector<std::pair<clock_type::time_point, clock_type::duration>> lates_;  // guarded by mutex_, as due_
    clock_type::time_point due_ = clock_type::now() + std::chrono::milliseconds{1};
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

}  // namespace quaymaster::testing
