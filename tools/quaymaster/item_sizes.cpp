#include "item_sizes.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace quaymaster::tool {

namespace {

constexpr std::size_t drawn_sizes = 4096;

/// SplitMix64's finalizer: each bit of the result depends on each bit of `number`.
constexpr std::uint64_t mixed(std::uint64_t number) noexcept
{
    number += 0x9e3779b97f4a7c15U;
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9U;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebU;
    return number ^ (number >> 31);
}

/// Uniform, above 0 and at most 1.
double uniform(std::uint64_t number) noexcept
{
    return (static_cast<double>(mixed(number) >> 11) + 1) * 0x1p-53;
}

/// Standard normal (Box-Muller). Not std::normal_distribution: its draws differ from one standard library to another.
double normal(std::uint64_t seed, std::uint64_t index) noexcept
{
    const double radius = std::sqrt(-2 * std::log(uniform(seed + 2 * index)));
    return radius * std::cos(2 * std::numbers::pi * uniform(seed + 2 * index + 1));
}

}  // namespace

item_sizes item_sizes::log_normal(std::size_t least, std::size_t median, std::size_t most, std::uint64_t seed)
{
    const auto logarithm = [](std::size_t size) { return std::log(static_cast<double>(size)); };
    const double middle = logarithm(median);
    const double deviation = std::max(middle - logarithm(least), logarithm(most) - middle) / 3;
    item_sizes result;
    result.sizes_.reserve(drawn_sizes);
    for (std::size_t index = 0; index < drawn_sizes; ++index) {
        const double size = std::exp(middle + deviation * normal(mixed(seed), index));
        result.sizes_.push_back(std::clamp(static_cast<std::size_t>(std::llround(size)), least, most));
    }
    return result;
}

std::size_t item_sizes::of(std::uint32_t producer, std::uint64_t sequence) const noexcept
{
    if (are_alike())
        return sizes_.front();
    return sizes_[mixed((std::uint64_t{producer} << 40) ^ sequence) % drawn_sizes];
}

std::size_t item_sizes::largest() const noexcept
{
    return *std::max_element(sizes_.begin(), sizes_.end());
}

double item_sizes::mean() const noexcept
{
    return static_cast<double>(std::accumulate(sizes_.begin(), sizes_.end(), std::size_t{0})) /
           static_cast<double>(sizes_.size());
}

}  // namespace quaymaster::tool
