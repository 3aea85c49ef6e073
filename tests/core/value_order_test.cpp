#include "core_testing.hpp"

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
