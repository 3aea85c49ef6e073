#include "core_testing.hpp"

#include "core/recent_put_ids.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <set>

using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

void let_in(recent_put_ids& known, const put_id& id)
{
    recent_put_ids::addition{known, id}.commit();
}

/// One that comes to nothing.
void refuse(recent_put_ids& known, const put_id& id)
{
    recent_put_ids::addition{known, id};
}

// Ids with these are kept apart from each other.
constexpr std::uint64_t far = 64;

}  // namespace

TEST_CASE("ids are known by client and number", "[core][queue]")
{
    recent_put_ids known;
    CHECK_FALSE(known.contains({1, 2}));
    let_in(known, {1, 2});
    CHECK(known.contains({1, 2}));
    for (const put_id& other : {put_id{2, 1}, put_id{1, 1}, put_id{2, 2}, put_id{1, 2 + far}, put_id{1 + far, 2}})
        CHECK_FALSE(known.contains(other));
    const put_id extreme{~std::uint64_t{0}, ~std::uint64_t{0}};
    CHECK_FALSE(known.contains(extreme));
    let_in(known, extreme);
    CHECK(known.contains(extreme));
}

TEST_CASE("the latest ids are known, the oldest forgotten", "[core][queue]")
{
    recent_put_ids known{{.count_max = 3}};
    for (const std::uint64_t number : {9U, 1U, 5U})
        let_in(known, {7, far * number});
    SECTION("when one more comes in")
    {
        let_in(known, {7, far * 2});
        CHECK_FALSE(known.contains({7, far * 9}));
        for (const std::uint64_t number : {1U, 5U, 2U})
            CHECK(known.contains({7, far * number}));
    }
    SECTION("but not when one comes to nothing")
    {
        refuse(known, {7, far * 2});
        CHECK_FALSE(known.contains({7, far * 2}));
        refuse(known, {7, far * 9 + 1});
        CHECK_FALSE(known.contains({7, far * 9 + 1}));
        for (const std::uint64_t number : {9U, 1U, 5U})
            CHECK(known.contains({7, far * number}));
        let_in(known, {7, far * 2});
        CHECK_FALSE(known.contains({7, far * 9}));
        CHECK(known.blocks() == 3);
    }
    SECTION("and not as long as one near it is known")
    {
        let_in(known, {7, far * 9 + 1});
        let_in(known, {7, far * 2});
        let_in(known, {7, far * 3});
        CHECK(known.contains({7, far * 9}));
        let_in(known, {7, far * 4});
        CHECK_FALSE(known.contains({7, far * 9}));
        CHECK_FALSE(known.contains({7, far * 9 + 1}));
    }
}

TEST_CASE("none is known where none may be", "[core][queue]")
{
    recent_put_ids known{{.count_max = 0}};
    let_in(known, {1, 1});
    let_in(known, {1, 1});
    CHECK_FALSE(known.contains({1, 1}));
}

TEST_CASE("what clients that count have put takes little memory, and that of others has its bound", "[core][queue]")
{
    recent_put_ids known;
    constexpr std::uint64_t count = 200'000;
    constexpr std::uint64_t kept = put_id_limits{}.count_max;
    SECTION("one that counts")
    {
        for (std::uint64_t i = 0; i < count; ++i)
            let_in(known, {5, i});
        CHECK(known.blocks() <= kept / 64 + 1);
        for (std::uint64_t i = count - kept; i < count; ++i)
            REQUIRE(known.contains({5, i}));
        CHECK_FALSE(known.contains({5, count - kept - 64}));
    }
    SECTION("one that does not")
    {
        for (std::uint64_t i = 0; i < count; ++i)
            let_in(known, {i % 3, far * i});
        CHECK(known.blocks() == kept);
    }
}

TEST_CASE("ids are forgotten when they are too old", "[core][queue]")
{
    recent_put_ids known{{.age_max = 10s}};
    known.advance(start);
    let_in(known, {1, far * 1});
    known.advance(start + 4s);
    let_in(known, {1, far * 2});
    known.advance(start + 10s);
    CHECK(known.contains({1, far * 1}));
    known.advance(start + 10s + 1ns);
    CHECK_FALSE(known.contains({1, far * 1}));
    CHECK(known.contains({1, far * 2}));

    SECTION("a clock that goes back does not matter")
    {
        known.advance(start);
        let_in(known, {1, far * 3});
        known.advance(start + 20s);
        CHECK(known.contains({1, far * 3}));
        CHECK_FALSE(known.contains({1, far * 2}));
    }
    SECTION("the last one, too")
    {
        known.advance(start + 1h);
        CHECK(known.blocks() == 0);
        let_in(known, {1, far * 1});
        CHECK(known.contains({1, far * 1}));
    }
}

TEST_CASE("recent_put_ids does what a simple model does", "[core][queue]")
{
    struct neighbours {
        std::set<std::uint64_t> numbers;
        std::uint64_t latest_number = 0;
        time_point latest{};
    };
    std::mt19937 random{static_cast<std::mt19937::result_type>(Catch::rngSeed())};
    const auto below = [&random](std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>{0, bound - 1}(random);
    };
    const put_id_limits limits{.count_max = 50, .age_max = 100s};
    recent_put_ids known{limits};
    std::map<put_id, neighbours> expected;
    std::uint64_t total = 0;
    time_point now = start;
    for (int i = 0; i < 50'000; ++i) {
        now += std::chrono::seconds{below(5) == 0 ? below(10) : 0};
        known.advance(now);
        for (auto& [place, near] : expected)
            near.latest = std::min(near.latest, now);
        std::erase_if(expected, [&](const auto& each) { return now - each.second.latest > limits.age_max; });
        const put_id id{below(5), below(30) * 16 + below(2)};
        const put_id place{id.client, id.number / 64};
        const bool is_known = expected.contains(place) && expected[place].numbers.contains(id.number);
        REQUIRE(known.contains(id) == is_known);
        if (is_known)
            continue;
        if (below(4) == 0) {
            refuse(known, id);
        } else {
            // Some come in later than anybody says.
            const bool is_later = below(4) == 0;
            recent_put_ids::addition added{known, id};
            is_later ? added.commit_later() : added.commit();
            neighbours& near = expected[place];
            near.numbers.insert(id.number);
            near.latest_number = ++total;
            near.latest = is_later ? time_point::max() : now;
            std::erase_if(expected, [&](const auto& each) { return total - each.second.latest_number >= limits.count_max; });
        }
        std::erase_if(expected, [](const auto& each) { return each.second.numbers.empty(); });
        REQUIRE(known.blocks() == expected.size());
    }
}
