#include "session/client_session.hpp"

#include "python_transcripts.hpp"
#include "session_testing.hpp"

using namespace quaymaster;
using namespace quaymaster::testing;
using codec::payload;
using state = session::client_session::state;

namespace {

wire::handshake_nonce nonce_from(bytes_view octets)
{
    wire::handshake_nonce nonce;
    std::copy_n(octets.begin(), nonce.size(), nonce.begin());
    return nonce;
}

session::client_settings settings_with(std::string_view key)
{
    session::client_settings settings;
    settings.authkey = to_bytes(key);
    return settings;
}

const wire::outgoing_request dummy{.method = "dummy"};

/// A client with its input, as a connection holds them.
struct client_end {
    explicit client_end(std::string_view key = "abc", bytes_view nonce = bytes(40, std::byte{'c'}))
        : settings{settings_with(key)}, session{settings, nonce_from(nonce)}
    {
    }
    client_end(const client_end&) = delete;
    client_end& operator=(const client_end&) = delete;

    /// Gives it `octets`; replies gather in `replies`.
    void receive(bytes_view octets)
    {
        input.insert(input.end(), octets.begin(), octets.end());
        for (;;) {
            const auto step = session.receive(input);
            if (step.reply)
                replies.push_back(to_bytes(*step.reply));
            input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(step.consumed));
            if (!step.reply)
                return;
        }
    }
    wire::reply parsed(std::size_t index) { return wire::parse_reply(replies.at(index), reader, settings.limits); }

    session::client_settings settings;
    session::client_session session;
    bytes input;
    std::vector<bytes> replies;
    codec::envelope_reader reader;
};

/// Lets both talk until neither has anything to say.
void converse(client_end& client, server_end& server)
{
    while (!client.session.output().empty() || !server.replies.empty()) {
        const bytes from_client = contents(client.session.output());
        client.session.output().consume(from_client.size());
        server.receive(from_client);
        const bytes from_server = contents(server.replies);
        server.replies.consume(from_server.size());
        client.receive(from_server);
    }
}

}  // namespace

TEST_CASE("a client asks our server", "[session][client]")
{
    bare_service service;
    server_end server{service};
    client_end client;
    client.session.request(dummy);
    CHECK(client.session.output().empty());
    CHECK(client.session.unanswered() == 1);
    converse(client, server);
    CHECK(client.session.current_state() == state::ready);
    CHECK(client.session.unanswered() == 0);
    REQUIRE(client.replies.size() == 1);
    CHECK(std::holds_alternative<wire::returned_reply>(client.parsed(0)));
    CHECK(server.session.wants_close());
}

TEST_CASE("#WELCOME# and the first requests leave in one write", "[session][client]")
{
    bare_service service;
    server_end server{service};
    client_end client;
    const std::vector<payload> name{value{"MainThread"}};
    client.session.request({.method = "accept_connection", .positional = name});
    client.session.request({.ident = "get_task_queue", .method = "qsize"});
    // Challenge, verdict, answer: after the third of the server's frames the client has all it needs.
    for (int turn = 0; turn < 2; ++turn) {
        client.receive(contents(server.replies));
        server.replies.clear();
        server.receive(contents(client.session.output()));
        client.session.output().clear();
    }
    client.receive(contents(server.replies));
    server.replies.clear();
    const auto frames = frames_in(contents(client.session.output()));
    REQUIRE(frames.size() == 3);
    CHECK(as_chars(frames[0]) == "#WELCOME#");
    converse(client, server);
    REQUIRE(client.replies.size() == 2);
    CHECK(std::get<wire::returned_reply>(client.parsed(1)).result.to_value() == value{0});
}

TEST_CASE("receive() gives out one reply at a time", "[session][client]")
{
    bare_service service;
    server_end server{service};
    client_end client;
    const std::vector<payload> name{value{"MainThread"}};
    client.session.request({.method = "accept_connection", .positional = name});
    converse(client, server);
    for (int i = 0; i < 3; ++i)
        client.session.request({.ident = "get_task_queue", .method = "qsize"});
    server.receive(contents(client.session.output()));
    const bytes burst = contents(server.replies);
    const auto step = client.session.receive(burst);
    CHECK(step.reply);
    CHECK(step.consumed < burst.size());
    CHECK(client.session.unanswered() == 2);
}

TEST_CASE("a wrong key is an authentication failure on both sides", "[session][client]")
{
    bare_service service;
    server_end server{service};
    client_end client{"wrong"};
    client.session.request(dummy);
    converse(client, server);
    CHECK(client.session.current_state() == state::failed);
    CHECK(client.session.failure() == wire::wire_errc::own_key_rejected);
    CHECK(wire::is_authentication_failure(client.session.failure()));
    CHECK(client.session.failure_text() == "the peer rejected our answer to its challenge: the authkeys differ");
    CHECK(server.session.authentication_failed());
    CHECK(client.replies.empty());
}

TEST_CASE("a client stops at what it cannot accept", "[session][client]")
{
    client_end client;
    SECTION("another protocol")
    {
        client.receive(as_bytes("HTTP/1.1 400 Bad Request\r\n"));
        CHECK(client.session.failure() == wire::wire_errc::frame_too_large);
        CHECK_THAT(client.session.failure_text(), Catch::Contains("is this a multiprocessing peer?"));
        CHECK_FALSE(wire::is_authentication_failure(client.session.failure()));
    }
    SECTION("a negative length")
    {
        client.receive(from_hex("80000000"));
        CHECK(client.session.failure() == wire::wire_errc::bad_frame_length);
    }
    CHECK(client.session.current_state() == state::failed);
    CHECK(client.session.output().empty());
    CHECK(client.session.receive(as_bytes("more")).consumed == 0);
}

TEST_CASE("a client refuses a reply beyond its limit, or one that it did not ask for", "[session][client]")
{
    bare_service service;
    server_end server{service};
    client_end client;
    client.settings.payload_size_max = 1000;
    const std::vector<payload> name{value{"MainThread"}};
    client.session.request({.method = "accept_connection", .positional = name});
    converse(client, server);
    REQUIRE(client.session.current_state() == state::ready);
    SECTION("too large")
    {
        client.session.request(dummy);
        client.receive(from_hex("000003e9"));
        CHECK(client.session.failure() == wire::wire_errc::frame_too_large);
        CHECK(client.session.failure_text() ==
              "frame of 1001 octets exceeds reply_size_max (1000): raise the limit or send smaller items");
    }
    SECTION("not whole yet")
    {
        client.receive(from_hex("000003e8"));
        CHECK(client.session.current_state() == state::ready);
        CHECK(client.session.frame_size(client.input) == std::size_t{1004});
    }
    SECTION("unasked")
    {
        client.receive(frame_of("N."));
        CHECK(client.session.failure() == wire::wire_errc::unasked_reply);
    }
}

TEST_CASE("servers of every Python are understood, however their octets are cut", "[session][client][transcript]")
{
    for (const transcript& recorded : python_servers) {
        CAPTURE(recorded.python);
        const bool legacy = recorded.python != "3.13";
        for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{5}}) {
            const auto play = [&](std::size_t connection, std::size_t requests) {
                auto client = std::make_unique<client_end>("abc", from_hex(transcript_nonce));
                for (std::size_t i = 0; i < requests; ++i)
                    client->session.request(dummy);
                const bytes stream = from_hex(recorded.connections.at(connection));
                for (std::size_t at = 0; at < stream.size(); at += piece)
                    client->receive(bytes_view{stream}.subspan(at, std::min(piece, stream.size() - at)));
                CHECK(client->session.failure_text().empty());
                CHECK(client->session.server_is_legacy() == legacy);
                CHECK(client->input.empty());
                REQUIRE(client->replies.size() == requests);
                return client;
            };
            auto client = play(0, 1);
            CHECK(std::get<wire::returned_reply>(client->parsed(0)).result.to_value().is_none());

            client = play(1, 1);
            const auto created = wire::parse_created(std::get<wire::returned_reply>(client->parsed(0)).result, {});
            REQUIRE(created);
            CHECK_FALSE(created->ident.empty());
            CHECK(std::find(created->exposed.begin(), created->exposed.end(), "put") != created->exposed.end());

            client = play(2, 7);
            CHECK(std::get<wire::returned_reply>(client->parsed(0)).result.to_value().is_none());
            CHECK(std::get<wire::returned_reply>(client->parsed(1)).result.to_value().is_none());
            const value item = std::get<wire::returned_reply>(client->parsed(2)).result.to_value();
            CHECK(item == value::list({value{1}, value{"two"}}));
            CHECK(std::get<wire::exception_reply>(client->parsed(3)).is_queue_empty());
            // An AttributeError, and then a KeyError from the table of fallbacks.
            const auto not_exposed = std::get<wire::traceback_reply>(client->parsed(4)).exception();
            CHECK(not_exposed.first == "KeyError");
            CHECK_THAT(not_exposed.second, Catch::EndsWith("'steal'"));
            CHECK(std::holds_alternative<wire::unserializable_reply>(client->parsed(5)));
            const auto unknown = std::get<wire::traceback_reply>(client->parsed(6)).exception();
            CHECK(unknown.first == "KeyError");
            CHECK_THAT(unknown.second, Catch::Contains("7f01"));
        }
    }
}
