// later: points in time that no span makes wrap into the past.
#pragma once

#include <chrono>

namespace quaymaster::net {

/// `span` after `from`, or the end of the clock if that comes first. Precondition: span >= 0.
[[nodiscard]] inline std::chrono::steady_clock::time_point later(std::chrono::steady_clock::time_point from,
                                                                 std::chrono::milliseconds span) noexcept
{
    using clock = std::chrono::steady_clock;
    return span < std::chrono::floor<std::chrono::milliseconds>(clock::time_point::max() - from) ? from + span : clock::time_point::max();
}

}  // namespace quaymaster::net
