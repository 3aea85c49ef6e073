// control_timer: how late threads are that do nothing but sleep: what the machine has to do with the lateness of others.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace quaymaster::testing {

/// A thread on each processor that this one may use: where the machine is a virtual one, its host may stop one processor and let the
/// others run. Thread safety: latest_since() from any thread.
class control_timer {
public:
    using clock_type = std::chrono::steady_clock;

    control_timer()
    {
        cpu_set_t allowed;
        CPU_ZERO(&allowed);
        if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
            for (std::size_t processor = 0; processor < CPU_SETSIZE; ++processor)
                if (CPU_ISSET(processor, &allowed))
                    sleepers_.emplace_back(processor);
        if (sleepers_.empty())
            sleepers_.emplace_back(any_processor);
    }
    /// The latest that one of them was since `begin`; zero if all were in time.
    [[nodiscard]] clock_type::duration latest_since(clock_type::time_point begin)
    {
        clock_type::duration latest = clock_type::duration::zero();
        for (sleeper& each : sleepers_)
            latest = std::max(latest, each.latest_since(begin));
        return latest;
    }

private:
    static constexpr std::size_t any_processor = CPU_SETSIZE;

    class sleeper {
    public:
        explicit sleeper(std::size_t processor) : processor_{processor}, thread_{[this] { run(); }} {}
        sleeper(const sleeper&) = delete;
        sleeper& operator=(const sleeper&) = delete;
        ~sleeper()
        {
            is_over_ = true;
            thread_.join();
        }
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
            stay();
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
        /// If the processor is gone meanwhile, any other will do.
        void stay() const
        {
            if (processor_ == any_processor)
                return;
            cpu_set_t own;
            CPU_ZERO(&own);
            CPU_SET(processor_, &own);
            (void)::sched_setaffinity(0, sizeof own, &own);
        }

        const std::size_t processor_;
        std::mutex mutex_;
        std::vector<std::pair<clock_type::time_point, clock_type::duration>> lates_;  // guarded by mutex_, as due_
        clock_type::time_point due_ = clock_type::now() + std::chrono::milliseconds{1};
        std::atomic<bool> is_over_{false};
        std::thread thread_;
    };

    std::list<sleeper> sleepers_;
};

}  // namespace quaymaster::testing
