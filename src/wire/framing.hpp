// framing: where one message ends and the next begins. Follows connection.py: Connection._send_bytes, _recv_bytes.
#pragma once

#include "wire/wire_errc.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quaymaster::wire {

/// Octets in one frame's payload until the peer has proved the key, as in CPython.
inline constexpr std::size_t handshake_payload_size_max = 256;
/// Payloads above this are announced in the long form: -1, then eight octets. Python 3.7 and older cannot read that.
inline constexpr std::uint64_t short_form_max = 0x7fff'ffff;

/// Octets of a header in the short form.
inline constexpr std::size_t short_header_size = 4;

/// The front of the input, understood. Its payload is borrowed from the input.
struct frame {
    bytes_view payload;
    /// Header and payload: what to drop from the input.
    std::size_t size;
};

/// Takes the first frame off the front of `input`.
/// nullopt: more octets are needed (`ec` clear), or this is no acceptable frame (`ec` is a wire_errc).
[[nodiscard]] std::optional<frame> parse_frame(bytes_view input, std::size_t payload_size_max, error_code& ec) noexcept;

/// The payload size that the header at the front of `input` announces; nullopt if the header is not whole or is refused
/// by parse_frame whatever the limit.
[[nodiscard]] std::optional<std::uint64_t> announced_payload_size(bytes_view input) noexcept;

/// Header and payload of the frame at the front of `input`, for reserving memory; nullopt if its header is not whole or
/// it will be refused.
[[nodiscard]] std::optional<std::size_t> announced_frame_size(bytes_view input, std::size_t payload_size_max) noexcept;

/// The four or twelve octets before a payload.
class frame_header {
public:
    explicit frame_header(std::uint64_t payload_size) noexcept;
    [[nodiscard]] bytes_view view() const noexcept { return bytes_view{octets_}.first(size_); }

private:
    std::array<std::byte, 12> octets_{};
    std::size_t size_;
};

/// "frame of 96000000 octets exceeds payload_size_max (67108864): ..." for the log or an exception. `limit_name`: what the
/// options call the limit after the handshake.
[[nodiscard]] std::string frame_fault_text(error_code ec, std::uint64_t announced_size, std::size_t limit,
                                           std::string_view limit_name);

}  // namespace quaymaster::wire
