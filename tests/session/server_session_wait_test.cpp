// Calls that block, and the end of their waits.
#include "session/server_session.hpp"

#include "bare_objects.hpp"
#include "session_testing.hpp"

#include "core/select_referent.hpp"

#include <array>
#include <memory>

using namespace quaymaster;
using namespace quaymaster::testing;

namespace {

constexpr std::string_view queue_ident = "get_task_queue";

}  // namespace

TEST_CASE("a blocked call parks the session", "[session][server][wait]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    server_end other_server{service};
    hand_client other{other_server};
    other.open_stream();

    client.ask(queue_ident, "get", {}, {{"timeout", value{1.5}}});
    REQUIRE(server.session.parked());
    CHECK(server.session.deadline() == test_start + 1500ms);
    CHECK_FALSE(client.has_reply());

    SECTION("until another session brings what it waits for")
    {
        other.ask(queue_ident, "put", {value{"late"}});
        CHECK(other.result().is_none());
        REQUIRE(service.told.size() == 1);
        REQUIRE(server.is_fulfilled());
        server.resume();
        CHECK(client.result() == value{"late"});
        CHECK_FALSE(server.session.parked());
        CHECK(server.session.deadline() == core::never);
    }
    SECTION("until its deadline, not a moment less")
    {
        server.now = test_start + 1500ms - 1ns;
        server.on_deadline();
        CHECK(server.session.parked());
        server.now = test_start + 1500ms;
        server.on_deadline();
        CHECK(client.reply_as<wire::exception_reply>().is_queue_empty());
        CHECK_FALSE(server.session.parked());
        CHECK(server.session.deadline() == core::never);
    }
    SECTION("and what arrives at the deadline is not lost")
    {
        other.ask(queue_ident, "put", {value{"just in time"}});
        server.now = test_start + 2s;
        server.on_deadline();
        CHECK_FALSE(client.has_reply());
        REQUIRE(server.session.parked());
        server.resume();
        CHECK(client.result() == value{"just in time"});
    }
    SECTION("and looks at the next requests only afterwards")
    {
        client.ask(queue_ident, "qsize");
        client.ask(queue_ident, "get_nowait");
        CHECK_FALSE(client.has_reply());
        CHECK_FALSE(server.input.empty());
        other.ask(queue_ident, "put", {value{1}});
        server.resume();
        CHECK(client.result() == value{1});
        CHECK(client.result() == value{0});
        CHECK(client.reply_as<wire::exception_reply>().is_queue_empty());
        CHECK(server.input.empty());
    }
    SECTION("and when its peer leaves, the next item goes to a living one")
    {
        server.session.end(service);
        CHECK_FALSE(server.session.parked());
        other.ask(queue_ident, "put", {value{"kept"}});
        (void)other.result();
        other.ask(queue_ident, "get_nowait");
        CHECK(other.result() == value{"kept"});
    }
    SECTION("and when its peer leaves just as the item comes, the item goes back")
    {
        other.ask(queue_ident, "put", {value{"kept"}});
        (void)other.result();
        REQUIRE(server.is_fulfilled());
        server.session.end(service);
        other.ask(queue_ident, "get_nowait");
        CHECK(other.result() == value{"kept"});
    }
}

TEST_CASE("a call that waits in several queues", "[session][server][wait]")
{
    bare_service service;
    bare_objects objects{service};
    service.registry.declare_stable("select", std::make_shared<core::select_referent>(objects, codec::pickle_limits{}));
    const value queues = value::list({value{queue_ident}, value{"get_small_queue"}});
    server_end server{service};
    hand_client client{server};
    client.dialect = GENERATE(codec::reader_dialect{2, true}, codec::reader_dialect{4, false});
    client.open_stream();
    server_end other_server{service};
    hand_client other{other_server};
    other.open_stream();

    client.ask("select", "get_any", {queues, value{true}, value{1.5}});
    client.ask(queue_ident, "qsize");
    REQUIRE(server.session.parked());
    CHECK(server.session.deadline() == test_start + 1500ms);
    CHECK_FALSE(client.has_reply());
    CHECK(service.told.empty());
    SECTION("is answered by the one that gets an item")
    {
        const std::array items{value{7}, value{"text"}, value::list({value{"\xe2\x82\xac"}})};
        const value& item = items[GENERATE(0U, 1U, 2U)];
        other.ask("get_small_queue", "put", {item});
        REQUIRE(service.told.size() == 1);
        // Told and not yet resumed, when its time is up: the item counts.
        server.now = test_start + 2s;
        server.on_deadline();
        CHECK_FALSE(client.has_reply());
        server.resume();
        CHECK(client.result() == value::tuple({value{1}, item}));
        CHECK(client.result() == value{0});
    }
    SECTION("ends at its deadline")
    {
        server.now = test_start + 1500ms;
        server.on_deadline();
        CHECK(client.reply_as<wire::exception_reply>().is_queue_empty());
        CHECK(client.result() == value{0});
        CHECK_FALSE(server.session.parked());
    }
    SECTION("ends with its client, and what was on its way goes back")
    {
        other.ask(queue_ident, "put", {value{"kept"}});
        (void)other.result();
        REQUIRE(service.told.size() == 1);
        server.session.end(service);
        CHECK_FALSE(server.session.parked());
        other.ask(queue_ident, "get_nowait");
        CHECK(other.result() == value{"kept"});
    }
}

TEST_CASE("a blocked call keeps an object alive that nobody counts any more", "[session][server][wait]")
{
    bare_service service;
    core::call no_arguments;
    auto made = service.create("Queue", no_arguments);
    const std::string ident = std::get<core::created>(made).ident;
    std::weak_ptr<core::referent> object = std::get<core::created>(made).object;
    made = core::raised{};

    server_end server{service};
    hand_client client{server};
    client.open_stream();
    client.ask(ident, "get");
    REQUIRE(server.session.parked());
    REQUIRE(service.registry.decref(ident));
    CHECK_FALSE(object.expired());
    server.session.end(service);
    CHECK(object.expired());
}

TEST_CASE("a put that waits for room carries its item", "[session][server][wait]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    server_end other_server{service};
    hand_client other{other_server};
    other.open_stream();

    client.ask("get_small_queue", "put", {value::list({value{1}})});
    (void)client.result();
    client.ask("get_small_queue", "put", {value::list({value{2}})});
    REQUIRE(server.session.parked());
    CHECK(server.session.deadline() == core::never);
    other.ask("get_small_queue", "get");
    CHECK(other.result() == value::list({value{1}}));
    server.resume();
    CHECK(client.result().is_none());
    other.ask("get_small_queue", "get");
    CHECK(other.result() == value::list({value{2}}));
}

TEST_CASE("the reply to a call that waited is in the dialect of its own request", "[session][server][wait]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.dialect = {2, true};
    client.open_stream(true);
    server_end other_server{service};
    hand_client other{other_server};
    other.open_stream();

    client.ask(queue_ident, "get");
    other.ask(queue_ident, "put", {value{"text"}});
    server.resume();
    const bytes pickle = client.next();
    CHECK(to_hex(bytes_view{pickle}.first(4)) == "80025507");
}

TEST_CASE("queue.ShutDown goes to clients that may know it", "[session][server][exceptions]")
{
    bare_service service;
    const bool legacy = GENERATE(false, true);
    server_end server{service};
    hand_client client{server};
    client.open_stream(legacy);
    client.ask(queue_ident, "shutdown");
    CHECK(client.result().is_none());
    client.ask(queue_ident, "put", {value{1}});
    const auto error = client.reply_as<wire::exception_reply>();
    if (legacy) {
        CHECK(error.type_name() == "ValueError");
        CHECK(error.text == "the queue has been shut down");
    } else {
        CHECK(error.type_name() == "queue.ShutDown");
    }
}
