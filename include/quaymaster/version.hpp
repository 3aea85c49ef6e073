// version: which quaymaster this is. The build reads the number from here, so that it is said once.
#pragma once

#include <string_view>

namespace quaymaster {

/// major.minor.patch, after semver.org. Before 1.0.0 a new minor version may change any interface.
inline constexpr std::string_view version = "0.1.0";

}  // namespace quaymaster
