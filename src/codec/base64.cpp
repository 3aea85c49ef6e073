#include "codec/base64.hpp"

#include <algorithm>
#include <cstdint>

namespace quaymaster::codec {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode(std::string_view octets)
{
    std::string text;
    text.reserve((octets.size() + 2) / 3 * 4);
    while (!octets.empty()) {
        const std::size_t count = std::min<std::size_t>(octets.size(), 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = (bits << 8U) | (i < count ? static_cast<unsigned char>(octets[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            text += i <= count ? alphabet[(bits >> (18 - 6 * i)) & 0x3fU] : '=';
        octets.remove_prefix(count);
    }
    return text;
}

std::optional<std::string> base64_decode(std::string_view text)
{
    if (text.size() % 4 != 0)
        return std::nullopt;
    std::string octets;
    octets.reserve(text.size() / 4 * 3);
    for (std::size_t at = 0; at < text.size(); at += 4) {
        const std::string_view group = text.substr(at, 4);
        const bool is_last = at + 4 == text.size();
        const std::size_t padding = !is_last || group[3] != '=' ? 0 : group[2] == '=' ? 2 : 1;
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t digit = i < 4 - padding ? alphabet.find(group[i]) : 0;
            if (digit == std::string_view::npos)
                return std::nullopt;
            bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
        }
        // Bits that padding cuts off must be 0, or two texts would stand for the same octets.
        if ((bits & ((1U << (8 * padding)) - 1)) != 0)
            return std::nullopt;
        for (std::size_t i = 0; i < 3 - padding; ++i)
            octets += static_cast<char>(static_cast<unsigned char>((bits >> (16 - 8 * i)) & 0xffU));
    }
    return octets;
}

}  // namespace quaymaster::codec
