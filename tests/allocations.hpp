// allocations: counts what operator new is called for, and lets it fail. allocations.cpp replaces it for the whole program.
#pragma once

#include <cstddef>
#include <limits>

namespace quaymaster::testing {

inline constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

/// For the one thread of the program.
inline std::size_t allocations = 0;
inline std::size_t allocations_left = unlimited;  // those beyond fail
inline bool fails_once = false;                   // only the first of them

/// While it lives, only so many allocations succeed.
class short_memory {
public:
    explicit short_memory(std::size_t left) noexcept { allocations_left = left; }
    short_memory(const short_memory&) = delete;
    short_memory& operator=(const short_memory&) = delete;
    ~short_memory() { allocations_left = unlimited; }
};

/// While it lives, one allocation fails, after so many.
class memory_gap {
public:
    explicit memory_gap(std::size_t before) noexcept
    {
        allocations_left = before;
        fails_once = true;
    }
    memory_gap(const memory_gap&) = delete;
    memory_gap& operator=(const memory_gap&) = delete;
    ~memory_gap()
    {
        allocations_left = unlimited;
        fails_once = false;
    }
};

}  // namespace quaymaster::testing
