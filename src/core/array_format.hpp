// array_format: the machine formats in which array.array is pickled, whatever machine it was on.
#pragma once

#include "core/array_item.hpp"

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <cstdint>

namespace quaymaster::core {

/// What array._array_reconstructor is told of the octets it is given.
struct machine_format {
    item_form form;
    std::uint8_t size;  // octets of an item
    bool is_big_endian;

    /// Octets of an item as ours are: characters have four.
    [[nodiscard]] std::size_t own_size() const noexcept { return form == item_form::text ? 4 : size; }
};

/// By its number (Modules/arraymodule.c: enum machine_format_code); null for an unknown one.
[[nodiscard]] const machine_format* find_machine_format(std::uint64_t number) noexcept;
/// `octets`, a whole number of items, as ours are: little endian, characters as four octets each.
[[nodiscard]] bytes from_machine_format(const machine_format& format, bytes_view octets);

}  // namespace quaymaster::core
