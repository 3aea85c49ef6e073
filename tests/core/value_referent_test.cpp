#include "core_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "core/value_referent.hpp"

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    value_referent held{value{"i"}, value{3}};
    caller client{held};
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

std::variant<made_object, raised> make(const arguments& positional, const keyword_arguments& keywords = {})
{
    call request = make_call({}, positional, keywords);
    return fresh_value()(request);
}

}  // namespace

TEST_CASE_METHOD(fixture, "a Value exposes what ValueProxy does", "[core][value]")
{
    const auto exposed = held.exposed();
    CHECK(std::vector<std::string_view>(exposed.begin(), exposed.end()) == std::vector<std::string_view>{"get", "set"});
    check_error(client("value"), exception_type::attribute_error, "'Value' object has no attribute 'value'");
}

TEST_CASE_METHOD(fixture, "a Value is got and set, whatever its typecode", "[core][value]")
{
    CHECK(result_of(client("get")) == value{3});
    CHECK(result_of(client("set", {-0.5})).is_none());
    CHECK(result_of(client("get")) == value{-0.5});
    CHECK(result_of(client("set", {}, {{"value", value::list({"x"})}})).is_none());
    CHECK(result_of(client("get")) == value::list({"x"}));
    SECTION("an item stays the pickle that it was")
    {
        const codec::item item = codec::item_from_value(value::list({1}));
        call request{"set", {}, {}, start};
        request.positional.emplace_back(item);
        CHECK(result_of(held.invoke(request, client.place(), client.fulfilled)).is_none());
        const outcome seen = client("get");
        REQUIRE(std::get<returned>(seen).result.is_item());
        CHECK(std::get<returned>(seen).result.pickled()->opcodes().data() == item.opcodes().data());
    }
}

TEST_CASE_METHOD(fixture, "arguments of a Value's methods that do not fit raise TypeError", "[core][value]")
{
    check_error(client("get", {1}), exception_type::type_error, "Value.get() takes 1 positional argument but 2 were given");
    check_error(client("set"), exception_type::type_error, "Value.set() missing 1 required positional argument: 'value'");
    check_error(client("set", {1, 2}), exception_type::type_error, "Value.set() takes 2 positional arguments but 3 were given");
    check_error(client("set", {}, {{"x", 1}}), exception_type::type_error,
                "Value.set() got an unexpected keyword argument 'x'");
    CHECK(result_of(client("get")) == value{3});
}

TEST_CASE_METHOD(fixture, "text() is that of Value.__repr__", "[core][value]")
{
    CHECK(held.text() == "Value('i', 3)");
    client("set", {"x"});
    CHECK(held.text() == "Value('i', 'x')");
}

TEST_CASE_METHOD(fixture, "by value it is an instance of managers.Value", "[core][value]")
{
    const auto whole = held.by_value();
    REQUIRE(whole);
    CHECK(whole->type_name() == "multiprocessing.managers.Value");
    CHECK(whole->arguments() == value::tuple({}));
    CHECK(whole->state() == value::dict({{"_typecode", "i"}, {"_value", 3}}));
    CHECK(codec::value_from_pickle(codec::pickle_from_value(*whole)) == *whole);
}

TEST_CASE_METHOD(fixture, "a Value that cannot be read is given out all the same", "[core][value]")
{
    call request{"set", {}, {}, start};
    request.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
    CHECK(result_of(held.invoke(request, client.place(), client.fulfilled)).is_none());
    CHECK(std::get<returned>(client("get")).result.is_item());
    CHECK_FALSE(held.by_value());
    CHECK(held.text().starts_with("<Value: "));
}

TEST_CASE("fresh_value() takes typecode, value and lock", "[core][value]")
{
    CHECK(std::get<made_object>(make({"d", 0.5})).object->text() == "Value('d', 0.5)");
    CHECK(std::get<made_object>(make({"i", 1, false})).object->text() == "Value('i', 1)");
    CHECK(std::get<made_object>(make({"i"}, {{"value", "x"}, {"lock", value{}}})).object->text() == "Value('i', 'x')");
    CHECK(std::get<made_object>(make({}, {{"value", 1}, {"typecode", value::list({1})}})).object->text() == "Value([1], 1)");
    CHECK(std::get<raised>(make({})).text ==
          "Value.__init__() missing 2 required positional arguments: 'typecode' and 'value'");
    CHECK(std::get<raised>(make({"i"})).text == "Value.__init__() missing 1 required positional argument: 'value'");
    CHECK(std::get<raised>(make({1, 2, 3, 4})).text ==
          "Value.__init__() takes from 3 to 4 positional arguments but 5 were given");
    CHECK(std::get<raised>(make({"i", 1}, {{"locks", 2}})).text ==
          "Value.__init__() got an unexpected keyword argument 'locks'");
}
