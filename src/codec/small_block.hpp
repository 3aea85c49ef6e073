// small_block: memory for small items. They come and go by the million, and a queue that grows holds all of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quaymaster::codec {

/// Above this there are no small blocks.
inline constexpr std::size_t small_block_size_max = 1024;

/// A block, and where it lies in its chunk: whoever frees it says so again.
struct small_block {
    void* memory = nullptr;  // null: there is none
    std::uint16_t place = 0;
};

/// Uninitialised memory of `size` octets, at most small_block_size_max, aligned to 8. Throws std::bad_alloc. None if this is not the
/// moment for it (another thread is at this thread's chunks, the thread is about to end, or the system has no chunk to give): then the
/// caller allocates as ever.
/// Blocks of about the same size lie side by side in chunks of up to 256 KiB, without anything between them. (malloc puts 8 octets and
/// a rounding to 16 around each, and in a thread's arena grows by a page at a time, with a system call for each.)
/// Memory: a chunk whose blocks are all free is given back, but for one of each size and some spare ones in each thread. Threads that have ended leave
/// their chunks to those that begin.
/// Thread safety: any thread may free what any other allocated. Nobody waits for anybody.
[[nodiscard]] small_block allocate_small_block(std::size_t size);
/// Frees what allocate_small_block() gave.
void free_small_block(small_block freed) noexcept;

/// How much memory of chunks without a block in use each thread keeps for the next ones, beside one chunk of each size.
inline constexpr std::size_t spare_chunks_size = std::size_t{1} << 20;

/// From now on this thread keeps up to `size` octets of what it frees itself. A queue that is filled and emptied again and again would otherwise fetch each
/// page anew from the system, at a cost not far below that of all else that is done with its items. Whoever keeps more than
/// spare_chunks_size calls release_spare_chunks() about every second while has_spare_chunks(): else it keeps what it may never need.
void keep_spare_chunks(std::size_t size) noexcept;
/// True if this thread has more than spare_chunks_size of them.
[[nodiscard]] bool has_spare_chunks() noexcept;
/// Gives back half of what nobody has needed since the last call.
void release_spare_chunks() noexcept;

}  // namespace quaymaster::codec
