// base64: octets inside JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quaymaster::codec {

/// The key of the one-entry JSON object that stands for bytes.
inline constexpr std::string_view json_bytes_key = "__bytes__";

/// RFC 4648, with padding.
[[nodiscard]] std::string base64_encode(std::string_view octets);

/// The octets; nullopt if `text` is not exactly what base64_encode writes.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace quaymaster::codec
