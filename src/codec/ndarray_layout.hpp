// ndarray_layout: shapes, strides and how many octets they come to, none of which is believed before it is checked.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quaymaster::codec {

/// numpy 2's bound, NPY_MAXDIMS.
inline constexpr std::size_t array_rank_max = 64;

/// The octets of an array; nullopt if there is no room for so many in memory. As in numpy dimensions of 0 do not count for
/// that, so strides never overflow either.
[[nodiscard]] std::optional<std::size_t> array_octets(std::span<const std::size_t> shape, std::size_t item_size) noexcept;

/// Strides in elements; the shape has passed array_octets().
[[nodiscard]] std::vector<std::size_t> c_strides(std::span<const std::size_t> shape);
[[nodiscard]] std::vector<std::size_t> fortran_strides(std::span<const std::size_t> shape);

/// "(480, 640)", "(3,)" and "()", as Python prints it.
[[nodiscard]] std::string shape_text(std::span<const std::size_t> shape);

}  // namespace quaymaster::codec
