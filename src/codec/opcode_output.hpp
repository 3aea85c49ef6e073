// opcode_output: opcodes with their arguments, appended to a buffer. The one place that knows their byte layout.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/pickle_opcodes.hpp"

#include <cstdint>
#include <string_view>

namespace quaymaster::codec {

/// Appends opcodes to a buffer, choosing for each object the shortest form that `protocol` has, as CPython does.
/// Lifetime: borrows the buffer.
class opcode_output {
public:
    explicit opcode_output(byte_buffer& buffer) noexcept : buffer_{buffer} {}

    void op(opcode code) { buffer_.push(static_cast<std::uint8_t>(code)); }
    /// `number` in `width` octets, little endian.
    void little(std::uint64_t number, std::size_t width);

    [[nodiscard]] static constexpr bool fits_binint(std::int64_t number) noexcept
    {
        return number >= INT32_MIN && number <= INT32_MAX;
    }
    /// BININT1, BININT2, BININT or LONG1.
    void integer(std::int64_t number);
    void unsigned_integer(std::uint64_t number);
    /// INT: the text form, which Python 2 reads as its 64-bit int.
    void int_text(std::int64_t number);
    /// LONG1: what Python 2 reads as its long.
    void long_integer(std::int64_t number);
    /// LONG1 or LONG4 of a two's complement, little-endian number.
    void long_integer(bytes_view little_endian);
    void floating(double number);
    /// A str (UTF-8); at most 4 GiB below protocol 4.
    void str(std::string_view utf8, std::uint8_t protocol);
    /// Python 3's bytes: protocol 3 or later.
    void bytes(std::string_view octets, std::uint8_t protocol);
    /// BYTEARRAY8: protocol 5.
    void bytearray(std::string_view octets);
    /// Python 2's str; at most 2 GiB.
    void byte_string(std::string_view octets);
    /// GLOBAL: the form below protocol 4. A newline would end the line and let the rest be read as opcodes: it is written
    /// as '_'.
    void global(std::string_view module, std::string_view name);
    void persistent_text(std::string_view line);

private:
    void counted(opcode code, std::string_view content, std::size_t width);
    void line(std::string_view text);

    byte_buffer& buffer_;
};

}  // namespace quaymaster::codec
