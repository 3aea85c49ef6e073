// put_id: what a client calls one put(), so that a repetition of it can be told from another put of the same.
#pragma once

#include <compare>
#include <cstdint>

namespace quaymaster::core {

/// `client` is drawn at random by each client, so that no two share it; `number` counts its puts.
struct put_id {
    std::uint64_t client = 0;
    std::uint64_t number = 0;
    friend auto operator<=>(const put_id&, const put_id&) = default;
};

}  // namespace quaymaster::core
