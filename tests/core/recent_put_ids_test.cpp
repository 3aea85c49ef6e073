#include "core_testing.hpp"

#include "core/recent_put_ids.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

void let_in(recent_put_ids& known, const put_id& id)
{
    known.add(id);
    known.trim();
}

}  // namespace

TEST_CASE("ids are known by client and number", "[core][queue]")
{
    recent_put_ids known;
    let_in(known, {1, 2});
    CHECK(known.contains({1, 2}));
    CHECK_FALSE(known.contains({2, 1}));
    CHECK_FALSE(known.contains({1, 1}));
    CHECK_FALSE(known.contains({2, 2}));
}

TEST_CASE("ids are forgotten, the oldest first, when there are too many", "[core][queue]")
{
    recent_put_ids known{{.count_max = 3}};
    for (const std::uint64_t number : {9U, 1U, 5U})
        let_in(known, {7, number});
    CHECK(known.size() == 3);
    SECTION("by one that comes in")
    {
        let_in(known, {7, 2});
        CHECK(known.size() == 3);
        CHECK_FALSE(known.contains({7, 9}));
        for (const std::uint64_t number : {1U, 5U, 2U})
            CHECK(known.contains({7, number}));
    }
    SECTION("but not by one that comes to nothing")
    {
        known.add({7, 2});
        known.drop_latest();
        CHECK_FALSE(known.contains({7, 2}));
        for (const std::uint64_t number : {9U, 1U, 5U})
            CHECK(known.contains({7, number}));
    }
}

TEST_CASE("ids are forgotten when they are too old", "[core][queue]")
{
    recent_put_ids known{{.age_max = 10s}};
    known.advance(start);
    let_in(known, {1, 1});
    known.advance(start + 4s);
    let_in(known, {1, 2});
    known.advance(start + 10s);
    CHECK(known.contains({1, 1}));
    known.advance(start + 10s + 1ns);
    CHECK_FALSE(known.contains({1, 1}));
    CHECK(known.contains({1, 2}));

    SECTION("a clock that goes back does not matter")
    {
        known.advance(start);
        let_in(known, {1, 3});
        known.advance(start + 20s);
        CHECK(known.contains({1, 3}));
        CHECK_FALSE(known.contains({1, 2}));
    }
    SECTION("the last one, too")
    {
        known.advance(start + 1h);
        CHECK(known.size() == 0);
        let_in(known, {1, 1});
        CHECK(known.contains({1, 1}));
    }
}

TEST_CASE("recent_put_ids does what a simple model does", "[core][queue]")
{
    std::mt19937 random{static_cast<std::mt19937::result_type>(Catch::rngSeed())};
    const auto below = [&random](std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>{0, bound - 1}(random);
    };
    const put_id_limits limits{.count_max = 50, .age_max = 100s};
    recent_put_ids known{limits};
    std::deque<std::pair<put_id, time_point>> expected;
    time_point now = start;
    for (int i = 0; i < 20'000; ++i) {
        now += std::chrono::seconds{below(5) == 0 ? below(10) : 0};
        known.advance(now);
        std::erase_if(expected, [&](const auto& each) { return now - each.second > limits.age_max; });
        const put_id id{below(5), below(40)};
        const bool is_known = std::any_of(expected.begin(), expected.end(), [&](const auto& each) { return each.first == id; });
        REQUIRE(known.contains(id) == is_known);
        if (is_known)
            continue;
        known.add(id);
        if (below(4) == 0) {
            known.drop_latest();
            continue;
        }
        known.trim();
        expected.emplace_back(id, now);
        if (expected.size() > limits.count_max)
            expected.pop_front();
        REQUIRE(known.size() == expected.size());
    }
}
