// load: what the threads of a workload do, one class for each shape.
#pragma once

#include "bench_target.hpp"
#include "bench_worker.hpp"
#include "workload.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace quaymaster::tool {

/// Which latencies of worker_times a report tells of.
enum class told_latencies : std::uint8_t { operations_puts_gets, puts_gets, puts_wake_ups };

/// What a load needs, and what is told of it.
struct load_plan {
    std::uint32_t threads = 1;
    bool is_in_pairs = false;  // of each two threads the first puts and the second gets, and both have the same stream
    std::uint32_t queues = 1;
    std::size_t streams = 1;  // items of one keep their order: those of one producer in one queue
    /// Of each queue, in items.
    std::size_t capacity;
    bool has_many_under_way = false;  // of the connections: see bench_connection::open_stream()
    bool is_timed = true;             // takes the duration of the options, of which the first tenth does not count
    told_latencies told = told_latencies::operations_puts_gets;
};

/// A capacity for items that are got while others are put: many, unless they are large.
[[nodiscard]] std::size_t usual_capacity(const workload_options& options);

/// One run of it. Thread safety: each member from any thread, with a worker of its own.
class load {
public:
    explicit load(const load_plan& plan) : plan_{plan} {}
    virtual ~load() = default;
    load(const load&) = delete;
    load& operator=(const load&) = delete;

    [[nodiscard]] const load_plan& plan() const noexcept { return plan_; }
    /// False for a thread that has other connections than its worker's.
    [[nodiscard]] virtual bool needs_connection(std::uint32_t /*thread*/) const noexcept { return true; }
    /// What is done before the clock is set.
    virtual void prepare(bench_worker& /*self*/) {}
    virtual void work(bench_worker& self) = 0;

private:
    const load_plan plan_;
};

/// workload_shape says what each does.
[[nodiscard]] std::unique_ptr<load> make_in_turn_load(const workload_options& options);
[[nodiscard]] std::unique_ptr<load> make_stream_load(const workload_options& options);
[[nodiscard]] std::unique_ptr<load> make_crowd_load(const workload_options& options);
[[nodiscard]] std::unique_ptr<load> make_wake_up_load(const workload_options& options);
/// `target` outlives it.
[[nodiscard]] std::unique_ptr<load> make_blocked_load(const workload_options& options, bench_target& target);
[[nodiscard]] std::unique_ptr<load> make_spread_load(const workload_options& options);

}  // namespace quaymaster::tool
