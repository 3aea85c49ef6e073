// item_pair: a number put before an item, without decoding it.
#pragma once

#include "codec/item.hpp"

#include <cstdint>

namespace quaymaster::codec {

/// The tuple (`number`, the object of `second`), for readers of protocol 2 or later. What was attached to `second` is attached
/// to it. Costs a copy of the opcodes. Precondition: `second` holds something.
[[nodiscard]] item pair_item(std::uint16_t number, const item& second);

}  // namespace quaymaster::codec
