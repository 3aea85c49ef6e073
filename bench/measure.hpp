// measure: what the C++ benchmark programs share: timing calls one by one, and the line of JSON that bench/run reads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace bench {

using clock = std::chrono::steady_clock;
using microseconds = std::chrono::duration<double, std::micro>;

/// Calls `operation` over and over for about `seconds`, and returns how long each call took.
/// The first tenth of the time warms caches and the peer up and is not in the result.
template <class Operation>
std::vector<microseconds> time_calls(double seconds, Operation operation)
{
    std::vector<microseconds> taken;
    taken.reserve(static_cast<std::size_t>(seconds * 200'000));
    const auto begin = clock::now();
    const auto warm = begin + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{seconds / 10});
    const auto end = begin + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{seconds});
    for (auto start = begin; start < end || taken.empty();) {
        operation();
        const auto now = clock::now();
        if (start >= warm)
            taken.push_back(now - start);
        start = now;
    }
    return taken;
}

/// The value that `share` (0 to 1) of `values` lie below; `values`, which must not be empty, are reordered.
inline double quantile_us(std::vector<microseconds>& values, double share)
{
    const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    return values[static_cast<std::size_t>(rank)].count();
}

/// `{"p50_us": .., "p99_us": .., "calls": ..}`
inline std::string latency_json(std::vector<microseconds> values)
{
    return "{\"p50_us\": " + std::to_string(quantile_us(values, 0.5)) +
           ", \"p99_us\": " + std::to_string(quantile_us(values, 0.99)) + ", \"calls\": " + std::to_string(values.size()) + "}";
}

}  // namespace bench
