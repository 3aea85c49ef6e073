// batch_bounds: how much a client asks for at once, so that it takes the reply.
#pragma once

#include "wire/native_dialect.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace quaymaster::net {

/// The `count` and the `octets_max` of a get_many.
struct batch_bounds {
    std::uint16_t count;
    std::uint32_t octets;
};

/// At most `count_max` and `octets_max`, and no more than fits a reply of `reply_size_max` octets, in which each item has its size
/// before it. An item that is larger than that alone comes all the same.
[[nodiscard]] inline batch_bounds bounds_within(std::size_t reply_size_max, std::size_t count_max, std::size_t octets_max) noexcept
{
    constexpr std::size_t size_field = sizeof(std::uint32_t);
    // Half of it for the sizes at most: items are longer than these nearly always.
    const std::size_t count = std::min({count_max, wire::native::batch_items_max, std::max(reply_size_max / 2 / size_field, std::size_t{1})});
    const std::size_t room = reply_size_max - std::min(reply_size_max, count * size_field);
    const std::size_t octets = std::max(std::min({room, octets_max, std::size_t{wire::native::no_limit}}), std::size_t{1});
    return {static_cast<std::uint16_t>(count), static_cast<std::uint32_t>(octets)};
}

}  // namespace quaymaster::net
