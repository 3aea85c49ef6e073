#include "wire/python_text.hpp"

namespace quaymaster::wire {

namespace {

void append_escaped(std::string& output, char c, char quote)
{
    static constexpr char digits[] = "0123456789abcdef";
    const auto octet = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
        output += '\\';
        output += c;
    } else if (c == '\n') {
        output += "\\n";
    } else if (c == '\r') {
        output += "\\r";
    } else if (c == '\t') {
        output += "\\t";
    } else if (octet < 0x20 || octet == 0x7f) {
        output += "\\x";
        output += digits[octet >> 4];
        output += digits[octet & 15];
    } else {
        output += c;
    }
}

}  // namespace

std::string quoted(std::string_view text, std::size_t size_max)
{
    const bool cut = text.size() > size_max;
    if (cut) {
        std::size_t end = size_max;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)  // not inside a UTF-8 character
            --end;
        text = text.substr(0, end);
    }
    const bool has_single = text.find('\'') != std::string_view::npos;
    const bool has_double = text.find('"') != std::string_view::npos;
    const char quote = has_single && !has_double ? '"' : '\'';
    std::string output(1, quote);
    for (const char c : text)
        append_escaped(output, c, quote);
    output += quote;
    if (cut)
        output += "...";
    return output;
}

}  // namespace quaymaster::wire
