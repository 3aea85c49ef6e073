// pickle_limits: the name of the public limits within codec.
#pragma once

#include <quaymaster/pickle_limits.hpp>

#include <limits>

namespace quaymaster::codec {

using quaymaster::pickle_limits;

/// What is made anew of a pickle of `size` octets comes to at most this: objects that the decoder copies, and opcodes that
/// are written again. A pickle may refer to one large object a thousand times where each becomes an object of its own; what
/// a pickler wrote stays far below.
[[nodiscard]] constexpr std::size_t rewrite_size_max(std::size_t size) noexcept
{
    constexpr std::size_t allowance = std::size_t{64} << 10;
    constexpr std::size_t factor = 16;
    return size > (std::numeric_limits<std::size_t>::max() - allowance) / factor ? std::numeric_limits<std::size_t>::max()
                                                                               : allowance + factor * size;
}

}  // namespace quaymaster::codec
