// proxy: calls with arguments and results of any type, results that stay in the server, and iteration.
#include "scripted_server.hpp"

#include <quaymaster/iteration.hpp>
#include <quaymaster/sync_manager.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <stdexcept>

using namespace quaymaster;
using client_testing::connected_to;
using client_testing::scripted_answer;
using client_testing::scripted_call;
using client_testing::scripted_proxy;
using client_testing::scripted_server;

namespace {

using texts = std::vector<std::string>;

/// Answers every call with what it was called with.
scripted_answer echo(const scripted_call& call)
{
    return call.positional.empty() ? value{} : call.positional.front();
}

scripted_server::script always(scripted_answer answer)
{
    return [answer = std::move(answer)](const scripted_call&) { return answer; };
}

}  // namespace

TEST_CASE("call<T>() converts arguments and result", "[net][client][proxy]")
{
    const scripted_server server{echo};
    auto manager = connected_to<base_manager>(server);
    const proxy object = manager.create_proxy("Thing");

    CHECK(object.call<int>("f", 5) == 5);
    CHECK(object.call<double>("f", 2.5F) == 2.5);
    CHECK(object.call<bool>("f", true));
    CHECK(object.call<std::uint64_t>("f", ~std::uint64_t{0}) == ~std::uint64_t{0});
    CHECK(object.call<std::string>("f", "na\u00efve") == "na\u00efve");
    CHECK(object.call<std::vector<int>>("f", std::vector<int>{1, 2}) == std::vector<int>{1, 2});
    CHECK(object.call("f", nullptr) == value{});
    object.call<void>("f", 1, "two", std::vector<int>{3}, std::map<std::string, int>{{"four", 4}});
    CHECK(server.calls() == texts{"f(5)", "f(2.5)", "f(True)", "f(18446744073709551615)", "f('na\u00efve')", "f([1, 2])",
                                  "f(None)", "f(1, 'two', [3], {'four': 4})"});
}

TEST_CASE("call<T>() passes kw() as keyword arguments, wherever they stand", "[net][client][proxy]")
{
    const scripted_server server{echo};
    auto manager = connected_to<base_manager>(server);
    const proxy object = manager.create_proxy("Thing");

    object.call<void>("f", kw("by", 5), 1, kw("words", std::vector<std::string>{"a"}));
    CHECK(server.calls() == texts{"f(1, by=5, words=['a'])"});
}

TEST_CASE("call() takes a list of values as the arguments themselves", "[net][client][proxy]")
{
    const scripted_server server{echo};
    auto manager = connected_to<base_manager>(server);
    const proxy object = manager.create_proxy("Thing");
    const std::vector<value> arguments{1, "two"};

    object.call("f", arguments);
    object.call("f", {value{1}}, {{"by", 2}});
    object.call("f");
    object.call<value>("f", arguments);  // with a T each argument is one
    CHECK(server.calls() == texts{"f(1, 'two')", "f(1, by=2)", "f()", "f([1, 'two'])"});
}

TEST_CASE("call<T>() tells a result of another type", "[net][client][proxy]")
{
    const scripted_server server{echo};
    auto manager = connected_to<base_manager>(server);
    const proxy object = manager.create_proxy("Thing");

    CHECK_THROWS_AS(object.call<int>("f", "five"), conversion_error);
    CHECK_THROWS_WITH(object.call<std::vector<int>>("f", texts{"one"}), Catch::StartsWith("f()[0]: expected int"));
    CHECK_THROWS_AS(object.call<void>("f", std::string{"\xff"}), std::invalid_argument);
    CHECK(object.call<int>("f", 5) == 5);
    CHECK(server.calls() == texts{"f('five')", "f(['one'])", "f(5)"});
}

TEST_CASE("a result that stays in the server is counted once, until its last handle ends", "[net][client][proxy]")
{
    const scripted_server server{always(scripted_proxy{"Child", "77", {"f", "g"}})};
    auto manager = connected_to<base_manager>(server);
    const proxy object = manager.create_proxy("Thing");

    SECTION("as a proxy") {
        {
            const proxy child = object.call<proxy>("child");
            const proxy copy = child;
            CHECK(child.typeid_name() == "Child");
            CHECK(child.ident() == "77");
            CHECK(child.exposed() == texts{"f", "g"});
            CHECK(server.functions() == texts{"dummy()", "create('Thing')"});
        }
        CHECK(server.functions() == texts{"dummy()", "create('Thing')", "decref('77')"});
    }
    SECTION("as a typed proxy") {
        const auto child = object.call<lock_proxy>("child");
        CHECK(child.ident() == "77");
    }
    SECTION("called for as nothing") {
        object.call<void>("child");
        CHECK(server.functions() == texts{"dummy()", "create('Thing')", "decref('77')"});
    }
    SECTION("called for as a value") {
        CHECK_THROWS_WITH(object.call("child"), Catch::Contains("call<proxy>()"));
        CHECK(server.functions() == texts{"dummy()", "create('Thing')", "decref('77')"});
    }
}

TEST_CASE("a result that does not stay in the server is no proxy", "[net][client][proxy]")
{
    const scripted_server server{always(value{5})};
    auto manager = connected_to<base_manager>(server);
    CHECK_THROWS_WITH(manager.create_proxy("Thing").call<proxy>("total"), Catch::Contains("total()") && Catch::Contains("int"));
}

TEST_CASE("what a method raises as call<proxy>() arrives as from any call", "[net][client][proxy]")
{
    const scripted_server server{always(wire::builtin_exception("ValueError", "no"))};
    auto manager = connected_to<base_manager>(server);
    CHECK_THROWS_AS(manager.create_proxy("Thing").call<proxy>("child"), remote_error);
}

TEST_CASE("a proxy goes into data and comes out of it as CPython's do", "[net][client][proxy]")
{
    value stored;
    const scripted_server server{[&](const scripted_call& call) -> scripted_answer {
                                     if (call.positional.empty())
                                         return stored;
                                     stored = call.positional.front();
                                     return value{};
                                 },
                                 {"f", "g"}};
    auto manager = connected_to<base_manager>(server);
    const proxy store = manager.create_proxy("Thing");
    const proxy inner = manager.create_proxy("Other");
    const std::string where = "('127.0.0.1', " + std::to_string(server.address().port()) + ")";

    SECTION("of a class of the user's") {
        store.call<void>("put", inner);
        CHECK(stored.qualified_name() == "RebuildProxy");
        const value arguments = stored.arguments();
        CHECK(arguments[0] == value::global("multiprocessing.managers", "AutoProxy"));
        CHECK(arguments[1].state().repr() == "('Other', " + where + ", '2')");
        CHECK(arguments[2] == value{"pickle"});
        CHECK(arguments[3].repr() == "{'exposed': ('f', 'g')}");

        const proxy found = store.call<proxy>("get");
        CHECK(found.typeid_name() == "Other");
        CHECK(found.ident() == "2");
        CHECK(found.exposed() == texts{"f", "g"});
        CHECK(server.functions().back() == "incref('2')");
        CHECK(store.rebuild(store.call("get")).ident() == "2");
        CHECK(server.functions().back() == "decref('2')");
    }
    SECTION("of one that Python's SyncManager has") {
        const list_proxy<int> list{manager.create_proxy("list")};
        store.call<void>("put", std::vector<list_proxy<int>>{list});
        CHECK(stored[0].arguments()[0] == value::global("multiprocessing.managers", "ListProxy"));
        CHECK(stored[0].arguments()[3] == value::dict({}));
        CHECK(store.rebuild<list_proxy<int>>(stored[0]).typeid_name() == "list");
    }
    SECTION("of one that has a name in the server") {
        store.call<void>("put", manager.create<lock_proxy>("gate"));
        CHECK(stored.arguments()[0] == value::global("multiprocessing.managers", "AcquirerProxy"));
        CHECK(stored.arguments()[1].state()[0] == value{"gate"});
        store.call<void>("put", manager.create<namespace_proxy>("settings"));
        CHECK(stored.arguments()[0] == value::global("multiprocessing.managers", "NamespaceProxy"));
        const condition_proxy changed{manager.create_proxy("changed")};
        CHECK(changed.pickled().arguments()[0] == value::global("multiprocessing.managers", "ConditionProxy"));
    }
    SECTION("not of another server") {
        const scripted_server elsewhere{echo};
        auto stranger = connected_to<base_manager>(elsewhere);
        store.call<void>("put", stranger.create_proxy("Thing"));
        CHECK_THROWS_WITH(store.call<proxy>("get"), Catch::Contains("another server"));
        CHECK_THROWS_AS(store.rebuild(value{5}), error);
        CHECK_THROWS_AS(store.rebuild(value::object(value::global("multiprocessing.managers", "RebuildProxy"), {})), error);
    }
}

TEST_CASE("iterate() asks an iterator until StopIteration", "[net][client][proxy]")
{
    int next = 0;
    const scripted_server server{[&](const scripted_call& call) -> scripted_answer {
                                     if (call.method == "__iter__")
                                         return scripted_proxy{"Iterator", "77", {"__next__", "send", "throw", "close"}};
                                     if (next == 3)
                                         return wire::builtin_exception("StopIteration", "");
                                     return value{next++};
                                 },
                                 {"__iter__", "__getitem__"}};
    auto manager = connected_to<base_manager>(server);
    const proxy object = manager.create_proxy("Thing");
    std::vector<int> met;

    SECTION("that the object answers with") {
        for (const int each : iterate<int>(object))
            met.push_back(each);
        CHECK(server.functions().back() == "decref('77')");
    }
    SECTION("that the object is") {
        for (const value& each : iterate(object.call<proxy>("__iter__")))
            met.push_back(decode<int>(each));
    }
    CHECK(met == std::vector<int>{0, 1, 2});
    CHECK(server.calls() == texts{"__iter__()", "__next__()", "__next__()", "__next__()", "__next__()"});
}

TEST_CASE("iterate() counts through an object that has only items", "[net][client][proxy]")
{
    const scripted_server server{[](const scripted_call& call) -> scripted_answer {
                                     if (call.positional.front() == value{2})
                                         return wire::builtin_exception("IndexError", "list index out of range");
                                     return value{"item"};
                                 },
                                 {"__getitem__"}};
    auto manager = connected_to<base_manager>(server);
    const auto range = iterate<std::string>(manager.create_proxy("Thing"));
    texts met;
    for (const std::string& each : range)
        met.push_back(each);
    CHECK(met == texts{"item", "item"});
    CHECK(server.calls() == texts{"__getitem__(0)", "__getitem__(1)", "__getitem__(2)"});
}

TEST_CASE("iterate() passes on what is not the end, and refuses what cannot be iterated over", "[net][client][proxy]")
{
    const scripted_server server{always(wire::builtin_exception("ValueError", "no")), {"__next__"}};
    auto manager = connected_to<base_manager>(server);
    CHECK_THROWS_AS(iterate(manager.create_proxy("Thing")), remote_error);

    const scripted_server plain{always(value{})};
    auto other = connected_to<base_manager>(plain);
    CHECK_THROWS_AS(iterate(other.create_proxy("Thing")), error);
}

TEST_CASE("a view of a dict, which CPython's server pickles as list(items), arrives as a list", "[net][client][proxy]")
{
    const value items = value::list({"a", "b"});
    const scripted_server server{[&](const scripted_call& call) -> scripted_answer {
        return value::object(value::global(call.method == "keys" ? "builtins" : "elsewhere", "list"), {items});
    }};
    auto manager = connected_to<base_manager>(server);
    const auto dict = manager.create_proxy("dict");
    CHECK(dict.call("keys") == items);
    CHECK(dict.call<std::vector<std::string>>("keys") == texts{"a", "b"});
    CHECK(dict.call("other").kind() == value_kind::object);
}
