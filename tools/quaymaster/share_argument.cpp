#include "share_argument.hpp"

#include "subcommands.hpp"
#include "text_argument.hpp"

#include <quaymaster/literal.hpp>

namespace quaymaster::tool {

namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& why)
{
    throw usage_error{"--share '" + text + "': " + why + "; expected NAME=TYPE, such as status=dict or 'free=Semaphore(4)'"};
}

std::vector<value> parse_arguments(const std::string& text, const std::string& inside)
{
    try {
        const value all = parse_literal("[" + inside + "]");
        std::vector<value> arguments;
        for (std::size_t index = 0; index < all.size(); ++index)
            arguments.push_back(all[index]);
        return arguments;
    } catch (const literal_error& wrong) {
        refuse(text, std::string{"its arguments are no Python literals: "} + wrong.what());
    }
}

}  // namespace

share_argument parse_share_argument(const std::string& text)
{
    (void)text_argument("--share", text);
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos)
        refuse(text, "it has no type");
    share_argument parsed;
    parsed.name = text.substr(0, sign);
    if (parsed.name.empty())
        refuse(text, "it has no name");
    const std::size_t bracket = text.find('(', sign);
    parsed.type = text.substr(sign + 1, bracket == std::string::npos ? bracket : bracket - sign - 1);
    if (parsed.type.empty())
        refuse(text, "it has no type");
    if (bracket == std::string::npos)
        return parsed;
    if (text.back() != ')')
        refuse(text, "the bracket after " + parsed.type + " is not closed");
    parsed.arguments = parse_arguments(text, text.substr(bracket + 1, text.size() - bracket - 2));
    return parsed;
}

}  // namespace quaymaster::tool
