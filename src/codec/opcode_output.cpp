#include "codec/opcode_output.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

namespace quaymaster::codec {

void opcode_output::little(std::uint64_t number, std::size_t width)
{
    std::byte* octets = buffer_.extend(width);
    for (std::size_t i = 0; i < width; ++i)
        octets[i] = static_cast<std::byte>(number >> (8 * i));
}

void opcode_output::integer(std::int64_t number)
{
    if (number >= 0 && number <= 0xff) {
        op(opcode::binint1);
        little(static_cast<std::uint64_t>(number), 1);
    } else if (number >= 0 && number <= 0xffff) {
        op(opcode::binint2);
        little(static_cast<std::uint64_t>(number), 2);
    } else if (fits_binint(number)) {
        op(opcode::binint);
        little(static_cast<std::uint64_t>(number), 4);
    } else {
        long_integer(number);
    }
}

void opcode_output::unsigned_integer(std::uint64_t number)
{
    if (number <= static_cast<std::uint64_t>(INT64_MAX))
        return integer(static_cast<std::int64_t>(number));
    op(opcode::long1);
    little(sizeof number + 1, 1);
    little(number, sizeof number);
    little(0, 1);
}

void opcode_output::int_text(std::int64_t number)
{
    op(opcode::int_text);
    line(std::to_string(number));
}

void opcode_output::long_integer(std::int64_t number)
{
    // As few octets as keep the sign: the top one must not merely repeat the sign of the one below.
    std::size_t width = number == 0 ? 0 : 1;
    while (width > 0 && width < sizeof number && (number >> (8 * width - 1)) != 0 && (number >> (8 * width - 1)) != -1)
        ++width;
    op(opcode::long1);
    little(width, 1);
    little(static_cast<std::uint64_t>(number), width);
}

void opcode_output::long_integer(bytes_view little_endian)
{
    const std::string_view octets = as_chars(little_endian);
    if (octets.size() < 256)
        counted(opcode::long1, octets, 1);
    else
        counted(opcode::long4, octets, 4);
}

void opcode_output::floating(double number)
{
    op(opcode::binfloat);
    const auto bits = std::bit_cast<std::uint64_t>(number);
    std::byte* octets = buffer_.extend(sizeof bits);
    for (std::size_t i = 0; i < sizeof bits; ++i)
        octets[i] = static_cast<std::byte>(bits >> (8 * (sizeof bits - 1 - i)));
}

void opcode_output::str(std::string_view utf8, std::uint8_t protocol)
{
    if (protocol >= 4 && utf8.size() <= 0xff)
        counted(opcode::short_binunicode, utf8, 1);
    else if (utf8.size() <= 0xffff'ffff)
        counted(opcode::binunicode, utf8, 4);
    else
        counted(opcode::binunicode8, utf8, 8);
}

void opcode_output::bytes(std::string_view octets, std::uint8_t protocol)
{
    if (octets.size() <= 0xff)
        counted(opcode::short_binbytes, octets, 1);
    else if (octets.size() <= 0xffff'ffff || protocol < 4)
        counted(opcode::binbytes, octets, 4);
    else
        counted(opcode::binbytes8, octets, 8);
}

void opcode_output::bytearray(std::string_view octets)
{
    counted(opcode::bytearray8, octets, 8);
}

void opcode_output::byte_string(std::string_view octets)
{
    if (octets.size() <= 0xff)
        counted(opcode::short_binstring, octets, 1);
    else
        counted(opcode::binstring, octets, 4);
}

void opcode_output::global(std::string_view module, std::string_view name)
{
    op(opcode::global);
    line(module);
    line(name);
}

void opcode_output::persistent_text(std::string_view text)
{
    op(opcode::persid);
    line(text);
}

void opcode_output::counted(opcode code, std::string_view content, std::size_t width)
{
    op(code);
    little(content.size(), width);
    buffer_.append(content);
}

void opcode_output::line(std::string_view text)
{
    auto* octets = reinterpret_cast<char*>(buffer_.extend(text.size() + 1));
    std::replace_copy(text.begin(), text.end(), octets, '\n', '_');
    octets[text.size()] = '\n';
}

}  // namespace quaymaster::codec
