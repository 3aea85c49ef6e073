// digest: the keyed hashes of the handshake.
#pragma once

#include <quaymaster/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quaymaster::wire {

/// The digests that CPython 3.12+ allows (multiprocessing/connection.py: _ALLOWED_DIGESTS). Before that, MD5 without a name.
enum class digest_kind : std::uint8_t { md5, sha256, sha384, sha3_256, sha3_384 };

/// A message authentication code, kept in place.
struct mac {
    std::array<std::byte, 48> octets{};
    std::size_t size = 0;
    [[nodiscard]] bytes_view view() const noexcept { return bytes_view{octets}.first(size); }
};

/// The name as it stands between the braces: "sha256".
[[nodiscard]] std::string_view to_string(digest_kind kind) noexcept;
/// nullopt for a name that is not allowed.
[[nodiscard]] std::optional<digest_kind> digest_from_name(std::string_view name) noexcept;
/// Octets of its MAC.
[[nodiscard]] std::size_t mac_size(digest_kind kind) noexcept;

/// HMAC of `message`. An empty key is a key. nullopt if this OpenSSL refuses the digest (MD5 in FIPS mode).
[[nodiscard]] std::optional<mac> hmac(digest_kind kind, bytes_view key, bytes_view message) noexcept;

/// Takes the same time wherever the first difference is.
[[nodiscard]] bool equal_in_constant_time(bytes_view left, bytes_view right) noexcept;

}  // namespace quaymaster::wire
