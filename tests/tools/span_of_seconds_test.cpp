#include "span_of_seconds.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace quaymaster::tool;
using namespace std::chrono_literals;

TEST_CASE("A span of seconds is a number within its bounds", "[tools][options]")
{
    const CLI::Validator check = span_of_seconds(0.001, 86'400);
    for (std::string text : {"0.001", "1", "2.5", ".5", "1e3", "86400"}) {
        CAPTURE(text);
        CHECK(check(text).empty());
    }
    for (std::string text : {"nan", "-nan", "NAN", "inf", "-inf", "infinity", "-1", "0", "0.0009", "86400.1", "1e400", "1e300",
                             "", "soon", "1s", "0x10", "1 ", " 1"}) {
        CAPTURE(text);
        CHECK_FALSE(check(text).empty());
    }
}

TEST_CASE("What is no span of seconds is told the bounds and how to write one", "[tools][options]")
{
    std::string text = "nan";
    CHECK(span_of_seconds(0, 1'000'000'000)(text) == "must be seconds, from 0 to 1000000000, written as 2.5 or 30, not nan");
    CHECK(span_of_seconds(0.1, 3600).get_description() == "in [0.1 - 3600]");
}

TEST_CASE("Seconds become milliseconds, rounded", "[tools][options]")
{
    CHECK(to_milliseconds(2.5) == 2500ms);
    CHECK(to_milliseconds(0.0016) == 2ms);
    CHECK(to_milliseconds(1e9) == 1'000'000'000'000ms);
}
