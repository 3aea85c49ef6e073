// referent_guards: the locks that let any loop call any referent.
#pragma once

#include "core/referent.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace quaymaster::net {

/// One mutex for the registry, and for referents a mutex each out of a fixed set, chosen by address: a lock per referent
/// would cost every small object memory, one lock for all would make queues wait for each other.
/// Who holds one takes no other. An object whose methods need several is called without, and takes them one after the other:
/// see referent::guarded_with(). No lock is held while a caller is told or an octet written.
class referent_guards {
public:
    [[nodiscard]] std::mutex& registry() noexcept { return registry_; }
    /// Null for an object that is called without.
    [[nodiscard]] std::mutex* of(const core::referent& object) noexcept
    {
        const core::referent* const guarded = object.guarded_with();
        return guarded != nullptr ? &stripes_[stripe(*guarded)].mutex : nullptr;
    }
    /// Holds the mutex of `object`, if there is one, until it ends.
    [[nodiscard]] std::unique_lock<std::mutex> lock(const core::referent& object)
    {
        std::mutex* const mutex = of(object);
        return mutex != nullptr ? std::unique_lock{*mutex} : std::unique_lock<std::mutex>{};
    }

private:
    static constexpr std::size_t stripe_bits = 5;
    struct alignas(64) padded_mutex {  // a cache line each, or neighbours would slow each other down
        std::mutex mutex;
    };

    [[nodiscard]] static std::size_t stripe(const core::referent& object) noexcept
    {
        // Fibonacci hashing: addresses of heap blocks differ in their middle bits.
        const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&object));
        return static_cast<std::size_t>((address * 0x9E3779B97F4A7C15U) >> (64 - stripe_bits));
    }

    std::mutex registry_;
    std::array<padded_mutex, std::size_t{1} << stripe_bits> stripes_;
};

}  // namespace quaymaster::net
