// workload: what `quaymaster bench` does with a queue, and how it is timed.
#pragma once

#include "item_audit.hpp"
#include "latency_histogram.hpp"

#include <quaymaster/queue_proxy.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace quaymaster::tool {

enum class workload_shape : std::uint8_t {
    in_turn,   // one connection puts an item and gets it back
    crowd,     // producers and as many consumers, each as fast as it can
    wake_ups,  // one consumer waits in get() for an item that another connection puts every wake_up_interval
};

struct workload {
    std::string_view name;
    std::string_view title;
    workload_shape shape;
    std::size_t item_size;  // unless the user wants another
};

inline constexpr std::array workloads{
    workload{"W1", "put and get in turn", workload_shape::in_turn, 64},
    workload{"W3", "producers and consumers", workload_shape::crowd, 64},
    workload{"W4", "a blocked get woken by a put", workload_shape::wake_ups, 64},
    workload{"W5", "large items, put and get in turn", workload_shape::in_turn, std::size_t{1} << 20},
};

inline constexpr std::chrono::milliseconds wake_up_interval{1};

struct workload_options {
    std::size_t item_size = item_size_min;  // octets, at least item_size_min
    std::uint32_t connections = 1;          // crowd: producers, and as many consumers
    std::chrono::nanoseconds duration{0};   // how long items are put
};

struct named_latency {
    std::string_view name;
    latency_histogram histogram;
};

/// The first tenth of the time, which warms everything up, counts only in `verdict`.
struct workload_result {
    std::chrono::nanoseconds measured{0};
    std::uint64_t operations = 0;  // puts and gets
    std::uint64_t items = 0;       // gets
    /// "put" and "get": how long the calls took. wake_ups: "put", and "wake", from the time when a put was due to the
    /// return of the get. An item that could not be put when it was due, because the one before took too long, is late,
    /// and one that could not be put at all counts with the time it had waited: slowness cannot hide by putting less.
    std::vector<named_latency> latencies;
    item_verdict verdict;
};

/// Is told how many items have come out of the queue so far; waits a moment, and returns true to end early.
using workload_watch = std::function<bool(std::uint64_t items)>;

/// Runs `what` on `queue`, which must be empty and first in, first out, and is empty again on return.
/// Calls `watch` in this thread until all is done, and works in others, each with a connection of its own. Throws what
/// the calls throw, and std::runtime_error if the queue stays empty or full for half a minute.
[[nodiscard]] workload_result run_workload(const workload& what, const workload_options& options,
                                           const queue_proxy<bytes>& queue, const workload_watch& watch);

}  // namespace quaymaster::tool
