#include <catch2/catch.hpp>

#include "core/ring.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <random>
#include <utility>

using namespace quaymaster::core;

namespace {

/// A number on the heap: what is lost or ended twice, the sanitizers see.
using number = std::unique_ptr<int>;

number make(int content)
{
    return std::make_unique<int>(content);
}

}  // namespace

TEST_CASE("a ring is a queue at either end", "[core][ring]")
{
    ring<number> line;
    CHECK(line.empty());
    for (const int each : {3, 4, 5})
        line.push_back(make(each));
    for (const int each : {2, 1})
        line.push_front(make(each));
    CHECK(line.size() == 5);
    CHECK(*line.front() == 1);
    CHECK(*line.back() == 5);
    CHECK(*line.pop_front() == 1);
    CHECK(*line.pop_back() == 5);
    CHECK(*line.pop_back() == 4);
    CHECK(*line.pop_front() == 2);
    CHECK(*line.pop_front() == 3);
    CHECK(line.empty());
}

TEST_CASE("a ring does what a deque does", "[core][ring]")
{
    std::mt19937 random{static_cast<std::mt19937::result_type>(Catch::rngSeed())};
    const auto below = [&random](int bound) { return std::uniform_int_distribution<int>{0, bound - 1}(random); };
    ring<number> line;
    std::deque<int> expected;
    for (int phase = 0; phase < 40; ++phase) {
        // Mostly longer, then mostly shorter, so that it grows and shrinks through its sizes.
        const int growth = phase % 2 == 0 ? 70 : 28;
        for (int i = 0; i < 2'000; ++i) {
            const bool at_front = below(2) == 0;
            if (below(100) < growth) {
                at_front ? line.push_front(make(i)) : line.push_back(make(i));
                at_front ? expected.push_front(i) : expected.push_back(i);
            } else if (!expected.empty()) {
                const int wanted = at_front ? expected.front() : expected.back();
                REQUIRE(*(at_front ? line.front() : line.back()) == wanted);
                REQUIRE(*(at_front ? line.pop_front() : line.pop_back()) == wanted);
                at_front ? expected.pop_front() : expected.pop_back();
            }
            REQUIRE(line.size() == expected.size());
        }
    }
    while (!expected.empty()) {
        REQUIRE(*line.pop_front() == expected.front());
        expected.pop_front();
    }
    CHECK(line.capacity() <= ring<number>::kept_slots);
}

TEST_CASE("the memory of a ring follows its length", "[core][ring]")
{
    ring<number> line;
    CHECK(line.capacity() == 0);

    SECTION("it does not change while the length stays much the same")
    {
        for (int i = 0; i < 100; ++i)
            line.push_back(make(i));
        const std::size_t capacity = line.capacity();
        CHECK(capacity == 128);
        for (int i = 0; i < 10'000; ++i) {
            line.push_back(line.pop_front());
            REQUIRE(line.capacity() == capacity);
        }
    }
    SECTION("that of a long one is given back as it gets shorter, but for a little")
    {
        for (int i = 0; i < 100'000; ++i)
            line.push_back(make(i));
        CHECK(line.capacity() == 131'072);
        for (int i = 0; i < 99'900; ++i) {
            REQUIRE(*line.pop_front() == i);
            REQUIRE((line.capacity() <= ring<number>::kept_slots || line.capacity() < 16 * line.size()));
        }
        CHECK(line.capacity() == ring<number>::kept_slots);
        CHECK(*line.back() == 99'999);
        while (!line.empty())
            static_cast<void>(line.pop_front());
        CHECK(line.capacity() == ring<number>::kept_slots);
    }
    SECTION("clear() gives back all of it")
    {
        for (int i = 0; i < 10; ++i)
            line.push_back(make(i));
        line.clear();
        CHECK(line.empty());
        CHECK(line.capacity() == 0);
        line.push_front(make(1));
        CHECK(*line.back() == 1);
    }
    SECTION("reserve() keeps what there is, in its order")
    {
        for (int i = 0; i < 6; ++i)
            line.push_back(make(i));
        line.push_front(make(-1));
        line.reserve(1'000);
        CHECK(line.capacity() == 1'024);
        for (int i = -1; i < 6; ++i)
            CHECK(*line.pop_front() == i);
        CHECK_THROWS_AS(line.reserve(static_cast<std::size_t>(-1)), std::bad_alloc);
        CHECK(line.capacity() == 1'024);
    }
}
