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
/// Only the status object's methods take another lock, the registry's or one stripe at a time; any other call holds one and
/// takes nothing else. No lock is held while a caller is told or an octet written.
class referent_guards {
public:
    [[nodiscard]] std::mutex& registry() noexcept { return registry_; }
    [[nodiscard]] std::mutex& of(const core::referent& object) noexcept
    {
        return &object == status_object_ ? status_ : stripes_[stripe(object.guarded_with())].mutex;
    }
    /// Names the one object whose methods look at the registry and at all other objects. Call before serving.
    void set_status_object(const core::referent* object) noexcept { status_object_ = object; }

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
    std::mutex status_;
    std::array<padded_mutex, std::size_t{1} << stripe_bits> stripes_;
    const core::referent* status_object_ = nullptr;
};

}  // namespace quaymaster::net
