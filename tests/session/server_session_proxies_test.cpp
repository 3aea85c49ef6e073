// Proxies inside data, and the counts of programs that are killed.
#include "session/server_session.hpp"

#include "session_testing.hpp"

#include "codec/pickle_decoder.hpp"

using namespace quaymaster;
using namespace quaymaster::testing;

namespace {

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

}  // namespace

TEST_CASE("a proxy in an item keeps its object alive", "[session][server][proxy]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    core::call none;
    const auto made = std::get<core::created>(service.registry.create("Queue", none));
    client.ask(queue_ident, "put", {list_with_proxy(made.ident)});
    REQUIRE(client.result().is_none());
    CHECK(service.addresses == std::vector<value>{value::tuple({"127.0.0.1", 5000})});

    CHECK(service.registry.decref(made.ident));
    CHECK(service.registry.find(made.ident) == made.object);
    SECTION("until the item is gone and the client has had time to count on it")
    {
        client.ask(queue_ident, "get");
        CHECK(client.result() == list_with_proxy(made.ident));
        REQUIRE(service.handed_over.size() == 1);
        CHECK(service.registry.find(made.ident) == made.object);
        service.handed_over.clear();
        CHECK(service.registry.find(made.ident) == nullptr);
    }
    SECTION("and arrives with the address that its receiver needs")
    {
        service.better_address = value::tuple({"192.0.2.1", 6000});
        client.ask(queue_ident, "get");
        const value got = client.result();
        CHECK(got[0].arguments()[1].state()[1] == value::tuple({"192.0.2.1", 6000}));
    }
    SECTION("a call that fails holds nothing")
    {
        CHECK(service.registry.incref(made.ident));
        client.ask("get_small_queue", "put_nowait", {value{1}});
        REQUIRE(client.result().is_none());
        client.ask("get_small_queue", "put_nowait", {list_with_proxy(made.ident)});
        REQUIRE(std::holds_alternative<wire::exception_reply>(client.reply()));
        client.ask(queue_ident, "get");
        (void)client.result();
        service.handed_over.clear();
        CHECK(service.registry.decref(made.ident));
        CHECK(service.registry.find(made.ident) == nullptr);
    }
}

TEST_CASE("a proxy of another manager is an item like any other", "[session][server][proxy]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    client.ask(queue_ident, "put", {list_with_proxy("elsewhere")});
    REQUIRE(client.result().is_none());
    service.better_address = value{"not for this one"};
    client.ask(queue_ident, "get");
    CHECK(client.result() == list_with_proxy("elsewhere"));
    CHECK(service.handed_over.empty());
    CHECK(service.addresses.empty());
}

TEST_CASE("a stock program that is killed takes its count along", "[session][server][count]")
{
    bare_service service;
    core::call none;
    const std::string ident = std::get<core::created>(service.registry.create("Queue", none)).ident;
    {
        server_end server{service};
        hand_client client{server};
        client.open_stream();
        for (int round = 0; round < 2; ++round) {
            client.ask(ident, "qsize");
            REQUIRE(client.result() == value{0});
            client.ask(queue_ident, "qsize");
            REQUIRE(client.result() == value{0});
        }
        SECTION("unless it has given it back")
        {
            REQUIRE(service.registry.incref(ident));
            server_end giving_back{service};
            hand_client same_program{giving_back};
            same_program.authenticate();
            same_program.ask({.method = "decref", .name = ident});
            REQUIRE(same_program.result().is_none());
            server.session.end(service, true);
            CHECK(service.registry.find(ident) != nullptr);
            CHECK(service.registry.decref(ident));
        }
    }
    CHECK(service.registry.find(ident) == nullptr);
    CHECK(service.usage.size() == 0);
}

TEST_CASE("a stream that the server closes says nothing about its program", "[session][server][count]")
{
    bare_service service;
    core::call none;
    const std::string ident = std::get<core::created>(service.registry.create("Queue", none)).ident;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    client.ask(ident, "qsize");
    REQUIRE(client.result() == value{0});
    server.session.end(service, false);
    CHECK(service.registry.find(ident) != nullptr);
    CHECK(service.usage.size() == 0);
}

TEST_CASE("a stream forgets the objects that are gone", "[session][server][count]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    for (int round = 0; round < 200; ++round) {
        core::call none;
        const std::string ident = std::get<core::created>(service.registry.create("Queue", none)).ident;
        client.ask(ident, "qsize");
        REQUIRE(client.result() == value{0});
        CHECK(service.registry.decref(ident));
    }
    CHECK(service.usage.size() < 50);
}

TEST_CASE("a stream that calls objects by turns uses each of them once", "[session][server][count]")
{
    bare_service service;
    const auto make_queue = [&] {
        core::call none;
        return std::get<core::created>(service.registry.create("Queue", none)).ident;
    };
    const std::vector<std::string> idents{make_queue(), make_queue(), make_queue()};
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    const auto call = [&](const std::string& ident) {
        client.ask(ident, "qsize");
        REQUIRE(client.result() == value{0});
    };
    for (const std::size_t which : {0U, 1U, 0U, 2U, 2U, 1U, 0U})
        call(idents[which]);
    call("get_task_queue");  // registered: its use is of no account
    if (GENERATE(false, true))
        call(idents[1]);
    CHECK(service.usage.size() == 3);
    server.session.end(service, true);
    CHECK(service.usage.size() == 0);
    for (const std::string& ident : idents)
        CHECK(service.registry.find(ident) == nullptr);  // one count of each was the client's
}

TEST_CASE("counts that a client keeps on a stream end with it", "[session][server][count]")
{
    bare_service service;
    core::call none;
    const std::string ident = std::get<core::created>(service.registry.create("Queue", none)).ident;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    const auto ask = [&client](std::string_view function, std::string_view name) {
        client.ask({.method = function, .name = name});
    };
    ask("adopt", ident);
    REQUIRE(client.result().is_none());
    SECTION("each of them")
    {
        REQUIRE(service.registry.incref(ident));
        ask("adopt", ident);
        REQUIRE(client.result().is_none());
        server.session.end(service, true);
        CHECK(service.registry.find(ident) == nullptr);
    }
    SECTION("but not those of others")
    {
        REQUIRE(service.registry.incref(ident));
        server.session.end(service, true);
        CHECK(service.registry.find(ident) != nullptr);
        CHECK(service.registry.decref(ident));
        CHECK(service.registry.find(ident) == nullptr);
    }
    SECTION("unless they were given back before")
    {
        REQUIRE(service.registry.incref(ident));
        ask("decref", ident);
        REQUIRE(client.result().is_none());
        ask("decref", ident);
        CHECK(client.traceback().ends_with("KeyError: '" + ident + "'\n"));
        server.session.end(service, true);
        CHECK(service.registry.find(ident) != nullptr);
    }
    SECTION("and are of objects that there are")
    {
        ask("adopt", "7-77");
        CHECK(client.traceback().ends_with("KeyError: '7-77'\n"));
        client.ask(std::nullopt, "adopt", {value{1}});
        CHECK(client.traceback().ends_with("KeyError: 'None'\n"));
        ask("incref", ident);
        CHECK(client.traceback().ends_with("KeyError: 'None'\n"));
        client.ask(queue_ident, "qsize");
        CHECK(client.result() == value{0});
    }
}
