#include "allocations.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

using namespace quaymaster::testing;

void* operator new(std::size_t size)
{
    ++allocations;
    if (allocations_left != unlimited && allocations_left-- == 0) {
        allocations_left = fails_once ? unlimited : 0;
        throw std::bad_alloc{};
    }
    if (void* const memory = std::malloc(std::max<std::size_t>(size, 1)))
        return memory;
    throw std::bad_alloc{};
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    try {
        return operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void operator delete(void* memory) noexcept
{
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
