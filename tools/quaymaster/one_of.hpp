// one_of: a command-line option that is one of a few words.
#pragma once

#include <CLI/Option.hpp>

#include <string>
#include <vector>

namespace quaymaster::tool {

/// Has `option` refuse all but `words`, and the help show them as a|b|c; CLI11's own sets print themselves as their C++ types.
/// Returns `option`.
CLI::Option* one_of(CLI::Option* option, const std::vector<std::string>& words);

}  // namespace quaymaster::tool
