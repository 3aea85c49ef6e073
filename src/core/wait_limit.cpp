#include "core/wait_limit.hpp"

#include "core/value_order.hpp"

#include <chrono>
#include <cmath>

namespace quaymaster::core {
namespace {

using seconds = std::chrono::duration<double>;

// Beyond this a deadline could overflow the clock, and nobody will be there to see it.
constexpr double timeout_max_seconds = 100.0 * 365 * 24 * 3600;

// Never early: rounding down to the clock's tick could end a wait before its time.
time_point deadline_after(time_point now, double timeout)
{
    const auto ticks = std::chrono::ceil<time_point::duration>(seconds{timeout});
    return ticks < never - now ? now + ticks : never;
}

}  // namespace

bool read_flag(const codec::payload* argument, bool otherwise)
{
    if (argument == nullptr)
        return otherwise;
    return argument->known() != nullptr ? argument->known()->truth() : argument->to_value().truth();
}

std::variant<wait_limit, raised> read_timeout(const codec::payload* argument, time_point now)
{
    if (argument == nullptr)
        return wait_limit{never};
    const value timeout = argument->to_value();
    if (timeout.is_none())
        return wait_limit{never};

    const value zero{0};
    const std::optional<bool> negative = value::less(timeout, zero);
    if (!negative)
        return unordered_error(timeout, zero);
    if (*negative)
        return raised{exception_type::value_error, "'timeout' must be a non-negative number"};
    const double timeout_seconds = timeout.to_double().value_or(HUGE_VAL);  // an int beyond double's range
    if (std::isnan(timeout_seconds))
        return raised{exception_type::value_error, "Invalid value NaN (not a number)"};
    if (timeout_seconds == 0)
        return wait_limit{};
    if (timeout_seconds > timeout_max_seconds)
        return wait_limit{never};
    return wait_limit{deadline_after(now, timeout_seconds)};
}

}  // namespace quaymaster::core
