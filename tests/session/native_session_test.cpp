// The hello, frames, handles, and what is no request.
#include "session/native_session.hpp"

#include "native_testing.hpp"

#include "core/sync_types.hpp"

#include <string>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::testing;
namespace native = wire::native;

namespace {

/// A session past the hello.
struct native_end {
    explicit native_end(session::server_settings settings = {}) : server{service, std::move(settings)}, client{server} {}
    bare_service service;
    server_end server;
    native_client client;
};

void ask_hello(hand_client& client, const std::vector<codec::payload>& versions)
{
    client.ask({.method = native::hello_name, .positional = versions});
}

}  // namespace

TEST_CASE("a hello asks for the native dialect", "[session][native]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.authenticate();

    SECTION("and learns what the server is and takes")
    {
        ask_hello(client, {value{1}, value{1}});
        const value known = client.result();
        CHECK(known.find("version") == value{1});
        CHECK(known.find("payload_size_max") == value{std::uint64_t{server.settings.payload_size_max}});
        CHECK(known.find("batch_items_max") == value{65535});
        CHECK(known.find("batch_size_max") == value{std::uint64_t{server.settings.replies_size_max}});
        CHECK(known.find("requests_max") == value{std::uint64_t{server.settings.requests_max}});
        CHECK(known.find("handles_max") == value{std::uint64_t{server.settings.handles_max}});
        CHECK(server.session.is_stream());
        CHECK_FALSE(server.session.wants_close());
    }
    SECTION("and gets the highest version that both speak")
    {
        ask_hello(client, {value{1}, value{1000}});
        CHECK(client.result().find("version") == value{1});
        CHECK_FALSE(server.session.wants_close());
    }
    SECTION("also from version 0 on")
    {
        ask_hello(client, {value{0}, value{1}});
        CHECK(client.result().find("version") == value{1});
    }
    SECTION("and is refused where there is no such version")
    {
        ask_hello(client, {value{2}, value{3}});
        CHECK(client.traceback().find("versions 1 to 1") != std::string::npos);
        CHECK(server.session.wants_close());
    }
    SECTION("and is refused a version before the first")
    {
        ask_hello(client, {value{0}, value{0}});
        CHECK(client.traceback().find("ValueError") != std::string::npos);
        CHECK(server.session.wants_close());
    }
    SECTION("and is refused what are no versions")
    {
        const std::vector<std::vector<codec::payload>> bad{{value{2}, value{1}},
                                                           {value{"1"}, value{"1"}},
                                                           {value{-1}, value{1}},
                                                           {value{1.5}, value{2.5}},
                                                           {value{}, value{}}};
        const std::size_t which = GENERATE(0U, 1U, 2U, 3U, 4U);
        ask_hello(client, bad[which]);
        CHECK(client.traceback().find("TypeError") != std::string::npos);
        CHECK(server.session.wants_close());
        CHECK_FALSE(server.session.is_stream());
    }
    SECTION("and is refused without arguments")
    {
        ask_hello(client, {value{1}});
        CHECK(client.traceback().find("TypeError") != std::string::npos);
        CHECK(server.session.wants_close());
    }
    SECTION("only before anything else")
    {
        client.ask({.method = "accept_connection", .positional = std::vector<codec::payload>{value{"MainProcess"}}});
        CHECK(client.result().is_none());
        ask_hello(client, {value{1}, value{1}});
        CHECK_FALSE(client.traceback().empty());
        client.ask("get_task_queue", "qsize");
        CHECK(client.result() == value{0});
    }
}

TEST_CASE("requests of the native dialect may follow the hello in the same read", "[session][native]")
{
    bare_service service;
    server_end server{service};
    hand_client client{server};
    client.authenticate();
    const std::vector<codec::payload> versions{value{1}, value{1}};
    server.receive(joined({client.request_frame({.method = native::hello_name, .positional = versions}),
                           native_client::frame({operation::ping, 9}, as_bytes("now"))}));
    const bytes stream = contents(server.replies);
    error_code ec;
    const auto hello = wire::parse_frame(stream, stream.size(), ec);
    REQUIRE(hello);
    const auto pong = native::parse_frame(bytes_view{stream}.subspan(hello->size), 1024, ec);
    REQUIRE(pong);
    CHECK(pong->code == operation::pong);
    CHECK(as_chars(pong->body) == "now");
}

TEST_CASE("a native request is taken at every cut", "[session][native]")
{
    native_end end;
    const bytes request =
        joined({native_client::frame({operation::ping, 1}, as_bytes("first")), native_client::frame({operation::ping, 2}),
                native_client::frame({operation::open, 3}, as_bytes("get_task_queue"))});
    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
        CAPTURE(cut);
        end.server.receive(bytes_view{request}.first(cut));
        if (cut >= native::header_size && cut < native::header_size + 5)
            CHECK(end.server.session.frame_size(end.server.input) == native::header_size + 5);
        end.server.receive(bytes_view{request}.subspan(cut));
        CHECK(end.client.next(1).text() == "first");
        CHECK(end.client.next(2).code == operation::pong);
        CHECK(end.client.next(3).code == operation::opened);
        CHECK_FALSE(end.client.has_reply());
        CHECK(end.server.input.empty());
    }
}

TEST_CASE("a native frame beyond payload_size_max ends the session", "[session][native]")
{
    session::server_settings settings;
    settings.payload_size_max = 1000;
    native_end end{settings};
    end.server.receive(from_hex("e9030000 0c00 0000 2a000000"));  // the header is enough
    const native_reply reply = end.client.next(42);
    CHECK(reply.code == operation::refused);
    CHECK(reply.text().find("1001") != std::string::npos);
    CHECK(reply.text().find("payload_size_max") != std::string::npos);
    CHECK(end.server.session.wants_close());
    CHECK(end.server.session.end_code() == wire::wire_errc::frame_too_large);
    CHECK_FALSE(end.server.session.end_reason().empty());
    end.server.receive(native_client::frame({operation::ping, 1}));
    CHECK_FALSE(end.client.has_reply());
}

TEST_CASE("what is no request is refused by its id, and the session goes on", "[session][native]")
{
    native_end end;
    native_client& client = end.client;
    const std::uint32_t queue = client.open("get_task_queue");
    const auto is_refused = [&](const native::frame_head& head, bytes_view body) {
        client.send(head, body);
        const native_reply reply = client.next(head.id);
        CHECK(reply.code == operation::refused);
        CHECK_FALSE(reply.text().empty());
        CHECK_FALSE(client.has_reply());
        CHECK_FALSE(end.server.session.wants_close());
        client.send({operation::ping, 1});
        CHECK(client.next(1).code == operation::pong);
        return reply.text();
    };
    const auto fields = [](auto... numbers) {
        native_client::fields made;
        (made.add(numbers), ...);
        return to_bytes(made.view());
    };
    const std::uint32_t zero = 0;
    const std::uint32_t unknown = 99;

    SECTION("an operation that there is not")
    {
        for (const unsigned code : {0U, 14U, 19U, 127U, 128U, 129U, 132U, 143U, 254U, 255U}) {
            CAPTURE(code);
            CHECK(is_refused({static_cast<operation>(code), 77}, {}).find(std::to_string(code)) != std::string::npos);
        }
    }
    SECTION("flags that the operation has not")
    {
        CHECK(is_refused({operation::ping, 77, 0, 1}, {}).find("ping: ") == 0);
        is_refused({operation::get, 77, 0, 1}, fields(queue, zero));
        for (const unsigned flags : {2U, 3U, 0x80U, 0xffU})
            is_refused({operation::put, 77, 0, static_cast<std::uint8_t>(flags)}, joined({fields(queue, zero), opcodes_of(1)}));
        CHECK(end.service.queue->as_queue()->empty());
    }
    SECTION("a handle that was never given, or was closed")
    {
        client.close(5, queue);
        CHECK(client.next(5).code == operation::done);
        for (const std::uint32_t handle : {queue, unknown, 0xffff'ffffU}) {
            CAPTURE(handle);
            is_refused({operation::put, 77}, joined({fields(handle, zero), opcodes_of(1)}));
            is_refused({operation::put_many, 77, 1}, joined({fields(handle, zero), batch_of({1})}));
            is_refused({operation::get, 77}, fields(handle, zero));
            is_refused({operation::get_many, 77, 1}, fields(handle, zero, zero));
            is_refused({operation::consume, 77}, fields(handle, unknown));
            is_refused({operation::put_back, 77, 1}, joined({fields(handle), batch_of({1})}));
            is_refused({operation::inform, 77}, fields(handle));
            is_refused({operation::close, 77}, fields(handle));
        }
    }
    SECTION("an inform with part of a handle, or something behind it")
    {
        is_refused({operation::inform, 77}, bytes_view{fields(queue)}.first(1));
        is_refused({operation::inform, 77}, bytes_view{fields(queue)}.first(3));
        is_refused({operation::inform, 77}, fields(queue, zero));
    }
    SECTION("a body that is too short, at every cut")
    {
        const auto short_bodies = [&](const native::frame_head& head, bytes_view whole) {
            for (std::size_t cut = 0; cut < whole.size(); ++cut) {
                CAPTURE(static_cast<int>(head.code), cut);
                is_refused(head, whole.first(cut));
            }
        };
        short_bodies({operation::get, 77}, fields(queue, zero));
        short_bodies({operation::get_many, 77, 1}, fields(queue, zero, zero));
        short_bodies({operation::consume, 77}, fields(queue, zero));
        short_bodies({operation::close, 77}, fields(queue));
        short_bodies({operation::put, 77}, fields(queue, zero));
        short_bodies({operation::put, 77, 0, native::has_put_id}, fields(queue, zero, std::uint64_t{1}, std::uint64_t{2}));
        short_bodies({operation::put_many, 77, 2}, joined({fields(queue, zero), batch_of({1, "two"})}));
        short_bodies({operation::put_many, 77, 1, native::has_put_id},
                     joined({fields(queue, zero, std::uint64_t{1}, std::uint64_t{2}), batch_of({1})}));
        CHECK(end.service.queue->as_queue()->empty());
    }
    SECTION("a body that is too long")
    {
        is_refused({operation::get, 77}, fields(queue, zero, zero));
        is_refused({operation::get_many, 77, 1}, fields(queue, zero, zero, zero));
        is_refused({operation::consume, 77}, fields(queue, zero, zero));
        is_refused({operation::close, 77}, fields(queue, zero));
        is_refused({operation::credit, 77}, fields(zero, zero));
        is_refused({operation::cancel, 77}, fields(zero));
        is_refused({operation::put_many, 77, 1}, joined({fields(queue, zero), batch_of({1, 2})}));
        CHECK(end.service.queue->as_queue()->empty());
    }
    SECTION("a batch of nothing")
    {
        is_refused({operation::put_many, 77, 0}, fields(queue, zero));
        is_refused({operation::get_many, 77, 0}, fields(queue, zero, zero));
        is_refused({operation::put_back, 77, 0}, fields(queue));
    }
    SECTION("a batch whose items say that they are longer than it is")
    {
        bytes body = joined({fields(queue, zero), batch_of({"item"})});
        body[8] = body[9] = body[10] = body[11] = std::byte{0xff};
        is_refused({operation::put_many, 77, 1}, body);
    }
    SECTION("a ping that is too long")
    {
        const bytes longest(native::ping_size_max, std::byte{'p'});
        client.send({operation::ping, 3}, longest);
        CHECK(client.next(3).body == longest);
        is_refused({operation::ping, 77}, bytes(native::ping_size_max + 1, std::byte{'p'}));
    }
    SECTION("a call that is no frame of the Python dialect, or more than one")
    {
        is_refused({operation::call, 77}, {});
        is_refused({operation::call, 77}, from_hex("00000005 4e"));
        is_refused({operation::call, 77}, joined({frame_of("x"), frame_of("y")}));
        is_refused({operation::call, 77}, joined({frame_of("x"), from_hex("00")}));
    }
}

TEST_CASE("what is no item is an exception of its put, and the session goes on", "[session][native]")
{
    native_end end;
    native_client& client = end.client;
    const std::uint32_t queue = client.open("get_task_queue");
    native_client::fields fields;
    fields.add(queue).add(std::uint32_t{0});
    for (const char* const opcodes : {"", "ff", "4e 4e", "80 04 4e", "4e 2e", "68 00", "8c 01 ff", "8c 05 61"}) {
        CAPTURE(opcodes);
        client.send({operation::put, 4}, joined({fields.view(), from_hex(opcodes)}));
        CHECK(client.next(4).raised().find("_pickle.UnpicklingError: ") == 0);
    }
    SECTION("one in a batch keeps out all of it")
    {
        const bytes batch = joined({batch_of({1, 2}), from_hex("01000000 ff"), batch_of({3})});
        client.send({operation::put_many, 4, 4}, joined({fields.view(), batch}));
        const native_reply reply = client.next(4);
        CHECK(reply.raised().find("_pickle.UnpicklingError: ") == 0);
        CHECK(reply.count == 0);
    }
    CHECK(end.service.queue->as_queue()->empty());
    CHECK_FALSE(end.server.session.wants_close());
}

TEST_CASE("requests need not wait for the answer to the open before them", "[session][native]")
{
    session::server_settings settings;
    settings.handles_max = 2;
    native_end end{settings};
    native_client& client = end.client;
    native_client::fields last;
    last.add(native::last_opened).add(std::uint32_t{0});
    const auto open = [](std::uint32_t id, std::string_view ident) {
        return native_client::frame({operation::open, id}, as_bytes(ident));
    };
    const auto put = [&](std::uint32_t id, const value& item) {
        return native_client::frame({operation::put, id}, joined({last.view(), opcodes_of(item)}));
    };
    const auto size_of = [](const auto& queue) { return queue->as_queue()->qsize(); };

    SECTION("they are for what it has opened")
    {
        end.server.receive(joined({open(1, "get_task_queue"), put(2, "a"), native_client::frame({operation::get, 3}, last.view())}));
        CHECK(client.next(1).code == operation::opened);
        CHECK(client.next(2).code == operation::done);
        CHECK(client.next(3).item() == value{"a"});
    }
    SECTION("and so are those after its answer, until another is opened")
    {
        (void)client.open("get_small_queue");
        const std::uint32_t second = client.open("get_task_queue");
        end.server.receive(put(2, "a"));
        CHECK(client.next(2).code == operation::done);
        client.get(3, second);
        CHECK(client.next(3).item() == value{"a"});
    }
    SECTION("if it has opened nothing they are refused, whatever was opened before")
    {
        (void)client.open("get_task_queue");
        end.server.receive(joined({open(1, "get_no_queue"), put(2, "a")}));
        CHECK(client.next(1).raised().find("KeyError: ") == 0);
        const native_reply refused = client.next(2);
        CHECK(refused.code == operation::refused);
        CHECK(refused.text().find("no such handle") != std::string::npos);
        CHECK(size_of(end.service.queue) == 0);
        CHECK_FALSE(end.server.session.wants_close());
    }
    SECTION("and so they are if it was refused itself")
    {
        (void)client.open("get_small_queue");
        (void)client.open("get_task_queue");
        end.server.receive(joined({open(1, "get_task_queue"), put(2, "a")}));
        CHECK(client.next(1).code == operation::refused);
        CHECK(client.next(2).code == operation::refused);
        CHECK(size_of(end.service.queue) == 0);
    }
    SECTION("nor when the open itself is refused for its form")
    {
        (void)client.open("get_task_queue");
        const auto odd = native_client::frame({operation::open, 1, 0, 0x80}, as_bytes(std::string_view{"get_small_queue"}));
        end.server.receive(joined({odd, put(2, "a")}));
        CHECK(client.next(1).code == operation::refused);
        CHECK(client.next(2).code == operation::refused);
        CHECK(size_of(end.service.queue) == 0);
    }
    SECTION("before the first open, and once that is closed, there is nothing")
    {
        end.server.receive(put(1, "a"));
        CHECK(client.next(1).code == operation::refused);
        (void)client.open("get_task_queue");
        client.close(2, native::last_opened);
        CHECK(client.next(2).code == operation::done);
        end.server.receive(put(3, "a"));
        CHECK(client.next(3).code == operation::refused);
        CHECK(size_of(end.service.queue) == 0);
    }
    SECTION("one that waits is given what comes, though another is opened meanwhile, and may give it back")
    {
        last = {};
        last.add(native::last_opened).add(native::no_limit);
        end.server.receive(joined({open(1, "get_task_queue"), native_client::frame({operation::get, 2}, last.view())}));
        const native_reply opened = client.next(1);
        REQUIRE(opened.code == operation::opened);
        const std::uint32_t first = native::body_reader{opened.body}.number32();
        (void)client.open("get_small_queue");
        client.put(3, first, "a");
        resume_told(end.service, {&end.server});
        CHECK(client.next(3).code == operation::done);
        CHECK(client.next(2).item() == value{"a"});
        client.put_back(4, first, {"a"});
        CHECK(client.next(4).code == operation::done);
    }
}

TEST_CASE("open gives handles, and close takes them back", "[session][native]")
{
    session::server_settings settings;
    settings.handles_max = 3;
    native_end end{settings};
    native_client& client = end.client;
    const std::uint32_t first = client.open("get_task_queue");
    const std::uint32_t second = client.open("get_small_queue");
    CHECK(first != second);

    SECTION("one object may be opened again")
    {
        CHECK(client.open("get_task_queue") != first);
    }
    SECTION("of an object that there is not, it raises what Python raises")
    {
        client.send({operation::open, 7}, as_bytes("get_no_queue"));
        CHECK(client.next(7).raised().find("KeyError: ") == 0);
        client.send({operation::open, 7}, {});
        CHECK(client.next(7).raised().find("KeyError: ") == 0);
        client.send({operation::open, 7}, from_hex("ff00"));
        CHECK(client.next(7).raised().find("KeyError: ") == 0);
    }
    SECTION("says whether it is a queue")
    {
        client.send({operation::open, 7}, as_bytes("get_task_queue"));
        CHECK(to_hex(client.next(7).body).substr(8) == "01");
    }
    SECTION("up to handles_max")
    {
        (void)client.open("get_task_queue");
        client.send({operation::open, 7}, as_bytes("get_task_queue"));
        const native_reply reply = client.next(7);
        CHECK(reply.code == operation::refused);
        CHECK(reply.text().find("handles_max (3)") != std::string::npos);
        client.close(8, second);
        CHECK(client.next(8).code == operation::done);
        CHECK(client.open("get_task_queue") == second);
    }
    SECTION("a closed one is given again, and is what it was opened for last")
    {
        client.close(8, first);
        CHECK(client.next(8).code == operation::done);
        client.close(9, first);
        CHECK(client.next(9).code == operation::refused);
        CHECK(client.open("get_small_queue") == first);
        client.put(10, first, 1);
        CHECK(client.next(10).count == 1);
        client.put(11, second, 2);
        CHECK(client.next(11).raised() == "queue_full");
    }
    SECTION("what is no queue can be called and not put into")
    {
        core::register_sync_types(end.service.registry, {});
        core::call none;
        const std::string ident = std::get<core::created>(end.service.registry.create("Lock", none)).ident;
        client.send({operation::open, 7}, as_bytes(ident));
        const native_reply opened = client.next(7);
        REQUIRE(opened.code == operation::opened);
        CHECK(to_hex(opened.body).substr(8) == "00");
        native::body_reader body{opened.body};
        client.get(8, body.number32());
        CHECK(client.next(8).code == operation::refused);
        client.call(9, ident, "acquire");
        CHECK(client.result(9) == value{true});
    }
}

TEST_CASE("an object stays while a handle is open to it", "[session][native]")
{
    native_end end;
    native_client& client = end.client;
    core::call none;
    const auto made = end.service.registry.create("Queue", none);
    const std::string ident = std::get<core::created>(made).ident;
    const std::uint32_t handle = client.open(ident);
    REQUIRE(end.service.registry.decref(ident));
    REQUIRE(end.service.registry.find(ident) == nullptr);
    client.put(1, handle, "still there");
    CHECK(client.next(1).code == operation::done);
    client.get(2, handle);
    CHECK(client.next(2).item() == value{"still there"});
}

TEST_CASE("inform tells of the server and of a queue", "[session][native]")
{
    native_end end;
    native_client& client = end.client;
    const std::uint32_t small = client.open("get_small_queue");
    client.put(1, small, 1);
    client.put(2, small, 2, native_client::no_limit);
    CHECK(client.next(1).code == operation::done);
    native_client::fields fields;
    fields.add(small);
    client.send({operation::inform, 3}, fields.view());
    const value known = client.next(3).item();
    CHECK(known.find("kind") == value{"fifo"});
    CHECK(known.find("maxsize") == value{1});
    CHECK(known.find("depth") == value{1});
    CHECK(known.find("waiting_putters") == value{1});
    CHECK(known.find("puts_total") == value{1});
    client.send({operation::inform, 4});
    CHECK(client.next(4).item().find("version") == value{1});
}

TEST_CASE("a session takes no requests while replies_size_max waits to be written", "[session][native]")
{
    session::server_settings settings;
    settings.replies_size_max = 100;
    native_end end{settings};
    const bytes ping = native_client::frame({operation::ping, 1}, bytes(64, std::byte{'p'}));
    bytes many;
    for (int i = 0; i < 10; ++i)
        many.insert(many.end(), ping.begin(), ping.end());
    end.server.receive(many);
    CHECK(end.server.replies.size() == 2 * ping.size());
    CHECK(end.server.input.size() == 8 * ping.size());
    int answered = 0;
    while (end.client.has_reply()) {
        CHECK(end.client.next(1).code == operation::pong);
        ++answered;
        if (!end.client.has_reply())
            end.server.receive({});
    }
    CHECK(answered == 10);
}
