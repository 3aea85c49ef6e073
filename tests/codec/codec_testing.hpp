// codec_testing: how the codec's tests write pickles and look at what came of them.
#pragma once

#include "codec/item.hpp"
#include "codec/pickle_decoder.hpp"
#include "codec/pickle_errc.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/value.hpp>

#include <string>
#include <string_view>

namespace quaymaster::codec {

/// Octets from hex digits; spaces are for the reader.
inline bytes from_hex(std::string_view hex)
{
    bytes octets;
    std::string digits;
    for (const char digit : hex) {
        if (digit == ' ')
            continue;
        digits.push_back(digit);
        if (digits.size() == 2) {
            octets.push_back(static_cast<std::byte>(std::stoul(digits, nullptr, 16)));
            digits.clear();
        }
    }
    return octets;
}

inline std::string to_hex(bytes_view octets)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const std::byte octet : octets) {
        hex.push_back(digits[std::to_integer<unsigned>(octet) >> 4U]);
        hex.push_back(digits[std::to_integer<unsigned>(octet) & 15U]);
    }
    return hex;
}

/// The octets of a literal, which may hold NULs: pickle("\x80\x02K\x01."). They live as long as the program.
template <std::size_t Size>
bytes_view pickle(const char (&literal)[Size])
{
    return as_bytes(std::string_view{literal, Size - 1});
}

/// repr() of what `pickled` holds, or the error.
inline std::string decoded_repr(bytes_view pickled, const pickle_limits& limits = {})
{
    pickle_status status;
    const decoded result = decode_pickle(pickled, limits, status);
    if (status)
        return "error: " + status.code.message();
    return object_graph::to_value(result.graph, result.root).repr();
}

inline error_code decode_error(bytes_view pickled, const pickle_limits& limits = {})
{
    pickle_status status;
    static_cast<void>(decode_pickle(pickled, limits, status));
    return status.code;
}

}  // namespace quaymaster::codec
