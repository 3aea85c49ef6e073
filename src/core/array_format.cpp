#include "core/array_format.hpp"

#include <algorithm>
#include <array>

namespace quaymaster::core {
namespace {

constexpr std::array<machine_format, 22> machine_formats{{
    {item_form::unsigned_integer, 1, false},
    {item_form::signed_integer, 1, false},
    {item_form::unsigned_integer, 2, false},
    {item_form::unsigned_integer, 2, true},
    {item_form::signed_integer, 2, false},
    {item_form::signed_integer, 2, true},
    {item_form::unsigned_integer, 4, false},
    {item_form::unsigned_integer, 4, true},
    {item_form::signed_integer, 4, false},
    {item_form::signed_integer, 4, true},
    {item_form::unsigned_integer, 8, false},
    {item_form::unsigned_integer, 8, true},
    {item_form::signed_integer, 8, false},
    {item_form::signed_integer, 8, true},
    {item_form::floating, 4, false},
    {item_form::floating, 4, true},
    {item_form::floating, 8, false},
    {item_form::floating, 8, true},
    {item_form::text, 2, false},
    {item_form::text, 2, true},
    {item_form::text, 4, false},
    {item_form::text, 4, true},
}};

bytes little_endian(bytes_view octets, const machine_format& format)
{
    bytes turned = to_bytes(octets);
    if (format.is_big_endian)
        for (auto at = turned.begin(); at != turned.end(); at += format.size)
            std::reverse(at, at + format.size);
    return turned;
}

// UTF-16 (little endian) as four octets for each character, as 'u' has them. Half of a pair alone stays what it is.
bytes utf32_from_utf16(bytes_view octets)
{
    bytes wide;
    wide.reserve(octets.size() * 2);
    for (std::size_t at = 0; at < octets.size(); at += 2) {
        std::uint64_t unit = load_item(octets.subspan(at, 2));
        if (unit >= 0xd800 && unit < 0xdc00 && octets.size() - at >= 4) {
            const std::uint64_t next = load_item(octets.subspan(at + 2, 2));
            if (next >= 0xdc00 && next < 0xe000) {
                unit = 0x10000 + ((unit - 0xd800) << 10U) + (next - 0xdc00);
                at += 2;
            }
        }
        wide.resize(wide.size() + 4);
        store_item(unit, wide.data() + wide.size() - 4, 4);
    }
    return wide;
}

}  // namespace

const machine_format* find_machine_format(std::uint64_t number) noexcept
{
    return number < machine_formats.size() ? &machine_formats[number] : nullptr;
}

bytes from_machine_format(const machine_format& format, bytes_view octets)
{
    bytes content = little_endian(octets, format);
    return format.form == item_form::text && format.size == 2 ? utf32_from_utf16(content) : content;
}

}  // namespace quaymaster::core
