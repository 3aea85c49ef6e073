// python_text: texts of the server's own, worded as CPython words them.
#pragma once

#include <string>
#include <string_view>

namespace quaymaster::wire {

/// repr() of a str, on one line: quoted, control characters escaped; cut with "..." beyond `size_max` octets of `text`,
/// so that an error about a name cannot be as long as the name.
[[nodiscard]] std::string quoted(std::string_view text, std::size_t size_max = 200);

}  // namespace quaymaster::wire
