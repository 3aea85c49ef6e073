#include "codec/single_opcode.hpp"

#include "codec/pickle_opcodes.hpp"
#include "codec/text_arguments.hpp"

#include <quaymaster/conversion/opcodes.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace quaymaster {
namespace codec {
namespace {

std::uint64_t little(bytes_view octets) noexcept
{
    std::uint64_t number = 0;
    for (std::size_t i = octets.size(); i > 0; --i)
        number = (number << 8U) | std::to_integer<std::uint64_t>(octets[i - 1]);
    return number;
}

/// What follows a length of `width` octets after the opcode, if the rest is as long as that says.
std::optional<bytes_view> counted(bytes_view opcodes, std::size_t width) noexcept
{
    if (opcodes.size() <= width || little(opcodes.subspan(1, width)) != opcodes.size() - 1 - width)
        return std::nullopt;
    return opcodes.subspan(1 + width);
}

std::optional<bytes_view> checked(std::optional<bytes_view> text) noexcept
{
    return text && is_utf8(as_chars(*text)) ? text : std::nullopt;
}

}  // namespace

std::optional<bytes_view> single_bytes(bytes_view opcodes) noexcept
{
    if (opcodes.empty())
        return std::nullopt;
    switch (static_cast<opcode>(opcodes.front())) {
    case opcode::short_binbytes: return counted(opcodes, 1);
    case opcode::binbytes: return counted(opcodes, 4);
    case opcode::binbytes8: return counted(opcodes, 8);
    default: return std::nullopt;
    }
}

std::optional<bytes_view> single_text(bytes_view opcodes) noexcept
{
    if (opcodes.empty())
        return std::nullopt;
    switch (static_cast<opcode>(opcodes.front())) {
    case opcode::short_binunicode: return checked(counted(opcodes, 1));
    case opcode::binunicode: return checked(counted(opcodes, 4));
    case opcode::binunicode8: return checked(counted(opcodes, 8));
    default: return std::nullopt;
    }
}

}  // namespace codec

namespace detail {

using codec::opcode;

std::optional<bool> boolean_in(bytes_view opcodes) noexcept
{
    if (opcodes.size() != 1)
        return std::nullopt;
    switch (static_cast<opcode>(opcodes.front())) {
    case opcode::newtrue: return true;
    case opcode::newfalse: return false;
    default: return std::nullopt;
    }
}

std::optional<std::int64_t> integer_in(bytes_view opcodes) noexcept
{
    if (opcodes.empty())
        return std::nullopt;
    const bytes_view argument = opcodes.subspan(1);
    const auto of_size = [argument](std::size_t size) { return argument.size() == size; };
    switch (static_cast<opcode>(opcodes.front())) {
    case opcode::newtrue: return of_size(0) ? std::optional<std::int64_t>{1} : std::nullopt;
    case opcode::newfalse: return of_size(0) ? std::optional<std::int64_t>{0} : std::nullopt;
    case opcode::binint1: return of_size(1) ? std::optional{static_cast<std::int64_t>(codec::little(argument))} : std::nullopt;
    case opcode::binint2: return of_size(2) ? std::optional{static_cast<std::int64_t>(codec::little(argument))} : std::nullopt;
    case opcode::binint:
        return of_size(4) ? std::optional<std::int64_t>{static_cast<std::int32_t>(codec::little(argument))} : std::nullopt;
    default: return std::nullopt;
    }
}

std::optional<double> floating_in(bytes_view opcodes) noexcept
{
    constexpr std::size_t size = 1 + sizeof(double);
    if (opcodes.size() != size || static_cast<opcode>(opcodes.front()) != opcode::binfloat)
        return std::nullopt;
    std::uint64_t bits = 0;  // the first octet is the highest
    for (const std::byte octet : opcodes.subspan(1))
        bits = (bits << 8U) | std::to_integer<std::uint64_t>(octet);
    return std::bit_cast<double>(bits);
}

std::optional<std::string_view> text_in(bytes_view opcodes) noexcept
{
    const std::optional<bytes_view> found = codec::single_text(opcodes);
    return found ? std::optional{as_chars(*found)} : std::nullopt;
}

std::optional<bytes_view> octets_in(bytes_view opcodes) noexcept
{
    return codec::single_bytes(opcodes);
}

}  // namespace detail
}  // namespace quaymaster
