// bytes: what Python calls bytes, and how text is looked at as bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster {

/// A Python `bytes` object, or any raw octets. Distinct from std::string, which stands for Python `str` (UTF-8).
using bytes = std::vector<std::byte>;

/// Borrowed octets. Whoever hands one out says how long it lives.
using bytes_view = std::span<const std::byte>;

/// The octets of `text`, borrowed from it.
[[nodiscard]] inline bytes_view as_bytes(std::string_view text) noexcept
{
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// The octets of `octets` as chars, borrowed from them; says nothing about their encoding.
[[nodiscard]] inline std::string_view as_chars(bytes_view octets) noexcept
{
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// An owning copy of `octets`.
[[nodiscard]] inline bytes to_bytes(bytes_view octets)
{
    return {octets.begin(), octets.end()};
}

[[nodiscard]] inline bytes to_bytes(std::string_view text)
{
    return to_bytes(as_bytes(text));
}

}  // namespace quaymaster
