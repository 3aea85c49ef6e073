// share_argument: the NAME=TYPE or NAME=TYPE(ARGUMENTS) of --share.
#pragma once

#include <quaymaster/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::tool {

struct share_argument {
    std::string name;
    std::string type;  // not known to exist
    std::vector<value> arguments;
};

/// Arguments are Python literals, by place. Throws usage_error, saying which part is wrong.
[[nodiscard]] share_argument parse_share_argument(const std::string& text);

}  // namespace quaymaster::tool
