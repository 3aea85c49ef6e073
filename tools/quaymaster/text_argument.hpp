// text_argument: text of the command line that becomes a Python str.
#pragma once

#include <quaymaster/value.hpp>

#include <string>
#include <string_view>

namespace quaymaster::tool {

/// `text` as a str. Throws usage_error, which begins with `what`, if it is not UTF-8: arguments are any octets.
[[nodiscard]] value text_argument(std::string_view what, const std::string& text);

}  // namespace quaymaster::tool
