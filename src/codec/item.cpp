#include "codec/item.hpp"

#include "codec/large_block.hpp"
#include "codec/small_block.hpp"

#include <cstring>
#include <new>

namespace quaymaster::codec {

namespace {

/// Where the address sanitizer is to notice whoever uses an item that has ended, each has its own memory.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool has_small_blocks = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool has_small_blocks = false;
#else
constexpr bool has_small_blocks = true;
#endif
#else
constexpr bool has_small_blocks = true;
#endif

}  // namespace

item item::make(bytes_view opcodes, item_traits traits)
{
    return make(opcodes.size(), traits, [&](std::byte* octets) {
        if (!opcodes.empty())
            std::memcpy(octets, opcodes.data(), opcodes.size());
    });
}

item item::adopt(byte_buffer&& memory, bytes_view opcodes, item_traits traits)
{
    std::byte* const at = memory.data() + (opcodes.data() - memory.data());
    return item{new adopted_block{{opcodes.size(), traits, block_kind::adopted}, std::move(memory), at}};
}

item item::attach(item carried, std::shared_ptr<const void> held)
{
    const std::size_t size = carried.size();
    const item_traits traits = carried.traits();
    return item{new attached_block{{size, traits, block_kind::attached}, std::move(carried), std::move(held)}};
}

std::shared_ptr<const void> item::held() const noexcept
{
    if (block_ == nullptr || block_->kind != block_kind::attached)
        return nullptr;
    return static_cast<const attached_block*>(block_)->held;
}

item::block* item::allocate(std::size_t size, item_traits traits)
{
    const std::size_t memory_size = sizeof(block) + size;
    if (has_small_blocks && memory_size <= small_block_size_max)
        if (const small_block found = allocate_small_block(memory_size); found.memory != nullptr)
            return new (found.memory) block{size, traits, block_kind::small, found.place};
    return new (allocate_block(memory_size)) block{size, traits, block_kind::plain};
}

void item::deallocate(block* owned) noexcept
{
    switch (owned->kind) {
    case block_kind::adopted: return delete static_cast<adopted_block*>(owned);
    case block_kind::attached: return delete static_cast<attached_block*>(owned);
    case block_kind::small: {
        const small_block freed{owned, static_cast<std::uint16_t>(owned->place)};
        owned->~block();
        return free_small_block(freed);
    }
    case block_kind::plain: break;
    }
    const std::size_t memory_size = sizeof(block) + owned->size;
    owned->~block();
    free_block(owned, memory_size);
}

}  // namespace quaymaster::codec
