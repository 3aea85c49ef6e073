#include "core_testing.hpp"

#include "codec/pickle_writer.hpp"
#include "core/array_referent.hpp"

#include <string>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

std::variant<made_object, raised> create(const arguments& positional, const keyword_arguments& keywords = {})
{
    call request = make_call("create", positional, keywords);
    return fresh_array()(request);
}

std::string created_text(const arguments& positional, const keyword_arguments& keywords = {})
{
    auto made = create(positional, keywords);
    REQUIRE(std::holds_alternative<made_object>(made));
    return std::get<made_object>(made).object->text();
}

raised create_error(const arguments& positional, const keyword_arguments& keywords = {})
{
    auto made = create(positional, keywords);
    REQUIRE(std::holds_alternative<raised>(made));
    return std::get<raised>(made);
}

array_data data_of(const value& typecode, const value& content)
{
    auto made = array_data::make(typecode);
    auto& array = std::get<array_data>(made);
    REQUIRE_FALSE(array.append_all(content));
    return array;
}

value array_of(const value& typecode, const value& content)
{
    return data_of(typecode, content).to_value();
}

value slice_of(const value& start, const value& stop, const value& step = {})
{
    return value::object(value::global("builtins", "slice"), {start, stop, step});
}

struct fixture {
    value call(std::string_view method, const arguments& positional = {}) { return result_of(client(method, positional)); }
    void check_refused(std::string_view method, const arguments& positional, exception_type type, const std::string& text)
    {
        CAPTURE(method);
        const std::string before = array.text();
        const raised error = error_of(client(method, positional));
        CHECK(error.type == type);
        CHECK(error.text == text);
        CHECK(array.text() == before);
    }

    array_referent array{data_of("i", value::list({0, 1, 2, 3, 4}))};
    caller client{array};
};

}  // namespace

TEST_CASE_METHOD(fixture, "an array exposes what ArrayProxy of any version does", "[core][array]")
{
    const auto names = array.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"__getitem__", "__getslice__", "__len__", "__setitem__", "__setslice__"});
    CHECK(error_of(client("append", {1})).text == "'array.array' object has no attribute 'append'");
}

TEST_CASE_METHOD(fixture, "each method of an array does what its name says", "[core][array]")
{
    CHECK(call("__len__") == value{5});
    CHECK(call("__getitem__", {1}) == value{1});
    CHECK(call("__getitem__", {-1}) == value{4});
    CHECK(call("__setitem__", {0, 7}).is_none());
    CHECK(call("__getitem__", {slice_of(0, 2)}) == array_of("i", value::list({7, 1})));
    CHECK(call("__getslice__", {-3, 2}) == array_of("i", value::list({7, 1})));
    CHECK(call("__setitem__", {slice_of(1, 4), array_of("i", value::list({9}))}).is_none());
    CHECK(array.text() == "array('i', [7, 9, 4])");
    CHECK(call("__setslice__", {0, 1, array_of("i", value::list({}))}).is_none());
    CHECK(array.text() == "array('i', [9, 4])");
    CHECK(*array.by_value() == array_of("i", value::list({9, 4})));
    CHECK(call("__getitem__", {true}) == value{4});
}

TEST_CASE_METHOD(fixture, "slices of any step are read and set", "[core][array]")
{
    const auto read = [&](const value& slice) {
        return std::get<array_data>(array_data::read(call("__getitem__", {slice}))).repr(100);
    };
    CHECK(read(slice_of({}, {}, -2)) == "array('i', [4, 2, 0])");
    CHECK(read(slice_of(9, {})) == "array('i')");
    SECTION("an extended one takes as many as it has")
    {
        call("__setitem__", {slice_of({}, {}, -2), array_of("i", value::list({7, 8, 9}))});
        CHECK(array.text() == "array('i', [9, 1, 8, 3, 7])");
        check_refused("__setitem__", {slice_of({}, {}, 2), array_of("i", value::list({1}))}, exception_type::value_error,
                      "attempt to assign array of size 1 to extended slice of size 3");
        check_refused("__setitem__", {slice_of(2, 0, 2), array_of("i", value::list({1}))}, exception_type::value_error,
                      "attempt to assign array of size 1 to extended slice of size 0");
    }
    SECTION("an empty array deletes it")
    {
        call("__setitem__", {slice_of({}, {}, -2), array_of("i", value::list({}))});
        CHECK(array.text() == "array('i', [1, 3])");
        call("__setitem__", {slice_of(5, {}, 2), array_of("i", value::list({}))});
        CHECK(array.text() == "array('i', [1, 3])");
    }
    SECTION("an empty slice is where an insertion happens")
    {
        call("__setitem__", {slice_of(2, 1), array_of("i", value::list({7, 8}))});
        CHECK(array.text() == "array('i', [0, 1, 7, 8, 2, 3, 4])");
        call("__setslice__", {99, 0, array_of("i", value::list({5}))});
        CHECK(array.text() == "array('i', [0, 1, 7, 8, 2, 3, 4, 5])");
    }
}

TEST_CASE_METHOD(fixture, "what array.array refuses is refused, and nothing has changed", "[core][array]")
{
    constexpr auto type_error = exception_type::type_error;
    constexpr auto index_error = exception_type::index_error;
    const value huge = value::integer_from_decimal("1180591620717411303424");
    check_refused("__getitem__", {5}, index_error, "array index out of range");
    check_refused("__getitem__", {huge}, index_error, "cannot fit 'int' into an index-sized integer");
    check_refused("__getitem__", {"a"}, type_error, "array indices must be integers");
    check_refused("__getitem__", {slice_of({}, {}, 0)}, exception_type::value_error, "slice step cannot be zero");
    check_refused("__setitem__", {-6, 1}, index_error, "array assignment index out of range");
    check_refused("__setitem__", {5, "a"}, index_error, "array assignment index out of range");
    check_refused("__setitem__", {1.5, 1}, type_error, "array indices must be integers");
    check_refused("__setitem__", {1, "x"}, type_error, "'str' object cannot be interpreted as an integer");
    check_refused("__setitem__", {1, 1.5}, type_error, "'float' object cannot be interpreted as an integer");
    check_refused("__setitem__", {1, 2147483648L}, exception_type::overflow_error, "signed integer is greater than maximum");
    constexpr auto no_array = "can only assign array (not \"list\") to array slice";
    check_refused("__setitem__", {slice_of(0, 1), value::list({1})}, type_error, no_array);
    check_refused("__setslice__", {0, 1, value::list({1})}, type_error, no_array);
    check_refused("__setitem__", {slice_of(0, 1), array_of("l", value::list({1}))}, type_error,
                  "bad argument type for built-in operation");
    check_refused("__setitem__", {1}, type_error, "__setitem__ expected 2 arguments, got 1");
    check_refused("__setitem__", {slice_of(0, 1), value::object(value::global("array", "array"), {"z"})},
                  exception_type::value_error, "bad typecode (must be c, b, B, u, w, h, H, i, I, l, L, q, Q, f or d)");
    check_refused("__getslice__", {"a", 1}, type_error, "'str' object cannot be interpreted as an integer");
}

TEST_CASE("items of other types than int", "[core][array]")
{
    array_referent text{data_of("u", "abc")};
    caller client{text};
    CHECK(result_of(client("__setitem__", {1, "\u00e9"})).is_none());
    CHECK(result_of(client("__getitem__", {1})) == value{"\u00e9"});
    CHECK(text.text() == "array('u', 'a\u00e9c')");
    array_referent numbers{data_of("d", value::list({1.5}))};
    caller other{numbers};
    CHECK(result_of(other("__setitem__", {0, 2})).is_none());
    CHECK(result_of(other("__getitem__", {0})).kind() == value_kind::floating);
    SECTION("one that is no character is a ValueError")
    {
        array_referent forged{data_of("w", value{to_bytes("abcd")})};
        CHECK(error_of(caller{forged}("__getitem__", {0})).type == exception_type::value_error);
    }
}

TEST_CASE("Array(typecode, sequence, lock=True) makes an array", "[core][array]")
{
    CHECK(created_text({"i", value::list({1, 2})}) == "array('i', [1, 2])");
    CHECK(created_text({"d", value::tuple({1}), false}) == "array('d', [1.0])");
    CHECK(created_text({}, {{"sequence", value::list({3})}, {"typecode", "b"}, {"lock", true}}) == "array('b', [3])");
    CHECK(created_text({"i", array_of("h", value::list({5}))}) == "array('i', [5])");

    CHECK(create_error({}).text == "Array() missing 2 required positional arguments: 'typecode' and 'sequence'");
    CHECK(create_error({"i"}).text == "Array() missing 1 required positional argument: 'sequence'");
    CHECK(create_error({"i", value::list({}), true, 4}).text ==
          "Array() takes from 2 to 3 positional arguments but 4 were given");
    CHECK(create_error({"i", value::list({})}, {{"size", 1}}).text == "Array() got an unexpected keyword argument 'size'");
    CHECK(create_error({"zz", value::list({})}).type == exception_type::type_error);
    CHECK(create_error({"z", value::list({})}).type == exception_type::value_error);
    CHECK(create_error({"i", 5}).text == "'int' object is not iterable");
    CHECK(create_error({"i", value::list({1.5})}).text == "'float' object cannot be interpreted as an integer");
    SECTION("an argument beyond the limits is a ValueError")
    {
        pickle_limits limits;
        limits.depth_max = 1;
        call request = make_call("create", {"i"});
        request.positional.emplace_back(codec::item_from_value(value::list({value::list({})})));
        auto made = fresh_array(limits)(request);
        CHECK(std::get<raised>(made).type == exception_type::value_error);
    }
}
