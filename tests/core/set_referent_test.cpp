#include "core_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "core/set_referent.hpp"

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    set_referent set;
    caller client{set};

    fixture() { fill({1, 2, 3}); }
    void fill(const arguments& members) { CHECK(result_of(client("update", {value::list(members)})).is_none()); }
    [[nodiscard]] value whole() const
    {
        const auto all = set.by_value();
        REQUIRE(all);
        CHECK(all->kind() == value_kind::set);
        return *all;
    }
    /// The result of a method with one argument: a set.
    value call(std::string_view method, const value& other)
    {
        const value result = result_of(client(method, {other}));
        CHECK(result.kind() == value_kind::set);
        return result;
    }
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

value set_of(const arguments& members)
{
    return value::set(members);
}

std::variant<made_object, raised> make(const factory& fresh, const arguments& positional,
                                       const keyword_arguments& keywords = {})
{
    core::call request = make_call({}, positional, keywords);
    return fresh(request);
}

const value not_implemented = value::global("builtins", "NotImplemented");

}  // namespace

TEST_CASE_METHOD(fixture, "a set exposes what SetProxy of Python 3.14 does", "[core][set]")
{
    const auto names = set.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"__and__",
                                        "__contains__",
                                        "__ge__",
                                        "__gt__",
                                        "__iand__",
                                        "__ior__",
                                        "__isub__",
                                        "__iter__",
                                        "__ixor__",
                                        "__le__",
                                        "__len__",
                                        "__lt__",
                                        "__or__",
                                        "__rand__",
                                        "__ror__",
                                        "__rsub__",
                                        "__rxor__",
                                        "__sub__",
                                        "__xor__",
                                        "add",
                                        "clear",
                                        "copy",
                                        "difference",
                                        "difference_update",
                                        "discard",
                                        "intersection",
                                        "intersection_update",
                                        "isdisjoint",
                                        "issubset",
                                        "issuperset",
                                        "pop",
                                        "remove",
                                        "symmetric_difference",
                                        "symmetric_difference_update",
                                        "union",
                                        "update"});
    check_error(client("append"), exception_type::attribute_error, "'set' object has no attribute 'append'");
}

TEST_CASE_METHOD(fixture, "members are added, found and taken out", "[core][set]")
{
    CHECK(result_of(client("__len__")) == value{3});
    CHECK(result_of(client("add", {"x"})).is_none());
    CHECK(result_of(client("add", {1.0})).is_none());
    CHECK(result_of(client("__len__")) == value{4});
    CHECK(result_of(client("__contains__", {true})) == value{true});
    CHECK(result_of(client("__contains__", {4})).kind() == value_kind::boolean);
    CHECK(result_of(client("remove", {1})).is_none());
    CHECK(result_of(client("discard", {2})).is_none());
    CHECK(result_of(client("discard", {2})).is_none());
    CHECK(whole() == set_of({3, "x"}));
    const raised missing = error_of(client("remove", {value::tuple({2})}));
    CHECK(missing.type == exception_type::key_error);
    CHECK(*missing.argument == value::tuple({2}));
    CHECK(result_of(client("pop")) == value{"x"});
    CHECK(result_of(client("pop")) == value{3});
    check_error(client("pop"), exception_type::key_error, "pop from an empty set");
    CHECK(result_of(client("clear")).is_none());
    CHECK(whole() == set_of({}));
}

TEST_CASE_METHOD(fixture, "of equal members the first stays", "[core][set]")
{
    client("clear");
    fill({1, true, 1.0});
    client("add", {true});
    const value all = whole();
    REQUIRE(all.size() == 1);
    CHECK(all[0].kind() == value_kind::integer);
}

TEST_CASE_METHOD(fixture, "unhashable members are a TypeError", "[core][set]")
{
    for (const char* const method : {"add", "__contains__", "discard", "remove"})
        check_error(client(method, {value::list({})}), exception_type::type_error, "unhashable type: 'list'");
    for (const char* const method :
         {"update", "union", "difference", "difference_update", "intersection", "intersection_update", "isdisjoint", "issubset",
          "issuperset", "symmetric_difference", "symmetric_difference_update"})
        check_error(client(method, {value::list({5, value::dict({})})}), exception_type::type_error, "unhashable type: 'dict'");
    check_error(client("add", {set_of({1})}), exception_type::type_error, "unhashable type: 'set'");
    CHECK(whole() == set_of({1, 2, 3}));
    SECTION("but a set is looked for as a frozenset")
    {
        client("add", {value::frozenset({7})});
        CHECK(result_of(client("__contains__", {set_of({7})})) == value{true});
        CHECK(result_of(client("__contains__", {set_of({8})})) == value{false});
        const raised missing = error_of(client("remove", {set_of({8})}));
        CHECK(*missing.argument == set_of({8}));
        CHECK(missing.argument->kind() == value_kind::set);
        CHECK(result_of(client("discard", {set_of({8})})).is_none());
        CHECK(result_of(client("remove", {set_of({7})})).is_none());
        CHECK(whole() == set_of({1, 2, 3}));
        const value forged = codec::value_from_pickle(as_bytes("\x80\x04\x8f(]\x90."));  // {[]}
        check_error(client("__contains__", {forged}), exception_type::type_error, "unhashable type: 'list'");
        check_error(client("__or__", {forged}), exception_type::type_error, "unhashable type: 'list'");
    }
}

TEST_CASE_METHOD(fixture, "operators take sets and give sets", "[core][set]")
{
    const value other = set_of({2, 3, 4});
    CHECK(call("__and__", other) == set_of({2, 3}));
    CHECK(call("__rand__", other) == set_of({2, 3}));
    CHECK(call("__or__", other) == set_of({1, 2, 3, 4}));
    CHECK(call("__ror__", other) == set_of({1, 2, 3, 4}));
    CHECK(call("__sub__", other) == set_of({1}));
    CHECK(call("__rsub__", other) == set_of({4}));
    CHECK(call("__xor__", other) == set_of({1, 4}));
    CHECK(call("__rxor__", other) == set_of({1, 4}));
    CHECK(call("__and__", value::frozenset({3})) == set_of({3}));
    SECTION("of the type of the left side")
    {
        const value frozen = value::frozenset({3, 4});
        CHECK(result_of(client("__rand__", {frozen})).repr() == "frozenset({3})");
        CHECK(result_of(client("__ror__", {frozen})).repr() == "frozenset({3, 4, 1, 2})");
        CHECK(result_of(client("__rsub__", {frozen})).repr() == "frozenset({4})");
        CHECK(result_of(client("__rxor__", {frozen})).repr() == "frozenset({1, 2, 4})");
    }
    CHECK(whole() == set_of({1, 2, 3}));
    SECTION("with what is no set they are not implemented, and change nothing")
    {
        for (const char* const method :
             {"__and__", "__or__", "__sub__", "__xor__", "__rand__", "__ror__", "__rsub__", "__rxor__", "__iand__", "__ior__",
              "__isub__", "__ixor__", "__ge__", "__gt__", "__le__", "__lt__"}) {
            CAPTURE(method);
            CHECK(result_of(client(method, {value::list({2})})) == not_implemented);
            CHECK(result_of(client(method, {5})) == not_implemented);
        }
        CHECK(whole() == set_of({1, 2, 3}));
    }
}

TEST_CASE_METHOD(fixture, "operators in place change the set and return it", "[core][set]")
{
    const value other = set_of({2, 3, 4});
    SECTION("&=")
    {
        CHECK(call("__iand__", other) == set_of({2, 3}));
        CHECK(whole() == set_of({2, 3}));
    }
    SECTION("|=")
    {
        CHECK(call("__ior__", other) == set_of({1, 2, 3, 4}));
        CHECK(whole() == set_of({1, 2, 3, 4}));
    }
    SECTION("-=")
    {
        CHECK(call("__isub__", other) == set_of({1}));
        CHECK(whole() == set_of({1}));
    }
    SECTION("^=")
    {
        CHECK(call("__ixor__", other) == set_of({1, 4}));
        CHECK(whole() == set_of({1, 4}));
    }
}

TEST_CASE_METHOD(fixture, "sets compare by inclusion", "[core][set]")
{
    const auto compare = [this](const value& other) {
        std::string held;
        for (const char* const method : {"__lt__", "__le__", "__ge__", "__gt__"}) {
            const value result = result_of(client(method, {other}));
            CHECK(result.kind() == value_kind::boolean);
            held += result.truth() ? '1' : '0';
        }
        return held;
    };
    CHECK(compare(set_of({1, 2, 3})) == "0110");
    CHECK(compare(set_of({1, 2})) == "0011");
    CHECK(compare(value::frozenset({1, 2, 3, 4})) == "1100");
    CHECK(compare(set_of({1, 5})) == "0000");
    CHECK(compare(set_of({})) == "0011");
    client("clear");
    CHECK(compare(set_of({})) == "0110");
}

TEST_CASE_METHOD(fixture, "methods take any iterables", "[core][set]")
{
    const value list = value::list({3, 4, 4});
    CHECK(call("union", list) == set_of({1, 2, 3, 4}));
    CHECK(call("difference", list) == set_of({1, 2}));
    CHECK(call("intersection", list) == set_of({3}));
    CHECK(call("symmetric_difference", list) == set_of({1, 2, 4}));
    CHECK(call("union", "ab") == set_of({1, 2, 3, "a", "b"}));
    CHECK(call("union", value::dict({{7, 8}})) == set_of({1, 2, 3, 7}));
    CHECK(result_of(client("isdisjoint", {list})) == value{false});
    CHECK(result_of(client("isdisjoint", {value::list({4})})) == value{true});
    CHECK(result_of(client("issubset", {value::list({3, 2, 1, 0})})) == value{true});
    CHECK(result_of(client("issubset", {value::list({3, 2})})) == value{false});
    CHECK(result_of(client("issuperset", {value::list({3, 2, 2})})) == value{true});
    CHECK(result_of(client("issuperset", {list})) == value{false});
    CHECK(result_of(client("issuperset", {value::list({})})) == value{true});
    CHECK(whole() == set_of({1, 2, 3}));
    SECTION("or several")
    {
        CHECK(result_of(client("union", {list, "a"})) == set_of({1, 2, 3, 4, "a"}));
        CHECK(result_of(client("difference", {list, value::list({1})})) == set_of({2}));
        CHECK(result_of(client("intersection", {value::list({3, 2}), value::list({2, 5})})) == set_of({2}));
        CHECK(result_of(client("update", {list, "a"})).is_none());
        CHECK(whole() == set_of({1, 2, 3, 4, "a"}));
        CHECK(result_of(client("difference_update", {value::list({1}), "a"})).is_none());
        CHECK(whole() == set_of({2, 3, 4}));
        CHECK(result_of(client("intersection_update", {list, value::list({4, 3, 2}), value::list({4})})).is_none());
        CHECK(whole() == set_of({4}));
    }
    SECTION("or none")
    {
        for (const char* const method : {"union", "difference", "intersection"})
            CHECK(result_of(client(method)) == set_of({1, 2, 3}));
        for (const char* const method : {"update", "difference_update", "intersection_update"})
            CHECK(result_of(client(method)).is_none());
        CHECK(whole() == set_of({1, 2, 3}));
    }
    SECTION("in place")
    {
        CHECK(result_of(client("intersection_update", {value::list({2, 3, 9})})).is_none());
        CHECK(whole() == set_of({2, 3}));
        CHECK(result_of(client("symmetric_difference_update", {value::list({3, 4, 4})})).is_none());
        CHECK(whole() == set_of({2, 4}));
        CHECK(result_of(client("difference_update", {value::list({4})})).is_none());
        CHECK(whole() == set_of({2}));
        CHECK(result_of(client("__contains__", {4})) == value{false});
    }
    SECTION("a failure changes nothing, whichever argument is wrong")
    {
        for (const char* const method :
             {"update", "union", "difference", "difference_update", "intersection", "intersection_update"})
            check_error(client(method, {value::list({1}), 5}), exception_type::type_error, "'int' object is not iterable");
        for (const char* const method :
             {"symmetric_difference", "symmetric_difference_update", "isdisjoint", "issubset", "issuperset"})
            check_error(client(method, {5}), exception_type::type_error, "'int' object is not iterable");
        CHECK(whole() == set_of({1, 2, 3}));
    }
}

TEST_CASE_METHOD(fixture, "of equal members an operation keeps the one that CPython keeps", "[core][set]")
{
    const auto kind_of_one = [](const value& members) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (members[i] == value{1})
                return members[i].kind();
        }
        return value_kind::none;
    };
    CHECK(kind_of_one(call("__or__", set_of({true}))) == value_kind::integer);
    CHECK(kind_of_one(call("__ror__", set_of({true}))) == value_kind::boolean);
    CHECK(kind_of_one(call("__and__", set_of({true}))) == value_kind::boolean);
    CHECK(kind_of_one(call("__and__", set_of({true, 7, 8, 9}))) == value_kind::integer);
    CHECK(kind_of_one(call("intersection", value::list({true, 7, 8, 9}))) == value_kind::boolean);
    CHECK(kind_of_one(call("__rsub__", set_of({true}))) == value_kind::none);
}

TEST_CASE_METHOD(fixture, "iter() is an iterator by value, as CPython pickles it", "[core][set]")
{
    CHECK(result_of(client("__iter__")) == value::object(value::global("builtins", "iter"), {value::list({1, 2, 3})}));
    CHECK(result_of(client("copy")) == set_of({1, 2, 3}));
}

TEST_CASE_METHOD(fixture, "arguments of a set's methods that do not fit raise TypeError", "[core][set]")
{
    check_error(client("add"), exception_type::type_error, "set.add() takes exactly one argument (0 given)");
    check_error(client("add", {1, 2}), exception_type::type_error, "set.add() takes exactly one argument (2 given)");
    check_error(client("add", {1}, {{"a", 2}}), exception_type::type_error, "set.add() takes no keyword arguments");
    check_error(client("pop", {1}), exception_type::type_error, "set.pop() takes no arguments (1 given)");
    for (const char* const method :
         {"union", "update", "difference", "difference_update", "intersection", "intersection_update"}) {
        check_error(client(method, {}, {{"a", 1}}), exception_type::type_error,
                    "set." + std::string{method} + "() takes no keyword arguments");
    }
}

TEST_CASE_METHOD(fixture, "members are stored apart, and a small pickle makes no large set", "[core][set]")
{
    const auto call_with_item = [this](std::string_view method, const codec::item& argument) {
        core::call request{method, {}, {}, start};
        request.positional.emplace_back(argument);
        return set.invoke(request, client.place(), client.fulfilled);
    };
    const value long_text{std::string(5000, 'x')};
    client("clear");
    CHECK(result_of(call_with_item("update", codec::item_from_value(value::list({long_text, "short"})))).is_none());
    const outcome taken = client("pop");
    REQUIRE(std::get<returned>(taken).result.is_item());
    CHECK(std::get<returned>(taken).result.pickled()->size() < 20);
    // Each of (T, 0), (T, 1), ... takes T along.
    std::string pickle = "\x80\x02(";
    for (int i = 0; i < 1000; ++i)
        pickle += "K\x01";
    pickle += "tq\x01";
    pickle += "0](";
    for (int i = 0; i < 1000; ++i) {
        pickle += "h\x01M";
        pickle += static_cast<char>(i & 0xff);
        pickle += static_cast<char>(i >> 8);
        pickle += '\x86';
    }
    pickle += "e";
    const auto item = codec::item::make(as_bytes(std::string_view{pickle}.substr(2)), {2});
    CHECK(error_of(call_with_item("update", item)).type == exception_type::value_error);
    CHECK(error_of(call_with_item("union", item)).type == exception_type::value_error);
    CHECK(result_of(call_with_item("issuperset", item)) == value{false});
    CHECK(result_of(call_with_item("difference_update", item)).is_none());
    CHECK(whole() == set_of({long_text}));
}

TEST_CASE_METHOD(fixture, "a set's argument that cannot be read is a ValueError", "[core][set]")
{
    for (const std::string_view method : set.exposed()) {
        const bool takes_none =
            method == "pop" || method == "clear" || method == "copy" || method == "__iter__" || method == "__len__";
        if (takes_none)
            continue;
        CAPTURE(method);
        core::call request{method, {}, {}, start};
        request.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
        CHECK(error_of(set.invoke(request, client.place(), client.fulfilled)).type == exception_type::value_error);
    }
    CHECK(whole() == set_of({1, 2, 3}));
}

TEST_CASE_METHOD(fixture, "text() of a set is Python's str", "[core][set]")
{
    CHECK(set.text() == "{1, 2, 3}");
    client("add", {"a"});
    CHECK(set.text() == "{1, 2, 3, 'a'}");
    client("clear");
    CHECK(set.text() == "set()");
}

TEST_CASE("fresh_set() takes what set() takes", "[core][set]")
{
    const factory fresh = fresh_set();
    CHECK(std::get<made_object>(make(fresh, {})).object->by_value() == set_of({}));
    CHECK(std::get<made_object>(make(fresh, {"abca"})).object->by_value() == set_of({"a", "b", "c"}));
    CHECK(std::get<made_object>(make(fresh, {value::list({1, 1.0})})).object->text() == "{1}");
    CHECK(std::get<raised>(make(fresh, {1})).text == "'int' object is not iterable");
    CHECK(std::get<raised>(make(fresh, {1, 2})).text == "set expected at most 1 argument, got 2");
    CHECK(std::get<raised>(make(fresh, {}, {{"a", 1}})).text == "set() takes no keyword arguments");
    CHECK(std::get<raised>(make(fresh, {value::list({value::list({})})})).text == "unhashable type: 'list'");
}
