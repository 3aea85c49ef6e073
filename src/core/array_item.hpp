// array_item: the types that the items of an array.array may have, and one item as a value and as octets.
#pragma once

#include "core/call.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/value.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace quaymaster::core {

enum class item_form : std::uint8_t { signed_integer, unsigned_integer, floating, text, octet };

struct item_type {
    char typecode;
    item_form form;
    std::uint8_t size;  // octets
};

/// In CPython's order (3.13), which decides between types of one size and form; 'c' is Python 2's.
[[nodiscard]] std::span<const item_type> item_types() noexcept;
/// Null for an unknown typecode.
[[nodiscard]] const item_type* find_item_type(char typecode) noexcept;

/// The octets of an item as a number; array.array's are those of the machine, and all of ours are little endian.
[[nodiscard]] std::uint64_t load_item(bytes_view octets) noexcept;
void store_item(std::uint64_t bits, std::byte* octets, std::size_t size) noexcept;

/// The value of an item with these bits: an int, float, str or, of 'c', Python 2 str. value_error for text that is no character.
[[nodiscard]] std::variant<value, raised> item_value(const item_type& type, std::uint64_t bits);
/// The bits of an item that is `item`. type_error or overflow_error, worded as array.array does, if it does not fit.
[[nodiscard]] std::variant<std::uint64_t, raised> item_bits(const item_type& type, const value& item);

/// Beyond it there are no characters.
inline constexpr std::uint32_t code_point_max = 0x10ffff;
[[nodiscard]] raised no_character(std::uint64_t bits);
/// The first character of `utf8`, which is not empty and valid, and its `size` in octets.
[[nodiscard]] std::uint32_t first_code_point(std::string_view utf8, std::size_t& size) noexcept;
/// A str of Python 2.
[[nodiscard]] value python2_str(std::string_view octets);

/// An int or a bool; not_an_integer() is what CPython says of others.
[[nodiscard]] bool is_integer(const value& item) noexcept;
[[nodiscard]] raised not_an_integer(const value& item);

}  // namespace quaymaster::core
