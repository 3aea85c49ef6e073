// Streams of items: consume, credit, put_back, and peers that read slowly.
#include "session/native_session.hpp"

#include "native_testing.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::testing;
namespace native = wire::native;

namespace {

using values = std::vector<value>;

struct consumer_and_producer {
    explicit consumer_and_producer(session::server_settings settings = {})
        : server{service, settings},
          client{server},
          other_server{service},
          other{other_server},
          queue{client.open("get_task_queue")},
          other_queue{other.open("get_task_queue")}
    {
    }
    void resume() { resume_told(service, {&server, &other_server}); }
    void put(const values& items)
    {
        other.put_many(9, other_queue, items);
        CHECK(other.next(9).count == items.size());
        resume();
    }
    /// All items that the consume of `id` has been sent.
    values consumed(std::uint32_t id)
    {
        values all;
        while (client.has_reply()) {
            const values part = client.next(id).items();
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }
    [[nodiscard]] std::size_t depth() { return service.queue->as_queue()->qsize(); }
    [[nodiscard]] std::size_t getters() { return service.queue->as_queue()->statistics().waiting_getters; }

    bare_service service;
    server_end server;
    native_client client;
    server_end other_server;
    native_client other;
    std::uint32_t queue;
    std::uint32_t other_queue;
};

values numbers(int from, int to)
{
    values made;
    for (int i = from; i < to; ++i)
        made.emplace_back(i);
    return made;
}

}  // namespace

TEST_CASE("a consume is sent items as far as its credit goes", "[session][native][consume]")
{
    consumer_and_producer pair;
    SECTION("those that are there, in one reply")
    {
        pair.put(numbers(0, 5));
        pair.client.consume(1, pair.queue, 3);
        const native_reply first = pair.client.next(1);
        CHECK(first.items() == numbers(0, 3));
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.depth() == 2);
        pair.client.credit(1, 1);
        CHECK(pair.client.next(1).items() == numbers(3, 4));
        pair.client.credit(1, 5);
        CHECK(pair.client.next(1).items() == numbers(4, 5));
        pair.put(numbers(5, 20));
        CHECK(pair.consumed(1) == numbers(5, 9));
        CHECK(pair.depth() == 11);
    }
    SECTION("those that come")
    {
        pair.client.consume(1, pair.queue, 3);
        CHECK_FALSE(pair.client.has_reply());
        pair.put(numbers(0, 1));
        CHECK(pair.consumed(1) == numbers(0, 1));
        pair.put(numbers(1, 5));
        CHECK(pair.consumed(1) == numbers(1, 3));
        CHECK(pair.getters() == 0);
        CHECK(pair.depth() == 2);
    }
    SECTION("none without credit")
    {
        pair.client.consume(1, pair.queue, 0);
        pair.put(numbers(0, 2));
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.getters() == 0);
        pair.client.credit(1, 0);
        CHECK_FALSE(pair.client.has_reply());
        pair.client.credit(1, 1);
        CHECK(pair.consumed(1) == numbers(0, 1));
    }
    SECTION("credit that comes while it waits, or has been served and not been told, is added")
    {
        pair.client.consume(1, pair.queue, 1);
        pair.client.credit(1, 1);
        pair.other.put(9, pair.other_queue, 0);
        pair.client.credit(1, 1);
        CHECK_FALSE(pair.client.has_reply());
        pair.resume();
        CHECK(pair.consumed(1) == numbers(0, 1));
        CHECK(pair.other.next(9).code == operation::done);
        pair.put(numbers(1, 9));
        CHECK(pair.consumed(1) == numbers(1, 3));
    }
    SECTION("credit has no end")
    {
        pair.client.consume(1, pair.queue, 0xffff'ffff);
        pair.client.credit(1, 0xffff'ffff);
        pair.put(numbers(0, 3));
        CHECK(pair.consumed(1) == numbers(0, 3));
        CHECK(pair.getters() == 1);
    }
    SECTION("credit for nothing is ignored")
    {
        pair.client.credit(7, 5);
        pair.client.get(8, pair.queue, native::no_limit);
        pair.client.credit(8, 5);
        CHECK_FALSE(pair.client.has_reply());
        pair.put(numbers(0, 2));
        CHECK(pair.client.next(8).item() == value{0});
        CHECK_FALSE(pair.client.has_reply());
    }
}

TEST_CASE("a consume ends by a cancel, a shutdown, and the end of its session", "[session][native][consume]")
{
    consumer_and_producer pair;
    pair.client.consume(1, pair.queue, 10);
    SECTION("a cancel while it waits")
    {
        pair.client.cancel(1);
        CHECK(pair.client.next(1).code == operation::cancelled);
        pair.put(numbers(0, 1));
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.depth() == 1);
    }
    SECTION("a cancel after it was served: the item goes back")
    {
        pair.other.put(9, pair.other_queue, 0);
        pair.client.cancel(1);
        CHECK(pair.client.next(1).code == operation::cancelled);
        pair.resume();
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.depth() == 1);
    }
    SECTION("a cancel without credit")
    {
        pair.put(numbers(0, 12));
        CHECK(pair.consumed(1) == numbers(0, 10));
        pair.client.cancel(1);
        CHECK(pair.client.next(1).code == operation::cancelled);
        pair.client.credit(1, 5);
        CHECK_FALSE(pair.client.has_reply());
        CHECK(pair.depth() == 2);
    }
    SECTION("a shutdown of the empty queue")
    {
        (void)pair.service.queue->as_queue()->shutdown(false, pair.service.told);
        pair.resume();
        CHECK(pair.client.next(1).raised() == "queue_shut_down");
        pair.client.credit(1, 5);
        CHECK_FALSE(pair.client.has_reply());
    }
    SECTION("a shutdown of one that has items: after these")
    {
        pair.put(numbers(0, 12));
        CHECK(pair.consumed(1) == numbers(0, 10));
        (void)pair.service.queue->as_queue()->shutdown(false, pair.service.told);
        pair.resume();
        CHECK_FALSE(pair.client.has_reply());
        pair.client.credit(1, 5);
        CHECK(pair.client.next(1).items() == numbers(10, 12));
        CHECK(pair.client.next(1).raised() == "queue_shut_down");
        pair.client.consume(1, pair.queue, 1);
        CHECK(pair.client.next(1).raised() == "queue_shut_down");
    }
    SECTION("the end")
    {
        pair.other.put_many(9, pair.other_queue, numbers(0, 2));
        pair.server.session.end(pair.service, true);
        pair.resume();
        CHECK(pair.depth() == 2);
        CHECK(pair.getters() == 0);
        pair.other.get_many(10, pair.other_queue, 5);
        CHECK(pair.other.next(9).count == 2);
        CHECK(pair.other.next(10).items() == numbers(0, 2));
    }
}

TEST_CASE("consumers take turns with each other and with those of the Python dialect", "[session][native][consume]")
{
    consumer_and_producer pair;
    server_end python_server{pair.service};
    hand_client python{python_server};
    python.open_stream();
    pair.client.consume(1, pair.queue, 100);
    python.ask("get_task_queue", "get");
    pair.client.consume(2, pair.queue, 100);
    pair.other.get(3, pair.other_queue, native::no_limit);
    for (int i = 0; i < 6; ++i) {
        pair.other.put(9, pair.other_queue, i);
        resume_told(pair.service, {&pair.server, &pair.other_server, &python_server});
    }
    CHECK(pair.client.next(1).items() == numbers(0, 1));
    CHECK(python.result() == value{1});
    CHECK(pair.client.next(2).items() == numbers(2, 3));
    CHECK(pair.client.next(1).items() == numbers(4, 5));
    CHECK(pair.client.next(2).items() == numbers(5, 6));
    CHECK_FALSE(pair.client.has_reply());
}

TEST_CASE("a consume waits for a peer that reads slowly", "[session][native][consume]")
{
    session::server_settings settings;
    settings.replies_size_max = 3000;
    consumer_and_producer pair{settings};
    values items;
    for (int i = 0; i < 50; ++i)
        items.emplace_back(std::to_string(1000 + i) + std::string(500, 'x'));
    pair.put(items);
    CHECK_FALSE(pair.server.session.is_stalled());

    SECTION("and goes on when the replies are out")
    {
        pair.client.consume(1, pair.queue, 40);
        CHECK(pair.server.session.is_stalled());
        CHECK(pair.server.replies.size() < 3000 + 600);
        const std::size_t first = pair.depth();
        CHECK(first > 40);
        pair.client.send({operation::ping, 5});  // not looked at before that
        CHECK(pair.depth() == first);
        values got;
        while (pair.server.session.is_stalled()) {
            const values part = pair.client.next(1).items();
            got.insert(got.end(), part.begin(), part.end());
            pair.server.receive({});
            REQUIRE(pair.server.replies.size() < 3000 + 600);
        }
        while (pair.client.has_reply()) {
            const native_reply reply = pair.client.next();
            if (reply.code == operation::pong)
                continue;
            const values part = reply.items();
            got.insert(got.end(), part.begin(), part.end());
            pair.server.receive({});
        }
        CHECK(got == values(items.begin(), items.begin() + 40));
        CHECK(pair.depth() == 10);
        CHECK(pair.getters() == 0);
        CHECK_FALSE(pair.server.session.is_stalled());
    }
    SECTION("two of them, too")
    {
        pair.client.consume(1, pair.queue, 40);
        pair.server.receive({});
        (void)pair.client.next(1);
        pair.client.consume(2, pair.queue, 40);
        std::size_t count = 0;
        for (int i = 0; i < 100; ++i) {
            pair.server.receive({});
            while (pair.client.has_reply())
                count += pair.client.next().count;
        }
        CHECK(pair.depth() == 0);
        CHECK(pair.getters() == 1);  // the second has credit left
        CHECK_FALSE(pair.server.session.is_stalled());
        CHECK(count > 40);
    }
    SECTION("and can be cancelled meanwhile")
    {
        pair.client.consume(1, pair.queue, 40);
        pair.client.cancel(1);
        (void)pair.client.next(1);
        pair.server.receive({});  // the stalled one first: it was asked for before
        while (pair.client.has_reply() || pair.server.session.is_stalled()) {
            if (pair.client.next(1).code == operation::cancelled)
                break;
            pair.server.receive({});
        }
        CHECK_FALSE(pair.client.has_reply());
        CHECK_FALSE(pair.server.session.is_stalled());
        CHECK(pair.getters() == 0);
    }
    SECTION("its end takes nothing along that was not written")
    {
        pair.client.consume(1, pair.queue, 40);
        const std::size_t depth = pair.depth();
        pair.server.session.end(pair.service, true);
        CHECK_FALSE(pair.server.session.is_stalled());
        CHECK(pair.depth() == depth);
    }
}

TEST_CASE("what a consume is sent ahead is told from what the peer waits for", "[session][native][consume]")
{
    consumer_and_producer pair;
    server_end& end = pair.server;
    // What of the replies so far, after a further turn in which a frame may have come, is sent ahead.
    std::size_t ahead = 0;
    const auto take_turn = [&](auto&& act) {
        session::turn turn{end.service, end.scratch, end.replies, end.now};
        turn.ahead = session::octets_ahead{end.replies.size(), ahead};
        act(turn);
        ahead = turn.ahead.count(end.replies.size());
    };
    const auto receive = [&](const native::frame_head& head, bytes_view body) {
        wire::outbox frame;
        native::write_frame(frame, head, body);
        take_turn([&](session::turn& turn) { CHECK(end.session.receive(contents(frame), turn) == frame.size()); });
    };
    pair.put(numbers(0, 6));
    receive({operation::ping, 1}, {});
    const std::size_t pong = end.replies.size();
    CHECK(ahead == 0);
    receive({operation::consume, 2}, native::fixed_fields{}.add(pair.queue).add(std::uint32_t{2}).view());
    CHECK(end.replies.size() > pong);
    CHECK(ahead == end.replies.size() - pong);
    receive({operation::credit, 2}, native::fixed_fields{}.add(std::uint32_t{1}).view());
    CHECK(ahead == end.replies.size() - pong);
    receive({operation::ping, 3}, {});
    CHECK(ahead == 0);
    const std::size_t before = end.replies.size();
    receive({operation::credit, 2}, native::fixed_fields{}.add(std::uint32_t{9}).view());
    CHECK(ahead == end.replies.size() - before);
    take_turn([](session::turn&) {});
    CHECK(ahead == end.replies.size() - before);
    SECTION("a cancelled one's peer waits for its last reply")
    {
        receive({operation::cancel, 2}, {});
        CHECK(ahead == 0);
    }
    SECTION("that the queue is shut down is for when the items are taken")
    {
        const std::size_t items = end.replies.size();
        (void)pair.service.queue->as_queue()->shutdown(false, pair.service.told);
        for (auto& each : std::exchange(pair.service.told, {}))
            take_turn([&](session::turn& turn) { end.session.resume(std::move(each), turn); });
        CHECK(end.replies.size() > items);
        CHECK(ahead == end.replies.size() - before);
    }
}

TEST_CASE("of several consumes whose peer reads slowly each has its turn", "[session][native][consume]")
{
    session::server_settings settings;
    settings.replies_size_max = 3000;
    consumer_and_producer pair{settings};
    std::array<std::size_t, 3> counts{};
    for (std::uint32_t id = 0; id < counts.size(); ++id)
        pair.client.consume(id, pair.queue, 40);
    pair.put(values(50, value{std::string(500, 'x')}));
    std::size_t most_at_once = 0;
    while (pair.depth() != 0) {
        REQUIRE(pair.server.session.is_stalled());
        while (pair.client.has_reply()) {
            const native_reply reply = pair.client.next();
            counts.at(reply.id) += reply.count;
            most_at_once = std::max<std::size_t>(most_at_once, reply.count);
        }
        pair.server.receive({});
        const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
        CHECK(*most - *least <= 2 * most_at_once + 1);  // one with which its wait ended
    }
}

namespace {

/// A client with as many gets waiting as items of 500 octets are put then, which reads nothing before it is told to. Item `i` begins
/// with its number.
struct peer_that_reads_late : consumer_and_producer {
    static constexpr std::size_t replies_size_max = 3000;
    static constexpr int gets = 100;

    explicit peer_that_reads_late(std::uint32_t timeout = native::no_limit) : consumer_and_producer{small_replies()}
    {
        for (int i = 0; i < gets; ++i)
            client.get(static_cast<std::uint32_t>(i), queue, timeout);
        CHECK(getters() == gets);
        for (int i = 0; i < gets; ++i)
            put({text(i)});
    }
    static session::server_settings small_replies()
    {
        session::server_settings settings;
        settings.replies_size_max = replies_size_max;
        return settings;
    }
    static value text(int number) { return std::to_string(number) + std::string(500, 'x'); }
    /// What it has been sent, by now.
    values read()
    {
        values all;
        while (client.has_reply())
            all.push_back(client.next().item());
        return all;
    }
};

values texts(int from, int to)
{
    values made;
    for (int i = from; i < to; ++i)
        made.push_back(peer_that_reads_late::text(i));
    return made;
}

}  // namespace

TEST_CASE("gets of a peer that does not read leave the items to others", "[session][native][get]")
{
    peer_that_reads_late pair;
    const std::size_t unread = pair.server.replies.size();
    CHECK(unread >= peer_that_reads_late::replies_size_max);
    CHECK(unread < peer_that_reads_late::replies_size_max + 600);
    const std::size_t given = peer_that_reads_late::gets - pair.depth();
    CHECK(given < 30);  // sent, or held for it
    CHECK(pair.getters() == 0);
    CHECK(pair.server.session.is_stalled());

    SECTION("who need not wait")
    {
        pair.other.get(1, pair.other_queue);
        CHECK(pair.other.next(1).item() == peer_that_reads_late::text(static_cast<int>(given)));
    }
    SECTION("and go on in their order when it reads")
    {
        values all;
        for (int reads = 0; reads < 100 && all.size() < peer_that_reads_late::gets; ++reads) {
            for (value& each : pair.read())
                all.push_back(std::move(each));
            pair.server.receive({});
            CHECK(pair.server.replies.size() < peer_that_reads_late::replies_size_max + 600);
        }
        CHECK(all == texts(0, peer_that_reads_late::gets));
        CHECK_FALSE(pair.server.session.is_stalled());
        CHECK(pair.depth() == 0);
    }
    SECTION("and wait again, if others have taken the items")
    {
        pair.other.get_many(1, pair.other_queue, 200);
        (void)pair.other.next(1);
        std::size_t got = 0;
        for (int reads = 0; reads < 100 && pair.client.has_reply(); ++reads) {
            got += pair.read().size();
            pair.server.receive({});
        }
        CHECK(got == given);
        CHECK(pair.getters() == peer_that_reads_late::gets - given);
        pair.put({7});
        CHECK(pair.client.next(static_cast<std::uint32_t>(given)).item() == value{7});
    }
    SECTION("and what is held for it goes back if it leaves")
    {
        std::size_t sent = 0;
        for (; pair.client.has_reply(); ++sent)
            (void)pair.client.next();
        pair.server.session.end(pair.service, true);
        CHECK(pair.depth() == peer_that_reads_late::gets - sent);
        pair.other.get_many(1, pair.other_queue, 200);
        CHECK(pair.other.next(1).items() == texts(static_cast<int>(sent), peer_that_reads_late::gets));
    }
}

TEST_CASE("a get of a peer that does not read ends by its time-out", "[session][native][get]")
{
    peer_that_reads_late pair{500};
    const std::size_t given = peer_that_reads_late::gets - pair.depth();
    pair.server.now += 1s;
    pair.server.on_deadline();
    CHECK(pair.server.session.deadline() == core::never);
    std::size_t got = 0;
    std::size_t late = 0;
    for (int reads = 0; reads < 100 && pair.client.has_reply(); ++reads) {
        while (pair.client.has_reply()) {
            const native_reply reply = pair.client.next();
            reply.code == operation::item ? ++got : ++late;
            if (reply.code != operation::item)
                CHECK(reply.raised() == "queue_empty");
        }
        pair.server.receive({});
    }
    CHECK(got == given);
    CHECK(late == peer_that_reads_late::gets - given);
    CHECK(pair.depth() == late);
}

TEST_CASE("put_back gives back what was handed out, to the front", "[session][native][put_back]")
{
    consumer_and_producer pair;
    pair.put(numbers(0, 5));
    pair.client.get_many(1, pair.queue, 3);
    CHECK(pair.client.next(1).items() == numbers(0, 3));

    SECTION("in their order")
    {
        pair.client.put_back(2, pair.queue, numbers(1, 3));
        const native_reply done = pair.client.next(2);
        CHECK(done.code == operation::done);
        CHECK(done.count == 2);
        pair.other.get_many(3, pair.other_queue, 10);
        CHECK(pair.other.next(3).items() == numbers(1, 5));
    }
    SECTION("to those who wait first")
    {
        pair.other.get_many(4, pair.other_queue, 10);
        CHECK(pair.other.next(4).count == 2);
        pair.other.get(5, pair.other_queue, native::no_limit);
        pair.client.put_back(2, pair.queue, numbers(0, 3));
        CHECK(pair.client.next(2).count == 3);
        pair.resume();
        CHECK(pair.other.next(5).item() == value{0});
        CHECK(pair.depth() == 2);
    }
    SECTION("no more than this connection has taken")
    {
        pair.client.put_back(2, pair.queue, numbers(0, 4));
        CHECK(pair.client.next(2).code == operation::refused);
        pair.client.put_back(3, pair.queue, numbers(0, 3));
        CHECK(pair.client.next(3).count == 3);
        pair.client.put_back(4, pair.queue, numbers(0, 1));
        CHECK(pair.client.next(4).code == operation::refused);
        pair.other.put_back(5, pair.other_queue, numbers(0, 1));
        CHECK(pair.other.next(5).code == operation::refused);
        CHECK(pair.depth() == 5);
    }
    SECTION("counting what gets and consumes were given, whether they waited or not")
    {
        pair.client.get(2, pair.queue);
        CHECK(pair.client.next(2).item() == value{3});
        pair.client.consume(3, pair.queue, 3);
        CHECK(pair.client.next(3).items() == numbers(4, 5));
        pair.client.get(4, pair.queue, native::no_limit);
        pair.put(numbers(5, 7));
        while (pair.client.has_reply())
            (void)pair.client.next();
        pair.client.cancel(3);
        CHECK(pair.client.next(3).code == operation::cancelled);
        pair.client.put_back(5, pair.queue, numbers(0, 8));
        CHECK(pair.client.next(5).code == operation::refused);
        pair.client.put_back(6, pair.queue, numbers(0, 7));
        CHECK(pair.client.next(6).count == 7);
        CHECK(pair.depth() == 7);
    }
    SECTION("not counting what a cancelled consume gave back")
    {
        pair.client.get_many(2, pair.queue, 9);
        CHECK(pair.client.next(2).count == 2);
        pair.client.consume(3, pair.queue, 1);
        pair.other.put(9, pair.other_queue, 5);
        pair.client.cancel(3);
        CHECK(pair.client.next(3).code == operation::cancelled);
        pair.client.put_back(4, pair.queue, numbers(0, 6));
        CHECK(pair.client.next(4).code == operation::refused);
        pair.client.put_back(5, pair.queue, numbers(0, 5));
        CHECK(pair.client.next(5).count == 5);
    }
    SECTION("even beyond maxsize")
    {
        const std::uint32_t small = pair.client.open("get_small_queue");
        pair.client.put(2, small, "a");
        pair.client.get(3, small);
        pair.client.put(4, small, "b");
        pair.client.put(5, small, "c", native::no_limit);
        CHECK(pair.client.next(2).code == operation::done);
        CHECK(pair.client.next(3).item() == value{"a"});
        CHECK(pair.client.next(4).code == operation::done);
        pair.client.put_back(6, small, {"a"});
        CHECK(pair.client.next(6).code == operation::done);
        pair.client.get_many(7, small, 5);
        const native_reply taken = pair.client.next(7);
        CHECK(taken.items() == values{"a", "b", "c"});
        pair.resume();
        CHECK(pair.client.next(5).code == operation::done);
    }
    SECTION("which counts as done in a queue that drops what it holds")
    {
        core::shared_queue& queue = *pair.service.queue->as_queue();
        (void)queue.shutdown(true, pair.service.told);
        CHECK(queue.statistics().unfinished == 3);
        pair.client.put_back(2, pair.queue, numbers(0, 2));
        CHECK(pair.client.next(2).count == 2);
        CHECK(queue.statistics().unfinished == 1);
        CHECK(pair.depth() == 0);
    }
    SECTION("and nothing of it if one is no item")
    {
        native_client::fields fields;
        fields.add(pair.queue);
        pair.client.send({operation::put_back, 2, 2}, joined({fields.view(), batch_of({0}), from_hex("01000000 ff")}));
        CHECK(pair.client.next(2).raised().find("_pickle.UnpicklingError: ") == 0);
        CHECK(pair.depth() == 2);
        pair.client.put_back(3, pair.queue, numbers(0, 3));
        CHECK(pair.client.next(3).count == 3);
    }
}

TEST_CASE("what was asked for by a handle that is closed meanwhile is none of its next owner's", "[session][native][put_back]")
{
    consumer_and_producer pair;
    const std::uint32_t small = pair.client.open("get_small_queue");
    pair.client.get(1, small, native::no_limit);
    pair.client.close(2, small);
    CHECK(pair.client.next(2).code == operation::done);
    CHECK(pair.client.open("get_task_queue") == small);
    const std::uint32_t other_small = pair.other.open("get_small_queue");
    pair.other.put(3, other_small, "late");
    pair.resume();
    CHECK(pair.client.next(1).item() == value{"late"});
    pair.client.put_back(4, small, {"late"});
    CHECK(pair.client.next(4).code == operation::refused);
}
