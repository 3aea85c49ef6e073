// bench_run: what the threads of one run of a workload share: its clock, its items, and whether to go on.
#pragma once

#include "item_audit.hpp"
#include "workload.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>

namespace quaymaster::tool {

/// Thread safety: any member from any thread, but that begin() is called once, before any of those that compare times.
class bench_run {
public:
    using clock = std::chrono::steady_clock;

    /// `streams`: see load_plan.
    bench_run(const workload_options& options, std::size_t streams);

    [[nodiscard]] const workload_options& options() const noexcept { return options_; }
    [[nodiscard]] item_audit& audit() noexcept { return audit_; }
    [[nodiscard]] const item_audit& audit() const noexcept { return audit_; }

    /// Sets the clock.
    void begin() noexcept;
    [[nodiscard]] clock::time_point began() const noexcept { return begin_; }
    /// When what counts begins.
    [[nodiscard]] clock::time_point warm() const noexcept { return warm_; }
    [[nodiscard]] clock::time_point end() const noexcept { return end_; }
    [[nodiscard]] bool is_time_left(clock::time_point now) const noexcept { return now < end_ && !is_stopped_; }
    /// `begun`: when the operation was, or the turn that it belongs to: the get that follows a put counts if the put was in time.
    [[nodiscard]] bool counts(clock::time_point begun, clock::time_point finish) const noexcept
    {
        return begun < end_ && finish > warm_;
    }
    [[nodiscard]] bool is_due_in_time(clock::time_point due) const noexcept { return due >= warm_ && due < end_; }

    /// Nothing more is put, but what was put is got.
    void stop() noexcept { is_stopped_ = true; }
    [[nodiscard]] bool is_stopped() const noexcept { return is_stopped_; }
    /// Everything is left as it is, for the current exception.
    void fail() noexcept;
    [[nodiscard]] bool is_abandoned() const noexcept { return is_abandoned_; }
    /// The first exception that fail() was called for, if any.
    void throw_failure() const;

    void note_received(std::uint64_t items) noexcept { received_.fetch_add(items, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }

private:
    const workload_options options_;
    item_audit audit_;
    clock::time_point begin_;
    clock::time_point warm_;
    clock::time_point end_;
    std::atomic<std::uint64_t> received_{0};
    std::atomic<bool> is_stopped_{false};
    std::atomic<bool> is_abandoned_{false};
    mutable std::mutex failure_mutex_;
    std::exception_ptr failure_;  // guarded by failure_mutex_
};

}  // namespace quaymaster::tool
