#include "codec/text_arguments.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace quaymaster::codec {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080U;

int hex_digit(char digit) noexcept
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/// Reads exactly `count` hex digits at `at`; nullopt if there are fewer.
std::optional<std::uint32_t> hex_number(std::string_view text, std::size_t at, std::size_t count)
{
    if (at > text.size() || text.size() - at < count)
        return std::nullopt;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const int digit = hex_digit(text[at + i]);
        if (digit < 0)
            return std::nullopt;
        number = number * 16 + static_cast<std::uint32_t>(digit);
    }
    return number;
}

/// How many continuation octets follow `lead`, and the bounds of the first of them; -1 for no lead octet.
struct utf8_sequence {
    int continuations;
    std::uint8_t first_low;
    std::uint8_t first_high;
};

utf8_sequence sequence_of(std::uint8_t lead) noexcept
{
    if (lead < 0xc2)
        return {-1, 0, 0};
    if (lead < 0xe0)
        return {1, 0x80, 0xbf};
    if (lead == 0xe0)
        return {2, 0xa0, 0xbf};
    if (lead < 0xf0)
        return {2, 0x80, 0xbf};  // 0xed included: surrogates pass
    if (lead == 0xf0)
        return {3, 0x90, 0xbf};
    if (lead < 0xf4)
        return {3, 0x80, 0xbf};
    if (lead == 0xf4)
        return {3, 0x80, 0x8f};
    return {-1, 0, 0};
}

}  // namespace

bool is_ascii(std::string_view text) noexcept
{
    std::size_t at = 0;
    for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & high_bits) != 0)
            return false;
    }
    for (; at < text.size(); ++at)
        if (static_cast<unsigned char>(text[at]) >= 0x80)
            return false;
    return true;
}

bool is_utf8(std::string_view text) noexcept
{
    std::size_t at = 0;
    while (at < text.size()) {
        if (text.size() - at >= sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + at, sizeof word);
            if ((word & high_bits) == 0) {
                at += sizeof word;
                continue;
            }
        }
        const auto lead = static_cast<std::uint8_t>(text[at]);
        if (lead < 0x80) {
            ++at;
            continue;
        }
        const utf8_sequence sequence = sequence_of(lead);
        if (sequence.continuations < 0 || text.size() - at <= static_cast<std::size_t>(sequence.continuations))
            return false;
        const auto first = static_cast<std::uint8_t>(text[at + 1]);
        if (first < sequence.first_low || first > sequence.first_high)
            return false;
        for (int i = 2; i <= sequence.continuations; ++i)
            if ((static_cast<std::uint8_t>(text[at + static_cast<std::size_t>(i)]) & 0xc0U) != 0x80)
                return false;
        at += static_cast<std::size_t>(sequence.continuations) + 1;
    }
    return true;
}

void append_utf8(std::string& output, std::uint32_t code_point)
{
    const auto push = [&output](std::uint32_t octet) { output.push_back(static_cast<char>(static_cast<unsigned char>(octet))); };
    if (code_point < 0x80) {
        push(code_point);
    } else if (code_point < 0x800) {
        push(0xc0U | (code_point >> 6U));
        push(0x80U | (code_point & 0x3fU));
    } else if (code_point < 0x10000) {
        push(0xe0U | (code_point >> 12U));
        push(0x80U | ((code_point >> 6U) & 0x3fU));
        push(0x80U | (code_point & 0x3fU));
    } else {
        push(0xf0U | (code_point >> 18U));
        push(0x80U | ((code_point >> 12U) & 0x3fU));
        push(0x80U | ((code_point >> 6U) & 0x3fU));
        push(0x80U | (code_point & 0x3fU));
    }
}

std::optional<std::string> unescape_string(std::string_view quoted)
{
    while (!quoted.empty() && (quoted.back() == ' ' || quoted.back() == '\r' || quoted.back() == '\t'))
        quoted.remove_suffix(1);
    if (quoted.size() < 2 || quoted.front() != quoted.back() || (quoted.front() != '\'' && quoted.front() != '"'))
        return std::nullopt;
    const std::string_view body = quoted.substr(1, quoted.size() - 2);
    std::string content;
    content.reserve(body.size());
    for (std::size_t at = 0; at < body.size(); ++at) {
        if (body[at] != '\\') {
            content.push_back(body[at]);
            continue;
        }
        if (++at == body.size())
            return std::nullopt;
        const char escape = body[at];
        switch (escape) {
        case '\\':
        case '\'':
        case '"': content.push_back(escape); break;
        case 'n': content.push_back('\n'); break;
        case 't': content.push_back('\t'); break;
        case 'r': content.push_back('\r'); break;
        case 'a': content.push_back('\a'); break;
        case 'b': content.push_back('\b'); break;
        case 'f': content.push_back('\f'); break;
        case 'v': content.push_back('\v'); break;
        case '\n': break;
        case 'x': {
            const auto octet = hex_number(body, at + 1, 2);
            if (!octet)
                return std::nullopt;
            content.push_back(static_cast<char>(static_cast<unsigned char>(*octet)));
            at += 2;
            break;
        }
        default: {
            if (escape < '0' || escape > '7') {  // as Python: an unknown escape stays as it is
                content.push_back('\\');
                content.push_back(escape);
                break;
            }
            unsigned octet = 0;
            std::size_t digits = 0;
            for (; digits < 3 && at + digits < body.size() && body[at + digits] >= '0' && body[at + digits] <= '7'; ++digits)
                octet = octet * 8 + static_cast<unsigned>(body[at + digits] - '0');
            content.push_back(static_cast<char>(static_cast<unsigned char>(octet & 0xffU)));
            at += digits - 1;
        }
        }
    }
    return content;
}

std::optional<std::string> unescape_raw_unicode(std::string_view escaped)
{
    std::string content;
    content.reserve(escaped.size());
    for (std::size_t at = 0; at < escaped.size(); ++at) {
        const char current = escaped[at];
        const char next = at + 1 < escaped.size() ? escaped[at + 1] : '\0';
        if (current != '\\' || (next != 'u' && next != 'U')) {
            append_utf8(content, static_cast<unsigned char>(current));  // Latin-1
            continue;
        }
        const std::size_t digits = next == 'u' ? 4 : 8;
        auto code_point = hex_number(escaped, at + 2, digits);
        if (!code_point || *code_point > 0x10ffff)
            return std::nullopt;
        at += 1 + digits;
        // A narrow build of Python 2 writes one character above U+FFFF as two surrogates.
        if (*code_point >= 0xd800 && *code_point < 0xdc00 && escaped.substr(at + 1, 2) == "\\u") {
            const auto low = hex_number(escaped, at + 3, 4);
            if (low && *low >= 0xdc00 && *low < 0xe000) {
                code_point = 0x10000 + ((*code_point - 0xd800) << 10U) + (*low - 0xdc00);
                at += 6;
            }
        }
        append_utf8(content, *code_point);
    }
    return content;
}

std::optional<decimal_digits> decimal_from_text(std::string_view text) noexcept
{
    decimal_digits number{false, text};
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        number.negative = text.front() == '-';
        number.digits.remove_prefix(1);
    }
    if (number.digits.empty() || number.digits.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    number.digits.remove_prefix(std::min(number.digits.find_first_not_of('0'), number.digits.size() - 1));
    return number;
}

std::optional<std::int64_t> small_integer(const decimal_digits& number) noexcept
{
    std::int64_t magnitude = 0;
    const auto parsed = std::from_chars(number.digits.data(), number.digits.data() + number.digits.size(), magnitude);
    if (parsed.ec != std::errc{})
        return std::nullopt;
    return number.negative ? -magnitude : magnitude;
}

std::size_t least_octets(const decimal_digits& number) noexcept
{
    constexpr double octets_per_digit = 0.415241;  // the logarithm of 10 to the base 256, rounded down
    return static_cast<std::size_t>(static_cast<double>(number.digits.size() - 1) * octets_per_digit) + 1;
}

bytes integer_octets(const decimal_digits& known)
{
    boost::multiprecision::cpp_int number{std::string{known.digits}};
    // Two's complement: export the magnitude of -(n + 1) and invert it.
    const bool negative = known.negative && number != 0;
    if (negative)
        number -= 1;
    bytes little_endian;
    std::vector<std::uint8_t> magnitude;
    export_bits(number, std::back_inserter(magnitude), 8, false);
    little_endian.reserve(magnitude.size() + 1);
    const unsigned sign_mask = negative ? 0xffU : 0U;
    for (const std::uint8_t octet : magnitude)
        little_endian.push_back(static_cast<std::byte>(octet ^ sign_mask));
    if (little_endian.empty() || (std::to_integer<unsigned>(little_endian.back()) & 0x80U) != (sign_mask & 0x80U))
        little_endian.push_back(static_cast<std::byte>(sign_mask));
    return little_endian;
}

std::optional<bytes> integer_from_decimal(std::string_view digits, std::size_t size_max)
{
    const auto number = decimal_from_text(digits);
    // The work is bounded before it is done.
    if (!number || least_octets(*number) > size_max)
        return std::nullopt;
    bytes little_endian = integer_octets(*number);
    if (little_endian.size() > size_max)
        return std::nullopt;
    return little_endian;
}

std::optional<double> float_from_text(std::string_view text)
{
    while (!text.empty() && (text.back() == ' ' || text.back() == '\r'))
        text.remove_suffix(1);
    if (!text.empty() && text.front() == '+')
        text.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end != text.data() + text.size() || text.empty())
        return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        // Python rounds as strtod does: to infinity or to zero.
        const bool tiny = text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
        const double magnitude = tiny ? 0.0 : std::numeric_limits<double>::infinity();
        return text.front() == '-' ? -magnitude : magnitude;
    }
    if (error != std::errc{})
        return std::nullopt;
    return number;
}

}  // namespace quaymaster::codec
