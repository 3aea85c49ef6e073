#include "core_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "core/namespace_referent.hpp"

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    namespace_referent names;
    caller client{names};

    void set(const value& name, const value& mapped) { CHECK(result_of(client("__setattr__", {name, mapped})).is_none()); }
    value get(const value& name) { return result_of(client("__getattribute__", {name})); }
    value all() { return get("__dict__"); }
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

std::variant<made_object, raised> make(const arguments& positional, const keyword_arguments& keywords)
{
    call request = make_call({}, positional, keywords);
    return fresh_namespace()(request);
}

}  // namespace

TEST_CASE_METHOD(fixture, "a namespace exposes what NamespaceProxy does", "[core][namespace]")
{
    const auto exposed = names.exposed();
    CHECK(std::vector<std::string_view>(exposed.begin(), exposed.end()) ==
          std::vector<std::string_view>{"__delattr__", "__getattribute__", "__setattr__"});
    check_error(client("x"), exception_type::attribute_error, "'Namespace' object has no attribute 'x'");
}

TEST_CASE_METHOD(fixture, "attributes are set, read and deleted", "[core][namespace]")
{
    set("x", 1);
    set("text", value::list({"a"}));
    CHECK(get("x") == value{1});
    CHECK(get("text") == value::list({"a"}));
    set("x", value{});
    CHECK(get("x").is_none());
    CHECK(result_of(client("__delattr__", {"x"})).is_none());
    constexpr auto missing = "'Namespace' object has no attribute 'x'";
    check_error(client("__getattribute__", {"x"}), exception_type::attribute_error, missing);
    check_error(client("__delattr__", {"x"}), exception_type::attribute_error, missing);
    CHECK(all() == value::dict({{"text", value::list({"a"})}}));
}

TEST_CASE_METHOD(fixture, "names with an underscore are no different, nor are names that no program could write",
                 "[core][namespace]")
{
    set("_x", 1);
    set("two words", 2);
    set("", 3);
    CHECK(get("_x") == value{1});
    CHECK(get("two words") == value{2});
    CHECK(get("") == value{3});
}

TEST_CASE_METHOD(fixture, "Python 2 says names as its str", "[core][namespace]")
{
    const value name = codec::value_from_pickle(as_bytes("U\x01"
                                                         "a."));
    REQUIRE(name.kind() == value_kind::byte_string);
    set(name, 1);
    CHECK(get("a") == value{1});
    set("b", 2);
    CHECK(get(codec::value_from_pickle(as_bytes("U\x01"
                                                "b."))) == value{2});
}

TEST_CASE_METHOD(fixture, "a name must be text", "[core][namespace]")
{
    constexpr auto text = "attribute name must be string, not 'int'";
    check_error(client("__getattribute__", {1}), exception_type::type_error, text);
    check_error(client("__setattr__", {1, 2}), exception_type::type_error, text);
    check_error(client("__delattr__", {1}), exception_type::type_error, text);
    check_error(client("__getattribute__", {value{as_bytes("x")}}), exception_type::type_error,
                "attribute name must be string, not 'bytes'");
}

TEST_CASE_METHOD(fixture, "what every instance has", "[core][namespace]")
{
    set("a", 1);
    CHECK(get("__class__") == value::global("multiprocessing.managers", "Namespace"));
    CHECK(get("__doc__").is_none());
    CHECK(get("__module__") == value{"multiprocessing.managers"});
    CHECK(all() == value::dict({{"a", 1}}));
    check_error(client("__getattribute__", {"__init__"}), exception_type::attribute_error,
                "'Namespace' object has no attribute '__init__'");
    SECTION("an attribute hides what belongs to the class")
    {
        set("__doc__", "mine");
        CHECK(get("__doc__") == value{"mine"});
        CHECK(result_of(client("__delattr__", {"__doc__"})).is_none());
        CHECK(get("__doc__").is_none());
    }
    SECTION("but not the dict, the class and the list of weak references")
    {
        check_error(client("__setattr__", {"__class__", 1}), exception_type::type_error,
                    "__class__ of a Namespace cannot be set here");
        check_error(client("__delattr__", {"__class__"}), exception_type::type_error, "can't delete __class__ attribute");
        check_error(client("__setattr__", {"__weakref__", 1}), exception_type::attribute_error,
                    "attribute '__weakref__' of 'Namespace' objects is not writable");
    }
    SECTION("the dict may be replaced and deleted")
    {
        set("__dict__", value::dict({{"x", 1}, {"y", 2}}));
        CHECK(all() == value::dict({{"x", 1}, {"y", 2}}));
        check_error(client("__getattribute__", {"a"}), exception_type::attribute_error,
                    "'Namespace' object has no attribute 'a'");
        check_error(client("__setattr__", {"__dict__", 5}), exception_type::type_error,
                    "__dict__ must be set to a dictionary, not a 'int'");
        check_error(client("__setattr__", {"__dict__", value::dict({{"z", 1}, {2, 3}})}), exception_type::type_error,
                    "attribute names must be strings");
        CHECK(all() == value::dict({{"x", 1}, {"y", 2}}));
        CHECK(result_of(client("__delattr__", {"__dict__"})).is_none());
        CHECK(all() == value::dict({}));
    }
}

TEST_CASE_METHOD(fixture, "arguments of a namespace's methods that do not fit raise TypeError", "[core][namespace]")
{
    for (const char* const method : {"__getattribute__", "__setattr__", "__delattr__"}) {
        CHECK(error_of(client(method)).type == exception_type::type_error);
        CHECK(error_of(client(method, {"a", 1, 2})).type == exception_type::type_error);
    }
    CHECK(error_of(client("__setattr__", {"a"})).type == exception_type::type_error);
    CHECK(all() == value::dict({}));
}

TEST_CASE_METHOD(fixture, "an attribute that cannot be read harms only those who look at all", "[core][namespace]")
{
    const codec::item unreadable = codec::item::make(as_bytes("h\x07"), {});  // a GET of what was never PUT
    set("good", 1);
    call request{"__setattr__", {}, {}, start};
    request.positional.emplace_back(unreadable);
    request.positional.emplace_back(value{1});
    CHECK(error_of(names.invoke(request, client.place(), client.fulfilled)).type == exception_type::value_error);
    request.positional.clear();
    request.positional.emplace_back(value{"bad"});
    request.positional.emplace_back(unreadable);
    CHECK(result_of(names.invoke(request, client.place(), client.fulfilled)).is_none());
    CHECK(get("good") == value{1});
    CHECK_FALSE(names.by_value());
    CHECK(names.text().starts_with("<Namespace of 2 attributes: "));
    CHECK(error_of(client("__getattribute__", {"__dict__"})).type == exception_type::value_error);
}

TEST_CASE_METHOD(fixture, "text() is that of Namespace.__repr__", "[core][namespace]")
{
    CHECK(names.text() == "Namespace()");
    set("c", "x");
    set("_b", 2);
    set("a", 1);
    set("b", value::tuple({1}));
    CHECK(names.text() == "Namespace(a=1, b=(1,), c='x')");
    SECTION("of a large one, a few megabytes at most")
    {
        const value large{std::string(700'000, 'x')};
        std::vector<std::pair<value, value>> all;
        for (int i = 0; i < 1000; ++i)
            all.emplace_back("a" + std::to_string(i), large);
        set("__dict__", value::dict(all));
        CHECK(names.text().size() < 3'000'000);
        CHECK(names.text().ends_with("..."));
        CHECK(names.by_value());
    }
}

TEST_CASE_METHOD(fixture, "by value it is an instance of managers.Namespace", "[core][namespace]")
{
    set("b", 1);
    set("_a", "x");
    const auto whole = names.by_value();
    REQUIRE(whole);
    CHECK(whole->kind() == value_kind::object);
    CHECK(whole->type_name() == "multiprocessing.managers.Namespace");
    CHECK(whole->arguments() == value::tuple({}));
    CHECK(whole->state() == value::dict({{"b", 1}, {"_a", "x"}}));
    // As pickle.dumps(namespace, 4) has it: the class, (), NEWOBJ, the dict, BUILD.
    const bytes pickle = codec::pickle_from_value(*whole);
    CHECK(codec::value_from_pickle(pickle) == *whole);
    CHECK(as_chars(pickle).find(")\x81") != std::string_view::npos);
    CHECK(as_chars(pickle).ends_with("ub."));
}

TEST_CASE("fresh_namespace() takes keywords alone", "[core][namespace]")
{
    const auto made = make({}, {{"b", value::list({1})}, {"self", 2}, {"_c", 3}});
    CHECK(std::get<made_object>(made).object->text() == "Namespace(b=[1], self=2)");
    CHECK(std::get<made_object>(make({}, {})).object->text() == "Namespace()");
    CHECK(std::get<raised>(make({1}, {})).text == "Namespace.__init__() takes 1 positional argument but 2 were given");
    CHECK(std::get<raised>(make({1, 2}, {})).type == exception_type::type_error);
    CHECK(std::get<raised>(make({}, {{"\xff", 1}})).type == exception_type::type_error);
}
