// randomness: what challenges, keys and idents are made of.
#pragma once

#include <cstddef>
#include <span>

namespace quaymaster::net {

/// Fills `octets` from the system's cryptographic generator. Throws std::runtime_error if it has nothing to give.
/// Thread safety: any thread, and in the child of a fork().
void fill_random(std::span<std::byte> octets);

}  // namespace quaymaster::net
