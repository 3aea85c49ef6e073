#include "text_argument.hpp"

#include "subcommands.hpp"

namespace quaymaster::tool {

value text_argument(std::string_view what, const std::string& text)
{
    try {
        return value{text};
    } catch (const std::invalid_argument&) {
        // As bytes, which escapes what a terminal may not show.
        throw usage_error{std::string{what} + ' ' + value{as_bytes(text)}.repr() + " is not UTF-8"};
    }
}

}  // namespace quaymaster::tool
