// number: Python numbers compared exactly. int of any size against float, without rounding either.
#pragma once

#include <quaymaster/bytes.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quaymaster::codec {

enum class number_form : std::uint8_t { small, big, floating };

/// A real number as Python's int or float holds it.
/// `big` is two's complement, little endian, beyond 64 bits and without redundant sign octets; borrowed.
struct number {
    number_form form = number_form::small;
    std::int64_t small = 0;
    bytes_view big{};
    double floating = 0;
};

/// The exact order of two numbers; unordered if either is not a number.
[[nodiscard]] std::partial_ordering compare(const number& left, const number& right);

/// Equal for equal numbers, whatever their forms: 1, 1.0 and True have one key. nullopt for nan, which equals nothing.
[[nodiscard]] std::optional<std::string> canonical_key(const number& known);

/// A big integer in decimal.
[[nodiscard]] std::string decimal_text(bytes_view little_endian);

/// The nearest double; nullopt beyond double's range.
[[nodiscard]] std::optional<double> nearest_double(bytes_view little_endian);

/// repr() of a float: the shortest text that reads back the same, "1e+16", "0.1", "inf".
[[nodiscard]] std::string float_text(double known);

}  // namespace quaymaster::codec
