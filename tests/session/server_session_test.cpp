#include "session/server_session.hpp"

#include "session_testing.hpp"

#include "codec/pickle_decoder.hpp"

#include <array>

using namespace quaymaster;
using namespace quaymaster::testing;
using codec::payload;

namespace {

using keyword_list = std::vector<std::pair<std::string_view, payload>>;

constexpr std::string_view queue_ident = "get_task_queue";

std::string traceback_of(std::string_view exception)
{
    return "Traceback (most recent call last):\n" + std::string{exception} + "\n";
}

}  // namespace

TEST_CASE("a session is small", "[session][server]")
{
    // One per connection, of which there may be tens of thousands; a blocked one of the Python dialect needs nothing more.
    CHECK(sizeof(session::server_session) <= 192);
    // In the native dialect there is one of these, too, and one for each request that waits.
    CHECK(sizeof(session::native_session) <= 240);
    CHECK(sizeof(session::pending_request) <= 320);
}

// ---- handshake ----------------------------------------------------------------------------------------------------------

TEST_CASE("a session lets nobody in without the key", "[session][server][handshake]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server, "wrong"};
    const bool legacy = GENERATE(false, true);
    client.answer_challenge(legacy);
    CHECK(client.next() == to_bytes("#FAILURE#"));
    CHECK(server.session.wants_close());
    CHECK_FALSE(server.session.authenticated());
    CHECK(server.session.authentication_failed());
    CHECK(server.session.end_reason() == "handshake: the peer does not hold the same authkey");
    SECTION("and listens to nothing more")
    {
        client.ask({}, "dummy");
        CHECK_FALSE(client.has_reply());
    }
}

TEST_CASE("before the handshake is done", "[session][server][handshake]")
{
    bare_service service;
    session::server_settings settings;
    settings.handshake_timeout = 5s;
    server_end server{service, settings};
    hand_client client{server};
    (void)client.next();

    SECTION("a frame above 256 octets ends the session")
    {
        server.receive(from_hex("00000101"));
        CHECK(server.session.wants_close());
        CHECK(server.session.end_code() == wire::wire_errc::frame_too_large);
        CHECK(server.session.end_reason() ==
              "frame of 257 octets exceeds the 256 that the handshake allows: is this a multiprocessing peer?");
        CHECK_FALSE(server.session.authentication_failed());
    }
    SECTION("one of 256 octets is waited for")
    {
        server.receive(from_hex("00000100"));
        CHECK_FALSE(server.session.wants_close());
        CHECK(server.session.frame_size(server.input) == std::size_t{260});
    }
    SECTION("a request in some other protocol ends it")
    {
        server.receive(as_bytes("GET / HTTP/1.1\r\n\r\n"));
        CHECK(server.session.wants_close());
    }
    SECTION("silence ends it at the deadline and not before")
    {
        CHECK(server.session.deadline() == test_start + 5s);
        server.now = test_start + 5s - 1ns;
        server.on_deadline();
        CHECK_FALSE(server.session.wants_close());
        server.now = test_start + 5s;
        server.on_deadline();
        CHECK(server.session.wants_close());
        CHECK(server.session.end_reason() == "handshake not done within 5000 ms (handshake_timeout)");
        CHECK_FALSE(client.has_reply());
    }
}

TEST_CASE("the handshake's deadline ends with it", "[session][server][handshake]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.authenticate();
    CHECK(server.session.deadline() == core::never);
}

TEST_CASE("require_sha256 turns Python 3.11 away", "[session][server][handshake]")
{
    bare_service service;
    session::server_settings settings;
    settings.require_sha256 = true;
    server_end server{service, settings};
    hand_client client{server};
    SECTION("3.11")
    {
        client.answer_challenge(true);
        CHECK(client.next() == to_bytes("#FAILURE#"));
        CHECK(server.session.authentication_failed());
        CHECK_THAT(std::string{server.session.end_reason()}, Catch::Contains("require_sha256"));
    }
    SECTION("but not 3.12")
    {
        client.authenticate(false);
        CHECK(server.session.authenticated());
    }
}

// ---- one-shot requests --------------------------------------------------------------------------------------------------

TEST_CASE("a server function is answered and the connection closed", "[session][server][one-shot]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.dialect = GENERATE(codec::reader_dialect{2, true}, codec::reader_dialect{3, false}, codec::reader_dialect{4, false});
    client.authenticate();

    SECTION("dummy")
    {
        client.ask({}, "dummy");
        CHECK(client.result().is_none());
    }
    SECTION("create")
    {
        client.ask({}, "create", {value{queue_ident}});
        const auto created = wire::parse_created(client.reply_as<wire::returned_reply>().result, {});
        REQUIRE(created);
        CHECK(created->ident == queue_ident);
        CHECK(std::find(created->exposed.begin(), created->exposed.end(), "put_nowait") != created->exposed.end());
        CHECK(service.number_of_objects() == 1);
    }
    SECTION("create with arguments")
    {
        client.ask({}, "create", {value{"Queue"}}, {{"maxsize", value{1}}});
        const auto created = wire::parse_created(client.reply_as<wire::returned_reply>().result, {});
        REQUIRE(created);
        CHECK(created->ident != queue_ident);
    }
    SECTION("incref and decref")
    {
        core::call no_arguments;
        (void)service.create(queue_ident, no_arguments);
        const auto method = GENERATE(as<std::string>{}, "incref", "decref");
        client.ask({.method = method, .name = queue_ident});
        CHECK(client.result().is_none());
        CHECK(service.number_of_objects() == (method == "incref" ? 1 : 0));
    }
    SECTION("get_methods")
    {
        const std::vector<payload> token{wire::make_token(client.dialect, queue_ident, queue_ident)};
        client.ask({}, "get_methods", token);
        const value names = client.result();
        CHECK(names.kind() == value_kind::tuple);
        CHECK(names.size() == service.queue->exposed().size());
    }
    SECTION("number_of_objects")
    {
        client.ask({}, "number_of_objects");
        CHECK(client.result() == value{0});
    }
    SECTION("debug_info")
    {
        core::call no_arguments;
        (void)service.create(queue_ident, no_arguments);
        client.ask({}, "debug_info");
        CHECK_THAT(std::string{client.result().text()}, Catch::StartsWith("  get_task_queue:       refcount=1\n    "));
    }
    SECTION("shutdown")
    {
        client.ask({}, "shutdown");
        CHECK(client.result().is_none());
        CHECK(service.shutdowns == 1);
    }
    CHECK(server.session.wants_close());
    CHECK(server.session.end_reason().empty());
    CHECK_FALSE(client.has_reply());
}

TEST_CASE("a server function that fails is a traceback, and the connection is closed", "[session][server][one-shot]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.authenticate();
    const auto failure_of = [&](std::string_view method, const std::vector<payload>& positional = {},
                                const keyword_list& keywords = {}) {
        client.ask({}, method, positional, keywords);
        return client.traceback();
    };

    SECTION("unknown typeid")
    {
        CHECK(failure_of("create", {value{"get_nothing"}}) == traceback_of("KeyError: 'get_nothing'"));
    }
    SECTION("no typeid")
    {
        CHECK(failure_of("create") == traceback_of("TypeError: create() missing 1 required positional argument"));
    }
    SECTION("a typeid that is no text")
    {
        CHECK_THAT(failure_of("create", {value{1}}), Catch::Contains("TypeError: "));
    }
    SECTION("the wrong arguments for the typeid")
    {
        CHECK_THAT(failure_of("create", {value{queue_ident}, value{1}}), Catch::Contains("TypeError: "));
    }
    SECTION("unknown ident")
    {
        CHECK(failure_of("incref", {value{"7f01"}}) == traceback_of("KeyError: '7f01'"));
    }
    SECTION("a count below zero")
    {
        CHECK(failure_of("decref", {value{queue_ident}}) == traceback_of("KeyError: 'get_task_queue'"));
    }
    SECTION("an ident that is no text")
    {
        CHECK_THAT(failure_of("incref", {value{5}}), Catch::Contains("TypeError: "));
    }
    SECTION("get_methods without a Token")
    {
        CHECK_THAT(failure_of("get_methods", {value{"x"}}), Catch::Contains("AttributeError: "));
    }
    SECTION("get_methods of nobody")
    {
        CHECK(failure_of("get_methods", {wire::make_token({}, "q", "7f01")}) == traceback_of("KeyError: '7f01'"));
    }
    SECTION("too many arguments")
    {
        CHECK(failure_of("dummy", {value{1}}) ==
              traceback_of("TypeError: dummy() takes 0 positional arguments but 1 were given"));
    }
    SECTION("keywords")
    {
        CHECK(failure_of("dummy", {}, {{"x", value{1}}}) ==
              traceback_of("TypeError: dummy() got an unexpected keyword argument 'x'"));
    }
    SECTION("unknown function")
    {
        CHECK(failure_of("serve_forever") == traceback_of("AssertionError: 'serve_forever' unrecognized"));
    }
    SECTION("a pickle that is none")
    {
        client.send("\x80\x04garbage");
        CHECK_THAT(client.traceback(),
                   Catch::StartsWith("Traceback (most recent call last):\n_pickle.UnpicklingError: pickle: "));
    }
    CHECK(server.session.wants_close());
    CHECK(server.session.end_reason().empty());
}

// ---- streams ------------------------------------------------------------------------------------------------------------

TEST_CASE("a stream calls methods until its peer leaves", "[session][server][stream]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();

    client.ask(queue_ident, "put", {value{"an item"}});
    CHECK(client.result().is_none());
    client.ask(queue_ident, "qsize");
    CHECK(client.result() == value{1});
    client.ask(queue_ident, "get", {}, {{"timeout", value{1}}});
    CHECK(client.result() == value{"an item"});
    CHECK_FALSE(server.session.wants_close());
}

TEST_CASE("an exception of the method itself is an #ERROR that the client can load", "[session][server][stream]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.dialect = GENERATE(codec::reader_dialect{2, true}, codec::reader_dialect{3, false}, codec::reader_dialect{4, false});
    client.open_stream();
    const bool python2 = client.dialect.python2;

    SECTION("Empty")
    {
        client.ask(queue_ident, "get_nowait");
        const auto error = client.reply_as<wire::exception_reply>();
        CHECK(error.module == (python2 ? "Queue" : "queue"));
        CHECK(error.name == "Empty");
        CHECK(error.text.empty());
    }
    SECTION("Full")
    {
        client.ask("get_small_queue", "put_nowait", {value{1}});
        (void)client.result();
        client.ask("get_small_queue", "put_nowait", {value{2}});
        CHECK(client.reply_as<wire::exception_reply>().is_queue_full());
    }
    SECTION("a negative timeout")
    {
        client.ask(queue_ident, "get", {value{true}, value{-1}});
        const auto error = client.reply_as<wire::exception_reply>();
        CHECK(error.module == (python2 ? "exceptions" : "builtins"));
        CHECK(error.name == "ValueError");
        CHECK(error.text == "'timeout' must be a non-negative number");
    }
    SECTION("wrong arguments")
    {
        client.ask(queue_ident, "qsize", {value{1}, value{2}});
        CHECK(client.reply_as<wire::exception_reply>().name == "TypeError");
    }
    CHECK_FALSE(server.session.wants_close());
}

TEST_CASE("what is wrong around a method is a traceback, and the stream goes on", "[session][server][stream]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();

    SECTION("unknown ident")
    {
        client.ask("7f01", "get");
        CHECK(client.traceback() == traceback_of("KeyError: '7f01'"));
    }
    SECTION("no ident")
    {
        client.ask({}, "get");
        CHECK(client.traceback() == traceback_of("KeyError: 'None'"));
    }
    SECTION("a method that is not exposed")
    {
        client.ask(queue_ident, "__class__");
        CHECK_THAT(client.traceback(),
                   Catch::Contains("AttributeError: method '__class__' is not in exposed=('empty', 'full', "));
    }
    SECTION("a method name of a mebibyte does not come back whole")
    {
        client.ask(queue_ident, std::string(1 << 20, 'x'));
        CHECK(client.traceback().size() < 1000);
    }
    SECTION("no request at all")
    {
        client.send("N.");
        CHECK_THAT(client.traceback(), Catch::Contains("TypeError: "));
    }
    SECTION("an unpicklable request")
    {
        client.send("\x80\x04(((((");
        CHECK_THAT(client.traceback(), Catch::Contains("_pickle.UnpicklingError: "));
    }
    SECTION("an empty frame")
    {
        client.send("");
        CHECK_THAT(client.traceback(), Catch::Contains("UnpicklingError: "));
    }
    client.ask(queue_ident, "qsize");
    CHECK(client.result() == value{0});
}

TEST_CASE("three names work on every object", "[session][server][stream]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    for (const char* method : {"__str__", "__repr__"}) {
        client.ask(queue_ident, method);
        CHECK(client.result() == value{service.queue->text()});
    }
    client.ask(queue_ident, "#GETVALUE");
    CHECK_THAT(client.reply_as<wire::unserializable_reply>().text, Catch::Contains("TypeError: cannot pickle "));
}

TEST_CASE("an item that would run a command is carried like any other", "[session][server][stream]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    const value attack = value::object(value::global("posix", "system"), {value{"true"}});
    client.ask(queue_ident, "put", {attack});
    CHECK(client.result().is_none());
    client.ask(queue_ident, "get");
    CHECK(client.result() == attack);
}

TEST_CASE("an argument that is a pickle but cannot be decoded is a traceback", "[session][server][stream]")
{
    struct refusing_service : bare_service {
        core::outcome invoke(core::referent&, core::call&, core::waiter&) override
        {
            throw pickle_error{"pickle: too deep", codec::pickle_errc::depth_exceeded, 7};
        }
    };
    refusing_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    client.ask(queue_ident, "put", {value{1}});
    CHECK(client.traceback() == traceback_of("_pickle.UnpicklingError: pickle: too deep"));
    CHECK_FALSE(server.session.wants_close());
}

TEST_CASE("a frame beyond payload_size_max ends the stream before it has come", "[session][server][stream]")
{
    bare_service service;
    session::server_settings settings;
    settings.payload_size_max = 1000;
    server_end server{service, settings};
    hand_client client{server};
    client.open_stream();
    server.receive(from_hex("000003e9"));
    CHECK(server.session.wants_close());
    CHECK(server.session.end_reason() ==
          "frame of 1001 octets exceeds payload_size_max (1000): raise the limit or send smaller items");
    CHECK(server.session.end_code() == wire::wire_errc::frame_too_large);
    CHECK_FALSE(server.session.authentication_failed());
}

TEST_CASE("pipelined requests are answered in order", "[session][server][stream]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.open_stream();
    bytes burst;
    for (int i = 0; i < 10; ++i) {
        const std::vector<payload> positional{value{i}};
        burst = joined({burst, client.request_frame({.ident = queue_ident, .method = "put", .positional = positional})});
        burst = joined({burst, client.request_frame({.ident = queue_ident, .method = "get"})});
    }
    server.receive(burst);
    for (int i = 0; i < 10; ++i) {
        CHECK(client.result().is_none());
        CHECK(client.result() == value{i});
    }
    CHECK_FALSE(client.has_reply());
}
