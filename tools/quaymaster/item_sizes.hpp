// item_sizes: how large the items of a workload are, known to the one who puts and to the one who checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quaymaster::tool {

/// The size of each item in octets, a function of its producer and its number: the same for every server that is measured.
/// Thread safety: constant after construction.
class item_sizes {
public:
    /// All alike. Not explicit: a size is the simplest of these.
    item_sizes(std::size_t size) : sizes_{size} {}

    /// Log-normal around `median`, with `least` and `most` three standard deviations of the logarithm away on the wider side;
    /// what falls outside is clamped. The same `seed` gives the same sizes. Precondition: 0 < least < median < most.
    [[nodiscard]] static item_sizes log_normal(std::size_t least, std::size_t median, std::size_t most, std::uint64_t seed);

    [[nodiscard]] std::size_t of(std::uint32_t producer, std::uint64_t sequence) const noexcept;
    [[nodiscard]] std::size_t largest() const noexcept;
    /// For an item of each size there is, equally often as they come.
    [[nodiscard]] double mean() const noexcept;
    [[nodiscard]] bool are_alike() const noexcept { return sizes_.size() == 1; }

private:
    item_sizes() = default;

    std::vector<std::size_t> sizes_;  // a power of two of them, drawn once: drawing costs more than some operations measured
};

}  // namespace quaymaster::tool
