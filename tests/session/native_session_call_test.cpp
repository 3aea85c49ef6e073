// Requests of the Python dialect inside the native one, what they own, and proxies in items.
#include "session/native_session.hpp"

#include "native_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "core/sync_types.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::testing;
namespace native = wire::native;

namespace {

using payloads = std::vector<codec::payload>;

struct native_pair {
    native_pair() : server{service}, client{server}, other_server{service}, other{other_server}
    {
        core::register_sync_types(service.registry, {});
    }
    void resume() { resume_told(service, {&server, &other_server}); }
    /// The ident of a new object.
    std::string make(const char* typeid_name)
    {
        core::call none;
        return std::get<core::created>(service.registry.create(typeid_name, none)).ident;
    }

    bare_service service;
    server_end server;
    native_client client;
    server_end other_server;
    native_client other;
};

constexpr std::string_view queue_ident = "get_task_queue";

/// [a ListProxy of `ident`], as CPython 3 pickles it, with the address ('127.0.0.1', 5000).
value list_with_proxy(const std::string& ident)
{
    std::string pickle{"\x80\x03]cmultiprocessing.managers\nRebuildProxy\n(cmultiprocessing.managers\nListProxy\n"
                       "cmultiprocessing.managers\nToken\n)\x81Vlist\nV127.0.0.1\nM\x88\x13\x86V"};
    pickle += ident + "\n\x87"
                      "bVpickle\n}tRa.";
    return codec::value_from_pickle(to_bytes(pickle));
}

bool is_queue_empty(const wire::reply& reply)
{
    const auto* const found = std::get_if<wire::exception_reply>(&reply);
    return found != nullptr && found->is_queue_empty();
}

}  // namespace

TEST_CASE("a call carries a request of the Python dialect, and its answer", "[session][native][call]")
{
    native_pair pair;
    SECTION("of a method")
    {
        pair.client.call(1, queue_ident, "put", {value::list({1, 2})});
        CHECK(pair.client.result(1).is_none());
        pair.client.call(2, queue_ident, "qsize");
        pair.client.call(3, queue_ident, "get");
        CHECK(pair.client.result(2) == value{1});
        CHECK(pair.client.result(3) == value::list({1, 2}));
    }
    SECTION("of a server function")
    {
        pair.client.call(1, std::nullopt, "create", {value{"Queue"}});
        const auto created = pair.client.result(1);
        CHECK(created.type_name() == "tuple");
        pair.client.call(2, std::nullopt, "number_of_objects");
        CHECK(pair.client.result(2).to_uint64());
        pair.client.call(3, std::nullopt, "shutdown");
        CHECK(pair.client.result(3).is_none());
        CHECK(pair.service.shutdowns == 1);
        CHECK_FALSE(pair.server.session.wants_close());
    }
    SECTION("of what there is not")
    {
        pair.client.call(1, "nobody", "get");
        CHECK(std::holds_alternative<wire::traceback_reply>(pair.client.answer(1)));
        pair.client.call(2, std::nullopt, "no_such_function");
        CHECK(std::holds_alternative<wire::traceback_reply>(pair.client.answer(2)));
        pair.client.call(3, queue_ident, "steal");
        CHECK(std::holds_alternative<wire::traceback_reply>(pair.client.answer(3)));
    }
    SECTION("of what is no request")
    {
        pair.client.send({operation::call, 1}, frame_of("no pickle"));
        CHECK(std::holds_alternative<wire::traceback_reply>(pair.client.answer(1)));
        pair.client.send({operation::call, 2}, frame_of(""));
        CHECK(std::holds_alternative<wire::traceback_reply>(pair.client.answer(2)));
    }
    SECTION("what would begin something else begins nothing")
    {
        pair.client.call(1, std::nullopt, "accept_connection", {value{"MainProcess"}});
        CHECK(pair.client.result(1).is_none());
        pair.client.call(2, std::nullopt, native::hello_name, {value{1}, value{1}});
        CHECK(pair.client.result(2).find("version") == value{1});
        pair.client.send({operation::ping, 3});
        CHECK(pair.client.next(3).code == operation::pong);
    }
    SECTION("with a result that is large")
    {
        const value large{bytes(100'000, std::byte{'x'})};
        pair.client.call(1, queue_ident, "put", {large});
        pair.client.call(2, queue_ident, "get");
        CHECK(pair.client.result(1).is_none());
        CHECK(pair.client.result(2) == large);
    }
}

TEST_CASE("a call that blocks does not hold up others", "[session][native][call][wait]")
{
    native_pair pair;
    pair.client.call(1, queue_ident, "get");
    pair.client.call(2, queue_ident, "get", {}, {{"timeout", value{1.5}}});
    pair.client.call(3, queue_ident, "qsize");
    CHECK(pair.client.result(3) == value{0});
    CHECK_FALSE(pair.client.has_reply());
    CHECK(pair.server.session.deadline() == test_start + 1500ms);

    SECTION("is answered when it comes to something")
    {
        pair.other.call(1, queue_ident, "put", {value{"a"}});
        pair.resume();
        CHECK(pair.client.result(1) == value{"a"});
        CHECK_FALSE(pair.client.has_reply());
    }
    SECTION("and at its deadline")
    {
        pair.server.now = test_start + 1500ms - 1ns;
        pair.server.on_deadline();
        CHECK_FALSE(pair.client.has_reply());
        pair.server.now = test_start + 1500ms;
        pair.server.on_deadline();
        CHECK(is_queue_empty(pair.client.answer(2)));
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.server.session.deadline() == core::never);
    }
    SECTION("and what it is given at its deadline is not lost")
    {
        pair.other.call(1, queue_ident, "put", {value{"a"}});
        pair.other.call(2, queue_ident, "put", {value{"b"}});
        pair.server.now = test_start + 2s;
        pair.server.on_deadline();
        CHECK_FALSE(pair.client.has_reply());
        pair.resume();
        CHECK(pair.client.result(1) == value{"a"});
        CHECK(pair.client.result(2) == value{"b"});
    }
    SECTION("and can be cancelled")
    {
        pair.client.cancel(1);
        CHECK(pair.client.next(1).code == operation::cancelled);
        pair.client.cancel(2);
        CHECK(pair.client.next(2).code == operation::cancelled);
        pair.other.call(1, queue_ident, "put", {value{"a"}});
        pair.resume();
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.service.queue->as_queue()->qsize() == 1);
    }
    SECTION("and is answered, not cancelled, once it has come to something")
    {
        pair.client.call(4, "get_small_queue", "put", {value{"first"}});
        CHECK(pair.client.result(4).is_none());
        pair.client.call(5, "get_small_queue", "put", {value{"second"}});
        pair.other.call(1, "get_small_queue", "get");
        pair.client.cancel(5);
        CHECK_FALSE(pair.client.has_reply());
        pair.resume();
        CHECK(pair.client.result(5).is_none());
        CHECK(pair.service.find("get_small_queue")->as_queue()->qsize() == 1);
        pair.client.cancel(5);
        CHECK_FALSE(pair.client.has_reply());
    }
    SECTION("and ends with the session")
    {
        pair.server.session.end(pair.service, true);
        CHECK(pair.service.queue->as_queue()->statistics().waiting_getters == 0);
    }
}

TEST_CASE("all calls of one native session are one owner's", "[session][native][call]")
{
    native_pair pair;
    SECTION("of a Lock, which blocks its owner as well")
    {
        const std::string lock = pair.make("Lock");
        pair.client.call(1, lock, "acquire");
        CHECK(pair.client.result(1) == value{true});
        pair.client.call(2, lock, "acquire");
        pair.client.call(3, lock, "acquire", {value{true}, value{0.5}});
        CHECK_FALSE(pair.client.has_reply());
        pair.client.call(4, lock, "release");
        CHECK(pair.client.result(4).is_none());
        pair.resume();
        CHECK(pair.client.result(2) == value{true});
        pair.server.now = test_start + 500ms;
        pair.server.on_deadline();
        CHECK(pair.client.result(3) == value{false});
    }
    SECTION("of an RLock, which does not")
    {
        const std::string lock = pair.make("RLock");
        pair.client.call(1, lock, "acquire");
        pair.client.call(2, lock, "acquire");
        CHECK(pair.client.result(1) == value{true});
        CHECK(pair.client.result(2) == value{true});
        pair.other.call(1, lock, "acquire");
        pair.other.call(2, lock, "acquire");
        CHECK_FALSE(pair.other.has_reply());
        pair.other.call(3, lock, "release");
        CHECK(std::get<wire::exception_reply>(pair.other.answer(3)).type_name() == "RuntimeError");
        pair.client.call(3, lock, "release");
        CHECK(pair.client.result(3).is_none());
        pair.resume();
        CHECK_FALSE(pair.other.has_reply());
        pair.client.call(4, lock, "release");
        CHECK(pair.client.result(4).is_none());
        pair.resume();
        CHECK(pair.other.result(1) == value{true});
        CHECK_FALSE(pair.other.has_reply());  // what has waited waits for its own turn
        pair.other.call(4, lock, "acquire");
        CHECK(pair.other.result(4) == value{true});
        pair.other.call(5, lock, "release");
        pair.other.call(6, lock, "release");
        CHECK(pair.other.result(5).is_none());
        CHECK(pair.other.result(6).is_none());
        pair.resume();
        CHECK(pair.other.result(2) == value{true});
    }
    SECTION("whose end releases an RLock and withdraws what waits for it")
    {
        const std::string lock = pair.make("RLock");
        pair.client.call(1, lock, "acquire");
        CHECK(pair.client.result(1) == value{true});
        pair.other.call(1, lock, "acquire");
        pair.server.session.end(pair.service, true);
        pair.resume();
        CHECK(pair.other.result(1) == value{true});
    }
    SECTION("whose cancel leaves the lock to others")
    {
        const std::string lock = pair.make("RLock");
        pair.client.call(1, lock, "acquire");
        CHECK(pair.client.result(1) == value{true});
        pair.other.call(1, lock, "acquire");
        pair.other.call(2, lock, "acquire");
        pair.other.cancel(1);
        CHECK(pair.other.next(1).code == operation::cancelled);
        pair.client.call(3, lock, "release");  // "2" has it now, and is not told
        CHECK(pair.client.result(3).is_none());
        pair.other.cancel(2);
        pair.resume();
        CHECK(pair.other.result(2) == value{true});
        pair.other.call(4, lock, "release");
        CHECK(pair.other.result(4).is_none());
        pair.client.call(4, lock, "acquire", {value{false}});
        CHECK(pair.client.result(4) == value{true});
    }
    SECTION("of a Condition")
    {
        const std::string condition = pair.make("Condition");
        pair.client.call(1, condition, "acquire");
        CHECK(pair.client.result(1) == value{true});
        pair.client.call(2, condition, "wait", {value{1.0}});
        CHECK_FALSE(pair.client.has_reply());
        pair.other.call(1, condition, "acquire");
        CHECK(pair.other.result(1) == value{true});
        pair.other.call(2, condition, "notify");
        CHECK(pair.other.result(2).is_none());
        pair.server.now = test_start + 1s;
        pair.server.on_deadline();  // it waits for the lock by now
        CHECK_FALSE(pair.client.has_reply());
        pair.other.call(3, condition, "release");
        CHECK(pair.other.result(3).is_none());
        pair.resume();
        CHECK(pair.client.result(2) == value{true});
    }
    SECTION("of a Condition whose wait is over before it is notified")
    {
        const std::string condition = pair.make("Condition");
        pair.client.call(1, condition, "acquire");
        CHECK(pair.client.result(1) == value{true});
        pair.client.call(2, condition, "wait", {value{1.0}});
        pair.other.call(1, condition, "acquire");
        CHECK(pair.other.result(1) == value{true});
        pair.server.now = test_start + 1s;
        pair.server.on_deadline();
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.server.session.deadline() == core::never);
        pair.other.call(2, condition, "release");
        CHECK(pair.other.result(2).is_none());
        pair.resume();
        CHECK(pair.client.result(2) == value{false});
    }
}

TEST_CASE("what a native session counts on ends with it", "[session][native][call]")
{
    native_pair pair;
    pair.client.call(1, std::nullopt, "create", {value{"list"}});
    const value created = pair.client.result(1);
    const std::string ident{created[0].text()};
    pair.client.call(2, std::nullopt, "adopt", {value{ident}});
    CHECK(pair.client.result(2).is_none());
    REQUIRE(pair.service.registry.find(ident) != nullptr);
    SECTION("or before, when it says so")
    {
        pair.client.call(3, std::nullopt, "decref", {value{ident}});
        CHECK(pair.client.result(3).is_none());
    }
    SECTION("itself")
    {
        pair.server.session.end(pair.service, true);
    }
    CHECK(pair.service.registry.find(ident) == nullptr);
}

TEST_CASE("what a native session has used as one role it ends to use as the same", "[session][native][call]")
{
    native_pair pair;
    const std::string ident = pair.make("list");
    pair.client.call(1, ident, "append", {value{1}});
    CHECK(pair.client.result(1).is_none());
    CHECK(pair.service.usage.size() == 1);
    pair.client.call(2, std::nullopt, "accept_connection", {value{"MainProcess"}});
    CHECK(pair.client.result(2).is_none());
    pair.server.session.end(pair.service, true);
    CHECK(pair.service.usage.size() == 0);
    CHECK(pair.service.registry.find(ident) != nullptr);
}

namespace {

/// An object whose one method waits until it is told what to return.
class slow_referent final : public core::referent {
public:
    std::span<const std::string_view> exposed() const noexcept override { return {&method_, 1}; }
    core::outcome invoke(core::call&, core::waiter& caller, core::completions&) override
    {
        caller.park(*this, 0, core::never);
        waiting = &caller;
        return core::parked{};
    }
    core::outcome expire(core::waiter&, core::completions&) override { return core::parked{}; }
    void withdraw(core::waiter& gone, core::completions&) override
    {
        gone.reset();
        waiting = nullptr;
    }
    std::string text() const override { return "slow"; }
    bool works_for_the_parked() const noexcept override { return true; }

    core::waiter* waiting = nullptr;

private:
    static constexpr std::string_view method_ = "run";
};

/// bare_service with one typeid whose objects take a while to be made.
struct slow_service : bare_service {
    std::shared_ptr<core::referent> find_constructor(std::string_view typeid_name) override
    {
        return typeid_name == "Slow" ? constructor : bare_service::find_constructor(typeid_name);
    }
    std::shared_ptr<slow_referent> constructor = std::make_shared<slow_referent>();
};

}  // namespace

TEST_CASE("a create that takes a while is cancelled without a trace", "[session][native][call]")
{
    slow_service service;
    server_end server{service};
    native_client client{server};
    client.call(1, std::nullopt, "create", {value{"Slow"}});
    CHECK_FALSE(client.has_reply());
    REQUIRE(service.constructor->waiting != nullptr);
    CHECK(server.session.awaits_work());
    client.cancel(1);
    CHECK(client.next(1).code == operation::cancelled);
    CHECK_FALSE(server.session.awaits_work());
    REQUIRE(service.constructor->waiting == nullptr);

    // Its memory serves the next call that waits, which must not be taken for a create.
    client.call(2, queue_ident, "get");
    CHECK_FALSE(client.has_reply());
    core::call put;
    put.method = "put";
    put.positional.emplace_back(value{"item"});
    server_end putting{service};
    (void)service.queue->invoke(put, *putting.waiter, service.told);
    resume_told(service, {&server});
    CHECK(client.result(2) == value{"item"});
}

TEST_CASE("a proxy in a native item keeps what it stands for", "[session][native][proxies]")
{
    native_pair pair;
    const std::string ident = pair.make("Queue");
    const std::uint32_t queue = pair.client.open(queue_ident);
    pair.client.put(1, queue, list_with_proxy(ident));
    CHECK(pair.client.next(1).code == operation::done);
    pair.client.put_many(2, queue, {1, list_with_proxy(ident)});
    CHECK(pair.client.next(2).count == 2);
    REQUIRE(pair.service.addresses.size() == 2);
    CHECK(pair.service.addresses.front() == value::tuple({"127.0.0.1", 5000}));
    REQUIRE(pair.service.registry.decref(ident));
    REQUIRE(pair.service.registry.find(ident) != nullptr);

    SECTION("until the items are gone and the client has had time to count on it")
    {
        pair.client.get(3, queue);
        CHECK(pair.client.next(3).item() == list_with_proxy(ident));
        CHECK(pair.service.handed_over.size() == 1);
        pair.client.get_many(4, queue, 5);
        CHECK(pair.client.next(4).items() == std::vector<value>{1, list_with_proxy(ident)});
        CHECK(pair.service.handed_over.size() == 2);
        CHECK(pair.service.registry.find(ident) != nullptr);
        pair.service.handed_over.clear();
        CHECK(pair.service.registry.find(ident) == nullptr);
    }
    SECTION("and arrives with the address that its receiver needs")
    {
        pair.service.better_address = value::tuple({"192.0.2.1", 6000});
        pair.client.consume(3, queue, 5);
        const auto items = pair.client.next(3).items();
        REQUIRE(items.size() == 3);
        CHECK(items[0][0].arguments()[1].state()[1] == value::tuple({"192.0.2.1", 6000}));
        CHECK(items[2][0].arguments()[1].state()[1] == value::tuple({"192.0.2.1", 6000}));
    }
    SECTION("a put that fails holds nothing")
    {
        const std::uint32_t small = pair.client.open("get_small_queue");
        pair.client.put(3, small, 1);
        pair.client.put(4, small, list_with_proxy(ident));
        CHECK(pair.client.next(3).code == operation::done);
        CHECK(pair.client.next(4).raised() == "queue_full");
        pair.client.put(5, small, list_with_proxy(ident), 1000);
        pair.client.put_many(6, small, {list_with_proxy(ident), list_with_proxy(ident)}, 1000);
        pair.client.cancel(5);
        pair.client.cancel(6);
        pair.client.get_many(7, queue, 5);
        (void)pair.client.next(5);
        (void)pair.client.next(6);
        (void)pair.client.next(7);
        pair.service.handed_over.clear();
        CHECK(pair.service.registry.find(ident) == nullptr);
    }
    SECTION("and is given back with it")
    {
        pair.client.get(3, queue);
        const value item = pair.client.next(3).item();
        pair.client.put_back(4, queue, {item});
        CHECK(pair.client.next(4).count == 1);
        pair.service.handed_over.clear();
        pair.client.get_many(5, queue, 5);
        CHECK(pair.client.next(5).count == 3);
        CHECK(pair.service.registry.find(ident) != nullptr);
    }
}
