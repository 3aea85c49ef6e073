#include "core_testing.hpp"

#include "core/event_referent.hpp"

#include <cmath>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    event_referent event;
    caller first{event};
    caller second{event};
    caller third{event};
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

bool is_true(const outcome& seen)
{
    const value result = result_of(seen);
    CHECK(result.kind() == value_kind::boolean);
    return result.truth();
}

}  // namespace

TEST_CASE_METHOD(fixture, "an event exposes what EventProxy calls", "[core][event]")
{
    const auto names = event.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"clear", "isSet", "is_set", "set", "wait"});
    check_error(first("acquire"), exception_type::attribute_error, "'Event' object has no attribute 'acquire'");
    CHECK_FALSE(event.by_value());
    CHECK_FALSE(event.can_be_owned());
}

TEST_CASE_METHOD(fixture, "an event is set or not", "[core][event]")
{
    CHECK_FALSE(is_true(first("is_set")));
    CHECK_FALSE(is_true(first("isSet")));
    CHECK(event.text() == "<threading.Event: unset>");
    CHECK(result_of(first("set")).is_none());
    CHECK(result_of(first("set")).is_none());
    CHECK(is_true(second("is_set")));
    CHECK(is_true(second("isSet")));
    CHECK(event.text() == "<threading.Event: set>");
    CHECK(result_of(second("clear")).is_none());
    CHECK_FALSE(is_true(first("is_set")));
}

TEST_CASE_METHOD(fixture, "set() ends all waits with True", "[core][event]")
{
    CHECK(is_parked(first("wait")));
    CHECK(first.place().deadline() == never);
    CHECK(first.place().place() == &event);
    CHECK(is_parked(second("wait", {0.5}, {}, start + 10s)));
    CHECK(second.place().deadline() == start + 10s + 500ms);
    third("set");
    CHECK(third.fulfilled == completions{first.place().shared_from_this(), second.place().shared_from_this()});
    third("clear");  // does not reach them any more
    CHECK(is_true(first.told()));
    CHECK(is_true(second.told()));
    CHECK(is_parked(first("wait", {value{}})));
}

TEST_CASE_METHOD(fixture, "wait() for an event gives up at its deadline with False", "[core][event]")
{
    CHECK(is_parked(first("wait", {}, {{"timeout", 1}})));
    CHECK_FALSE(is_true(first.expire()));
    CHECK(first.place().current_state() == waiter::state::idle);
    second("set");
    CHECK(second.fulfilled.empty());
    SECTION("and does not wait for what is no time")
    {
        second("clear");
        for (const value& timeout : {value{0}, value{-1}, value{std::nan("")}})
            CHECK_FALSE(is_true(first("wait", {timeout})));
    }
}

TEST_CASE_METHOD(fixture, "wait() for an event looks at its timeout only if it must wait", "[core][event]")
{
    check_error(first("wait", {"a"}), exception_type::type_error, "'>' not supported between instances of 'str' and 'int'");
    check_error(first("wait", {1e10}), exception_type::overflow_error, "timestamp out of range for platform time_t");
    call unreadable{"wait", {}, {}, start};
    unreadable.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
    CHECK(error_of(event.invoke(unreadable, first.place(), first.fulfilled)).type == exception_type::value_error);
    first("set");
    CHECK(is_true(first("wait", {"a"})));
    CHECK(is_true(first("wait", {0})));
}

TEST_CASE_METHOD(fixture, "arguments that do not fit an event raise TypeError", "[core][event]")
{
    check_error(first("wait", {1, 2}), exception_type::type_error,
                "Event.wait() takes from 1 to 2 positional arguments but 3 were given");
    check_error(first("set", {1}), exception_type::type_error, "Event.set() takes 1 positional argument but 2 were given");
    check_error(first("clear", {1}), exception_type::type_error, "Event.clear() takes 1 positional argument but 2 were given");
    check_error(first("is_set", {}, {{"x", 1}}), exception_type::type_error,
                "Event.is_set() got an unexpected keyword argument 'x'");
    CHECK_FALSE(is_true(first("is_set")));
}

TEST_CASE_METHOD(fixture, "a caller that has left does not see the event", "[core][event]")
{
    first("wait");
    second("wait");
    first.leave();
    third("set");
    CHECK_FALSE(first.is_served());
    CHECK(second.is_served());
    second.leave();  // never told, which concerns nobody else
    CHECK(second.place().current_state() == waiter::state::idle);
    CHECK(is_true(third("is_set")));
}

TEST_CASE("Event() makes a new event at each call", "[core][event]")
{
    const factory make = fresh_event();
    call request = make_call("create");
    const auto made = std::get<made_object>(make(request));
    CHECK(made.stable_ident.empty());
    CHECK(made.object->text() == "<threading.Event: unset>");
    CHECK(std::get<made_object>(make(request)).object != made.object);
    call wrong = make_call("create", {1});
    CHECK(std::get<raised>(make(wrong)).text == "Event.__init__() takes 1 positional argument but 2 were given");
}
