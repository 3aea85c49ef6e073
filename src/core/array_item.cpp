#include "core/array_item.hpp"

#include "codec/object_graph.hpp"
#include "codec/text_arguments.hpp"
#include "core/iterable.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::array<item_type, 15> known_types{{
    {'b', item_form::signed_integer, 1},
    {'B', item_form::unsigned_integer, 1},
    {'u', item_form::text, 4},
    {'w', item_form::text, 4},
    {'h', item_form::signed_integer, 2},
    {'H', item_form::unsigned_integer, 2},
    {'i', item_form::signed_integer, 4},
    {'I', item_form::unsigned_integer, 4},
    {'l', item_form::signed_integer, 8},
    {'L', item_form::unsigned_integer, 8},
    {'q', item_form::signed_integer, 8},
    {'Q', item_form::unsigned_integer, 8},
    {'f', item_form::floating, 4},
    {'d', item_form::floating, 8},
    {'c', item_form::octet, 1},
}};

raised error_of(exception_type type, std::string text)
{
    return {type, std::move(text)};
}

std::string hexadecimal(std::uint64_t number)
{
    std::string digits;
    do {
        digits.insert(digits.begin(), "0123456789abcdef"[number & 0xfU]);
        number >>= 4U;
    } while (number != 0);
    return digits;
}

std::int64_t sign_extended(std::uint64_t bits, std::size_t size) noexcept
{
    const auto unused = static_cast<unsigned>(8 * (sizeof bits - size));
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

double floating_from_bits(std::uint64_t bits, std::size_t size) noexcept
{
    return size == sizeof(float) ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))
                                 : std::bit_cast<double>(bits);
}

using bits_or_raised = std::variant<std::uint64_t, raised>;

// What CPython's argument parser and then array.array check, in turn.
struct range_check {
    std::string_view name;  // "signed char"; empty for no check
    std::int64_t least = 0;
    std::int64_t most = 0;
};

template <class Integer>
constexpr range_check check_of(std::string_view name) noexcept
{
    return {name, std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max()};
}

std::array<range_check, 2> range_checks(char typecode) noexcept
{
    constexpr range_check as_short = check_of<std::int16_t>("signed short integer");
    constexpr range_check as_int = check_of<std::int32_t>("signed integer");
    switch (typecode) {
    case 'b': return {as_short, check_of<std::int8_t>("signed char")};
    case 'B': return {check_of<std::uint8_t>("unsigned byte integer"), range_check{}};
    case 'h': return {as_short, range_check{}};
    case 'H': return {as_int, check_of<std::uint16_t>("unsigned short")};
    case 'i': return {as_int, range_check{}};
    default: return {};
    }
}

// The types that CPython reads as a C long or a long long: all signed ones and the small unsigned ones.
bits_or_raised bits_of_signed(char typecode, const value& item)
{
    if (!is_integer(item))
        return not_an_integer(item);
    const auto number = item.to_int64();
    if (!number) {
        return error_of(exception_type::overflow_error,
                        typecode == 'q' ? "int too big to convert" : "Python int too large to convert to C long");
    }
    for (const range_check& check : range_checks(typecode)) {
        if (check.name.empty())
            continue;
        if (*number < check.least)
            return error_of(exception_type::overflow_error, std::string{check.name} + " is less than minimum");
        if (*number > check.most)
            return error_of(exception_type::overflow_error, std::string{check.name} + " is greater than maximum");
    }
    return static_cast<std::uint64_t>(*number);
}

bits_or_raised bits_of_unsigned(char typecode, const value& item)
{
    if (typecode == 'B' || typecode == 'H')
        return bits_of_signed(typecode, item);
    if (!is_integer(item))
        return not_an_integer(item);
    if (value::less(item, value{0}).value_or(false)) {
        return error_of(exception_type::overflow_error, typecode == 'Q' ? "can't convert negative int to unsigned"
                                                                        : "can't convert negative value to unsigned int");
    }
    const auto number = item.to_uint64();
    if (!number) {
        return error_of(exception_type::overflow_error,
                        typecode == 'Q' ? "int too big to convert" : "Python int too large to convert to C unsigned long");
    }
    if (typecode == 'I' && *number > std::numeric_limits<std::uint32_t>::max())
        return error_of(exception_type::overflow_error, "unsigned int is greater than maximum");
    return *number;
}

// As C does it on every machine with IEEE 754, though C++ leaves it undefined: too large for a float is infinite.
float narrowed(double number) noexcept
{
    constexpr double rounds_to_infinity = 0x1.ffffffp127;
    const double magnitude = std::fabs(number);
    if (std::isfinite(number) && magnitude >= rounds_to_infinity)
        return std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(std::copysign(1.0, number)));
    if (std::isfinite(number) && magnitude > static_cast<double>(std::numeric_limits<float>::max()))
        return std::copysign(std::numeric_limits<float>::max(), static_cast<float>(std::copysign(1.0, number)));
    return static_cast<float>(number);
}

bits_or_raised bits_of_floating(std::size_t size, const value& item)
{
    if (!is_integer(item) && item.kind() != value_kind::floating)
        return error_of(exception_type::type_error, "must be real number, not " + class_name_of(item));
    const auto number = item.to_double();
    if (!number)
        return error_of(exception_type::overflow_error, "int too large to convert to float");
    if (size == sizeof(float))
        return std::uint64_t{std::bit_cast<std::uint32_t>(narrowed(*number))};
    return std::bit_cast<std::uint64_t>(*number);
}

bits_or_raised bits_of_character(const value& item)
{
    const std::string_view text = item.text();
    if (item.kind() == value_kind::str && !text.empty()) {
        std::size_t size = 0;
        const std::uint32_t code_point = first_code_point(text, size);
        if (size == text.size())
            return std::uint64_t{code_point};
    }
    return error_of(exception_type::type_error, "array item must be unicode character");
}

bits_or_raised bits_of_octet(const value& item)
{
    const bytes_view octets = item.octets();
    if ((item.kind() != value_kind::byte_string && item.kind() != value_kind::bytes) || octets.size() != 1)
        return error_of(exception_type::type_error, "array item must be char");
    return std::to_integer<std::uint64_t>(octets[0]);
}

}  // namespace

std::span<const item_type> item_types() noexcept
{
    return known_types;
}

const item_type* find_item_type(char typecode) noexcept
{
    const auto* const found = std::find_if(known_types.begin(), known_types.end(),
                                           [typecode](const item_type& each) { return each.typecode == typecode; });
    return found != known_types.end() ? found : nullptr;
}

std::uint64_t load_item(bytes_view octets) noexcept
{
    std::uint64_t bits = 0;
    for (std::size_t i = octets.size(); i-- > 0;)
        bits = (bits << 8U) | std::to_integer<std::uint64_t>(octets[i]);
    return bits;
}

void store_item(std::uint64_t bits, std::byte* octets, std::size_t size) noexcept
{
    for (std::size_t i = 0; i < size; ++i)
        octets[i] = static_cast<std::byte>(bits >> (8 * i));
}

std::uint32_t first_code_point(std::string_view utf8, std::size_t& size) noexcept
{
    const auto octet = [utf8](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(utf8[i])); };
    const std::uint32_t lead = octet(0);
    size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    constexpr std::uint32_t lead_masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    std::uint32_t code_point = lead & lead_masks[size];
    for (std::size_t i = 1; i < size; ++i)
        code_point = (code_point << 6U) | (octet(i) & 0x3fU);
    return code_point;
}

value python2_str(std::string_view octets)
{
    const auto graph = std::make_shared<codec::object_graph>();
    const codec::node_id node = graph->add_text(codec::node_kind::byte_string, graph->own(octets));
    return codec::object_graph::to_value(graph, node);
}

raised no_character(std::uint64_t bits)
{
    return error_of(exception_type::value_error, "character U+" + hexadecimal(bits) + " is not in range [U+0000; U+10ffff]");
}

bool is_integer(const value& item) noexcept
{
    return item.kind() == value_kind::integer || item.kind() == value_kind::boolean;
}

raised not_an_integer(const value& item)
{
    return error_of(exception_type::type_error, "'" + class_name_of(item) + "' object cannot be interpreted as an integer");
}

std::variant<value, raised> item_value(const item_type& type, std::uint64_t bits)
{
    switch (type.form) {
    case item_form::signed_integer: return value{sign_extended(bits, type.size)};
    case item_form::unsigned_integer: return value{bits};
    case item_form::floating: return value{floating_from_bits(bits, type.size)};
    case item_form::text: break;
    case item_form::octet: return python2_str(std::string(1, static_cast<char>(bits)));
    }
    if (bits > code_point_max)
        return no_character(bits);
    std::string character;
    codec::append_utf8(character, static_cast<std::uint32_t>(bits));
    return value{character};
}

std::variant<std::uint64_t, raised> item_bits(const item_type& type, const value& item)
{
    switch (type.form) {
    case item_form::signed_integer: return bits_of_signed(type.typecode, item);
    case item_form::unsigned_integer: return bits_of_unsigned(type.typecode, item);
    case item_form::floating: return bits_of_floating(type.size, item);
    case item_form::text: return bits_of_character(item);
    case item_form::octet: break;
    }
    return bits_of_octet(item);
}

}  // namespace quaymaster::core
