// text_arguments: the line arguments of protocols 0 and 1, and UTF-8.
#pragma once

#include <quaymaster/bytes.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::codec {

/// True if `text` is UTF-8 as Python's "surrogatepass" reads it: well-formed, surrogates allowed, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// True if every octet is below 128.
[[nodiscard]] bool is_ascii(std::string_view text) noexcept;

/// Appends `code_point` (at most 0x10FFFF) as UTF-8; a surrogate takes three octets, as with "surrogatepass".
void append_utf8(std::string& output, std::uint32_t code_point);

/// The argument of STRING: a quoted Python 2 string literal with escapes. nullopt if it is none.
[[nodiscard]] std::optional<std::string> unescape_string(std::string_view quoted);

/// The argument of UNICODE: "raw-unicode-escape". The result is UTF-8; nullopt if malformed.
[[nodiscard]] std::optional<std::string> unescape_raw_unicode(std::string_view escaped);

/// A decimal integer that has been checked and not converted; borrowed.
struct decimal_digits {
    bool negative;
    std::string_view digits;  // at least one, and no leading zeros but of 0 itself
};

/// CPython's own limit (sys.set_int_max_str_digits) for an int in decimal, since 3.11 and in the security releases of 3.7 to
/// 3.10: no pickler of these writes more in protocol 0, and no unpickler reads it. Converting takes the square of the digits.
inline constexpr std::size_t decimal_digits_max = 4300;

/// `text` taken apart, in time linear in it. nullopt if it is no integer.
[[nodiscard]] std::optional<decimal_digits> decimal_from_text(std::string_view text) noexcept;

/// The number, if it is within 64 bits. (-2^63 is not found; that it is slower to read is all.)
[[nodiscard]] std::optional<std::int64_t> small_integer(const decimal_digits& number) noexcept;

/// How many octets the number has at least, within two of how many it has.
[[nodiscard]] std::size_t least_octets(const decimal_digits& number) noexcept;

/// The number as two's complement, little endian, of as few octets as keep the sign. Takes the square of the digits.
[[nodiscard]] bytes integer_octets(const decimal_digits& number);

/// A decimal integer of any size as two's complement, little endian. nullopt if it is no integer or longer than
/// `size_max` octets.
[[nodiscard]] std::optional<bytes> integer_from_decimal(std::string_view digits, std::size_t size_max);

/// A Python float's text: "1.5", "inf", "-nan", "1e400". nullopt if it is none.
[[nodiscard]] std::optional<double> float_from_text(std::string_view text);

}  // namespace quaymaster::codec
