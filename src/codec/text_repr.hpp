// text_repr: str and bytes as Python literals.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quaymaster::codec {

// Each stops, in the middle of the literal, soon after it has appended `size_max` octets.

/// repr() of a str: quotes as Python chooses them, escapes for what is not printable. Which characters are printable is
/// Unicode's say and grows with it: those assigned after Unicode 14 in blocks that it left empty are escaped.
void append_str_repr(std::string& output, std::string_view utf8, std::size_t size_max);

/// repr() of bytes: b'...'.
void append_bytes_repr(std::string& output, std::string_view octets, std::size_t size_max);

/// repr() of Python 2's str: the same without the b.
void append_octets_repr(std::string& output, std::string_view octets, std::size_t size_max);

}  // namespace quaymaster::codec
