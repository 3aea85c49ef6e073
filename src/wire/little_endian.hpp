// little_endian: integers as the native dialect and pickles write them, least significant octet first.
#pragma once

#include <quaymaster/bytes.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace quaymaster::wire {

/// Reads an integer at `octets`, of which there are at least sizeof(Unsigned).
template <std::unsigned_integral Unsigned>
[[nodiscard]] Unsigned load_little(const std::byte* octets) noexcept
{
    if constexpr (std::endian::native == std::endian::little) {
        Unsigned number;
        std::memcpy(&number, octets, sizeof number);
        return number;
    } else {
        Unsigned number = 0;
        for (std::size_t i = sizeof number; i-- > 0;)
            number = static_cast<Unsigned>((number << 8U) | std::to_integer<Unsigned>(octets[i]));
        return number;
    }
}

/// Writes `number` at `octets`, where there is room for sizeof(Unsigned).
template <std::unsigned_integral Unsigned>
void store_little(std::byte* octets, Unsigned number) noexcept
{
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(octets, &number, sizeof number);
    } else {
        for (std::size_t i = 0; i < sizeof number; ++i, number = static_cast<Unsigned>(number >> 8U))
            octets[i] = static_cast<std::byte>(number & 0xffU);
    }
}

}  // namespace quaymaster::wire
