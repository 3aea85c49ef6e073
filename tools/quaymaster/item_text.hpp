// item_text: an item as `quaymaster get` prints it, and never less than all of it: it has left the queue.
#pragma once

#include <quaymaster/value.hpp>

#include <cstddef>
#include <string>

namespace quaymaster::tool {

/// Octets of one item's text. Far more than any item that one default server carries makes, unless it holds the same object
/// many times over: an item of a few octets can have a text without end.
inline constexpr std::size_t item_text_size_max = std::size_t{1} << 30;

/// Python's repr(). Throws std::length_error beyond item_text_size_max.
[[nodiscard]] std::string item_repr(const value& item);

/// to_json(), or `{"__repr__": "<repr>"}` for an item that contains itself.
/// Throws std::length_error beyond item_text_size_max.
[[nodiscard]] std::string item_json(const value& item);

}  // namespace quaymaster::tool
