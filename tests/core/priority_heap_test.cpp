#include "core_testing.hpp"

#include "core/priority_heap.hpp"

#include <algorithm>
#include <optional>
#include <random>

using namespace quaymaster;
using namespace quaymaster::core;

namespace {

// Pushes items that are their own keys.
std::optional<raised> push(priority_heap& heap, const value& item)
{
    return heap.push(codec::payload{item}.to_item(), item);
}

std::string pop_repr(priority_heap& heap)
{
    return codec::payload{heap.pop()}.to_value().repr();
}

std::vector<std::string> drain(priority_heap& heap)
{
    std::vector<std::string> order;
    while (heap.size() > 0)
        order.push_back(pop_repr(heap));
    return order;
}

}  // namespace

TEST_CASE("priority_heap gives the smallest first, in Python's order", "[core][queue]")
{
    priority_heap heap;
    for (const value& item : {value{3}, value{1.5}, value{true}, value{-7}, value{2}})
        REQUIRE_FALSE(push(heap, item));
    CHECK(drain(heap) == std::vector<std::string>{"-7", "True", "1.5", "2", "3"});

    for (const value& item : {value::tuple({2, "b"}), value::tuple({1, "z"}), value::tuple({2, "a"}), value::tuple({1})})
        REQUIRE_FALSE(push(heap, item));
    CHECK(drain(heap) == std::vector<std::string>{"(1,)", "(1, 'z')", "(2, 'a')", "(2, 'b')"});
}

TEST_CASE("priority_heap keeps any number of items in order", "[core][queue]")
{
    for (std::mt19937::result_type seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        std::vector<int> numbers(500);
        std::generate(numbers.begin(), numbers.end(), [&] { return std::uniform_int_distribution{0, 99}(random); });
        priority_heap heap;
        for (const int number : numbers)
            REQUIRE_FALSE(push(heap, number));
        std::sort(numbers.begin(), numbers.end());
        for (const int number : numbers)
            REQUIRE(pop_repr(heap) == std::to_string(number));
    }
}

TEST_CASE("equal items come out as from Python's heapq", "[core][queue]")
{
    // 1, 1.0 and True are equal, so which comes first shows which comparisons were made. Recorded from CPython 3.13:
    // numbers are pushed, `pop` pops.
    const auto pop = std::nullopt;
    const std::vector<std::optional<value>> operations{
        0, 0.0, 1.0, 1.0, 1, 2, pop, 1.0, pop, 1, 1.0, 1, 0.0, pop, pop, true, true, 2.0, true, pop, 2, 1.0, 2, 0.0,
        false, false, 2, 2, pop, false, false, 1.0, pop, 0, pop, 1, 1.0, 0, 0, false, pop, pop, 1.0, pop, false, 0.0,
        0, pop, true, false, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop, pop,
        pop, pop, pop, pop, pop, pop, pop, pop, pop,
    };
    const std::vector<std::string> expected{
        "0", "0.0", "0.0", "1.0", "1.0", "0.0", "False", "False", "False", "False", "0", "0", "0.0", "0", "False",
        "0", "False", "False", "1.0", "True", "1.0", "1", "1", "1", "1.0", "True", "True", "1.0", "1.0", "1.0",
        "True", "1", "2", "2", "2", "2", "2", "2.0",
    };
    priority_heap heap;
    std::vector<std::string> order;
    for (const auto& operation : operations) {
        if (operation)
            REQUIRE_FALSE(push(heap, *operation));
        else
            order.push_back(pop_repr(heap));
    }
    CHECK(order == expected);
}

TEST_CASE("a push that does not compare changes nothing", "[core][queue]")
{
    priority_heap heap;
    REQUIRE_FALSE(push(heap, 1));
    REQUIRE_FALSE(push(heap, 2));
    const auto refused = push(heap, "text");
    REQUIRE(refused);
    CHECK(refused->type == exception_type::type_error);
    CHECK(refused->text == "'<' not supported between instances of 'str' and 'int'");
    CHECK(heap.size() == 2);
    CHECK(drain(heap) == std::vector<std::string>{"1", "2"});

    SECTION("also when it had risen part of the way") {
        for (const value& item : {value::tuple({1, "a"}), value::tuple({2, 5}), value::tuple({3, 5}), value::tuple({4, 5})})
            REQUIRE_FALSE(push(heap, item));
        // Passes (4, 5)'s parent (2, 5), then meets (1, 'a').
        REQUIRE(push(heap, value::tuple({1, 0})));
        CHECK(drain(heap) == std::vector<std::string>{"(1, 'a')", "(2, 5)", "(3, 5)", "(4, 5)"});
    }
}

TEST_CASE("a pop gives every item out, even if those left behind do not compare", "[core][queue]")
{
    priority_heap heap;
    // Each is compared with its parent only, so the two siblings first meet in a pop; heapq would then lose (1,).
    for (const value& item : {value::tuple({1}), value::tuple({2, "a"}), value::tuple({2, 3})})
        REQUIRE_FALSE(push(heap, item));
    CHECK(pop_repr(heap) == "(1,)");
    CHECK(heap.size() == 2);
    auto rest = drain(heap);
    std::sort(rest.begin(), rest.end());
    CHECK(rest == std::vector<std::string>{"(2, 'a')", "(2, 3)"});
}

TEST_CASE("push_anyway() takes what does not compare", "[core][queue]")
{
    priority_heap heap;
    REQUIRE_FALSE(push(heap, 1));
    heap.push_anyway(codec::payload{value{"text"}}.to_item(), "text");
    heap.push_anyway(codec::payload{value{0}}.to_item(), 0);
    CHECK(pop_repr(heap) == "0");
    CHECK(heap.size() == 2);
}
