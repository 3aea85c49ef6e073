#include "core_testing.hpp"

#include "core/lock_timeout.hpp"

#include <cmath>
#include <optional>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

using limit_or_error = std::variant<wait_limit, raised>;

limit_or_error lock_wait(const std::optional<value>& blocking, const std::optional<value>& timeout)
{
    const codec::payload first{blocking.value_or(value{})};
    const codec::payload second{timeout.value_or(value{})};
    return read_lock_wait(blocking ? &first : nullptr, timeout ? &second : nullptr, start);
}

limit_or_error wait_timeout(const value& timeout, timeout_use use = timeout_use::compared)
{
    const codec::payload argument{timeout};
    return read_wait_timeout(&argument, start, use);
}

void check_limit(const limit_or_error& seen, wait_limit expected)
{
    if (const auto* const wrong = std::get_if<raised>(&seen))
        FAIL("raised " << wrong->type << ": " << wrong->text);
    CHECK(std::get<wait_limit>(seen) == expected);
}

void check_error(const limit_or_error& seen, exception_type type, const std::string& text)
{
    REQUIRE(std::holds_alternative<raised>(seen));
    CHECK(std::get<raised>(seen).type == type);
    CHECK(std::get<raised>(seen).text == text);
}

const wait_limit not_at_all{};
constexpr auto out_of_range = "timestamp out of range for platform time_t";

}  // namespace

TEST_CASE("a lock waits as blocking and timeout say", "[core][lock]")
{
    check_limit(lock_wait({}, {}), never);
    check_limit(lock_wait(value{true}, {}), never);
    check_limit(lock_wait(value{true}, value{-1}), never);
    check_limit(lock_wait(value{true}, value{-1.0}), never);
    check_limit(lock_wait({}, value{2.5}), start + 2500ms);
    check_limit(lock_wait(value{1}, value{true}), start + 1s);
    check_limit(lock_wait({}, value{0}), not_at_all);
    check_limit(lock_wait({}, value{0.0}), not_at_all);
    check_limit(lock_wait({}, value{1e-12}), start + 1ns);
    SECTION("any false value means not to block")
    {
        for (const value& flag : {value{false}, value{0}, value{}, value{""}})
            check_limit(lock_wait(flag, {}), not_at_all);
        check_limit(lock_wait(value{"yes"}, {}), never);
    }
    SECTION("without blocking, -1 is the only timeout")
    {
        check_limit(lock_wait(value{false}, value{-1}), not_at_all);
        for (const value& timeout : {value{1}, value{0}, value{-2}, value{0.5}})
            check_error(lock_wait(value{false}, timeout), exception_type::value_error,
                        "can't specify a timeout for a non-blocking call");
    }
}

TEST_CASE("a lock refuses timeouts as _threadmodule.c does", "[core][lock]")
{
    for (const value& timeout : {value{-2}, value{-0.5}, value{-1.5}})
        check_error(lock_wait({}, timeout), exception_type::value_error, "timeout value must be a non-negative number");
    check_error(lock_wait({}, value{}), exception_type::type_error, "'NoneType' object cannot be interpreted as an integer");
    check_error(lock_wait({}, value{"1"}), exception_type::type_error, "'str' object cannot be interpreted as an integer");
    check_error(lock_wait({}, value{std::nan("")}), exception_type::value_error, "Invalid value NaN (not a number)");
    for (const value& timeout : {value{1e10}, value{-1e10}, value{HUGE_VAL}, value{-HUGE_VAL},
                                 value::integer_from_decimal("1" + std::string(400, '0'))})
        check_error(lock_wait({}, timeout), exception_type::overflow_error, out_of_range);
    SECTION("even if it does not block")
    {
        check_error(lock_wait(value{false}, value{"1"}), exception_type::type_error,
                    "'str' object cannot be interpreted as an integer");
    }
    SECTION("threading.TIMEOUT_MAX is accepted")
    {
        check_limit(lock_wait({}, value{9223372036.0}), never);
    }
}

TEST_CASE("waits on conditions take None for no limit, and zero and less for no wait", "[core][lock]")
{
    CHECK(std::get<wait_limit>(read_wait_timeout(nullptr, start, timeout_use::compared)) == never);
    check_limit(wait_timeout(value{}), never);
    check_limit(wait_timeout(value{0.25}), start + 250ms);
    check_limit(wait_timeout(value{true}), start + 1s);
    check_limit(wait_timeout(value{9223372036.0}), never);
    for (const value& timeout : {value{0}, value{0.0}, value{false}, value{-1}, value{-HUGE_VAL}, value{std::nan("")},
                                 value::integer_from_decimal("-1" + std::string(400, '0'))})
        check_limit(wait_timeout(timeout), not_at_all);
    for (const value& timeout : {value{1e10}, value{HUGE_VAL}, value::integer_from_decimal("1" + std::string(400, '0'))})
        check_error(wait_timeout(timeout), exception_type::overflow_error, out_of_range);
    check_error(wait_timeout(value{"1"}), exception_type::type_error, "'>' not supported between instances of 'str' and 'int'");
    check_error(wait_timeout(value{"1"}, timeout_use::added), exception_type::type_error,
                "unsupported operand type(s) for +: 'float' and 'str'");
    check_error(wait_timeout(value::list({})), exception_type::type_error,
                "'>' not supported between instances of 'list' and 'int'");
}

TEST_CASE("a count is an int of 64 bits", "[core][lock]")
{
    const auto count = [](const value& given) {
        const codec::payload argument{given};
        return read_count(&argument, 1);
    };
    CHECK(std::get<std::int64_t>(read_count(nullptr, 7)) == 7);
    CHECK(std::get<std::int64_t>(count(value{3})) == 3);
    CHECK(std::get<std::int64_t>(count(value{-3})) == -3);
    CHECK(std::get<std::int64_t>(count(value{true})) == 1);
    CHECK(std::get<raised>(count(value{2.5})).type == exception_type::type_error);
    CHECK(std::get<raised>(count(value::integer_from_decimal("9223372036854775808"))).type == exception_type::overflow_error);
    CHECK(std::get<raised>(count(value{"a"})).text == "'<' not supported between instances of 'str' and 'int'");
    CHECK(std::get<raised>(count(value{})).text == "'<' not supported between instances of 'NoneType' and 'int'");
}
