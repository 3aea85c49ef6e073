#include "item_sizes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace quaymaster::tool;

namespace {

constexpr std::size_t least = 16;
constexpr std::size_t median = 1024;
constexpr std::size_t most = 65'536;

std::vector<std::size_t> drawn(const item_sizes& sizes, std::uint64_t count)
{
    std::vector<std::size_t> result;
    for (std::uint64_t sequence = 0; sequence < count; ++sequence)
        result.push_back(sizes.of(static_cast<std::uint32_t>(sequence % 7), sequence));
    std::sort(result.begin(), result.end());
    return result;
}

}  // namespace

TEST_CASE("item_sizes of one size are that size", "[tools][sizes]")
{
    const item_sizes sizes = 64;
    CHECK(sizes.are_alike());
    CHECK(sizes.of(0, 0) == 64);
    CHECK(sizes.of(9, 1'000'000) == 64);
    CHECK(sizes.largest() == 64);
    CHECK(sizes.mean() == 64);
}

TEST_CASE("Log-normal item_sizes lie around the median as they should", "[tools][sizes]")
{
    const item_sizes sizes = item_sizes::log_normal(least, median, most, 1);
    const std::vector<std::size_t> found = drawn(sizes, 100'000);
    const auto share_below = [&found](double size) {
        const auto position = std::lower_bound(found.begin(), found.end(), static_cast<std::size_t>(size));
        return static_cast<double>(position - found.begin()) / static_cast<double>(found.size());
    };
    CHECK_FALSE(sizes.are_alike());
    CHECK(found.front() >= least);
    CHECK(found.back() <= most);
    CHECK(sizes.largest() <= most);
    // 16 and 65,536 are three standard deviations of the logarithm away from 1,024.
    const double deviation = std::log(64.0) / 3;
    CHECK(share_below(1024) == Approx(0.5).margin(0.03));
    CHECK(share_below(1024 * std::exp(deviation)) == Approx(0.841).margin(0.03));
    CHECK(share_below(1024 * std::exp(-2 * deviation)) == Approx(0.023).margin(0.01));
    CHECK(sizes.mean() == Approx(1024 * std::exp(deviation * deviation / 2)).epsilon(0.1));
}

TEST_CASE("item_sizes depend on the seed, the producer and the number, and on nothing else", "[tools][sizes]")
{
    const item_sizes one = item_sizes::log_normal(least, median, most, 1);
    const item_sizes same = item_sizes::log_normal(least, median, most, 1);
    const item_sizes other = item_sizes::log_normal(least, median, most, 2);
    CHECK(drawn(one, 1000) == drawn(same, 1000));
    CHECK(drawn(one, 1000) != drawn(other, 1000));
    std::vector<std::size_t> of_first;
    std::vector<std::size_t> of_second;
    for (std::uint64_t sequence = 0; sequence < 20; ++sequence) {
        of_first.push_back(one.of(0, sequence));
        of_second.push_back(one.of(1, sequence));
    }
    CHECK(of_first != of_second);
}
