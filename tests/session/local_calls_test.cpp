// Calls by the program that serves the objects: the replies that a client would get.
#include "bare_service.hpp"

#include "core/sync_types.hpp"
#include "session/local_calls.hpp"
#include "wire/proxy_tokens.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace quaymaster;
using namespace std::chrono_literals;
using quaymaster::testing::bare_service;
using quaymaster::testing::test_start;
using session::local_calls;

namespace {

/// A thread's calls, and the waiter that it waits with.
struct local_end {
    explicit local_end(bare_service& around) : service{around} { core::register_sync_types(service.registry, {}); }
    local_calls::answer call(std::string_view ident, std::string_view method, std::vector<codec::payload> arguments = {})
    {
        core::call request{method, std::move(arguments), {}, test_start};
        return calls.call_method(service, ident, request, *waiter);
    }
    wire::reply reply(std::string_view ident, std::string_view method, std::vector<codec::payload> arguments = {})
    {
        return std::get<wire::reply>(call(ident, method, std::move(arguments)));
    }
    value result(std::string_view ident, std::string_view method, std::vector<codec::payload> arguments = {})
    {
        return std::get<wire::returned_reply>(reply(ident, method, std::move(arguments))).result.to_value();
    }
    wire::reply ask(std::string_view function, std::optional<std::string_view> name, std::vector<codec::payload> arguments = {})
    {
        core::call request{function, std::move(arguments), {}, test_start};
        return std::get<wire::reply>(calls.call_function(service, name, request, *waiter));
    }
    std::string create(std::string_view typeid_name, std::vector<codec::payload> arguments = {})
    {
        const auto made = std::get<wire::returned_reply>(ask("create", typeid_name, std::move(arguments)));
        return wire::parse_created(made.result, {}).value().ident;
    }

    bare_service& service;
    std::shared_ptr<core::waiter> principal = std::make_shared<core::waiter>();
    std::shared_ptr<core::waiter> waiter = principal;
    local_calls calls{{}, *principal};
};

std::pair<std::string, std::string> failure_of(const wire::reply& reply)
{
    return std::get<wire::traceback_reply>(reply).exception();
}

}  // namespace

TEST_CASE("a local call returns, raises or waits", "[session][local]")
{
    bare_service service;
    local_end here{service};
    CHECK(here.result("get_task_queue", "put", {value{"item"}}).is_none());
    CHECK(here.result("get_task_queue", "get") == value{"item"});
    const auto empty = std::get<wire::exception_reply>(here.reply("get_task_queue", "get", {value{false}}));
    CHECK(empty.is_queue_empty());

    local_calls::answer answer = here.call("get_task_queue", "get");
    const auto& waited = std::get<local_calls::wait>(answer);
    CHECK(waited.place == service.queue);
    CHECK(here.waiter->current_state() == core::waiter::state::parked);
    local_end other{service};
    CHECK(other.result("get_task_queue", "put", {value{5}}).is_none());
    REQUIRE(here.waiter->current_state() == core::waiter::state::fulfilled);
    const wire::reply late = here.calls.finish(service, waited, waited.place->collect(*here.waiter));
    CHECK(std::get<wire::returned_reply>(late).result.to_value() == value{5});
}

TEST_CASE("what is not there is said as a server says it", "[session][local]")
{
    bare_service service;
    local_end here{service};
    CHECK(failure_of(here.reply("nobody", "get")) == std::pair<std::string, std::string>{"KeyError", "'nobody'"});
    const auto [type_name, text] = failure_of(here.reply("get_task_queue", "nonsense"));
    CHECK(type_name == "AttributeError");
    CHECK_THAT(text, Catch::StartsWith("method 'nonsense' is not in exposed=('empty', "));
    CHECK(failure_of(here.ask("create", "nothing")).first == "KeyError");
    CHECK(failure_of(here.ask("incref", "nobody")).first == "KeyError");
    CHECK(failure_of(here.ask("shut", std::nullopt)).first == "AssertionError");
    CHECK(failure_of(here.ask("create", "list", {value{1}})).first == "TypeError");
    const std::string dict = here.create("dict");
    const auto missing = std::get<wire::exception_reply>(here.reply(dict, "__getitem__", {value{"key"}}));
    CHECK(missing.type_name() == "KeyError");
    CHECK(missing.text == "'key'");
    CHECK(std::holds_alternative<wire::unserializable_reply>(here.reply("get_task_queue", "#GETVALUE")));
}

TEST_CASE("objects are made, counted and shown", "[session][local]")
{
    bare_service service;
    local_end here{service};
    const std::string list = here.create("list", {value::list({1, 2})});
    CHECK(service.registry.number_of_objects() == 1);
    CHECK(here.result(list, "#GETVALUE") == value::list({1, 2}));
    CHECK(here.result(list, "__str__") == value{"[1, 2]"});
    const std::string dict = here.create("dict", {value::dict({{"a", 1}})});
    const auto iterator = std::get<wire::proxy_reply>(here.reply(dict, "__iter__"));
    CHECK(iterator.typeid_name == "Iterator");
    CHECK(service.registry.number_of_objects() == 3);
    CHECK(here.result(iterator.ident, "__next__") == value{"a"});
    CHECK(std::holds_alternative<wire::returned_reply>(here.ask("incref", list)));
    CHECK(service.decref(list, *here.principal));
    CHECK(service.registry.find(list) != nullptr);
    const value names =
        std::get<wire::returned_reply>(here.ask("get_methods", std::nullopt, {wire::make_token({}, "list", list)}))
            .result.to_value();
    CHECK(names.kind() == value_kind::tuple);
    CHECK(std::get<wire::returned_reply>(here.ask("number_of_objects", std::nullopt)).result.to_value() == value{3});
    CHECK(std::get<wire::returned_reply>(here.ask("dummy", std::nullopt)).result.to_value().is_none());
}

TEST_CASE("what a thread owns is released when it ends", "[session][local]")
{
    bare_service service;
    local_end here{service};
    local_end other{service};
    const std::string lock = here.create("RLock");
    CHECK(here.result(lock, "acquire") == value{true});
    CHECK(other.result(lock, "acquire", {value{false}}) == value{false});
    const auto refused = std::get<wire::exception_reply>(other.reply(lock, "release"));
    CHECK(refused.type_name() == "RuntimeError");
    here.calls.end(service);
    CHECK(other.result(lock, "acquire", {value{false}}) == value{true});
}
