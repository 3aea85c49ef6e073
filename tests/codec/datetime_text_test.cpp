#include "codec/datetime_text.hpp"

#include <catch2/catch.hpp>

using quaymaster::codec::datetime_fields;

TEST_CASE("dates and times are shown by their fields", "[codec][repr]")
{
    CHECK(datetime_fields("date", {"\x07\xe8\x01\x1f", 4}) == "2024, 1, 31");
    CHECK(datetime_fields("time", {"\x0c\x1e\x00\x00\x00\x00", 6}) == "12, 30");
    CHECK(datetime_fields("time", {"\x0c\x1e\x01\x00\x00\x00", 6}) == "12, 30, 1");
    CHECK(datetime_fields("time", {"\x8c\x1e\x00\x00\x00\x05", 6}) == "12, 30, 0, 5, fold=1");
    CHECK(datetime_fields("datetime", {"\x07\xe8\x01\x1f\x0c\x00\x00\x00\x00\x00", 10}) == "2024, 1, 31, 12, 0");
    CHECK(datetime_fields("datetime", {"\x07\xe8\x81\x1f\x0c\x00\x00\x00\x00\x00", 10}) == "2024, 1, 31, 12, 0, fold=1");
}

TEST_CASE("what is no date or time is left alone", "[codec][repr]")
{
    CHECK_FALSE(datetime_fields("timedelta", "\1\2\3\4"));
    CHECK_FALSE(datetime_fields("date", "\1\2\3"));
    CHECK_FALSE(datetime_fields("datetime", ""));
}
