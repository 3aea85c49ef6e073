#include "codec/number.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace quaymaster;
using codec::float_text;

TEST_CASE("float_text() is the shortest text that reads back, laid out as Python does", "[codec][number]")
{
    CHECK(float_text(0.0) == "0.0");
    CHECK(float_text(-0.0) == "-0.0");
    CHECK(float_text(1) == "1.0");
    CHECK(float_text(0.1) == "0.1");
    CHECK(float_text(1e15) == "1000000000000000.0");
    CHECK(float_text(1e16) == "1e+16");
    CHECK(float_text(123456789012345680.0) == "1.2345678901234568e+17");
    CHECK(float_text(0.0001) == "0.0001");
    CHECK(float_text(0.00001) == "1e-05");
    CHECK(float_text(1.5e300) == "1.5e+300");
    CHECK(float_text(5e-324) == "5e-324");
    CHECK(float_text(std::numeric_limits<double>::infinity()) == "inf");
    CHECK(float_text(-std::numeric_limits<double>::infinity()) == "-inf");
    CHECK(float_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
}

TEST_CASE("nearest_double() rounds to nearest, ties to even", "[codec][number]")
{
    const auto octets = [](std::initializer_list<int> list) {
        bytes made;
        for (const int octet : list)
            made.push_back(static_cast<std::byte>(octet));
        return made;
    };
    // 2**64
    CHECK(codec::nearest_double(octets({0, 0, 0, 0, 0, 0, 0, 0, 1})) == 18446744073709551616.0);
    // 2**64 + 2**11 is half-way and goes down to even; one more goes up
    CHECK(codec::nearest_double(octets({0, 8, 0, 0, 0, 0, 0, 0, 1})) == 18446744073709551616.0);
    CHECK(codec::nearest_double(octets({1, 8, 0, 0, 0, 0, 0, 0, 1})) == 18446744073709555712.0);
    // -2**64
    CHECK(codec::nearest_double(octets({0, 0, 0, 0, 0, 0, 0, 0, 0xff})) == -18446744073709551616.0);
    CHECK(codec::nearest_double(bytes(200, std::byte{0x7f})) == std::nullopt);
}

TEST_CASE("canonical_key() is one for equal numbers", "[codec][number]")
{
    using codec::canonical_key;
    using codec::number;
    using codec::number_form;
    const auto floating = [](double known) { return number{.form = number_form::floating, .floating = known}; };
    CHECK(canonical_key(floating(1)) == canonical_key(number{.small = 1}));
    CHECK(canonical_key(floating(-0.0)) == canonical_key(number{}));
    CHECK(canonical_key(floating(0.5)) != canonical_key(number{}));
    CHECK_FALSE(canonical_key(floating(std::numeric_limits<double>::quiet_NaN())));
    const bytes two_to_63(std::initializer_list<std::byte>{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
                                                           std::byte{0}, std::byte{0}, std::byte{0x80}, std::byte{0}});
    CHECK(canonical_key(floating(9223372036854775808.0)) ==
          canonical_key(number{.form = number_form::big, .big = two_to_63}));
    CHECK(canonical_key(floating(-9223372036854775808.0)) ==
          canonical_key(number{.small = std::numeric_limits<std::int64_t>::min()}));
}
