#include "session/server_session.hpp"

#include "python_transcripts.hpp"
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
    // One per connection, of which there may be tens of thousands; a blocked one needs nothing more.
    CHECK(sizeof(session::server_session) < 512);
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

// ---- waiting ------------------------------------------------------------------------------------------------------------

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

// ---- what real Pythons send ---------------------------------------------------------------------------------------------

namespace {

/// Replays all connections of one program, each in pieces of `piece` octets, and returns the octets of all replies.
std::vector<bytes> replay(const transcript& program, std::size_t piece)
{
    bare_service service;
    service.nonce = from_hex(transcript_nonce);
    std::vector<bytes> replies;
    for (const std::string& digits : program.connections) {
        const bytes stream = from_hex(digits);
        server_end server{service};
        for (std::size_t at = 0; at < stream.size(); at += piece)
            server.receive(bytes_view{stream}.subspan(at, std::min(piece, stream.size() - at)));
        CHECK(server.input.empty());
        CHECK(server.session.authenticated());
        CHECK(server.session.end_reason().empty());
        replies.push_back(contents(server.replies));
        server.session.end(service);
    }
    CHECK(service.number_of_objects() == 0);
    return replies;
}

/// The names of the replies' kinds, and the results of those that returned.
std::string summary(bytes_view stream)
{
    std::string text;
    std::vector<bytes> payloads = frames_in(stream);
    for (std::size_t i = 3; i < payloads.size(); ++i) {  // after challenge, verdict and response
        codec::envelope_reader reader;
        const auto reply = wire::parse_reply(payloads[i], reader, {});
        if (const auto* returned = std::get_if<wire::returned_reply>(&reply))
            text += returned->result.to_value().repr() + "; ";
        else if (const auto* error = std::get_if<wire::exception_reply>(&reply))
            text += error->type_name() + "; ";
        else if (const auto* traceback = std::get_if<wire::traceback_reply>(&reply))
            text += "traceback " + traceback->exception().first + "; ";
        else
            text += "?; ";
    }
    return text;
}

}  // namespace

TEST_CASE("programs of every Python are served, however their octets are cut", "[session][server][transcript]")
{
    for (const transcript& program : python_clients) {
        CAPTURE(program.python);
        const auto whole = replay(program, 1 << 20);
        REQUIRE(whole.size() == 6);
        CHECK(summary(whole[0]) == "None; ");                                                       // dummy
        CHECK_THAT(summary(whole[1]), Catch::StartsWith("('get_task_queue', ('empty', 'full', "));  // create
        CHECK(summary(whole[2]) == "None; ");                                                       // incref
        CHECK(summary(whole[3]) == "None; ");                                                       // decref
        const std::string text = bare_service{}.queue->text();
        CHECK(summary(whole[4]) == "None; None; None; None; 3; 1; 'put'; [None, True, 2.5, {'a': (1, 'x')}]; queue.Empty; "
                                   "traceback AttributeError; " +
                                       value{text}.repr() + "; ");
        CHECK(summary(whole[5]) == "None; ");  // decref at the end
        for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U})
            CHECK(replay(program, piece) == whole);
    }
}

TEST_CASE("a program that is cut off anywhere does no harm", "[session][server][transcript]")
{
    for (const transcript& program : python_clients) {
        CAPTURE(program.python);
        bare_service service;
        service.nonce = from_hex(transcript_nonce);
        const bytes stream = from_hex(program.connections[4]);
        for (std::size_t cut = 0; cut < stream.size(); ++cut) {
            server_end server{service};
            server.receive(bytes_view{stream}.first(cut));
            CHECK_FALSE(server.session.wants_close());
            CHECK(server.session.end_reason().empty());
            server.session.end(service);
        }
        CHECK(service.number_of_objects() == 0);
    }
}

TEST_CASE("an octet changed anywhere in the handshake lets nobody in", "[session][server][handshake]")
{
    bare_service service;
    service.nonce = from_hex(transcript_nonce);
    for (const transcript& program : python_clients) {
        CAPTURE(program.python);
        const bytes stream = from_hex(program.connections[0]);
        error_code ec;
        const auto response = wire::parse_frame(stream, 256, ec);
        REQUIRE(response);
        for (std::size_t at = 4; at < response->size; ++at) {
            bytes changed = stream;
            changed[at] ^= std::byte{1};
            server_end server{service};
            server.receive(changed);
            CHECK_FALSE(server.session.authenticated());
            CHECK(server.session.authentication_failed());
        }
    }
}

// ---- proxies inside data --------------------------------------------------------------------------------------------------

namespace {

/// [a ListProxy of `ident`], as CPython 3 pickles it, with the address ('127.0.0.1', 5000).
value list_with_proxy(const std::string& ident)
{
    std::string pickle{"\x80\x03]cmultiprocessing.managers\nRebuildProxy\n(cmultiprocessing.managers\nListProxy\n"
                       "cmultiprocessing.managers\nToken\n)\x81Vlist\nV127.0.0.1\nM\x88\x13\x86V"};
    pickle += ident + "\n\x87" "bVpickle\n}tRa.";
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
    SECTION("until the item is gone and the client has had time to count on it") {
        client.ask(queue_ident, "get");
        CHECK(client.result() == list_with_proxy(made.ident));
        REQUIRE(service.handed_over.size() == 1);
        CHECK(service.registry.find(made.ident) == made.object);
        service.handed_over.clear();
        CHECK(service.registry.find(made.ident) == nullptr);
    }
    SECTION("and arrives with the address that its receiver needs") {
        service.better_address = value::tuple({"192.0.2.1", 6000});
        client.ask(queue_ident, "get");
        const value got = client.result();
        CHECK(got[0].arguments()[1].state()[1] == value::tuple({"192.0.2.1", 6000}));
    }
    SECTION("a call that fails holds nothing") {
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
        SECTION("unless it has given it back") {
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
