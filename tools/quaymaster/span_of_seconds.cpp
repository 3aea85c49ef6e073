#include "span_of_seconds.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

namespace quaymaster::tool {

namespace {

/// Without an exponent, as a user would write it.
std::string shown(double number)
{
    std::array<char, 64> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed).ptr;
    return {digits.data(), end};
}

}  // namespace

CLI::Validator span_of_seconds(double least, double most)
{
    const auto check = [=](const std::string& text) -> std::string {
        double number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool is_number = failed == std::errc{} && end == text.data() + text.size();
        if (is_number && number >= least && number <= most)  // false for NaN, whichever way it is asked
            return {};
        return "must be seconds, from " + shown(least) + " to " + shown(most) + ", written as 2.5 or 30, not " + text;
    };
    return CLI::Validator{check, "in [" + shown(least) + " - " + shown(most) + "]", "seconds"};
}

std::chrono::milliseconds to_milliseconds(double seconds)
{
    return std::chrono::milliseconds{std::llround(seconds * 1000)};
}

}  // namespace quaymaster::tool
