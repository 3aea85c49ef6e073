// random_source: chance that a seed decides, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quaymaster::testing {

/// splitmix64: small, and the same everywhere.
class random_source {
public:
    explicit random_source(std::uint64_t seed) noexcept : state_{seed} {}
    std::uint64_t next() noexcept
    {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
        return mixed ^ (mixed >> 31U);
    }
    /// From 0 up to `bound`, which is not among them.
    std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
    std::size_t between(std::size_t lowest, std::size_t highest) noexcept { return lowest + below(highest - lowest + 1); }
    bool one_in(std::size_t count) noexcept { return below(count) == 0; }
    template <class T>
    T& of(std::vector<T>& choices) noexcept
    {
        return choices[below(choices.size())];
    }

private:
    std::uint64_t state_;
};

}  // namespace quaymaster::testing
