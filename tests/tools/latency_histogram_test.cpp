#include "latency_histogram.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>

using namespace quaymaster::tool;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

latency_histogram histogram_of(nanoseconds first, nanoseconds last, nanoseconds step)
{
    latency_histogram histogram;
    for (nanoseconds each = first; each <= last; each += step)
        histogram.record(each);
    return histogram;
}

}  // namespace

TEST_CASE("A latency_histogram without samples has only zeros", "[tools][histogram]")
{
    const latency_histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK(histogram.max() == 0ns);
    CHECK(histogram.quantile(0.5) == 0ns);
}

TEST_CASE("A latency_histogram is exact below 256 ns", "[tools][histogram]")
{
    const latency_histogram histogram = histogram_of(1ns, 200ns, 1ns);
    CHECK(histogram.count() == 200);
    CHECK(histogram.quantile(0) == 1ns);
    CHECK(histogram.quantile(0.5) == 100ns);
    CHECK(histogram.quantile(0.99) == 198ns);
    CHECK(histogram.quantile(1) == 200ns);
}

TEST_CASE("A latency_histogram is never too low, and at most 1/128 too high", "[tools][histogram]")
{
    for (std::int64_t ticks = 1; ticks < std::numeric_limits<std::int64_t>::max() / 3; ticks = ticks * 3 / 2 + 1) {
        CAPTURE(ticks);
        latency_histogram histogram;
        histogram.record(nanoseconds{ticks});
        histogram.record(nanoseconds::max());  // so that max() does not hide the bucket's end
        CHECK(histogram.quantile(0.5).count() >= ticks);
        CHECK(histogram.quantile(0.5).count() - ticks <= ticks / 128);
    }
}

TEST_CASE("A latency_histogram keeps the rare slow sample", "[tools][histogram]")
{
    latency_histogram histogram = histogram_of(1us, 999us, 1us);
    histogram.record(2s);
    CHECK(histogram.max() == 2s);
    CHECK(histogram.quantile(1) == 2s);
    CHECK(histogram.quantile(0.999) >= 999us);
    CHECK(histogram.quantile(0.999) < 1010us);
}

TEST_CASE("A latency_histogram counts a negative duration as zero", "[tools][histogram]")
{
    latency_histogram histogram;
    histogram.record(-5ns);
    CHECK(histogram.count() == 1);
    CHECK(histogram.quantile(1) == 0ns);
}

TEST_CASE("Merged latency_histograms are as one that had recorded everything", "[tools][histogram]")
{
    latency_histogram merged = histogram_of(0us, 500us, 1us);
    merged.merge(histogram_of(501us, 1000us, 1us));
    const latency_histogram whole = histogram_of(0us, 1000us, 1us);
    CHECK(merged.count() == whole.count());
    CHECK(merged.max() == whole.max());
    for (const double share : {0.0, 0.1, 0.5, 0.9, 0.99, 1.0})
        CHECK(merged.quantile(share) == whole.quantile(share));
}
