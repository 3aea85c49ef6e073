#include "codec/item_pair.hpp"

#include "codec/pickle_opcodes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace quaymaster::codec {

item pair_item(std::uint16_t number, const item& second)
{
    // Neither opcode touches the memo, so that of `second` stays as it is.
    const std::array prefix{static_cast<std::byte>(opcode::binint2), static_cast<std::byte>(number & 0xFFU),
                            static_cast<std::byte>(number >> 8U)};
    item_traits traits = second.traits();
    traits.protocol_min = std::max<std::uint8_t>(traits.protocol_min, 2);
    const bytes_view opcodes = second.opcodes();
    item pair = item::make(prefix.size() + opcodes.size() + 1, traits, [&](std::byte* octets) {
        std::memcpy(octets, prefix.data(), prefix.size());
        std::memcpy(octets + prefix.size(), opcodes.data(), opcodes.size());
        octets[prefix.size() + opcodes.size()] = static_cast<std::byte>(opcode::tuple2);
    });
    auto held = second.held();
    return held != nullptr ? item::attach(std::move(pair), std::move(held)) : pair;
}

}  // namespace quaymaster::codec
