#include "codec/number.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace quaymaster::codec {

namespace {

constexpr double two_to_63 = 9223372036854775808.0;
/// A double's integers need at most 1,024 bits and a sign.
constexpr std::size_t double_octets_max = 130;

bool is_negative(bytes_view little_endian) noexcept
{
    return (std::to_integer<unsigned>(little_endian.back()) & 0x80U) != 0;
}

/// Both beyond 64 bits and without redundant sign octets, so a longer one is further from zero.
std::strong_ordering compare_big(bytes_view left, bytes_view right) noexcept
{
    const bool negative = is_negative(left);
    if (negative != is_negative(right))
        return negative ? std::strong_ordering::less : std::strong_ordering::greater;
    if (left.size() != right.size())
        return (left.size() < right.size()) != negative ? std::strong_ordering::less : std::strong_ordering::greater;
    for (std::size_t i = left.size(); i-- > 0;)
        if (left[i] != right[i])
            return left[i] < right[i] ? std::strong_ordering::less : std::strong_ordering::greater;
    return std::strong_ordering::equal;
}

/// An integral double of at least 2**63 in magnitude as a big integer in `room`; -2**63 itself is not asked for.
bytes_view big_from_double(double integral, std::array<std::byte, double_octets_max>& room) noexcept
{
    int exponent = 0;
    const double fraction = std::frexp(std::fabs(integral), &exponent);  // in [0.5, 1), so exponent is at least 64
    const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    room.fill(std::byte{0});
    const auto shift = static_cast<unsigned>(exponent - 53);
    for (unsigned bit = 0; bit < 53; ++bit)
        if (((mantissa >> bit) & 1U) != 0)
            room[(shift + bit) / 8] |= std::byte{1} << ((shift + bit) % 8);
    if (integral < 0) {
        bool carry = true;
        for (std::byte& octet : room) {
            const unsigned negated = (std::to_integer<unsigned>(~octet) & 0xffU) + (carry ? 1U : 0U);
            octet = static_cast<std::byte>(negated & 0xffU);
            carry = negated > 0xffU;
        }
    }
    std::size_t size = room.size();
    const std::byte sign = integral < 0 ? std::byte{0xff} : std::byte{0};
    while (size > 1 && room[size - 1] == sign && ((room[size - 2] & std::byte{0x80}) == (sign & std::byte{0x80})))
        --size;
    return bytes_view{room}.first(size);
}

/// An int of 64 bits against a float.
std::partial_ordering compare_small_to_floating(std::int64_t left, double right) noexcept
{
    if (std::isnan(right))
        return std::partial_ordering::unordered;
    if (right >= two_to_63)
        return std::partial_ordering::less;
    if (right < -two_to_63)
        return std::partial_ordering::greater;
    const double whole = std::trunc(right);
    const auto truncated = static_cast<std::int64_t>(whole);
    if (left != truncated)
        return left <=> truncated;
    return 0.0 <=> (right - whole);
}

std::partial_ordering compare_big_to_floating(bytes_view left, double right) noexcept
{
    if (std::isnan(right))
        return std::partial_ordering::unordered;
    if (std::isinf(right))
        return right > 0 ? std::partial_ordering::less : std::partial_ordering::greater;
    // Beyond 64 bits every double is integral; below, the big one is further from zero.
    if (right < two_to_63 && right >= -two_to_63)
        return is_negative(left) ? std::partial_ordering::less : std::partial_ordering::greater;
    std::array<std::byte, double_octets_max> room;
    return compare_big(left, big_from_double(right, room));
}

std::partial_ordering reversed(std::partial_ordering order) noexcept
{
    return 0 <=> order;
}

void append_octets(std::string& output, const void* from, std::size_t size)
{
    output.append(static_cast<const char*>(from), size);
}

std::string key_of(std::int64_t integer)
{
    std::string key{'i'};
    append_octets(key, &integer, sizeof integer);
    return key;
}

}  // namespace

std::partial_ordering compare(const number& left, const number& right)
{
    using form = number_form;
    switch (left.form) {
    case form::small:
        switch (right.form) {
        case form::small: return left.small <=> right.small;
        case form::big: return is_negative(right.big) ? std::partial_ordering::greater : std::partial_ordering::less;
        case form::floating: return compare_small_to_floating(left.small, right.floating);
        }
        break;
    case form::big:
        switch (right.form) {
        case form::small: return is_negative(left.big) ? std::partial_ordering::less : std::partial_ordering::greater;
        case form::big: return compare_big(left.big, right.big);
        case form::floating: return compare_big_to_floating(left.big, right.floating);
        }
        break;
    case form::floating:
        switch (right.form) {
        case form::small: return reversed(compare_small_to_floating(right.small, left.floating));
        case form::big: return reversed(compare_big_to_floating(right.big, left.floating));
        case form::floating: return left.floating <=> right.floating;
        }
        break;
    }
    return std::partial_ordering::unordered;
}

std::optional<std::string> canonical_key(const number& known)
{
    if (known.form == number_form::small)
        return key_of(known.small);
    if (known.form == number_form::big)
        return 'I' + std::string{as_chars(known.big)};
    const double floating = known.floating;
    if (std::isnan(floating))
        return std::nullopt;
    if (std::isfinite(floating) && std::trunc(floating) == floating) {
        if (floating >= -two_to_63 && floating < two_to_63)
            return key_of(static_cast<std::int64_t>(floating));
        std::array<std::byte, double_octets_max> room;
        return 'I' + std::string{as_chars(big_from_double(floating, room))};
    }
    std::string key{'f'};
    append_octets(key, &floating, sizeof floating);
    return key;
}

std::string decimal_text(bytes_view little_endian)
{
    const bool negative = is_negative(little_endian);
    std::vector<std::uint8_t> magnitude;
    magnitude.reserve(little_endian.size());
    for (const std::byte octet : little_endian)
        magnitude.push_back(static_cast<std::uint8_t>(std::to_integer<unsigned>(octet) ^ (negative ? 0xffU : 0U)));
    boost::multiprecision::cpp_int number;
    import_bits(number, magnitude.begin(), magnitude.end(), 8, false);
    if (negative)
        number = -(number + 1);
    return number.str();
}

std::optional<double> nearest_double(bytes_view little_endian)
{
    const bool negative = is_negative(little_endian);
    // The magnitude's octets from the top; of what lies below the top 64 bits only "is there any" matters for rounding.
    bytes magnitude{little_endian.begin(), little_endian.end()};
    if (negative) {
        bool carry = true;
        for (std::byte& octet : magnitude) {
            const unsigned negated = (std::to_integer<unsigned>(~octet) & 0xffU) + (carry ? 1U : 0U);
            octet = static_cast<std::byte>(negated & 0xffU);
            carry = negated > 0xffU;
        }
    }
    while (!magnitude.empty() && magnitude.back() == std::byte{0})
        magnitude.pop_back();
    std::uint64_t top = 0;
    std::size_t below = magnitude.size();
    while (below > 0 && magnitude.size() - below < sizeof top)
        top = (top << 8U) | std::to_integer<std::uint64_t>(magnitude[--below]);
    // A top octet such as 0x01 leaves 57 significant bits: still more than a double's 53 and the two for rounding.
    for (std::size_t i = 0; i < below; ++i)
        if (magnitude[i] != std::byte{0}) {
            top |= 1U;
            break;
        }
    if (below > double_octets_max)
        return std::nullopt;
    const double scaled = std::ldexp(static_cast<double>(top), static_cast<int>(below * 8));
    if (std::isinf(scaled))
        return std::nullopt;
    return negative ? -scaled : scaled;
}

std::string float_text(double known)
{
    if (std::isnan(known))
        return "nan";
    if (std::isinf(known))
        return known > 0 ? "inf" : "-inf";
    // The shortest digits come from to_chars; where the point goes is Python's rule: an exponent from 1e16 and below 1e-4.
    std::array<char, 64> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), std::fabs(known), std::chars_format::scientific).ptr;
    const std::string_view scientific{room.data(), static_cast<std::size_t>(end - room.data())};
    const std::size_t e = scientific.find('e');
    std::string digits;
    for (const char digit : scientific.substr(0, e))
        if (digit != '.')
            digits += digit;
    const int exponent = std::atoi(std::string{scientific.substr(e + 1)}.c_str());

    std::string text = std::signbit(known) ? "-" : "";
    if (exponent < -4 || exponent >= 16) {
        text += digits[0];
        if (digits.size() > 1)
            text.append(".").append(digits, 1);
        text += exponent < 0 ? "e-" : "e+";
        const int magnitude = std::abs(exponent);
        text.append(magnitude < 10 ? "0" : "").append(std::to_string(magnitude));
    } else if (exponent < 0) {
        text.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    } else {
        const auto whole = static_cast<std::size_t>(exponent) + 1;
        if (digits.size() <= whole)
            text.append(digits).append(whole - digits.size(), '0').append(".0");
        else
            text.append(digits, 0, whole).append(".").append(digits, whole);
    }
    return text;
}

}  // namespace quaymaster::codec
