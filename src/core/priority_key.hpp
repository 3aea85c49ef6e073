// priority_key: as much of an item as usually decides its place in a priority queue.
#pragma once

#include <quaymaster/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quaymaster::core {

/// The leading numbers of an item: the number itself, or the first two items of a tuple or list such as
/// (priority, sequence, payload), as far as they are numbers. A decoded value would cost a priority queue ten times the
/// memory of the item; decoding at every comparison would cost it time.
class priority_key {
public:
    /// The key of nothing in particular: compares with no other.
    priority_key() noexcept = default;
    explicit priority_key(const value& item);

    /// `left < right` of the items that the keys were made of, in Python's order; nullopt if the keys do not tell.
    [[nodiscard]] static std::optional<bool> less(const priority_key& left, const priority_key& right);

private:
    enum class shape : std::uint8_t { other, number, tuple, list };
    static constexpr std::size_t numbers_max = 2;

    bool add(const value& number) noexcept;
    [[nodiscard]] value number(std::size_t index) const noexcept;

    union scalar {
        std::int64_t integer = 0;
        double floating;
    };
    std::array<scalar, numbers_max> numbers_{};
    std::array<bool, numbers_max> is_floating_{};
    std::uint8_t count_ = 0;
    shape shape_ = shape::other;
    bool is_whole_ = false;  // the item holds nothing beyond these numbers
};

}  // namespace quaymaster::core
