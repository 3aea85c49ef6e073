// workload: what `quaymaster bench` does with queues, and how it is timed.
#pragma once

#include "bench_target.hpp"
#include "item_audit.hpp"
#include "item_sizes.hpp"
#include "latency_histogram.hpp"

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace quaymaster::tool {

enum class workload_shape : std::uint8_t {
    in_turn,   // one connection puts an item and gets it back
    stream,    // one connection puts many items without waiting for each, and then gets them
    crowd,     // producers and as many consumers, each as fast as it can
    wake_ups,  // one consumer waits in get() for an item that another connection puts every wake_up_interval
    blocked,   // many connections wait in get(); then an item for each is put
    spread,    // connections put into and get from many queues, items of mixed sizes
};

struct workload {
    std::string_view name;
    std::string_view title;
    workload_shape shape;
    std::uint32_t connections;  // unless the user wants others; crowd: producers, and as many consumers
    std::size_t item_size;      // unless the user wants another; spread: the median
    bool is_default;            // run if none is named
};

inline constexpr std::array workloads{
    workload{"W1", "put and get in turn", workload_shape::in_turn, 1, 64, true},
    workload{"W2", "many puts, then as many gets", workload_shape::stream, 1, 64, false},
    workload{"W3", "producers and consumers", workload_shape::crowd, 4, 64, true},
    workload{"W4", "a blocked get woken by a put", workload_shape::wake_ups, 1, 64, true},
    workload{"W5", "large items, put and get in turn", workload_shape::in_turn, 1, std::size_t{1} << 20, true},
    workload{"W6", "many blocked gets, all woken", workload_shape::blocked, 10'000, 64, false},
    workload{"W8", "many queues, mixed sizes", workload_shape::spread, 64, 1024, false},
};

inline constexpr std::chrono::milliseconds wake_up_interval{1};

/// The sizes of `spread` unless the user wants one: log-normal, the same on every machine and for every server.
[[nodiscard]] item_sizes mixed_sizes();

enum class stream_mode : std::uint8_t {
    pipelined,  // single operations, `depth` of them under way
    batched,    // `depth` items in one call
};

struct workload_options {
    item_sizes sizes = item_size_min;      // none below item_size_min
    std::uint32_t connections = 1;         // see workload
    std::chrono::nanoseconds duration{0};  // how long items are put; stream and blocked take what they take
    std::uint64_t items = 1'000'000;       // stream
    stream_mode mode = stream_mode::pipelined;
    std::uint32_t depth = 64;         // stream, and spread, where 1 means synchronous calls
    std::uint32_t queues = 1;         // spread
    std::optional<pid_t> server_pid;  // blocked: whose memory is measured
};

struct named_latency {
    std::string_view name;
    latency_histogram histogram;
};

struct named_figure {
    std::string_view name;  // with its unit
    double amount;
};

/// Where `duration` counts, what ended in its first tenth, which warms everything up, counts only in `verdict`. What was begun within
/// it counts however long it took, and so does the time that it took: an item that takes longer than `duration` is measured, too.
struct workload_result {
    std::chrono::nanoseconds measured{0};  // to the end of the last operation that counts, from the warm-up's or an earlier begin of the first
    std::uint64_t operations = 0;  // puts and gets; an item of a batch is one
    std::uint64_t octets = 0;      // of the items got
    /// "put" and "get": how long the calls took, and "operation", both together. wake_ups: "put", and "wake", from the time when
    /// a put was due to the return of the get. An item that could not be put when it was due, because the one before took too
    /// long, is late, and one that could not be put at all counts with the time it had waited: slowness cannot hide by putting
    /// less. blocked: "put", and "wake", from the start of an item's put to the arrival of the item.
    std::vector<named_latency> latencies;
    /// stream: "puts_per_s", "gets_per_s". blocked: "wake_all_ms", from the start of the first put to the arrival of the last item,
    /// and "server_memory_per_connection", in octets, if the server's process is known.
    std::vector<named_figure> figures;
    item_verdict verdict;
};

/// Is told how many items have come out of the queues so far; waits a moment, and returns true to end early.
using workload_watch = std::function<bool(std::uint64_t items)>;

/// Runs `what` on queues that `target` makes for it and that are empty again on return.
/// Calls `watch` in this thread until all is done, and works in others, each with a connection of its own. Throws what
/// the calls throw, and std::runtime_error if a queue stays empty or full for half a minute.
[[nodiscard]] workload_result run_workload(const workload& what, const workload_options& options, bench_target& target,
                                           const workload_watch& watch);

}  // namespace quaymaster::tool
