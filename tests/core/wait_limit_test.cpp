#include "core_testing.hpp"

#include "core/wait_limit.hpp"

#include <cmath>
#include <limits>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

wait_limit limit_of(const value& timeout, time_point now = start)
{
    const codec::payload argument{timeout};
    const auto read = read_timeout(&argument, now);
    REQUIRE(std::holds_alternative<wait_limit>(read));
    return std::get<wait_limit>(read);
}

raised refusal_of(const value& timeout)
{
    const codec::payload argument{timeout};
    const auto read = read_timeout(&argument, start);
    REQUIRE(std::holds_alternative<raised>(read));
    return std::get<raised>(read);
}

}  // namespace

TEST_CASE("read_timeout() counts seconds from the time of the call", "[core][timeout]")
{
    CHECK(limit_of(2) == start + 2s);
    CHECK(limit_of(0.25) == start + 250ms);
    CHECK(limit_of(true) == start + 1s);

    SECTION("rounding up to the clock's tick: never early") {
        CHECK(limit_of(1e-12) == start + 1ns);
        CHECK(*limit_of(0.1) >= start + 100ms);
    }
    SECTION("zero is not to wait at all") {
        CHECK(limit_of(0) == std::nullopt);
        CHECK(limit_of(0.0) == std::nullopt);
        CHECK(limit_of(-0.0) == std::nullopt);
        CHECK(limit_of(false) == std::nullopt);
    }
}

TEST_CASE("read_timeout() waits without limit for None, infinity and what no clock can count", "[core][timeout]")
{
    CHECK(std::get<wait_limit>(read_timeout(nullptr, start)) == never);
    CHECK(limit_of(value{}) == never);
    CHECK(limit_of(std::numeric_limits<double>::infinity()) == never);
    CHECK(limit_of(1e300) == never);
    CHECK(limit_of(std::numeric_limits<std::int64_t>::max()) == never);
    CHECK(limit_of(value::integer_from_decimal("1" + std::string(400, '0'))) == never);

    SECTION("also late in the clock's life, without wrapping into the past") {
        CHECK(limit_of(1e9, never - 1s) == never);
        CHECK(limit_of(1, never - 2s) == never - 1s);
    }
}

TEST_CASE("read_timeout() refuses what Python refuses", "[core][timeout]")
{
    for (const value& negative : {value{-1}, value{-0.001}, value{-std::numeric_limits<double>::infinity()},
                                  value::integer_from_decimal("-1" + std::string(400, '0'))}) {
        CAPTURE(negative);
        const raised refusal = refusal_of(negative);
        CHECK(refusal.type == exception_type::value_error);
        CHECK(refusal.text == "'timeout' must be a non-negative number");
    }
    const raised text = refusal_of("1");
    CHECK(text.type == exception_type::type_error);
    CHECK(text.text == "'<' not supported between instances of 'str' and 'int'");
    CHECK(refusal_of(value::list({1})).type == exception_type::type_error);
    CHECK(refusal_of(std::nan("")).type == exception_type::value_error);
}

TEST_CASE("read_flag() takes any object by its truth", "[core][timeout]")
{
    const auto flag = [](const value& given) {
        const codec::payload argument{given};
        return read_flag(&argument, true);
    };
    CHECK(flag(true));
    CHECK(flag(2));
    CHECK(flag("no"));
    CHECK_FALSE(flag(0));
    CHECK_FALSE(flag(0.0));
    CHECK_FALSE(flag(""));
    CHECK_FALSE(flag(value{}));
    CHECK_FALSE(flag(value::tuple({})));
    CHECK(read_flag(nullptr, true));
    CHECK_FALSE(read_flag(nullptr, false));
}
