#include "core_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "core/value_order.hpp"

using namespace quaymaster;
using namespace quaymaster::core;

TEST_CASE("unordered_error() names the pair that Python would have compared", "[core][order]")
{
    const auto text = [](const value& left, const value& right) {
        const raised error = unordered_error(left, right);
        CHECK(error.type == exception_type::type_error);
        return error.text;
    };
    CHECK(text("a", 1) == "'<' not supported between instances of 'str' and 'int'");
    CHECK(text(value{}, 1.5) == "'<' not supported between instances of 'NoneType' and 'float'");
    CHECK(text(value::tuple({1, "a"}), value::tuple({1, 2})) ==
          "'<' not supported between instances of 'str' and 'int'");
    CHECK(text(value::tuple({1, value::list({2, value{}})}), value::tuple({1.0, value::list({2, "b"})})) ==
          "'<' not supported between instances of 'NoneType' and 'str'");
    CHECK(text(value::dict({}), value::dict({})) == "'<' not supported between instances of 'dict' and 'dict'");
    const value task = value::object(value::global("__main__", "Task"), {1});
    CHECK(text(value::tuple({1, task}), value::tuple({1, 2})) ==
          "'<' not supported between instances of 'Task' and 'int'");
}

namespace {

/// [[None] * size, [[None] * size, ... [[None] * size, innermost]]]; every list is an object of its own.
value nested(std::size_t depth, std::size_t size, const std::string& innermost)
{
    std::string pickled = "\x80\x04";
    for (std::size_t level = 0; level < depth; ++level)
        pickled += "](](" + std::string(size, 'N') + 'e';
    pickled += innermost + std::string(depth, 'e') + '.';
    return codec::value_from_pickle(as_bytes(pickled));
}

}  // namespace

TEST_CASE("unordered_error() looks at each item once, however deep the pair is", "[core][order][hostile]")
{
    // Three million items. Level by level, each comparing all that is below it, it would take half a minute here, and under a
    // sanitizer longer than the whole test may.
    const value left = nested(1000, 3000, "K\x01");
    const value right = nested(1000, 3000, "\x8c\x01" "a");
    CHECK(unordered_error(left, right).text == "'<' not supported between instances of 'int' and 'str'");
}

TEST_CASE("unordered_error() names lists that contain themselves, and what lies beyond a thousand levels", "[core][order]")
{
    const value deep = nested(5000, 0, "K\x01");
    const value other = nested(5000, 0, "N");
    CHECK(unordered_error(deep, other).text == "'<' not supported between instances of 'int' and 'NoneType'");
    const value cycle = codec::value_from_pickle(to_bytes("\x80\x04]\x94(h" + std::string{"\0", 1} + "Ne."));
    const value other_cycle = codec::value_from_pickle(to_bytes("\x80\x04]\x94(h" + std::string{"\0", 1} + "K\x01" "e."));
    CHECK(unordered_error(cycle, other_cycle).text == "'<' not supported between instances of 'NoneType' and 'int'");
}
