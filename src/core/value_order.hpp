// value_order: what Python raises when values do not compare.
#pragma once

#include "core/call.hpp"

#include <quaymaster/value.hpp>

namespace quaymaster::core {

/// The type_error of `left < right`, for values that have no order: it names the innermost pair that Python would have
/// compared, so for (1, 'a') and (1, 2) it speaks of str and int.
[[nodiscard]] raised unordered_error(const value& left, const value& right);

}  // namespace quaymaster::core
