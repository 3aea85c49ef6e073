// sequence_index: what Python makes of the i in sequence[i], and of the arguments of list's methods that are positions.
#pragma once

#include "core/call.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace quaymaster::core {

/// The positions that a slice selects of a sequence: start, start + step, ..., `count` of them, each within the sequence.
/// As CPython's PySlice_AdjustIndices leaves it: `start` is where an insertion happens if count is 0; it lies within the
/// sequence or just behind it, or is -1 for a negative step.
struct slice_range {
    std::int64_t start = 0;
    std::int64_t step = 1;
    std::size_t count = 0;

    [[nodiscard]] std::size_t operator[](std::size_t i) const noexcept
    {
        return static_cast<std::size_t>(start + step * static_cast<std::int64_t>(i));
    }
    /// The same positions in rising order.
    [[nodiscard]] slice_range rising() const noexcept;
};

/// How a class complains of an index.
struct subscript_texts {
    std::string_view out_of_range;  // "list index out of range"
    std::string_view wrong_type;    // "list indices must be integers or slices, not "
    bool names_type = true;         // whether the type of the index follows
};

/// A position, the positions of a slice, or what CPython raises.
using subscript = std::variant<std::size_t, slice_range, raised>;

/// `key` as the subscript of a sequence of `size` items: an int (a bool counts as one), from the end if negative, or a slice,
/// which arrives as an inert call of builtins.slice. index_error if out of range, also beyond 64 bits ("cannot fit 'int' into
/// an index-sized integer"); type_error for another type, also of a slice's parts; value_error for a step of zero.
/// (CPython: list_subscript, PyNumber_AsSsize_t, PySlice_Unpack, PySlice_AdjustIndices.)
[[nodiscard]] subscript read_subscript(const value& key, std::size_t size, const subscript_texts& texts);

/// The positions from `low` to before `high`, as Python 2's __getslice__ and its kin take them: what is negative is zero.
/// Errors as read_index().
[[nodiscard]] std::variant<slice_range, raised> read_plain_slice(const value& low, const value& high, std::size_t size);

/// An index argument such as that of pop(). type_error for another type, overflow_error beyond 64 bits ("Python int too large
/// to convert to C ssize_t").
[[nodiscard]] std::variant<std::int64_t, raised> read_index(const value& argument);

/// How often __mul__ repeats: as read_index(), but "cannot fit 'int' into an index-sized integer".
[[nodiscard]] std::variant<std::int64_t, raised> read_repetitions(const value& argument);

/// A bound of index(value, start, stop): an int of any size, brought within 64 bits. type_error for another type, None too.
[[nodiscard]] std::variant<std::int64_t, raised> read_bound(const value& argument);

/// `index`, from the end if negative, where it lies within a sequence of `size` items.
[[nodiscard]] std::optional<std::size_t> position_of(std::int64_t index, std::size_t size) noexcept;

/// `index`, from the end if negative, brought to 0 .. `size`: where insert() inserts and index() begins and ends.
[[nodiscard]] std::size_t clamped_position(std::int64_t index, std::size_t size) noexcept;

}  // namespace quaymaster::core
