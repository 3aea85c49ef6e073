// whole_number: a command-line option that counts something.
#pragma once

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace quaymaster::tool {

/// No bound but the type's.
inline constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

/// Refuses what is no whole number from `least` to `most`, and says so; CLI11's own ranges print theirs as floating point.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t least, std::uint64_t most = unbounded);

}  // namespace quaymaster::tool
