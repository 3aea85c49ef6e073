// text_arguments: the line arguments of protocols 0 and 1, and UTF-8.
#pragma once

#include <quaymaster/bytes.hpp>

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

/// A decimal integer of any size as two's complement, little endian. nullopt if it is no integer or longer than
/// `size_max` octets.
[[nodiscard]] std::optional<bytes> integer_from_decimal(std::string_view digits, std::size_t size_max);

/// A Python float's text: "1.5", "inf", "-nan", "1e400". nullopt if it is none.
[[nodiscard]] std::optional<double> float_from_text(std::string_view text);

}  // namespace quaymaster::codec
