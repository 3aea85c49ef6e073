// wire_testing: what the tests of wire and session share.
#pragma once

#include <catch2/catch.hpp>

#include "codec/envelope.hpp"
#include "wire/framing.hpp"
#include "outbox_contents.hpp"

#include <quaymaster/bytes.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::testing {

/// "0a ff" or "0aff" as octets.
inline bytes from_hex(std::string_view digits)
{
    bytes octets;
    int high = -1;
    for (const char c : digits) {
        if (c == ' ')
            continue;
        const auto at = std::string_view{"0123456789abcdef"}.find(c);
        if (at == std::string_view::npos)
            throw std::invalid_argument{"not hexadecimal"};
        const int digit = static_cast<int>(at);
        if (high < 0) {
            high = digit;
        } else {
            octets.push_back(static_cast<std::byte>(high * 16 + digit));
            high = -1;
        }
    }
    return octets;
}

inline std::string to_hex(bytes_view octets)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte octet : octets) {
        text += digits[std::to_integer<unsigned>(octet) >> 4];
        text += digits[std::to_integer<unsigned>(octet) & 15];
    }
    return text;
}

inline bytes joined(std::initializer_list<bytes_view> pieces)
{
    bytes whole;
    for (const bytes_view piece : pieces)
        whole.insert(whole.end(), piece.begin(), piece.end());
    return whole;
}

inline bytes frame_of(bytes_view payload)
{
    return joined({wire::frame_header{payload.size()}.view(), payload});
}
inline bytes frame_of(std::string_view payload)
{
    return frame_of(as_bytes(payload));
}

/// The payloads of the frames in `stream`, which must hold whole ones only.
inline std::vector<bytes> frames_in(bytes_view stream)
{
    std::vector<bytes> payloads;
    while (!stream.empty()) {
        error_code ec;
        const auto next = wire::parse_frame(stream, stream.size(), ec);
        REQUIRE(next);
        payloads.push_back(to_bytes(next->payload));
        stream = stream.subspan(next->size);
    }
    return payloads;
}

/// The payloads of the frames in `out`, taken out of it.
inline std::vector<bytes> take_frames(wire::outbox& out)
{
    const bytes stream = contents(out);
    out.consume(stream.size());
    return frames_in(stream);
}

/// The payload of the only frame in `out`, taken out of it.
inline bytes take_frame(wire::outbox& out)
{
    const auto payloads = take_frames(out);
    REQUIRE(payloads.size() == 1);
    return payloads.front();
}

}  // namespace quaymaster::testing
