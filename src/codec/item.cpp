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
    return item{new adopted_block{{opcodes.size(), 1, traits, true}, std::move(memory), at}};
}

item::block* item::allocate(std::size_t size, item_traits traits)
{
    void* memory = allocate_block(sizeof(block) + size);
    return new (memory) block{size, 1, traits};
}

void item::deallocate(block* owned) noexcept
{
    if (owned->is_adopted)
        return delete static_cast<adopted_block*>(owned);
    const std::size_t memory_size = sizeof(block) + owned->size;
    owned->~block();
    free_block(owned, memory_size);
}

}  // namespace quaymaster::codec
