#include "latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace quaymaster::tool {

namespace {

/// Each power of two from 256 ns on is cut into this many buckets.
constexpr unsigned step_bits = 7;
constexpr std::uint64_t steps = std::uint64_t{1} << step_bits;

/// How many low bits of `ticks` its bucket does not tell apart.
constexpr unsigned lost_bits(std::uint64_t ticks) noexcept
{
    const auto width = static_cast<unsigned>(std::bit_width(ticks));
    return width > step_bits + 1 ? width - (step_bits + 1) : 0;
}

/// Rises with `ticks` and leaves no gap: where lost_bits() becomes one more, `ticks >> lost_bits()` falls back by `steps`.
constexpr std::size_t bucket_of(std::uint64_t ticks) noexcept
{
    return lost_bits(ticks) * steps + (ticks >> lost_bits(ticks));
}

/// The longest duration that falls into `bucket`.
constexpr std::uint64_t top_of(std::size_t bucket) noexcept
{
    if (bucket < 2 * steps)
        return bucket;
    const std::size_t lost = bucket / steps - 1;
    return ((bucket - lost * steps + 1) << lost) - 1;
}

constexpr std::uint64_t ticks_max = std::numeric_limits<latency_histogram::duration::rep>::max();
constexpr std::size_t bucket_count = bucket_of(ticks_max) + 1;
static_assert(top_of(bucket_count - 1) == ticks_max);

}  // namespace

latency_histogram::latency_histogram() : counts_(bucket_count) {}

void latency_histogram::record(duration taken) noexcept
{
    taken = std::max(taken, duration::zero());
    ++counts_[bucket_of(static_cast<std::uint64_t>(taken.count()))];
    ++count_;
    max_ = std::max(max_, taken);
}

void latency_histogram::merge(const latency_histogram& other) noexcept
{
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket)
        counts_[bucket] += other.counts_[bucket];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

latency_histogram::duration latency_histogram::quantile(double share) const noexcept
{
    const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
    const std::uint64_t rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, std::max<std::uint64_t>(count_, 1));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
        seen += counts_[bucket];
        if (seen >= rank)
            return std::min(max_, duration{static_cast<duration::rep>(top_of(bucket))});
    }
    return max_;
}

}  // namespace quaymaster::tool
