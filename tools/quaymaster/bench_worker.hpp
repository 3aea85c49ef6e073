// bench_worker: one thread of a workload: its connection, its items, and what it measures.
#pragma once

#include "bench_run.hpp"
#include "bench_target.hpp"
#include "item_audit.hpp"
#include "latency_histogram.hpp"
#include "workload.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace quaymaster::tool {

/// What one thread measured, or all of them together.
struct worker_times {
    using clock = bench_run::clock;

    latency_histogram puts;
    latency_histogram gets;
    latency_histogram wake_ups;
    clock::time_point first_begin = clock::time_point::max();  // of the operations that count; stream and blocked: not known
    clock::time_point last_finish;
    std::uint64_t operations = 0;
    std::uint64_t octets = 0;
    std::vector<named_figure> figures;

    void count(clock::time_point start, clock::time_point finish);
    void merge(const worker_times& other);
};

/// Thread safety: none; for one thread. Lifetime: ends before its run.
class bench_worker {
public:
    using clock = bench_run::clock;

    /// `stream`: of the first queue; the other queues have those behind it. `connection`: may be null, for one that does not call it.
    bench_worker(bench_run& run, std::uint32_t thread, std::uint32_t stream, std::unique_ptr<bench_connection> connection);

    /// Puts an item with a stamp of its own, and counts that. False if the run was abandoned.
    /// Throws std::runtime_error if the queue stays full for half a minute.
    bool put_next(std::uint32_t queue, clock::time_point due);
    /// The same, but it is not counted.
    bool put_unmeasured(std::uint32_t queue);
    /// Puts what says that nothing more comes.
    void put_last();
    /// Gets an item and counts that. nullopt if the run was abandoned, or for an item that is none of ours.
    /// Throws std::runtime_error if the queue stays empty for half a minute.
    std::optional<item_stamp> get_next(std::uint32_t queue, clock::time_point begun);
    /// The same for an item that is known to be there.
    std::optional<item_stamp> get_present(std::uint32_t queue, clock::time_point begun);
    /// Gets until what put_last() puts comes.
    void get_until_last();

    /// `item` becomes one with a stamp of its own.
    void stamp_next(std::uint32_t stream, clock::time_point due);
    [[nodiscard]] std::uint32_t stream_of(std::uint32_t queue) const noexcept { return stream + queue; }
    void count_put(clock::time_point begun, clock::time_point start, clock::time_point finish);
    /// Of `got`. nullopt for an item that is none of ours.
    std::optional<item_stamp> count_got(clock::time_point begun, clock::time_point start, clock::time_point finish);

    bench_run& run;
    const std::uint32_t thread;  // counted from 0
    const std::uint32_t stream;
    std::unique_ptr<bench_connection> connection;
    item_receiver receiver;
    bytes item;  // what is put
    bytes got;   // what was got: its memory serves again
    worker_times times;

private:
    bool put(std::uint32_t queue);
    bool get(std::uint32_t queue, bool is_present);
    std::optional<item_stamp> get_counted(std::uint32_t queue, bool is_present, clock::time_point begun);
};

}  // namespace quaymaster::tool
