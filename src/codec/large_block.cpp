#include "codec/large_block.hpp"

#include <array>
#include <new>

namespace quaymaster::codec {
namespace {

/// Stands before each large block.
struct alignas(std::max_align_t) header {
    std::size_t capacity;  // octets after it
};

/// Where in its page a large block begins. Processors that copy with `rep movsb` become several times slower when the
/// destination lies some octets after the source, modulo the page. A kernel puts what is sent at the start of a page, or
/// after the few octets of the message before; a buffer that it copies to or from had therefore better not begin there.
constexpr std::size_t page_size = 4096;
constexpr std::size_t offset_in_page = page_size / 2;

header* new_block(std::size_t capacity)
{
    void* const memory = ::operator new(offset_in_page + capacity, std::align_val_t{page_size});
    return new (static_cast<std::byte*>(memory) + offset_in_page - sizeof(header)) header{capacity};
}

void delete_block(header* block) noexcept
{
    ::operator delete(reinterpret_cast<std::byte*>(block + 1) - offset_in_page, std::align_val_t{page_size});
}

/// Capacities are multiples of this, so that a block fits the next item of about the same size.
constexpr std::size_t granularity = page_size;

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
            delete_block(blocks_[--count_]);
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
        block = new_block(capacity);
    }
    return block + 1;
}

void free_block(void* block, std::size_t size) noexcept
{
    if (size < large_block_size_min)
        return ::operator delete(block);
    header* const freed = static_cast<header*>(block) - 1;
    if (kept_presence == presence::gone || !kept.keep(freed))
        delete_block(freed);
}

}  // namespace quaymaster::codec
