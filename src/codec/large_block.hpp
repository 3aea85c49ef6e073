// large_block: memory for runs of octets, where large blocks are used again instead of given back.
#pragma once

#include <cstddef>

namespace quaymaster::codec {

/// Blocks below this size are the allocator's business alone.
inline constexpr std::size_t large_block_size_min = std::size_t{64} << 10;
/// Octets of free large blocks that one thread keeps.
inline constexpr std::size_t kept_blocks_size_max = std::size_t{16} << 20;

/// Uninitialised memory of `size` octets, aligned for any type. Throws std::bad_alloc.
/// An item of 1 MiB passes through several buffers of its size. malloc gives such memory back to the system and fetches
/// it anew each time, and the page faults, one for each 4 KiB, then cost many times what the copying does.
/// Thread safety: any thread may free what any other allocated.
[[nodiscard]] void* allocate_block(std::size_t size);
/// Frees a block of allocate_block(size).
void free_block(void* block, std::size_t size) noexcept;

}  // namespace quaymaster::codec
