// latency_histogram: how often each latency occurred, in constant memory and with a bounded error.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quaymaster::tool {

/// Counts durations in buckets that are exact below 256 ns and then at most 1/128 of the value wide, up to 292 years: an
/// HdrHistogram with two significant digits. No sample is left out, so the rare slow ones show.
/// Thread safety: none; give each thread its own and merge() them.
class latency_histogram {
public:
    using duration = std::chrono::nanoseconds;

    latency_histogram();

    /// A negative duration counts as zero.
    void record(duration taken) noexcept;
    void merge(const latency_histogram& other) noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// The longest, exactly; zero if there is none.
    [[nodiscard]] duration max() const noexcept { return max_; }
    /// The shortest duration that at least `share` (0 to 1) of all do not exceed, at most 1/128 too long and never above
    /// max(); zero if there is none.
    [[nodiscard]] duration quantile(double share) const noexcept;

private:
    std::vector<std::uint64_t> counts_;  // by bucket
    std::uint64_t count_ = 0;
    duration max_{0};
};

}  // namespace quaymaster::tool
