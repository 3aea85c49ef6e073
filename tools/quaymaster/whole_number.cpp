#include "whole_number.hpp"

#include <charconv>

namespace quaymaster::tool {

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most)
{
    const bool has_most = most != unbounded;
    const std::string range =
        has_most ? "from " + std::to_string(least) + " to " + std::to_string(most) : std::to_string(least) + " or more";
    const auto check = [=](const std::string& text) -> std::string {
        std::uint64_t number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool is_whole = failed == std::errc{} && end == text.data() + text.size();
        if (is_whole && number >= least && number <= most)
            return {};
        return "must be a whole number, " + range + ", not " + text;
    };
    const std::string shown =
        has_most ? "in [" + std::to_string(least) + " - " + std::to_string(most) + "]" : ">= " + std::to_string(least);
    return CLI::Validator{check, shown, "whole number"};
}

}  // namespace quaymaster::tool
