// native_client_session: a client of the native dialect, octet by octet.
#include "session/native_client_session.hpp"

#include "session_testing.hpp"

#include <deque>

using namespace quaymaster;
using namespace quaymaster::testing;
namespace native = wire::native;
using native::operation;
using session::native_client_session;
using session::native_reply;
using state = native_client_session::state;
using fault = native_client_session::fault;

namespace {

session::client_settings test_settings()
{
    session::client_settings settings;
    settings.authkey = to_bytes("abc");
    settings.payload_size_max = 10'000;
    return settings;
}

wire::handshake_nonce nonce_of(char letter)
{
    wire::handshake_nonce nonce;
    nonce.fill(static_cast<std::byte>(letter));
    return nonce;
}

bytes taken(wire::outbox& out)
{
    bytes whole = contents(out);
    out.clear();
    return whole;
}

codec::item item_of(std::string_view text)
{
    return codec::payload{value{std::string{text}}}.to_item();
}

/// A frame as a server writes it.
bytes said(operation code, std::uint32_t id, bytes_view body = {}, std::uint16_t count = 0, std::uint8_t flags = 0)
{
    wire::outbox out;
    native::write_frame(out, {code, id, count, flags}, body);
    return contents(out);
}

bytes said_items(std::uint32_t id, const std::vector<codec::item>& items)
{
    wire::outbox out;
    native::write_items(out, {operation::items, id}, {}, items);
    return contents(out);
}

bytes said_raised(std::uint32_t id, native::exception_number number, std::uint16_t count = 0)
{
    wire::outbox out;
    native::write_raised(out, id, count, number, "ValueError", "no");
    return contents(out);
}

/// A client with its input, as a connection holds them, and what its requests are tagged with.
struct native_client {
    native_client() : session{settings, nonce_of('c')} {}
    native_client(const native_client&) = delete;
    native_client& operator=(const native_client&) = delete;

    struct kept_reply {
        native_reply reply;
        bytes body;
    };

    void receive(bytes_view octets)
    {
        input.insert(input.end(), octets.begin(), octets.end());
        for (;;) {
            const auto step = session.receive(input);
            if (step.reply)
                replies.push_back({*step.reply, to_bytes(step.reply->body)});
            input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(step.consumed));
            if (step.consumed == 0)
                return;
        }
    }
    kept_reply next()
    {
        REQUIRE_FALSE(replies.empty());
        kept_reply found = std::move(replies.front());
        replies.pop_front();
        found.reply.body = found.body;
        return found;
    }
    /// True if `octets` end the session, and it says why.
    bool is_ended_by(bytes_view octets)
    {
        receive(octets);
        if (session.current_state() != state::failed)
            return false;
        CHECK(session.failure() == fault::protocol);
        CHECK(session.failure_code());
        CHECK_FALSE(session.failure_text().empty());
        CHECK(replies.empty());
        return true;
    }

    session::client_settings settings = test_settings();
    native_client_session session;
    bytes input;
    std::deque<kept_reply> replies;
    int tags[8]{};
};

/// Lets both talk until neither has anything to say.
void converse(native_client& client, server_end& server)
{
    while (!client.session.output().empty() || !server.replies.empty()) {
        server.receive(taken(client.session.output()));
        client.receive(taken(server.replies));
    }
}

/// A client that is ready; its server is played by hand from then on.
struct ready_client : native_client {
    ready_client()
    {
        bare_service service;
        server_end server{service};
        converse(*this, server);
        REQUIRE(session.current_state() == state::ready);
    }
};

/// A server that holds the key and answers the hello with `answer(outbox)`.
template <class Answer>
void say_hello(native_client& client, Answer answer)
{
    wire::server_handshake handshake{nonce_of('s')};
    const bytes key = to_bytes("abc");
    wire::outbox out;
    handshake.start(out);
    bool has_answered = false;
    while (!out.empty() || !client.session.output().empty()) {
        client.receive(taken(out));
        const bytes from_client = taken(client.session.output());
        bytes_view rest = from_client;
        error_code ec;
        for (auto frame = wire::parse_frame(rest, 4096, ec); frame; frame = wire::parse_frame(rest, 4096, ec)) {
            rest = rest.subspan(frame->size);
            if (handshake.state() == wire::handshake_state::running)
                REQUIRE(handshake.on_frame(frame->payload, {key, false}, out) != wire::handshake_state::failed);
            else if (!std::exchange(has_answered, true))
                answer(out);
        }
    }
    CHECK(has_answered);
}

}  // namespace

TEST_CASE("a client says hello with the end of the handshake, and learns of its server", "[session][native][client]")
{
    bare_service service;
    server_end server{service};
    native_client client;
    CHECK(client.session.current_state() == state::opening);
    converse(client, server);
    REQUIRE(client.session.current_state() == state::ready);
    CHECK(client.session.failure() == fault::none);
    CHECK(client.session.server().version == native::version_max);
    CHECK(client.session.server().name.starts_with("quaymaster "));
    CHECK(client.session.server().payload_size_max == server.settings.payload_size_max);
    CHECK(client.session.server().batch_items_max == native::batch_items_max);
    CHECK(client.session.server().requests_max == server.settings.requests_max);
    CHECK(client.session.under_way() == 0);
}

TEST_CASE("a client and a server of ours understand each other", "[session][native][client]")
{
    bare_service service;
    server_end server{service};
    native_client client;
    converse(client, server);

    client.session.open(&client.tags[0], "get_task_queue");
    converse(client, server);
    const auto opened = client.next();
    CHECK(opened.reply.code == operation::opened);
    CHECK(opened.reply.tag == &client.tags[0]);
    const session::opened_object object = session::read_opened(opened.reply);
    CHECK(object.kind == native::object_kind::queue);

    const native::put_id id{7, 1};
    client.session.put(&client.tags[1], object.handle, native::no_limit, item_of("one"), &id);
    client.session.put(&client.tags[1], object.handle, native::no_limit, item_of("one"), &id);  // once more, by the same id
    const std::vector<codec::item> batch{item_of("two"), item_of("three")};
    client.session.put_many(&client.tags[2], object.handle, 0, batch, nullptr);
    client.session.get(&client.tags[3], object.handle, 0);
    client.session.get_many(&client.tags[4], object.handle, 0, 10, 1'000);
    client.session.get(&client.tags[5], object.handle, 0);
    client.session.call(&client.tags[6], {.ident = "get_task_queue", .method = "qsize"});
    client.session.ping(&client.tags[7], as_bytes("hello"));
    CHECK(client.session.under_way() == 8);
    converse(client, server);
    CHECK(client.session.under_way() == 0);

    CHECK(client.next().reply.code == operation::done);
    CHECK(client.next().reply.code == operation::done);
    const auto many = client.next();
    CHECK(many.reply.tag == &client.tags[2]);
    CHECK(many.reply.count == 2);
    const auto got = client.next();
    CHECK(got.reply.code == operation::item);
    CHECK(got.body == to_bytes(item_of("one").opcodes()));
    const auto rest = client.next();
    REQUIRE(rest.reply.code == operation::items);
    std::vector<bytes> items;
    session::for_each_item(rest.reply, [&](bytes_view opcodes) { items.push_back(to_bytes(opcodes)); });
    CHECK(items == std::vector<bytes>{to_bytes(item_of("two").opcodes()), to_bytes(item_of("three").opcodes())});
    const auto none = client.next();
    REQUIRE(none.reply.code == operation::raised);
    CHECK(native::parse_raised(none.reply.body)->number == native::exception_number::queue_empty);
    CHECK(client.next().reply.code == operation::answer);
    CHECK(client.next().reply.code == operation::pong);
}

TEST_CASE("replies come in any order, and an id is given again after its last", "[session][native][client]")
{
    ready_client client;
    const std::uint32_t first = client.session.get(&client.tags[0], 0, native::no_limit);
    const std::uint32_t second = client.session.get(&client.tags[1], 0, native::no_limit);
    CHECK(first != second);
    const bytes item = to_bytes(item_of("x").opcodes());
    client.receive(said(operation::item, second, item));
    CHECK(client.next().reply.tag == &client.tags[1]);
    CHECK(client.session.under_way() == 1);
    CHECK(client.session.get(&client.tags[2], 0, native::no_limit) == second);
    client.receive(said(operation::item, first, item));
    client.receive(said(operation::item, second, item));
    CHECK(client.next().reply.tag == &client.tags[0]);
    CHECK(client.next().reply.tag == &client.tags[2]);
}

TEST_CASE("a reply that is cut asks for more", "[session][native][client]")
{
    ready_client client;
    const std::uint32_t id = client.session.get(&client.tags[0], 0, 0);
    const bytes whole = said(operation::item, id, to_bytes(item_of("hello").opcodes()));
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CAPTURE(cut);
        const bytes_view front = bytes_view{whole}.first(cut);
        const auto step = client.session.receive(front);
        CHECK(step.consumed == 0);
        CHECK_FALSE(step.reply);
        CHECK(client.session.frame_size(front) == (cut < native::header_size ? std::nullopt : std::optional{whole.size()}));
    }
    CHECK(client.session.receive(whole).reply);
}

TEST_CASE("a consume goes on until it is told to end", "[session][native][client]")
{
    ready_client client;
    const std::uint32_t id = client.session.consume(&client.tags[0], 0, 2);
    const std::vector<codec::item> two{item_of("a"), item_of("b")};
    client.receive(said_items(id, two));
    CHECK_FALSE(client.next().reply.is_last);
    client.session.add_credit(id, 2);
    client.receive(said_items(id, two));
    CHECK_FALSE(client.next().reply.is_last);
    SECTION("more than it has credit for ends the session")
    {
        CHECK(client.is_ended_by(said_items(id, {item_of("c")})));
    }
    SECTION("by cancelled")
    {
        client.session.cancel(id);
        const std::size_t written = client.session.output().size();
        client.session.cancel(id);
        CHECK(client.session.output().size() == written);
        client.receive(said(operation::cancelled, id));
        CHECK(client.next().reply.is_last);
        CHECK(client.session.under_way() == 0);
    }
    SECTION("by an exception")
    {
        client.receive(said_raised(id, native::exception_number::queue_shut_down));
        CHECK(client.next().reply.is_last);
    }
}

TEST_CASE("what is no answer to a request ends the session", "[session][native][client]")
{
    ready_client client;
    auto& session = client.session;
    const bytes item = to_bytes(item_of("x").opcodes());
    const std::vector<codec::item> two{item_of("a"), item_of("b")};
    SECTION("a reply to nobody")
    {
        CHECK(client.is_ended_by(said(operation::done, 0)));
        CHECK(session.failure_text() == "it answered request 0, which is not under way");
        CHECK(session.receive(said(operation::done, 0)).consumed == 0);
    }
    SECTION("a second reply")
    {
        const std::uint32_t id = session.get(nullptr, 0, 0);
        client.receive(said(operation::item, id, item));
        (void)client.next();
        CHECK(client.is_ended_by(said(operation::item, id, item)));
    }
    SECTION("a request")
    {
        CHECK(client.is_ended_by(said(operation::ping, session.get(nullptr, 0, 0))));
    }
    SECTION("a kind that nobody knows")
    {
        CHECK(client.is_ended_by(said(static_cast<operation>(200), session.get(nullptr, 0, 0))));
    }
    SECTION("flags that nobody knows")
    {
        CHECK(client.is_ended_by(said(operation::item, session.get(nullptr, 0, 0), item, 0, 4)));
    }
    SECTION("an item for a put")
    {
        CHECK(client.is_ended_by(said(operation::item, session.put(nullptr, 0, 0, item_of("x"), nullptr), item)));
    }
    SECTION("done for a get")
    {
        CHECK(client.is_ended_by(said(operation::done, session.get(nullptr, 0, 0))));
    }
    SECTION("done with something behind it")
    {
        CHECK(client.is_ended_by(said(operation::done, session.put(nullptr, 0, 0, item_of("x"), nullptr), item)));
    }
    SECTION("more of a batch than it had")
    {
        CHECK(client.is_ended_by(said(operation::done, session.put_many(nullptr, 0, 0, two, nullptr), {}, 3)));
    }
    SECTION("more of a batch than it had, with an exception")
    {
        CHECK(client.is_ended_by(
            said_raised(session.put_many(nullptr, 0, 0, two, nullptr), native::exception_number::queue_full, 3)));
    }
    SECTION("less given back than was")
    {
        CHECK(client.is_ended_by(said(operation::done, session.put_back(nullptr, 0, two), {}, 1)));
    }
    SECTION("no item")
    {
        CHECK(client.is_ended_by(said(operation::item, session.get(nullptr, 0, 0))));
    }
    SECTION("more items than were asked for")
    {
        CHECK(client.is_ended_by(said_items(session.get_many(nullptr, 0, 0, 1, 1'000), two)));
    }
    SECTION("no items")
    {
        CHECK(client.is_ended_by(said(operation::items, session.get_many(nullptr, 0, 0, 5, 1'000))));
    }
    SECTION("items that are not as many octets as they say")
    {
        const bytes body = to_bytes(std::string_view{"\x01\0\0\0N\x09\0\0\0N", 10});
        CHECK(client.is_ended_by(said(operation::items, session.get_many(nullptr, 0, 0, 5, 1'000), body, 2)));
    }
    SECTION("items and something behind them")
    {
        const bytes body = to_bytes(std::string_view{"\x01\0\0\0N\x01\0\0\0N?", 11});
        CHECK(client.is_ended_by(said(operation::items, session.get_many(nullptr, 0, 0, 5, 1'000), body, 2)));
    }
    SECTION("cancelled, though nobody did")
    {
        CHECK(client.is_ended_by(said(operation::cancelled, session.get(nullptr, 0, 0))));
    }
    SECTION("a handle that is cut")
    {
        CHECK(client.is_ended_by(said(operation::opened, session.open(nullptr, "x"), bytes(4))));
    }
    SECTION("an object of an unknown kind")
    {
        CHECK(client.is_ended_by(said(operation::opened, session.open(nullptr, "x"), bytes(5, std::byte{9}))));
    }
    SECTION("an exception that cannot be read")
    {
        CHECK(client.is_ended_by(said(operation::raised, session.get(nullptr, 0, 0), bytes(1, std::byte{9}))));
    }
    SECTION("an answer that is no frame")
    {
        CHECK(client.is_ended_by(said(operation::answer, session.call(nullptr, {.method = "dummy"}), bytes(5))));
    }
    SECTION("a pong of another length")
    {
        CHECK(client.is_ended_by(said(operation::pong, session.ping(nullptr, as_bytes("abc")), bytes(2))));
    }
    SECTION("a frame beyond the limit, before it has come")
    {
        const bytes whole = said(operation::item, session.get(nullptr, 0, 0), bytes(10'001));
        CHECK(client.is_ended_by(bytes_view{whole}.first(native::header_size)));
        CHECK(session.failure_text().find("reply_size_max") != std::string::npos);
    }
}

TEST_CASE("a server that cannot speak the dialect is told apart from one that is broken", "[session][native][client]")
{
    native_client client;
    SECTION("CPython's")
    {
        say_hello(client, [](wire::outbox& out) {
            wire::write_traceback(out, {}, wire::builtin_exception("AssertionError", "'quaymaster_native' unrecognized"));
        });
        CHECK(client.session.failure() == fault::python_only);
    }
    SECTION("one of other versions")
    {
        say_hello(client, [](wire::outbox& out) {
            wire::write_traceback(out, {}, wire::builtin_exception("ValueError", "this server speaks versions 7 to 9"));
        });
        CHECK(client.session.failure() == fault::version);
        CHECK(client.session.failure_text() == "this server speaks versions 7 to 9");
    }
    SECTION("one that chooses a version that was not offered")
    {
        say_hello(client, [](wire::outbox& out) {
            const value told = value::dict({{"version", 2},
                                            {"server", "x"},
                                            {"payload_size_max", 1},
                                            {"batch_items_max", 1},
                                            {"batch_size_max", 1},
                                            {"requests_max", 1},
                                            {"handles_max", 1}});
            wire::write_return(out, {}, told, {});
        });
        CHECK(client.session.failure() == fault::version);
    }
    SECTION("one that describes nothing")
    {
        say_hello(client, [](wire::outbox& out) { wire::write_return(out, {}, value{}, {}); });
        CHECK(client.session.failure() == fault::protocol);
    }
    SECTION("one that takes no octet")
    {
        say_hello(client, [](wire::outbox& out) {
            const value told = value::dict({{"version", 1},
                                            {"server", "x"},
                                            {"payload_size_max", 0},
                                            {"batch_items_max", 1},
                                            {"batch_size_max", 1},
                                            {"requests_max", 1},
                                            {"handles_max", 1}});
            wire::write_return(out, {}, told, {});
        });
        CHECK(client.session.failure() == fault::protocol);
    }
    SECTION("one with another key")
    {
        bare_service service;
        session::server_settings settings;
        settings.authkey = to_bytes("another");
        server_end server{service, settings};
        converse(client, server);
        CHECK(client.session.failure() == fault::authentication);
    }
    CHECK(client.session.current_state() == state::failed);
    CHECK_FALSE(client.session.failure_text().empty());
}
