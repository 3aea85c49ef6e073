// put, get, their batches, and the end of their waits.
#include "session/native_session.hpp"

#include "native_testing.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::testing;
namespace native = wire::native;

namespace {

using values = std::vector<value>;

/// Two sessions of the native dialect with the unbounded and the small queue open.
struct native_pair {
    explicit native_pair(session::server_settings settings = {})
        : server{service, settings},
          client{server},
          other_server{service, settings},
          other{other_server},
          queue{client.open("get_task_queue")},
          small{client.open("get_small_queue")},
          other_queue{other.open("get_task_queue")},
          other_small{other.open("get_small_queue")}
    {
    }
    void resume() { resume_told(service, {&server, &other_server}); }
    /// The time of both.
    void set_time(core::time_point now)
    {
        server.now = other_server.now = now;
        server.on_deadline();
        other_server.on_deadline();
    }
    [[nodiscard]] std::size_t depth() { return service.queue->as_queue()->qsize(); }
    [[nodiscard]] core::queue_statistics small_statistics()
    {
        return service.find("get_small_queue")->as_queue()->statistics();
    }

    bare_service service;
    server_end server;
    native_client client;
    server_end other_server;
    native_client other;
    std::uint32_t queue;
    std::uint32_t small;
    std::uint32_t other_queue;
    std::uint32_t other_small;
};

constexpr std::uint32_t no_limit = native::no_limit;

}  // namespace

TEST_CASE("a native put and get answer at once where there is room or an item", "[session][native]")
{
    native_pair pair;
    pair.client.put(1, pair.queue, "item", 1000);
    const native_reply done = pair.client.next(1);
    CHECK(done.code == operation::done);
    CHECK(done.count == 1);
    pair.other.get(2, pair.other_queue, 1000);
    CHECK(pair.other.next(2).item() == value{"item"});
    CHECK(pair.server.session.deadline() == core::never);
    CHECK(pair.other_server.session.deadline() == core::never);

    SECTION("and without a timeout raise instead of waiting")
    {
        pair.client.get(3, pair.queue, 0);
        CHECK(pair.client.next(3).raised() == "queue_empty");
        pair.client.put(4, pair.small, 1, 0);
        CHECK(pair.client.next(4).code == operation::done);
        pair.client.put(5, pair.small, 2, 0);
        CHECK(pair.client.next(5).raised() == "queue_full");
        pair.client.put_many(6, pair.small, {3, 4}, 0);
        const native_reply full = pair.client.next(6);
        CHECK(full.raised() == "queue_full");
        CHECK(full.count == 0);
        pair.client.get_many(7, pair.queue, 3, 0);
        CHECK(pair.client.next(7).raised() == "queue_empty");
    }
}

TEST_CASE("a blocked native request does not hold up others", "[session][native][wait]")
{
    native_pair pair;
    pair.client.get(1, pair.queue, no_limit);
    pair.client.get_many(2, pair.queue, 5, no_limit);
    pair.client.put(3, pair.small, "first", no_limit);
    pair.client.put(4, pair.small, "second", no_limit);
    pair.client.send({operation::ping, 5});
    CHECK(pair.client.next(3).code == operation::done);
    CHECK(pair.client.next(5).code == operation::pong);
    CHECK_FALSE(pair.client.has_reply());
    CHECK_FALSE(pair.server.session.parked());
    CHECK(pair.server.session.may_wait());

    SECTION("each is answered when it comes to something")
    {
        pair.other.get(1, pair.other_small, 0);
        CHECK(pair.other.next(1).item() == value{"first"});
        pair.resume();
        CHECK(pair.client.next(4).code == operation::done);
        pair.other.put_many(2, pair.other_queue, {"a", "b", "c"});
        CHECK(pair.other.next(2).count == 3);
        pair.resume();
        CHECK(pair.client.next(1).item() == value{"a"});
        const native_reply batch = pair.client.next(2);
        CHECK(batch.items() == values{"b", "c"});
        CHECK_FALSE(batch.has_more());
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.depth() == 0);
    }
    SECTION("also by requests of the same session")
    {
        pair.client.get(6, pair.small, 0);
        CHECK(pair.client.next(6).item() == value{"first"});
        pair.resume();
        CHECK(pair.client.next(4).code == operation::done);
        pair.client.put(7, pair.queue, "own");
        CHECK(pair.client.next(7).code == operation::done);
        pair.resume();
        CHECK(pair.client.next(1).item() == value{"own"});
    }
    SECTION("the end withdraws all of them")
    {
        pair.server.session.end(pair.service, true);
        CHECK(pair.service.queue->as_queue()->statistics().waiting_getters == 0);
        CHECK(pair.small_statistics().waiting_putters == 0);
        pair.other.put(1, pair.other_queue, "kept");
        CHECK(pair.service.told.empty());
        CHECK(pair.depth() == 1);
        CHECK(pair.server.session.deadline() == core::never);
    }
    SECTION("the end gives back what was handed out and not told, in its order")
    {
        pair.other.put_many(2, pair.other_queue, {"a", "b", "c"});
        CHECK(pair.service.told.size() == 2);
        pair.server.session.end(pair.service, true);
        CHECK(pair.depth() == 3);
        pair.other.get_many(3, pair.other_queue, 10);
        (void)pair.other.next(2);
        CHECK(pair.other.next(3).items() == values{"a", "b", "c"});
        pair.resume();
        CHECK_FALSE(pair.client.has_reply());
    }
}

TEST_CASE("what a session that ends gives back goes to those who wait, in its order", "[session][native][wait]")
{
    native_pair pair;
    pair.client.get(1, pair.queue, no_limit);
    pair.client.get(2, pair.queue, no_limit);
    pair.client.get(3, pair.queue, no_limit);
    pair.other.get(4, pair.other_queue, no_limit);
    pair.other.put_many(5, pair.other_queue, {"a", "b"});
    CHECK(pair.other.next(5).count == 2);
    pair.server.session.end(pair.service, true);
    pair.resume();
    CHECK(pair.other.next(4).item() == value{"a"});
    pair.other.get(6, pair.other_queue);
    CHECK(pair.other.next(6).item() == value{"b"});
    CHECK(pair.depth() == 0);
}

TEST_CASE("native requests give up at their deadline, not a moment before", "[session][native][wait]")
{
    native_pair pair;
    pair.client.put(1, pair.small, "full");
    CHECK(pair.client.next(1).code == operation::done);
    pair.client.get(2, pair.queue, 1500);
    pair.client.put(3, pair.small, "no room", 500);
    pair.client.get_many(4, pair.queue, 2, 1000);
    pair.client.put_many(5, pair.small, {"no", "room"}, 2000);
    pair.client.get(6, pair.queue, no_limit);
    CHECK(pair.server.session.deadline() == test_start + 500ms);

    pair.set_time(test_start + 500ms - 1ns);
    CHECK_FALSE(pair.client.has_reply());
    pair.set_time(test_start + 500ms);
    CHECK(pair.client.next(3).raised() == "queue_full");
    CHECK_FALSE(pair.client.has_reply());
    CHECK(pair.server.session.deadline() == test_start + 1s);
    pair.set_time(test_start + 1s);
    CHECK(pair.client.next(4).raised() == "queue_empty");
    pair.set_time(test_start + 3s);  // several at once, the earliest first
    CHECK(pair.client.next(2).raised() == "queue_empty");
    const native_reply full = pair.client.next(5);
    CHECK(full.raised() == "queue_full");
    CHECK(full.count == 0);
    CHECK_FALSE(pair.client.has_reply());
    CHECK(pair.server.session.deadline() == core::never);

    SECTION("and no line keeps them")
    {
        pair.other.put(1, pair.other_queue, "next");
        pair.resume();
        CHECK(pair.client.next(6).item() == value{"next"});
        CHECK(pair.small_statistics().waiting_putters == 0);
    }
}

TEST_CASE("what a request was given at its deadline is not lost", "[session][native][wait]")
{
    native_pair pair;
    pair.client.get(1, pair.queue, 1000);
    pair.other.put(2, pair.other_queue, "just in time");
    pair.set_time(test_start + 2s);
    CHECK_FALSE(pair.client.has_reply());
    pair.resume();
    CHECK(pair.client.next(1).item() == value{"just in time"});
    CHECK_FALSE(pair.client.has_reply());
    CHECK(pair.server.session.deadline() == core::never);
}

TEST_CASE("a batch waits for room item by item", "[session][native][wait]")
{
    native_pair pair;
    pair.client.put_many(1, pair.small, {"a", "b", "c"}, 1000);
    CHECK_FALSE(pair.client.has_reply());
    CHECK(pair.small_statistics().depth == 1);
    const auto take_one = [&](const char* expected) {
        pair.other.get(2, pair.other_small);
        CHECK(pair.other.next(2).item() == value{expected});
        pair.resume();
    };

    SECTION("until all are in")
    {
        take_one("a");
        take_one("b");
        const native_reply done = pair.client.next(1);
        CHECK(done.code == operation::done);
        CHECK(done.count == 3);
        CHECK(pair.server.session.deadline() == core::never);
        take_one("c");
    }
    SECTION("until its time is up, and says how many are in")
    {
        take_one("a");
        pair.set_time(test_start + 1s);
        const native_reply done = pair.client.next(1);
        CHECK(done.code == operation::done);
        CHECK(done.count == 2);
        take_one("b");
        pair.other.get(3, pair.other_small);
        CHECK(pair.other.next(3).raised() == "queue_empty");
    }
    SECTION("and no longer, though it was let in at that moment")
    {
        pair.other.get(2, pair.other_small);
        CHECK(pair.other.next(2).item() == value{"a"});
        pair.set_time(test_start + 1s);  // before it was told that "b" is in
        CHECK_FALSE(pair.client.has_reply());
        pair.resume();
        pair.server.on_deadline();
        const native_reply done = pair.client.next(1);
        CHECK(done.code == operation::done);
        CHECK(done.count == 2);
        CHECK(pair.small_statistics().waiting_putters == 0);
    }
    SECTION("until the queue is shut down")
    {
        take_one("a");
        core::completions told;
        (void)pair.service.find("get_small_queue")->as_queue()->shutdown(false, pair.service.told);
        pair.resume();
        const native_reply raised = pair.client.next(1);
        CHECK(raised.raised() == "queue_shut_down");
        CHECK(raised.count == 2);
        take_one("b");
    }
    SECTION("until it is cancelled, which says how many are in")
    {
        take_one("a");
        pair.client.cancel(1);
        const native_reply cancelled = pair.client.next(1);
        CHECK(cancelled.code == operation::cancelled);
        CHECK(cancelled.count == 2);
        CHECK(pair.small_statistics().waiting_putters == 0);
        CHECK(pair.server.session.deadline() == core::never);
    }
    SECTION("the end of its session keeps what is in")
    {
        take_one("a");
        pair.server.session.end(pair.service, true);
        take_one("b");
        CHECK(pair.small_statistics().depth == 0);
        CHECK(pair.small_statistics().waiting_putters == 0);
    }
}

TEST_CASE("a batch that meets a queue which is shut down says so", "[session][native]")
{
    native_pair pair;
    (void)pair.service.queue->as_queue()->shutdown(false, pair.service.told);
    pair.client.put_many(1, pair.queue, {"a", "b"}, 1000);
    const native_reply raised = pair.client.next(1);
    CHECK(raised.raised() == "queue_shut_down");
    CHECK(raised.count == 0);
    pair.client.get_many(2, pair.queue, 2, 1000);
    CHECK(pair.client.next(2).raised() == "queue_shut_down");
    pair.client.get(3, pair.queue, 1000);
    CHECK(pair.client.next(3).raised() == "queue_shut_down");
    pair.client.put(4, pair.queue, 1, 1000);
    CHECK(pair.client.next(4).raised() == "queue_shut_down");
}

TEST_CASE("get_many takes what there is, within its bounds", "[session][native]")
{
    session::server_settings settings;
    settings.replies_size_max = 5000;
    native_pair pair{settings};
    const std::string big(1000, 'x');
    const auto put = [&](std::initializer_list<value> items) {
        pair.client.put_many(9, pair.queue, values{items});
        CHECK(pair.client.next(9).count == items.size());
    };
    SECTION("of their number")
    {
        put({1, 2, 3});
        pair.client.get_many(1, pair.queue, 2);
        const native_reply first = pair.client.next(1);
        CHECK(first.items() == values{1, 2});
        CHECK(first.has_more());
        pair.client.get_many(2, pair.queue, 2);
        const native_reply rest = pair.client.next(2);
        CHECK(rest.items() == values{3});
        CHECK_FALSE(rest.has_more());
    }
    SECTION("of their octets")
    {
        put({big, big, big});
        pair.client.get_many(1, pair.queue, 100, 0, 2500);
        const native_reply first = pair.client.next(1);
        CHECK(first.count == 2);
        CHECK(first.has_more());
        pair.client.get_many(1, pair.queue, 100, 0, 0);  // one goes alone, whatever its size
        const native_reply rest = pair.client.next(1);
        CHECK(rest.count == 1);
        CHECK_FALSE(rest.has_more());
    }
    SECTION("of the octets that the server writes at once")
    {
        put({big, big, big, big, big, big, big});
        pair.client.get_many(1, pair.queue, 100);
        CHECK(pair.client.next(1).count == 4);
    }
    SECTION("also when it has waited")
    {
        pair.other.get_many(1, pair.other_queue, 100, no_limit, 1500);
        put({1, big, big});
        pair.resume();
        const native_reply first = pair.other.next(1);
        CHECK(first.count == 2);
        CHECK(first.has_more());
    }
    SECTION("also when it has waited for a small one, and a large one came with it")
    {
        pair.other.get_many(1, pair.other_queue, 100, no_limit, 500);
        put({1, big});
        pair.resume();
        const native_reply first = pair.other.next(1);
        CHECK(first.items() == values{1});
        CHECK(first.has_more());
    }
    SECTION("also when it has waited for one alone")
    {
        pair.other.get_many(1, pair.other_queue, 1, no_limit);
        put({1, 2});
        pair.resume();
        const native_reply first = pair.other.next(1);
        CHECK(first.items() == values{1});
        CHECK(first.has_more());
    }
}

TEST_CASE("get_many makes room for those who wait to put", "[session][native][wait]")
{
    native_pair pair;
    pair.client.put_many(1, pair.small, {1, 2, 3, 4}, no_limit);
    pair.other.put(2, pair.other_small, 5, no_limit);
    // As it takes one, the first in line goes in: of each who waits, one at a time.
    values got;
    while (got.size() < 5) {
        pair.other.get_many(3, pair.other_small, 100);
        bool is_answered = false;
        pair.resume();
        while (pair.other.has_reply()) {
            const native_reply reply = pair.other.next();
            if (reply.id == 2) {
                CHECK(reply.code == operation::done);
                continue;
            }
            is_answered = true;
            const values part = reply.items();
            got.insert(got.end(), part.begin(), part.end());
        }
        REQUIRE(is_answered);
    }
    CHECK(got.size() == 5);
    CHECK(pair.client.next(1).count == 4);
    CHECK(pair.small_statistics().depth == 0);
}

TEST_CASE("a native put with an id is let in once", "[session][native]")
{
    native_pair pair;
    const native::put_id id{0x1234, 1};
    pair.client.put(1, pair.queue, "once", 0, id);
    CHECK(pair.client.next(1).code == operation::done);
    pair.other.put(2, pair.other_queue, "once", 0, id);
    CHECK(pair.other.next(2).code == operation::done);
    CHECK(pair.depth() == 1);

    SECTION("a batch has an id for each of its items")
    {
        pair.client.put_many(3, pair.queue, {"once", "second", "third"}, 0, id);
        CHECK(pair.client.next(3).count == 3);
        CHECK(pair.depth() == 3);
        pair.other.put_many(4, pair.other_queue, {"third", "fourth"}, 0, native::put_id{0x1234, 3});
        CHECK(pair.other.next(4).count == 2);
        CHECK(pair.depth() == 4);
    }
    SECTION("a batch that waited goes on where it was")
    {
        pair.client.put_many(3, pair.small, {1, 2, 3}, no_limit, native::put_id{7, 10});
        pair.server.session.end(pair.service, true);  // with 1 in
        pair.other.put_many(4, pair.other_small, {1, 2, 3}, no_limit, native::put_id{7, 10});
        values got;
        for (int i = 0; i < 3; ++i) {
            pair.other.get(5, pair.other_small);
            pair.resume();
            while (pair.other.has_reply()) {
                const native_reply reply = pair.other.next();
                if (reply.id == 5)
                    got.push_back(reply.item());
                else
                    CHECK(reply.count == 3);
            }
        }
        CHECK(got == values{1, 2, 3});
        CHECK(pair.small_statistics().depth == 0);
    }
    SECTION("whoever waits with it meanwhile is done as well")
    {
        pair.client.put(3, pair.small, "full");
        CHECK(pair.client.next(3).code == operation::done);
        pair.client.put(4, pair.small, "twice", 1000, native::put_id{8, 1});
        pair.other.put(5, pair.other_small, "twice", 1000, native::put_id{8, 1});
        pair.client.get(6, pair.small);
        CHECK(pair.client.next(6).item() == value{"full"});
        pair.resume();
        CHECK(pair.client.next(4).code == operation::done);
        pair.set_time(test_start + 1s);
        CHECK(pair.other.next(5).code == operation::done);
        CHECK(pair.small_statistics().puts_total == 2);
        CHECK(pair.small_statistics().depth == 1);
    }
}

TEST_CASE("cancel ends what waits, and says nothing of what does not", "[session][native][cancel]")
{
    native_pair pair;
    SECTION("a get")
    {
        pair.client.get(1, pair.queue, 1000);
        pair.client.cancel(1);
        CHECK(pair.client.next(1).code == operation::cancelled);
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.server.session.deadline() == core::never);
        pair.other.put(2, pair.other_queue, "kept");
        pair.resume();
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.depth() == 1);
    }
    SECTION("a get_many")
    {
        pair.client.get_many(1, pair.queue, 5, 1000);
        pair.client.cancel(1);
        CHECK(pair.client.next(1).code == operation::cancelled);
        CHECK(pair.service.queue->as_queue()->statistics().waiting_getters == 0);
    }
    SECTION("a put")
    {
        pair.client.put(1, pair.small, "in");
        CHECK(pair.client.next(1).code == operation::done);
        pair.client.put(2, pair.small, "not in", 1000);
        pair.client.cancel(2);
        const native_reply reply = pair.client.next(2);
        CHECK(reply.code == operation::cancelled);
        CHECK(reply.count == 0);
        CHECK(pair.small_statistics().waiting_putters == 0);
    }
    SECTION("of an id that nothing has")
    {
        pair.client.cancel(1);
        pair.client.put(2, pair.queue, 1);
        pair.client.cancel(2);  // crosses its reply
        CHECK(pair.client.next(2).code == operation::done);
        CHECK_FALSE(pair.client.has_reply());
        CHECK_FALSE(pair.server.session.wants_close());
    }
    SECTION("gets that have been given an item and not been told are answered by it")
    {
        pair.client.get(1, pair.queue, 1000);
        pair.client.get_many(2, pair.queue, 1, 1000);
        pair.client.get(3, pair.queue, 1000);
        pair.other.put_many(9, pair.other_queue, {"a", "b"});
        for (const std::uint32_t id : {1U, 2U, 3U})
            pair.client.cancel(id);
        CHECK(pair.client.next(3).code == operation::cancelled);
        CHECK_FALSE(pair.client.has_reply());
        pair.resume();
        CHECK(pair.client.next(1).item() == value{"a"});
        CHECK(pair.client.next(2).items() == values{"b"});
        pair.other.put(9, pair.other_queue, "c");
        pair.client.get(4, pair.queue);
        CHECK(pair.client.next(4).item() == value{"c"});
    }
    SECTION("a put that is in, and has not been told so, is done")
    {
        pair.client.put(1, pair.small, "first");
        CHECK(pair.client.next(1).code == operation::done);
        pair.client.put(2, pair.small, "second", 1000);
        pair.other.get(3, pair.other_small);
        REQUIRE(pair.small_statistics().depth == 1);
        pair.client.cancel(2);
        pair.resume();
        const native_reply reply = pair.client.next(2);
        CHECK(reply.code == operation::done);
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.server.session.deadline() == core::never);
    }
    SECTION("of a put_many counts the item that is in, and has not been told so")
    {
        pair.client.put_many(2, pair.small, {"a", "b", "c"}, 1000);
        pair.other.get(3, pair.other_small);
        REQUIRE(pair.small_statistics().depth == 1);  // "b"
        pair.client.cancel(2);
        pair.resume();
        const native_reply reply = pair.client.next(2);
        CHECK(reply.code == operation::cancelled);
        CHECK(reply.count == 2);
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.small_statistics().waiting_putters == 0);
        CHECK(pair.small_statistics().puts_total == 2);
    }
    SECTION("the id may be used again at once")
    {
        pair.client.get(1, pair.queue, 1000);
        pair.client.cancel(1);
        CHECK(pair.client.next(1).code == operation::cancelled);
        pair.client.get(1, pair.queue, 1000);
        pair.other.put(9, pair.other_queue, "a");
        pair.resume();
        CHECK(pair.client.next(1).item() == value{"a"});
        CHECK_FALSE(pair.client.has_reply());
    }
}

TEST_CASE("an id that is under way cannot be used again", "[session][native]")
{
    native_pair pair;
    pair.client.get(1, pair.queue, 1000);
    const int which = GENERATE(0, 1, 2, 3, 4, 5);
    CAPTURE(which);
    switch (which) {
    case 0: pair.client.get(1, pair.queue, 1000); break;
    case 1: pair.client.put(1, pair.queue, 1); break;
    case 2: pair.client.put_many(1, pair.queue, {1}); break;
    case 3: pair.client.get_many(1, pair.queue, 1); break;
    case 4: pair.client.consume(1, pair.queue, 1); break;
    default: pair.client.call(1, "get_task_queue", "qsize"); break;
    }
    CHECK(pair.client.next(1).code == operation::refused);
    CHECK(pair.server.session.wants_close());
    CHECK(pair.server.session.end_reason().find("id 1") != std::string_view::npos);
    CHECK(pair.depth() == 0);
    pair.client.send({operation::ping, 5});
    CHECK_FALSE(pair.client.has_reply());
}

TEST_CASE("an id that is under way cannot be used again, even where no request more is taken", "[session][native]")
{
    session::server_settings settings;
    settings.requests_max = 1;
    native_pair pair{settings};
    pair.client.get(1, pair.queue, 1000);
    pair.client.get(1, pair.queue, 1000);
    CHECK(pair.client.next(1).code == operation::refused);
    CHECK(pair.server.session.wants_close());
}

TEST_CASE("at most requests_max requests are under way", "[session][native]")
{
    session::server_settings settings;
    settings.requests_max = 3;
    native_pair pair{settings};
    for (std::uint32_t id = 1; id <= 3; ++id)
        pair.client.get(id, pair.queue, no_limit);
    pair.client.get(4, pair.queue, no_limit);
    const native_reply refused = pair.client.next(4);
    CHECK(refused.code == operation::refused);
    CHECK(refused.text().find("requests_max (3)") != std::string::npos);
    pair.client.send({operation::ping, 5});
    CHECK(pair.client.next(5).code == operation::pong);
    pair.client.cancel(2);
    CHECK(pair.client.next(2).code == operation::cancelled);
    pair.client.get(4, pair.queue, no_limit);
    CHECK_FALSE(pair.client.has_reply());
    for (int i = 0; i < 3; ++i)
        pair.other.put(1, pair.other_queue, i);
    pair.resume();
    CHECK(pair.client.next(1).item() == value{0});  // in the order in which they came
    CHECK(pair.client.next(3).item() == value{1});
    CHECK(pair.client.next(4).item() == value{2});
}

TEST_CASE("items of Python 2 are written anew for native clients", "[session][native]")
{
    native_pair pair;
    server_end python_server{pair.service};
    hand_client python{python_server};
    python.open_stream(true);
    python.dialect = {2, true};
    const value item = value::list({"text", 1, value::tuple({2.5, value{}})});
    for (int i = 0; i < 3; ++i) {
        python.ask("get_task_queue", "put", {item});
        CHECK(python.result().is_none());
    }
    pair.client.get(1, pair.queue);
    CHECK(pair.client.next(1).item() == item);
    pair.client.get_many(2, pair.queue, 5);
    CHECK(pair.client.next(2).items() == values{item, item});

    SECTION("and those of native clients for Python 2")
    {
        pair.client.put(3, pair.queue, item);
        CHECK(pair.client.next(3).code == operation::done);
        python.ask("get_task_queue", "get");
        CHECK(python.result() == item);
    }
}

TEST_CASE("an item that cannot be written for a client is lost to that client alone", "[session][native]")
{
    // Of Python 2, and deeper than this client's server end decodes.
    session::server_settings shallow;
    shallow.limits.depth_max = 3;
    bare_service service;
    server_end server{service, shallow};
    native_client client{server};
    const std::uint32_t queue = client.open("get_task_queue");
    server_end python_server{service};
    hand_client python{python_server};
    python.open_stream(true);
    python.dialect = {2, true};
    const value deep = value::list({value::list({value::list({value::list({1})})})});
    const auto put = [&](std::initializer_list<value> items) {
        for (const value& each : items) {
            python.ask("get_task_queue", "put", {each});
            CHECK(python.result().is_none());
        }
    };
    const auto depth = [&] { return service.queue->as_queue()->qsize(); };

    SECTION("a get of it raises")
    {
        put({deep, 1});
        client.get(1, queue);
        CHECK(client.next(1).raised().find("_pickle.PicklingError: ") == 0);
        CHECK(depth() == 1);
        client.put_back(2, queue, {7});  // it was not handed out
        CHECK(client.next(2).code == operation::refused);
    }
    SECTION("a get of it that has waited raises, too")
    {
        client.get(1, queue, no_limit);
        put({deep});
        resume_told(service, {&server});
        CHECK(client.next(1).raised().find("_pickle.PicklingError: ") == 0);
        client.put_back(2, queue, {7});
        CHECK(client.next(2).code == operation::refused);
    }
    SECTION("a get_many stops before it, and the next raises")
    {
        put({1, deep, 2});
        client.get_many(1, queue, 5);
        const native_reply first = client.next(1);
        CHECK(first.items() == values{1});
        CHECK(first.has_more());
        CHECK(depth() == 2);
        client.get_many(2, queue, 5);
        CHECK(client.next(2).raised().find("_pickle.PicklingError: ") == 0);
        CHECK(depth() == 1);
        client.get_many(3, queue, 5);
        CHECK(client.next(3).items() == values{2});
    }
    SECTION("a consume ends with it, and what follows stays")
    {
        put({1, 2, deep, 3});
        client.consume(1, queue, 4);
        CHECK(client.next(1).items() == values{1, 2});
        CHECK(client.next(1).raised().find("_pickle.PicklingError: ") == 0);
        CHECK_FALSE(client.has_reply());
        CHECK(depth() == 1);
        client.consume(1, queue, 1);
        CHECK(client.next(1).items() == values{3});
    }
}

TEST_CASE("an item that a priority queue cannot read is refused alike, alone and in a batch", "[session][native]")
{
    native_pair pair;
    codec::pickle_limits few_nodes;
    few_nodes.node_count_max = 10;
    const value large = value::list(std::vector<value>(20, value{1}));
    const auto open = [&](std::int64_t maxsize) {
        core::register_named_queue(pair.service.registry, "get_priority_queue", core::queue_kind::priority, maxsize, few_nodes);
        return pair.client.open("get_priority_queue");
    };
    SECTION("at once")
    {
        const std::uint32_t queue = open(0);
        pair.client.put(1, queue, large);
        const std::string alone = pair.client.next(1).raised();
        CHECK(alone.find("_pickle.UnpicklingError: ") == 0);
        pair.client.put_many(2, queue, {3, large, 4});
        const native_reply batch = pair.client.next(2);
        CHECK(batch.raised() == alone);
        CHECK(batch.count == 1);
        pair.client.get_many(3, queue, 5);
        CHECK(pair.client.next(3).items() == values{3});
    }
    SECTION("of what is given back none is, and it may be given back without that one")
    {
        const std::uint32_t queue = open(0);
        pair.client.put_many(1, queue, {3, 4, 5});
        CHECK(pair.client.next(1).count == 3);
        pair.client.get_many(2, queue, 5);
        CHECK(pair.client.next(2).count == 3);
        pair.client.put_back(3, queue, {3, large, 4});
        CHECK(pair.client.next(3).raised().find("_pickle.UnpicklingError: ") == 0);
        pair.client.get_many(4, queue, 5);
        CHECK(pair.client.next(4).raised() == "queue_empty");
        pair.client.put_back(5, queue, {3, 4, 5});
        CHECK(pair.client.next(5).count == 3);
    }
    SECTION("after a wait for room")
    {
        const std::uint32_t queue = open(1);
        pair.client.put_many(2, queue, {3, 4, large}, no_limit);
        pair.client.get_many(3, queue, 1);
        CHECK(pair.client.next(3).items() == values{3});
        pair.resume();
        const native_reply batch = pair.client.next(2);
        CHECK(batch.raised().find("_pickle.UnpicklingError: ") == 0);
        CHECK(batch.count == 2);
    }
}

TEST_CASE("the memory of a request that has waited serves the next", "[session][native][wait]")
{
    native_pair pair;
    std::weak_ptr<core::waiter> last;
    for (int i = 0; i < 3; ++i) {
        pair.client.get(1, pair.queue, no_limit);
        pair.other.put(2, pair.other_queue, i);
        REQUIRE(pair.service.told.size() == 1);
        if (i != 0)
            CHECK(pair.service.told.front() == last.lock());
        last = pair.service.told.front();
        pair.resume();
        CHECK(pair.client.next(1).item() == value{i});
        CHECK(pair.other.next(2).code == operation::done);
        CHECK_FALSE(last.expired());
    }
}

TEST_CASE("what waits carries no more than four times payload_size_max", "[session][native]")
{
    session::server_settings settings;
    settings.payload_size_max = 10'000;
    native_pair pair{settings};
    const value large{std::string(9'000, 'x')};
    pair.client.put(1, pair.small, "first");
    CHECK(pair.client.next(1).code == operation::done);
    for (const std::uint32_t id : {2U, 3U, 4U, 5U})
        pair.client.put(id, pair.small, large, no_limit);
    CHECK_FALSE(pair.client.has_reply());
    SECTION("a put that would have to wait beside it is raised")
    {
        pair.client.put(6, pair.small, large, no_limit);
        CHECK_THAT(pair.client.next(6).raised(), Catch::StartsWith("MemoryError: what waits on this connection carries 36"));
        pair.client.put_many(7, pair.small, {large}, no_limit);
        CHECK_THAT(pair.client.next(7).raised(), Catch::Contains("which is 40000"));
        pair.client.put(8, pair.small, large);
        CHECK(pair.client.next(8).raised() == "queue_full");
    }
    SECTION("a call is refused")
    {
        pair.client.call(6, "get_small_queue", "put", {codec::payload{large}});
        CHECK_THAT(pair.client.next(6).text(), Catch::StartsWith("call: what waits on this connection carries"));
    }
    SECTION("a put that need not wait is done")
    {
        pair.client.put(6, pair.queue, large, no_limit);
        CHECK(pair.client.next(6).code == operation::done);
    }
    SECTION("a small one may wait as well")
    {
        pair.client.put(6, pair.small, "small", no_limit);
        CHECK_FALSE(pair.client.has_reply());
    }
    SECTION("another may wait when one of them is in")
    {
        pair.other.get(1, pair.other_small);
        pair.resume();
        CHECK(pair.client.next(2).code == operation::done);
        pair.client.put(6, pair.small, large, no_limit);
        CHECK_FALSE(pair.client.has_reply());
    }
}
