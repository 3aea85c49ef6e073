// datetime_text: what Python's dates and times hold, as they show it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quaymaster::codec {

/// The fields between the parentheses of repr(): "2024, 1, 31, 12, 0", from the octets that date, time and datetime of
/// Python's datetime module (`qualified_name`) pickle themselves as. nullopt for anything else. Time zones, which are
/// pickled beside the octets, are not in it.
[[nodiscard]] std::optional<std::string> datetime_fields(std::string_view qualified_name, std::string_view octets);

}  // namespace quaymaster::codec
