#include "core_testing.hpp"

#include "core/priority_key.hpp"

#include <cmath>
#include <limits>

using namespace quaymaster;
using namespace quaymaster::core;

TEST_CASE("priority keys tell the order of their items, or that they cannot", "[core][order]")
{
    constexpr auto untold = std::nullopt;
    const auto less = [](const value& left, const value& right) {
        return priority_key::less(priority_key{left}, priority_key{right});
    };
    SECTION("numbers") {
        CHECK(less(1, 2) == true);
        CHECK(less(2, 1) == false);
        CHECK(less(1, 1.0) == false);
        CHECK(less(true, 1.5) == true);
        CHECK(less(-std::numeric_limits<double>::infinity(), std::numeric_limits<std::int64_t>::min()) == true);
        CHECK(less(std::nan(""), 1) == false);
        CHECK(less(value::integer_from_decimal("1" + std::string(30, '0')), 1) == untold);
    }
    SECTION("tuples, by the numbers that they begin with") {
        CHECK(less(value::tuple({1, "b"}), value::tuple({2, "a"})) == true);
        CHECK(less(value::tuple({1, 7, "b"}), value::tuple({1, 6, "a"})) == false);
        CHECK(less(value::tuple({1, 7, "b"}), value::tuple({1, 7, "a"})) == untold);
        CHECK(less(value::tuple({1, "b"}), value::tuple({1, "a"})) == untold);
        CHECK(less(value::tuple({1, 2}), value::tuple({1, "a"})) == untold);
        CHECK(less(value::tuple({"a"}), value::tuple({1})) == untold);
    }
    SECTION("a tuple that ends first is the smaller") {
        CHECK(less(value::tuple({}), value::tuple({1})) == true);
        CHECK(less(value::tuple({1}), value::tuple({})) == false);
        CHECK(less(value::tuple({1}), value::tuple({1})) == false);
        CHECK(less(value::tuple({1}), value::tuple({1, "a"})) == true);
        CHECK(less(value::tuple({1, "a"}), value::tuple({1})) == false);
        CHECK(less(value::tuple({1, 2}), value::tuple({1, 2, 3})) == true);
        CHECK(less(value::tuple({1, 2, 3}), value::tuple({1, 2})) == false);
    }
    SECTION("lists likewise, but not a list and a tuple") {
        CHECK(less(value::list({1, "b"}), value::list({2, "a"})) == true);
        CHECK(less(value::list({1}), value::tuple({2})) == untold);
        CHECK(less(1, value::tuple({2})) == untold);
    }
    SECTION("anything else") {
        CHECK(less("a", "b") == untold);
        CHECK(less(value{}, 1) == untold);
    }
}

TEST_CASE("what priority keys tell is what the whole values say", "[core][order]")
{
    const value big = value::integer_from_decimal("1" + std::string(30, '0'));
    const std::vector<value> leaves{0, 1, true, 1.0, 1.5, -2, "a", "b", value{}, big, value::tuple({}), value::tuple({1})};
    std::vector<value> items = leaves;
    for (const value& first : leaves) {
        items.push_back(value::tuple({first}));
        items.push_back(value::list({first}));
        for (const value& second : leaves) {
            items.push_back(value::tuple({first, second}));
            items.push_back(value::tuple({first, second, 0}));
        }
    }
    std::size_t told = 0;
    for (const value& left : items) {
        for (const value& right : items) {
            const auto by_keys = priority_key::less(priority_key{left}, priority_key{right});
            if (!by_keys)
                continue;
            ++told;
            if (by_keys != value::less(left, right))
                FAIL("the keys are wrong about " << left.repr() << " < " << right.repr());
        }
    }
    CHECK(told > items.size());
}
