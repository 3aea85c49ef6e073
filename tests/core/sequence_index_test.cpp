#include "core_testing.hpp"

#include "core/sequence_index.hpp"

#include <cstdint>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr subscript_texts texts{"out of range", "indices must be integers or slices, not "};

value slice_of(const value& start, const value& stop, const value& step = {})
{
    return value::object(value::global("builtins", "slice"), {start, stop, step});
}

slice_range range_of(const value& key, std::size_t size)
{
    const subscript read = read_subscript(key, size, texts);
    REQUIRE(std::holds_alternative<slice_range>(read));
    return std::get<slice_range>(read);
}

std::vector<std::size_t> positions(const slice_range& range)
{
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < range.count; ++i)
        all.push_back(range[i]);
    return all;
}

using places = std::vector<std::size_t>;

raised refused(const value& key, std::size_t size = 3)
{
    const subscript read = read_subscript(key, size, texts);
    REQUIRE(std::holds_alternative<raised>(read));
    return std::get<raised>(read);
}

template <class T>
T read(const std::variant<T, raised>& seen)
{
    REQUIRE(std::holds_alternative<T>(seen));
    return std::get<T>(seen);
}

template <class T>
raised error_in(const std::variant<T, raised>& seen)
{
    REQUIRE(std::holds_alternative<raised>(seen));
    return std::get<raised>(seen);
}

const value huge = value::integer_from_decimal("1180591620717411303424");
const value minus_huge = value::integer_from_decimal("-1180591620717411303424");

}  // namespace

TEST_CASE("an int is a position, counted from the end if negative", "[core][sequence_index]")
{
    const auto position = [](const value& key) { return std::get<std::size_t>(read_subscript(key, 3, texts)); };
    CHECK(position(0) == 0);
    CHECK(position(2) == 2);
    CHECK(position(-1) == 2);
    CHECK(position(-3) == 0);
    CHECK(position(true) == 1);
    for (const value& beyond : {value{3}, value{-4}, value{INT64_MAX}, value{INT64_MIN}}) {
        CHECK(refused(beyond).type == exception_type::index_error);
        CHECK(refused(beyond).text == "out of range");
    }
    CHECK(refused(0, 0).text == "out of range");
    CHECK(refused(huge).type == exception_type::index_error);
    CHECK(refused(huge).text == "cannot fit 'int' into an index-sized integer");
}

TEST_CASE("what is neither int nor slice is a TypeError", "[core][sequence_index]")
{
    CHECK(refused("a").type == exception_type::type_error);
    CHECK(refused("a").text == "indices must be integers or slices, not str");
    CHECK(refused(1.0).text == "indices must be integers or slices, not float");
    CHECK(refused(value{}).text == "indices must be integers or slices, not NoneType");
    CHECK(refused(value::tuple({1, 2})).text == "indices must be integers or slices, not tuple");
    CHECK(refused(value::global("builtins", "slice")).text == "indices must be integers or slices, not type");
    CHECK(refused(value::object(value::global("mine", "slice"), {1, 2, 3})).text ==
          "indices must be integers or slices, not slice");
    constexpr subscript_texts unnamed{"", "array indices must be integers", false};
    CHECK(std::get<raised>(read_subscript("a", 3, unnamed)).text == "array indices must be integers");
}

TEST_CASE("a slice selects positions", "[core][sequence_index]")
{
    CHECK(positions(range_of(slice_of({}, {}), 3)) == places{0, 1, 2});
    CHECK(positions(range_of(slice_of(1, {}), 3)) == places{1, 2});
    CHECK(positions(range_of(slice_of(-2, -1), 3)) == places{1});
    CHECK(positions(range_of(slice_of({}, {}, -1), 3)) == places{2, 1, 0});
    CHECK(positions(range_of(slice_of({}, {}, 2), 5)) == places{0, 2, 4});
    CHECK(positions(range_of(slice_of(true, {}), 3)) == places{1, 2});
    CHECK(positions(range_of(slice_of(huge, minus_huge, minus_huge), 3)) == places{2});
    CHECK(positions(range_of(slice_of({}, {}, huge), 3)) == places{0});
    CHECK(positions(range_of(slice_of({}, {}, INT64_MIN), 3)) == places{2});
    CHECK(positions(range_of(slice_of({}, {}), 0)).empty());
    SECTION("one or two arguments, as slice() takes them")
    {
        CHECK(positions(range_of(value::object(value::global("__builtin__", "slice"), {2}), 3)) == places{0, 1});
        CHECK(positions(range_of(value::object(value::global("__builtin__", "slice"), {1, 2}), 3)) == places{1});
    }
    SECTION("an empty one still says where it is")
    {
        CHECK(range_of(slice_of(2, 1), 3).start == 2);
        CHECK(range_of(slice_of(9, 1), 3).start == 3);
        CHECK(range_of(slice_of(2, 1), 3).count == 0);
    }
    SECTION("rising() turns it round")
    {
        CHECK(positions(range_of(slice_of({}, {}, -2), 5).rising()) == places{0, 2, 4});
        CHECK(positions(range_of(slice_of({}, {}, 2), 5).rising()) == places{0, 2, 4});
        CHECK(positions(range_of(slice_of(0, 3, -1), 5).rising()).empty());
    }
}

TEST_CASE("a slice that CPython refuses is refused", "[core][sequence_index]")
{
    CHECK(refused(slice_of({}, {}, 0)).type == exception_type::value_error);
    CHECK(refused(slice_of({}, {}, 0)).text == "slice step cannot be zero");
    constexpr auto wrong_part = "slice indices must be integers or None or have an __index__ method";
    for (const value& slice : {slice_of("a", {}), slice_of({}, 1.5), slice_of({}, {}, "a")}) {
        CHECK(refused(slice).type == exception_type::type_error);
        CHECK(refused(slice).text == wrong_part);
    }
    CHECK(refused(value::object(value::global("builtins", "slice"), {})).type == exception_type::type_error);
    CHECK(refused(value::object(value::global("builtins", "slice"), {1, 2, 3, 4})).type == exception_type::type_error);
}

TEST_CASE("every small slice selects what CPython's does", "[core][sequence_index]")
{
    // FNV-1a over all results; the sum comes from CPython 3.11:
    //   bounds = [None, *range(-7, 8)]; each result is folded in as its items + 1, and then 0
    std::uint64_t sum = 14695981039346656037U;
    const auto fold = [&sum](std::uint64_t number) { sum = (sum ^ number) * 1099511628211U; };
    std::vector<value> bounds{{}};
    for (int bound = -7; bound < 8; ++bound)
        bounds.emplace_back(bound);
    for (std::size_t size = 0; size < 6; ++size) {
        for (const value& start : bounds) {
            for (const value& stop : bounds) {
                for (const value& step : bounds) {
                    if (step == value{0})
                        continue;
                    for (const std::size_t position : positions(range_of(slice_of(start, stop, step), size)))
                        fold(position + 1);
                    fold(0);
                }
            }
        }
    }
    CHECK(sum == 6290880606603130779U);
}

TEST_CASE("__getslice__ takes what is negative as zero", "[core][sequence_index]")
{
    const auto plain = [](const value& low, const value& high) { return positions(read(read_plain_slice(low, high, 3))); };
    CHECK(plain(0, INT64_MAX) == places{0, 1, 2});
    CHECK(plain(-1, 2) == places{0, 1});
    CHECK(plain(1, -1).empty());
    CHECK(plain(2, 1).empty());
    CHECK(read(read_plain_slice(2, 1, 3)).start == 2);
    CHECK(read(read_plain_slice(9, 9, 3)).start == 3);
    CHECK(error_in(read_plain_slice("a", 1, 3)).type == exception_type::type_error);
    CHECK(error_in(read_plain_slice(1, huge, 3)).type == exception_type::overflow_error);
}

TEST_CASE("index arguments complain as CPython's do", "[core][sequence_index]")
{
    CHECK(read(read_index(-5)) == -5);
    CHECK(read(read_index(true)) == 1);
    CHECK(error_in(read_index("a")).text == "'str' object cannot be interpreted as an integer");
    CHECK(error_in(read_index(value{})).type == exception_type::type_error);
    CHECK(error_in(read_index(huge)).type == exception_type::overflow_error);
    CHECK(error_in(read_index(huge)).text == "Python int too large to convert to C ssize_t");

    CHECK(read(read_repetitions(3)) == 3);
    CHECK(error_in(read_repetitions(1.5)).text == "'float' object cannot be interpreted as an integer");
    CHECK(error_in(read_repetitions(minus_huge)).type == exception_type::overflow_error);
    CHECK(error_in(read_repetitions(minus_huge)).text == "cannot fit 'int' into an index-sized integer");

    CHECK(read(read_bound(4)) == 4);
    CHECK(read(read_bound(huge)) == INT64_MAX);
    CHECK(read(read_bound(minus_huge)) == INT64_MIN);
    CHECK(error_in(read_bound(value{})).text == "slice indices must be integers or have an __index__ method");
}

TEST_CASE("positions are counted from the end and clamped", "[core][sequence_index]")
{
    CHECK(position_of(-1, 3) == 2U);
    CHECK(position_of(2, 3) == 2U);
    CHECK_FALSE(position_of(3, 3));
    CHECK_FALSE(position_of(INT64_MIN, 3));
    CHECK(clamped_position(-1, 3) == 2);
    CHECK(clamped_position(-9, 3) == 0);
    CHECK(clamped_position(9, 3) == 3);
    CHECK(clamped_position(INT64_MIN, 3) == 0);
    CHECK(clamped_position(INT64_MAX, 3) == 3);
}
