// literal: values as text. Python literals and JSON in, JSON out; repr() of a value is the way back to Python literals.
#pragma once

#include <quaymaster/errors.hpp>
#include <quaymaster/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace quaymaster {

/// Text that is no literal. The message says where, what was expected and what was found.
class literal_error : public error {
public:
    literal_error(const std::string& what, std::size_t position) : error{what}, position_{position} {}
    /// Octets from the start of the text.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

private:
    std::size_t position_;
};

/// How deep brackets may nest in what is parsed.
inline constexpr std::size_t literal_depth_max = 1000;
/// How long a decimal integer may be, in digits: what CPython's int() accepts by default.
inline constexpr std::size_t literal_digits_max = 4300;

/// What Python's ast.literal_eval reads: None, True, False, int (decimal, 0x, 0o, 0b, with _ between digits), float,
/// complex (`1+2j`), str and bytes with prefixes, escapes and adjacent pieces, tuples, lists, dicts, sets, `set()`;
/// besides it `frozenset({...})`, `bytearray(b'...')`, `inf` and `nan`, as repr() writes them, and JSON's null, true and false.
/// Comments and line breaks between tokens are skipped. Not read: f-strings, names, `\N{...}`.
/// Throws literal_error.
[[nodiscard]] value parse_literal(std::string_view text);

/// One JSON text (RFC 8259). Objects become dicts, arrays lists, integers of any size int, other numbers float.
/// `{"__bytes__": "<base64>"}` becomes bytes, as to_json() writes them. Throws literal_error.
[[nodiscard]] value parse_json(std::string_view text);

/// One line of JSON. Tuples, lists and sets become arrays; a dict becomes an object whose keys are the text of str keys
/// and the repr() of others; int of any size a number; float a number, or the string "NaN", "Infinity", "-Infinity";
/// bytes and bytearray `{"__bytes__": "<base64>"}`; a Python 2 str text if it is UTF-8, else as bytes; everything else
/// `{"__repr__": "<repr>"}`. Text is UTF-8; lone surrogates are escaped.
/// Throws std::invalid_argument if a container contains itself, std::length_error beyond `size_max` octets.
[[nodiscard]] std::string to_json(const value& known, std::size_t size_max = std::size_t{1} << 30);

}  // namespace quaymaster
