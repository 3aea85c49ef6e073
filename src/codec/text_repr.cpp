#include "codec/text_repr.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace quaymaster::codec {

namespace {

struct code_range {
    char32_t first;
    char32_t last;
};

/// What Python's str.isprintable() denies, from 0x7f on: controls, formats, surrogates, private use, separators, and
/// whole blocks without characters. (From Unicode 14's categories Cc, Cf, Cs, Co, Zl, Zp, Zs.)
constexpr code_range unprintable[] = {
    {0x7f, 0xa0},         {0xad, 0xad},         {0x600, 0x605},       {0x61c, 0x61c},       {0x6dd, 0x6dd},
    {0x70f, 0x70f},       {0x890, 0x891},       {0x8e2, 0x8e2},       {0x1680, 0x1680},     {0x180e, 0x180e},
    {0x2000, 0x200f},     {0x2028, 0x202f},     {0x205f, 0x206f},     {0x3000, 0x3000},     {0xd800, 0xf8ff},
    {0xfeff, 0xfeff},     {0xfff0, 0xfffb},     {0xfffe, 0xffff},     {0x110bd, 0x110bd},   {0x110cd, 0x110cd},
    {0x13430, 0x13438},   {0x1bca0, 0x1bca3},   {0x1d173, 0x1d17a},   {0x1fffe, 0x1ffff},   {0x2fffe, 0x2ffff},
    {0x323b0, 0xe00ff},   {0xe01f0, 0x10ffff},
};

bool is_printable(char32_t code_point)
{
    if (code_point < 0x7f)
        return code_point >= ' ';
    const auto* const after = std::upper_bound(std::begin(unprintable), std::end(unprintable), code_point,
                                               [](char32_t wanted, const code_range& range) { return wanted < range.first; });
    return after == std::begin(unprintable) || code_point > std::prev(after)->last;
}

void append_hex(std::string& output, std::uint32_t number, unsigned digits)
{
    for (unsigned shift = 4 * digits; shift > 0; shift -= 4)
        output += "0123456789abcdef"[(number >> (shift - 4)) & 0xfU];
}

char quote_for(std::string_view content)
{
    return content.find('\'') != std::string_view::npos && content.find('"') == std::string_view::npos ? '"' : '\'';
}

/// The escapes that str and bytes share; false if `octet` has none.
bool append_short_escape(std::string& output, char octet, char quote)
{
    switch (octet) {
    case '\t': output += "\\t"; return true;
    case '\n': output += "\\n"; return true;
    case '\r': output += "\\r"; return true;
    case '\\': output += "\\\\"; return true;
    default: break;
    }
    if (octet != quote)
        return false;
    output.append("\\").append(1, quote);
    return true;
}

struct decoded_character {
    char32_t code_point;
    std::size_t size;
};

/// The first character of `utf8`, which is not empty and was checked when it became a str.
decoded_character first_character(std::string_view utf8)
{
    const auto at = [&](std::size_t index) { return static_cast<char32_t>(static_cast<unsigned char>(utf8[index])); };
    const char32_t lead = at(0);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size == 1 || size > utf8.size())
        return {lead, 1};
    char32_t code_point = lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i)
        code_point = (code_point << 6U) | (at(i) & 0x3fU);
    return {code_point, size};
}

}  // namespace

void append_str_repr(std::string& output, std::string_view utf8, std::size_t size_max)
{
    const std::size_t stop = output.size() + size_max;
    const char quote = quote_for(utf8);
    output += quote;
    while (!utf8.empty() && output.size() <= stop) {
        const auto [code_point, size] = first_character(utf8);
        if (size == 1 && append_short_escape(output, utf8[0], quote)) {
            // done
        } else if (is_printable(code_point)) {
            output += utf8.substr(0, size);
        } else if (code_point <= 0xff) {
            output += "\\x";
            append_hex(output, code_point, 2);
        } else if (code_point <= 0xffff) {
            output += "\\u";
            append_hex(output, code_point, 4);
        } else {
            output += "\\U";
            append_hex(output, code_point, 8);
        }
        utf8.remove_prefix(size);
    }
    output += quote;
}

void append_octets_repr(std::string& output, std::string_view octets, std::size_t size_max)
{
    const std::size_t stop = output.size() + size_max;
    const char quote = quote_for(octets);
    output += quote;
    for (const char octet : octets) {
        if (output.size() > stop)
            break;
        if (append_short_escape(output, octet, quote))
            continue;
        const auto number = static_cast<unsigned char>(octet);
        if (number >= ' ' && number < 0x7f) {
            output += octet;
        } else {
            output += "\\x";
            append_hex(output, number, 2);
        }
    }
    output += quote;
}

void append_bytes_repr(std::string& output, std::string_view octets, std::size_t size_max)
{
    output += 'b';
    append_octets_repr(output, octets, size_max);
}

}  // namespace quaymaster::codec
