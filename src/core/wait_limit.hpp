// wait_limit: `block` and `timeout` as Python's blocking methods understand them.
#pragma once

#include "core/call.hpp"

#include <optional>
#include <variant>

namespace quaymaster::core {

/// How long a call may wait: until a point in time; `never` is without limit, nullopt is not at all.
using wait_limit = std::optional<time_point>;

/// bool(argument), or `otherwise` for an argument not given. Throws pickle_error for one that cannot be decoded.
[[nodiscard]] bool read_flag(const codec::payload* argument, bool otherwise);

/// A timeout in seconds, counted from `now`. None, or not given (null): without limit. Zero: not at all.
/// value_error if negative or not a number, type_error for what does not compare with a number.
/// Departs from CPython where that is of no use to anybody: infinity and what lies beyond a century wait without limit
/// (CPython: OverflowError once it comes to waiting), and NaN is refused (CPython: a busy loop).
/// Throws pickle_error for an argument that cannot be decoded.
[[nodiscard]] std::variant<wait_limit, raised> read_timeout(const codec::payload* argument, time_point now);

}  // namespace quaymaster::core
