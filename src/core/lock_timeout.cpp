#include "core/lock_timeout.hpp"

#include <cmath>
#include <string>

namespace quaymaster::core {
namespace {

// threading.TIMEOUT_MAX where a C long has 64 bits: nanoseconds in 63 bits, in whole seconds.
constexpr double timeout_max_seconds = 9223372036.0;

raised too_large()
{
    return {exception_type::overflow_error, "timestamp out of range for platform time_t"};
}

bool is_number(const value& given) noexcept
{
    return given.kind() == value_kind::integer || given.kind() == value_kind::floating || given.kind() == value_kind::boolean;
}

raised no_number(const value& given, timeout_use use)
{
    if (use == timeout_use::compared)
        return not_comparable_error(">", given);
    return {exception_type::type_error, "unsupported operand type(s) for +: 'float' and '" + given.type_name() + "'"};
}

// Seconds of a positive timeout as a point in time.
std::variant<wait_limit, raised> limit_after(double timeout, time_point now)
{
    const codec::payload seconds{value{timeout}};
    return read_timeout(&seconds, now);
}

}  // namespace

std::variant<wait_limit, raised> read_lock_wait(const codec::payload* blocking, const codec::payload* timeout, time_point now)
{
    constexpr double unset = -1;
    double seconds = unset;
    if (timeout != nullptr) {
        const value given = timeout->to_value();
        if (!is_number(given)) {
            return raised{exception_type::type_error, "'" + given.type_name() + "' object cannot be interpreted as an integer"};
        }
        seconds = given.to_double().value_or(HUGE_VAL);
        if (std::isnan(seconds))
            return raised{exception_type::value_error, "Invalid value NaN (not a number)"};
        if (std::abs(seconds) > timeout_max_seconds)
            return too_large();
    }
    const bool blocks = read_flag(blocking, true);
    if (!blocks && seconds != unset)
        return raised{exception_type::value_error, "can't specify a timeout for a non-blocking call"};
    if (seconds < 0 && seconds != unset)
        return raised{exception_type::value_error, "timeout value must be a non-negative number"};
    if (!blocks)
        return wait_limit{};
    if (seconds == unset)
        return wait_limit{never};
    return limit_after(seconds, now);
}

std::variant<wait_limit, raised> read_wait_timeout(const codec::payload* timeout, time_point now, timeout_use use)
{
    if (timeout == nullptr)
        return wait_limit{never};
    const value given = timeout->to_value();
    if (given.is_none())
        return wait_limit{never};
    if (!is_number(given))
        return no_number(given, use);
    if (value::less(given, value{0}).value_or(true))
        return wait_limit{};
    const double seconds = given.to_double().value_or(HUGE_VAL);
    if (std::isnan(seconds))
        return wait_limit{};
    if (seconds > timeout_max_seconds)
        return too_large();
    return limit_after(seconds, now);
}

raised not_comparable_error(const char* op, const value& left)
{
    return {exception_type::type_error,
            "'" + std::string{op} + "' not supported between instances of '" + left.type_name() + "' and 'int'"};
}

std::variant<std::int64_t, raised> read_count(const codec::payload* argument, std::int64_t otherwise)
{
    if (argument == nullptr)
        return otherwise;
    const value given = argument->to_value();
    if (const auto count = given.to_int64())
        return *count;
    if (given.kind() == value_kind::integer)
        return raised{exception_type::overflow_error, "Python int too large to convert to C long"};
    if (given.kind() == value_kind::floating)
        return raised{exception_type::type_error, "'float' object cannot be interpreted as an integer"};
    return not_comparable_error("<", given);
}

}  // namespace quaymaster::core
