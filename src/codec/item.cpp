#include "codec/item.hpp"

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

item::block* item::allocate(std::size_t size, item_traits traits)
{
    void* memory = ::operator new(sizeof(block) + size);
    return new (memory) block{size, 1, traits};
}

void item::deallocate(block* owned) noexcept
{
    owned->~block();
    ::operator delete(owned);
}

}  // namespace quaymaster::codec
