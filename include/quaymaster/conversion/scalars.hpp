// scalars: numbers, None, text and octets. Include <quaymaster/conversion.hpp>.
#pragma once

#include <quaymaster/conversion/converter.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace quaymaster {

// --- scalars ---

template <>
struct converter<bool> {
    static void encode(pickle_encoder& output, bool known) { output.boolean(known); }
    static bool decode(const value& found)
    {
        return detail::read_number(found, [](const value& number) {
            if (number.kind() != value_kind::boolean)
                detail::fail(expected(), number);
            return number.truth();
        });
    }
    static std::string expected() { return "bool"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::boolean; }
};

template <std::signed_integral T>
    requires(!detail::character<T>)
struct converter<T> {
    static_assert(sizeof(T) <= sizeof(std::int64_t));
    static void encode(pickle_encoder& output, T known) { output.integer(known); }
    static T decode(const value& found)
    {
        return static_cast<T>(detail::read_number(found, [](const value& number) {
            return detail::expect_int64(number, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
        }));
    }
    static std::string expected()
    {
        return detail::range_text(std::int64_t{std::numeric_limits<T>::min()}, std::int64_t{std::numeric_limits<T>::max()});
    }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::integer; }
};

template <std::unsigned_integral T>
    requires(!detail::character<T> && !std::same_as<T, bool>)
struct converter<T> {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    static void encode(pickle_encoder& output, T known) { output.unsigned_integer(known); }
    static T decode(const value& found)
    {
        return static_cast<T>(detail::read_number(
            found, [](const value& number) { return detail::expect_uint64(number, std::numeric_limits<T>::max()); }));
    }
    static std::string expected() { return detail::range_text(std::uint64_t{std::numeric_limits<T>::max()}); }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::integer; }
};

/// float and long double go through double, the precision of Python's float.
template <std::floating_point T>
struct converter<T> {
    static void encode(pickle_encoder& output, T known) { output.floating(static_cast<double>(known)); }
    static T decode(const value& found)
    {
        const double number = detail::read_number(found, detail::expect_double);
        if constexpr (sizeof(T) < sizeof(double)) {
            if (std::isfinite(number) && std::fabs(number) > static_cast<double>(std::numeric_limits<T>::max()))
                detail::fail("float of " + std::to_string(8 * sizeof(T)) + " bits", found);
        }
        return static_cast<T>(number);
    }
    static std::string expected() { return "float"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::floating; }
};

template <class T>
    requires std::is_enum_v<T>
struct converter<T> {
    using underlying = std::underlying_type_t<T>;
    // An enum over char is a number all the same.
    using number = std::conditional_t<std::is_same_v<underlying, bool>, bool,
                                      std::conditional_t<std::is_signed_v<underlying>, std::int64_t, std::uint64_t>>;
    static void encode(pickle_encoder& output, T known) { converter<number>::encode(output, static_cast<number>(known)); }
    static T decode(const value& found)
    {
        if constexpr (std::is_same_v<number, bool>)
            return static_cast<T>(converter<bool>::decode(found));
        else if constexpr (std::is_signed_v<underlying>)
            return static_cast<T>(detail::expect_int64(found, std::numeric_limits<underlying>::min(),
                                                       std::numeric_limits<underlying>::max()));
        else
            return static_cast<T>(detail::expect_uint64(found, std::numeric_limits<underlying>::max()));
    }
    static std::string expected() { return "int"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::integer; }
};

template <detail::character T>
struct converter<T> {
    static_assert(detail::always_false<T>,
                  "a character is neither a number nor text in Python: use std::string, std::int8_t or std::uint8_t");
};

template <>
struct converter<std::nullptr_t> {
    static void encode(pickle_encoder& output, std::nullptr_t) { output.none(); }
    static std::nullptr_t decode(const value& found)
    {
        if (!found.is_none())
            detail::fail(expected(), found);
        return nullptr;
    }
    static std::string expected() { return "None"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::none; }
};

template <>
struct converter<std::monostate> {
    static void encode(pickle_encoder& output, std::monostate) { output.none(); }
    static std::monostate decode(const value& found)
    {
        converter<std::nullptr_t>::decode(found);
        return {};
    }
    static std::string expected() { return "None"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::none; }
};

template <>
struct converter<value> {
    static void encode(pickle_encoder& output, const value& known) { output.object(known); }
    static value decode(const value& found) { return found; }
    static std::string expected() { return "any object"; }
    static bool is_native(value_kind) noexcept { return true; }
};

// --- text and octets ---

template <>
struct converter<std::string> {
    static void encode(pickle_encoder& output, const std::string& known) { output.str(known); }
    static std::string decode(const value& found) { return std::string{detail::expect_text(found)}; }
    static std::string expected() { return "str"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::str; }
};

template <>
struct converter<std::string_view> {
    static void encode(pickle_encoder& output, std::string_view known) { output.str(known); }
};

template <>
struct converter<const char*> {
    static void encode(pickle_encoder& output, const char* known) { output.str(known); }
};

template <>
struct converter<char*> : converter<const char*> {};

template <std::size_t Size>
struct converter<char[Size]> : converter<const char*> {};

template <>
struct converter<bytes> {
    static void encode(pickle_encoder& output, const bytes& known) { output.bytes(known); }
    static bytes decode(const value& found) { return to_bytes(detail::expect_octets(found, "bytes")); }
    static std::string expected() { return "bytes"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::bytes || kind == value_kind::bytearray; }
};

template <>
struct converter<bytes_view> {
    static void encode(pickle_encoder& output, bytes_view known) { output.bytes(known); }
};

}  // namespace quaymaster
