#include "codec/item.hpp"

#include "codec/large_block.hpp"

#include <cstring>
#include <new>

namespace quaymaster::codec {

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
    return item{new adopted_block{{opcodes.size(), 1, traits, block_kind::adopted}, std::move(memory), at}};
}

item item::attach(item carried, std::shared_ptr<const void> held)
{
    const std::size_t size = carried.size();
    const item_traits traits = carried.traits();
    return item{new attached_block{{size, 1, traits, block_kind::attached}, std::move(carried), std::move(held)}};
}

std::shared_ptr<const void> item::held() const noexcept
{
    if (block_ == nullptr || block_->kind != block_kind::attached)
        return nullptr;
    return static_cast<const attached_block*>(block_)->held;
}

item::block* item::allocate(std::size_t size, item_traits traits)
{
    void* memory = allocate_block(sizeof(block) + size);
    return new (memory) block{size, 1, traits};
}

void item::deallocate(block* owned) noexcept
{
    if (owned->kind == block_kind::adopted)
        return delete static_cast<adopted_block*>(owned);
    if (owned->kind == block_kind::attached)
        return delete static_cast<attached_block*>(owned);
    const std::size_t memory_size = sizeof(block) + owned->size;
    owned->~block();
    free_block(owned, memory_size);
}

}  // namespace quaymaster::codec
