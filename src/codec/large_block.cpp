#include "codec/large_block.hpp"

#include <array>
#include <new>

namespace quaymaster::codec {
namespace {

/// Stands before each large block.
struct alignas(std::max_align_t) header {
    std::size_t capacity;  // octets after it
};

/// Blocks are this much alike, so that one fits the next item of about the same size.
constexpr std::size_t granularity = 4096;

/// Whether this thread has its kept blocks. An object that outlives them (a static, say) frees its own the plain way;
/// trivial, so that it can still ask then.
enum class presence : unsigned char { not_yet, here, gone };
thread_local presence kept_presence = presence::not_yet;

/// The free large blocks of one thread.
class kept_blocks {
public:
    kept_blocks() noexcept { kept_presence = presence::here; }
    kept_blocks(const kept_blocks&) = delete;
    kept_blocks& operator=(const kept_blocks&) = delete;
    ~kept_blocks()
    {
        kept_presence = presence::gone;
        while (count_ != 0)
            ::operator delete(blocks_[--count_]);
    }

    /// The smallest one that holds `size` without wasting half of itself, or null.
    header* take(std::size_t size) noexcept
    {
        std::size_t best = count_;
        for (std::size_t index = 0; index < count_; ++index) {
            const std::size_t capacity = blocks_[index]->capacity;
            if (capacity >= size && capacity / 2 <= size && (best == count_ || capacity < blocks_[best]->capacity))
                best = index;
        }
        if (best == count_)
            return nullptr;
        header* const block = blocks_[best];
        blocks_[best] = blocks_[--count_];
        size_ -= block->capacity;
        return block;
    }

    /// False if there is no room for it.
    bool keep(header* block) noexcept
    {
        if (count_ == blocks_.size() || block->capacity > kept_blocks_size_max - size_)
            return false;
        blocks_[count_++] = block;
        size_ += block->capacity;
        return true;
    }

private:
    std::array<header*, 16> blocks_;  // the first count_ are set
    std::size_t count_ = 0;
    std::size_t size_ = 0;  // their capacities together
};

thread_local kept_blocks kept;

}  // namespace

void* allocate_block(std::size_t size)
{
    if (size < large_block_size_min)
        return ::operator new(size);
    header* block = kept_presence == presence::here ? kept.take(size) : nullptr;
    if (block == nullptr) {
        const std::size_t capacity = size <= kept_blocks_size_max ? (size + granularity - 1) / granularity * granularity : size;
        block = new (::operator new(sizeof(header) + capacity)) header{capacity};
    }
    return block + 1;
}

void free_block(void* block, std::size_t size) noexcept
{
    if (size < large_block_size_min)
        return ::operator delete(block);
    header* const freed = static_cast<header*>(block) - 1;
    if (kept_presence == presence::gone || !kept.keep(freed))
        ::operator delete(freed);
}

}  // namespace quaymaster::codec
