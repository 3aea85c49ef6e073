#include "wire/handshake.hpp"

#include "wire/digest.hpp"
#include "wire_testing.hpp"

#include <algorithm>
#include <optional>

using namespace quaymaster;
using namespace quaymaster::testing;
using wire::digest_kind;
using wire::handshake_nonce;
using wire::handshake_policy;
using wire::handshake_state;
using wire::outbox;
using wire::wire_errc;

namespace {

constexpr std::string_view key = "abc";
const std::string modern_challenge = "{sha256}" + std::string(40, 's');
const std::string legacy_challenge(20, 'L');

handshake_nonce nonce_of(char fill)
{
    handshake_nonce nonce;
    nonce.fill(static_cast<std::byte>(fill));
    return nonce;
}

std::string challenge_frame(std::string_view message)
{
    return "#CHALLENGE#" + std::string{message};
}

/// A response as Python makes it: bare for nullopt, else with its name.
bytes response(std::string_view message, std::optional<digest_kind> named, std::string_view with_key = key)
{
    const auto mac = wire::hmac(named.value_or(digest_kind::md5), as_bytes(with_key), as_bytes(message));
    REQUIRE(mac);
    if (!named)
        return to_bytes(mac->view());
    return joined({as_bytes("{"), as_bytes(wire::to_string(*named)), as_bytes("}"), mac->view()});
}

/// A server's end, and what it has said.
struct server_end {
    wire::server_handshake handshake{nonce_of('n')};
    handshake_policy policy{as_bytes(key), false};
    outbox out;

    server_end() { handshake.start(out); }
    handshake_state give(bytes_view payload) { return handshake.on_frame(payload, policy, out); }
    handshake_state give(std::string_view payload) { return give(as_bytes(payload)); }
    std::string said() { return std::string{as_chars(take_frame(out))}; }
    /// The challenge that the server has just sent.
    std::string challenge()
    {
        const std::string frame = said();
        REQUIRE(frame.starts_with("#CHALLENGE#"));
        return frame.substr(11);
    }
};

struct client_end {
    wire::client_handshake handshake{nonce_of('c')};
    handshake_policy policy{as_bytes(key), false};
    outbox out;

    handshake_state give(bytes_view payload) { return handshake.on_frame(payload, policy, out); }
    handshake_state give(std::string_view payload) { return give(as_bytes(payload)); }
    std::string said() { return std::string{as_chars(take_frame(out))}; }
};

}  // namespace

TEST_CASE("the server's challenge is that of Python 3.12", "[wire][handshake]")
{
    server_end server;
    CHECK(server.challenge() == "{sha256}" + std::string(40, 'n'));
}

TEST_CASE("a server authenticates every Python's client", "[wire][handshake]")
{
    struct row {
        const char* client;
        std::optional<digest_kind> response_digest;
        std::string challenge;
        std::optional<digest_kind> answer_digest;
        bool legacy;
    };
    const row rows[] = {
        {"3.11 and older", std::nullopt, legacy_challenge, std::nullopt, true},
        {"3.12 and newer", digest_kind::sha256, modern_challenge, digest_kind::sha256, false},
        {"sha384", digest_kind::sha384, "{sha384}" + std::string(40, 's'), digest_kind::sha384, false},
        {"sha3_256", digest_kind::sha3_256, "{sha3_256}" + std::string(40, 's'), digest_kind::sha3_256, false},
        {"sha3_384", digest_kind::sha3_384, "{sha3_384}" + std::string(40, 's'), digest_kind::sha3_384, false},
        {"md5 by name", digest_kind::md5, "{md5}" + std::string(40, 's'), digest_kind::md5, false},
        {"a digest other than that of its challenge", digest_kind::sha3_256, modern_challenge, digest_kind::sha256, false},
    };
    for (const row& each : rows) {
        CAPTURE(each.client);
        server_end server;
        REQUIRE(server.give(response(server.challenge(), each.response_digest)) == handshake_state::running);
        REQUIRE(server.said() == "#WELCOME#");
        REQUIRE(server.give(challenge_frame(each.challenge)) == handshake_state::running);
        CHECK(server.said() == as_chars(response(each.challenge, each.answer_digest)));
        CHECK(server.give("#WELCOME#") == handshake_state::done);
        CHECK(server.handshake.peer_is_legacy() == each.legacy);
        CHECK(server.out.empty());
        CHECK_FALSE(server.handshake.failure());
    }
}

TEST_CASE("a server says #FAILURE# to a client that does not prove the key", "[wire][handshake]")
{
    server_end server;
    const std::string challenge = server.challenge();
    error_code expected;
    SECTION("another key, MD5")
    {
        server.give(response(challenge, std::nullopt, "abd"));
        expected = wire_errc::peer_key_wrong;
    }
    SECTION("another key, SHA-256")
    {
        server.give(response(challenge, digest_kind::sha256, ""));
        expected = wire_errc::peer_key_wrong;
    }
    SECTION("the right mac under another name")
    {
        bytes forged = joined({as_bytes("{sha3_256}"), bytes_view{response(challenge, digest_kind::sha256)}.subspan(8)});
        server.give(forged);
        expected = wire_errc::peer_key_wrong;
    }
    SECTION("a mac that was cut")
    {
        bytes cut = response(challenge, digest_kind::sha256);
        cut.pop_back();
        server.give(cut);
        expected = wire_errc::peer_key_wrong;
    }
    SECTION("a digest that is not allowed")
    {
        server.give("{sha1}" + std::string(20, 'x'));
        expected = wire_errc::digest_unsupported;
    }
    SECTION("nothing at all")
    {
        server.give("");
        expected = wire_errc::digest_unsupported;
    }
    SECTION("our own challenge")
    {
        server.give(challenge_frame(challenge));
        expected = wire_errc::digest_unsupported;
    }
    CHECK(server.handshake.state() == handshake_state::failed);
    CHECK(server.handshake.failure() == expected);
    CHECK(wire::is_authentication_failure(server.handshake.failure()));
    CHECK(server.said() == "#FAILURE#");
    // Whatever comes now, nothing more is said or proved.
    CHECK(server.give(challenge_frame(modern_challenge)) == handshake_state::failed);
    CHECK(server.out.empty());
}

TEST_CASE("a server signs no challenge before the peer has proved the key", "[wire][handshake][reflection]")
{
    server_end server;
    (void)server.challenge();
    CHECK(server.give(challenge_frame(modern_challenge)) == handshake_state::failed);
    CHECK(server.said() == "#FAILURE#");
}

TEST_CASE("neither side signs its own challenge", "[wire][handshake][reflection]")
{
    SECTION("server")
    {
        server_end server;
        const std::string challenge = server.challenge();
        server.give(response(challenge, digest_kind::sha256));
        (void)server.said();
        CHECK(server.give(challenge_frame(challenge)) == handshake_state::failed);
        CHECK(server.handshake.failure() == wire_errc::challenge_reflected);
        CHECK(server.said() == "#FAILURE#");
    }
    SECTION("client")
    {
        client_end client;
        CHECK(client.give(challenge_frame("{sha256}" + std::string(40, 'c'))) == handshake_state::failed);
        CHECK(client.handshake.failure() == wire_errc::challenge_reflected);
        CHECK(client.out.empty());
    }
}

TEST_CASE("a server refuses a challenge that Python would refuse", "[wire][handshake]")
{
    server_end server;
    server.give(response(server.challenge(), digest_kind::sha256));
    (void)server.said();
    const auto refused_as = [&](std::string_view frame) {
        CHECK(server.give(frame) == handshake_state::failed);
        return server.handshake.failure();
    };
    SECTION("no challenge")
    {
        CHECK(refused_as("CHALLENGE#") == wire_errc::not_a_challenge);
    }
    SECTION("19 octets")
    {
        CHECK(refused_as(challenge_frame(std::string(19, 'x'))) == wire_errc::challenge_too_short);
    }
    SECTION("16 octets, the size of a response")
    {
        CHECK(refused_as(challenge_frame(std::string(16, 'x'))) == wire_errc::challenge_too_short);
    }
    SECTION("21 octets without a name")
    {
        CHECK(refused_as(challenge_frame(std::string(21, 'x'))) == wire_errc::digest_unsupported);
    }
    SECTION("an unknown name")
    {
        CHECK(refused_as(challenge_frame("{sha1}" + std::string(40, 'x'))) == wire_errc::digest_unsupported);
    }
    SECTION("a name that never ends")
    {
        CHECK(refused_as(challenge_frame("{" + std::string(60, 'x') + "}")) == wire_errc::digest_unsupported);
    }
    CHECK(server.said() == "#FAILURE#");
}

TEST_CASE("a server is not done until the client is content", "[wire][handshake]")
{
    server_end server;
    server.give(response(server.challenge(), digest_kind::sha256));
    (void)server.said();
    server.give(challenge_frame(modern_challenge));
    (void)server.said();
    CHECK(server.give("#FAILURE#") == handshake_state::failed);
    CHECK(server.handshake.failure() == wire_errc::own_key_rejected);
    CHECK(server.out.empty());
}

TEST_CASE("a client is authenticated by every Python's server", "[wire][handshake]")
{
    struct row {
        const char* server;
        std::string challenge;
        std::optional<digest_kind> answer;    // to the server's challenge
        std::optional<digest_kind> response;  // to the client's
        bool legacy;
    };
    const row rows[] = {
        {"3.11 and older", legacy_challenge, std::nullopt, std::nullopt, true},
        {"3.12 and newer", modern_challenge, digest_kind::sha256, digest_kind::sha256, false},
        {"sha384", "{sha384}" + std::string(40, 's'), digest_kind::sha384, digest_kind::sha256, false},
        {"sha3_256", "{sha3_256}" + std::string(40, 's'), digest_kind::sha3_256, digest_kind::sha3_256, false},
        {"md5 by name", "{md5}" + std::string(40, 's'), digest_kind::md5, digest_kind::md5, false},
    };
    for (const row& each : rows) {
        CAPTURE(each.server);
        client_end client;
        REQUIRE(client.give(challenge_frame(each.challenge)) == handshake_state::running);
        CHECK(client.said() == as_chars(response(each.challenge, each.answer)));
        REQUIRE(client.give("#WELCOME#") == handshake_state::running);
        const std::string own = client.said();
        CHECK(own == challenge_frame("{sha256}" + std::string(40, 'c')));
        CHECK(client.give(response(own.substr(11), each.response)) == handshake_state::done);
        CHECK(client.said() == "#WELCOME#");
        CHECK(client.handshake.peer_is_legacy() == each.legacy);
    }
}

TEST_CASE("a client tells a rejected key from a server with a wrong one", "[wire][handshake]")
{
    client_end client;
    client.give(challenge_frame(modern_challenge));
    (void)client.said();
    SECTION("the server rejects ours")
    {
        CHECK(client.give("#FAILURE#") == handshake_state::failed);
        CHECK(client.handshake.failure() == wire_errc::own_key_rejected);
        CHECK(client.out.empty());
    }
    SECTION("the server does not have it")
    {
        client.give("#WELCOME#");
        const std::string own = client.said().substr(11);
        CHECK(client.give(response(own, digest_kind::sha256, "xyz")) == handshake_state::failed);
        CHECK(client.handshake.failure() == wire_errc::peer_key_wrong);
        CHECK(client.said() == "#FAILURE#");
    }
}

TEST_CASE("a client signs nothing but a challenge", "[wire][handshake]")
{
    for (const std::string& frame :
         {std::string{"HTTP/1.1 400"}, std::string{}, challenge_frame("short"), challenge_frame(std::string(30, 'x'))}) {
        CAPTURE(frame);
        client_end client;
        CHECK(client.give(frame) == handshake_state::failed);
        CHECK(client.out.empty());
    }
}

TEST_CASE("require_sha256 refuses MD5 in every form and direction", "[wire][handshake][policy]")
{
    SECTION("server, response")
    {
        for (const auto digest : {std::optional<digest_kind>{}, std::optional{digest_kind::md5}}) {
            server_end server;
            server.policy.require_sha256 = true;
            CHECK(server.give(response(server.challenge(), digest)) == handshake_state::failed);
            CHECK(server.handshake.failure() == wire_errc::digest_refused);
            CHECK(server.said() == "#FAILURE#");
        }
    }
    SECTION("server, challenge")
    {
        for (const std::string& challenge : {legacy_challenge, "{md5}" + std::string(40, 's')}) {
            server_end server;
            server.policy.require_sha256 = true;
            server.give(response(server.challenge(), digest_kind::sha384));
            CHECK(server.said() == "#WELCOME#");
            CHECK(server.give(challenge_frame(challenge)) == handshake_state::failed);
            CHECK(server.handshake.failure() == wire_errc::digest_refused);
            CHECK(server.said() == "#FAILURE#");
        }
    }
    SECTION("client, challenge")
    {
        for (const std::string& challenge : {legacy_challenge, "{md5}" + std::string(40, 's')}) {
            client_end client;
            client.policy.require_sha256 = true;
            CHECK(client.give(challenge_frame(challenge)) == handshake_state::failed);
            CHECK(client.handshake.failure() == wire_errc::digest_refused);
            CHECK(client.out.empty());
        }
    }
    SECTION("client, response")
    {
        client_end client;
        client.policy.require_sha256 = true;
        client.give(challenge_frame(modern_challenge));
        (void)client.said();
        client.give("#WELCOME#");
        const std::string own = client.said().substr(11);
        CHECK(client.give(response(own, std::nullopt)) == handshake_state::failed);
        CHECK(client.handshake.failure() == wire_errc::digest_refused);
        CHECK(client.said() == "#FAILURE#");
    }
}

TEST_CASE("our client and our server understand each other", "[wire][handshake]")
{
    const bool require_sha256 = GENERATE(false, true);
    server_end server;
    client_end client;
    server.policy.require_sha256 = client.policy.require_sha256 = require_sha256;
    while (!server.out.empty() || !client.out.empty()) {
        for (const bytes& payload : take_frames(server.out))
            client.give(payload);
        for (const bytes& payload : take_frames(client.out))
            server.give(payload);
    }
    CHECK(server.handshake.state() == handshake_state::done);
    CHECK(client.handshake.state() == handshake_state::done);
    CHECK_FALSE(server.handshake.peer_is_legacy());
    CHECK_FALSE(client.handshake.peer_is_legacy());
}

TEST_CASE("every fault of the wire has a text of its own, and none is empty", "[wire][errors]")
{
    std::vector<std::string> texts;
    for (int code = 1; code <= static_cast<int>(wire_errc::unasked_reply); ++code)
        texts.push_back(make_error_code(static_cast<wire_errc>(code)).message());
    std::sort(texts.begin(), texts.end());
    CHECK(std::adjacent_find(texts.begin(), texts.end()) == texts.end());
    CHECK(std::none_of(texts.begin(), texts.end(),
                       [](const std::string& text) { return text.empty() || text == "unknown wire error"; }));
    CHECK(make_error_code(static_cast<wire_errc>(999)).message() == "unknown wire error");
}
