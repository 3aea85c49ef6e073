// value_compare: where a comparison of values ended.
#pragma once

#include <quaymaster/value.hpp>

#include <optional>
#include <utility>

namespace quaymaster::codec {

/// The innermost pair of objects for which Python would raise the TypeError of `left < right`: items of tuples and lists are
/// compared in turn, and one that has no order ends it. nullopt if there is an order. Costs what value::less costs.
[[nodiscard]] std::optional<std::pair<value, value>> unordered_pair(const value& left, const value& right);

}  // namespace quaymaster::codec
