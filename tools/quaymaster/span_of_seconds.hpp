// span_of_seconds: a command-line option that is a time.
#pragma once

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>

#include <chrono>

namespace quaymaster::tool {

/// Refuses what is no number of seconds from `least` to `most`, and says so; NaN slips through CLI11's own ranges, because it is
/// neither below one bound nor above the other.
[[nodiscard]] CLI::Validator span_of_seconds(double least, double most);

/// Of seconds that have passed a span_of_seconds().
[[nodiscard]] std::chrono::milliseconds to_milliseconds(double seconds);

}  // namespace quaymaster::tool
