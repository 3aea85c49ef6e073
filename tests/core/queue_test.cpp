#include "core_testing.hpp"

#include "core/queue.hpp"
#include "core/queue_referent.hpp"

#include <quaymaster/errors.hpp>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr wait_limit no_wait = std::nullopt;
constexpr wait_limit for_ever = never;

// One who uses the engine by its typed operations.
class user {
public:
    explicit user(shared_queue& queue) : queue_{queue} {}
    user(const user&) = delete;
    user& operator=(const user&) = delete;
    ~user()
    {
        if (place_->current_state() != waiter::state::idle)
            leave();
    }

    outcome put(const value& item, wait_limit limit = for_ever) { return queue_.put(item, limit, *place_, served); }
    outcome get(wait_limit limit = for_ever) { return queue_.get(limit, *place_, served); }
    outcome join() { return queue_.join(*place_); }
    outcome task_done() { return queue_.task_done(served); }
    outcome shutdown(bool immediate = false) { return queue_.shutdown(immediate, served); }
    outcome expire() { return queue_.expire(*place_); }
    void leave() { queue_.withdraw(*place_, served); }

    [[nodiscard]] bool is_waiting() const { return place_->current_state() == waiter::state::parked; }
    [[nodiscard]] bool is_served() const { return place_->current_state() == waiter::state::fulfilled; }
    [[nodiscard]] time_point deadline() const { return place_->deadline(); }
    [[nodiscard]] outcome told() { return place_->take_outcome(); }
    [[nodiscard]] bool has_served(const user& other) const
    {
        return served.size() == 1 && served.front() == other.place_;
    }

    completions served;

private:
    shared_queue& queue_;
    std::shared_ptr<waiter> place_ = std::make_shared<waiter>();
};

struct queue_under_test {
    explicit queue_under_test(queue_kind kind = queue_kind::fifo, std::int64_t maxsize = 0) : referent{"q", kind, maxsize} {}

    queue_referent referent;
    shared_queue& queue = referent.queue();
    user alice{queue};
    user bob{queue};
    user carol{queue};
    user dave{queue};
};

struct fifo : queue_under_test {};
struct fifo_of_one : queue_under_test {
    fifo_of_one() : queue_under_test{queue_kind::fifo, 1} {}
};

}  // namespace

TEST_CASE_METHOD(fifo, "a put item is got in order", "[core][queue]")
{
    CHECK(queue.empty());
    for (const int item : {1, 2, 3})
        CHECK(result_of(alice.put(item)).is_none());
    CHECK(queue.qsize() == 3);
    CHECK_FALSE(queue.full());
    for (const int item : {1, 2, 3})
        CHECK(result_of(bob.get(no_wait)) == value{item});
    CHECK(error_of(bob.get(no_wait)).type == exception_type::queue_empty);
}

TEST_CASE_METHOD(fifo, "a get on an empty queue waits for the next put", "[core][queue]")
{
    CHECK(is_parked(alice.get(start + 5s)));
    CHECK(alice.is_waiting());
    CHECK(alice.deadline() == start + 5s);
    CHECK(queue.statistics().waiting_getters == 1);

    CHECK(result_of(bob.put(7)).is_none());
    CHECK(bob.has_served(alice));
    CHECK(result_of(alice.told()) == value{7});
    CHECK(queue.empty());
    CHECK(queue.statistics().waiting_getters == 0);
}

TEST_CASE_METHOD(fifo, "getters are served first come, first served", "[core][queue]")
{
    alice.get();
    bob.get();
    carol.get();
    SECTION("one item each") {
        for (const int item : {1, 2, 3})
            dave.put(item);
        CHECK(result_of(alice.told()) == value{1});
        CHECK(result_of(bob.told()) == value{2});
        CHECK(result_of(carol.told()) == value{3});
    }
    SECTION("one who left no longer stands in line") {
        alice.leave();
        CHECK_FALSE(alice.is_waiting());
        dave.put(1);
        CHECK(result_of(bob.told()) == value{1});
    }
    SECTION("one whose time ran out raises Empty and no longer stands in line") {
        CHECK(error_of(bob.expire()).type == exception_type::queue_empty);
        dave.put(1);
        dave.put(2);
        CHECK(result_of(alice.told()) == value{1});
        CHECK(result_of(carol.told()) == value{2});
        CHECK(queue.empty());
    }
}

TEST_CASE_METHOD(fifo_of_one, "a put on a full queue waits for room", "[core][queue]")
{
    alice.put(1);
    CHECK(queue.full());
    CHECK(error_of(bob.put(2, no_wait)).type == exception_type::queue_full);
    CHECK(queue.qsize() == 1);

    CHECK(is_parked(bob.put(2)));
    CHECK(is_parked(carol.put(3)));
    SECTION("a get lets in the first in line, and only that one") {
        CHECK(result_of(dave.get()) == value{1});
        CHECK(dave.has_served(bob));
        CHECK(result_of(bob.told()).is_none());
        CHECK(carol.is_waiting());
        CHECK(queue.full());
        CHECK(result_of(dave.get()) == value{2});
        CHECK(result_of(dave.get()) == value{3});
        CHECK(queue.empty());
    }
    SECTION("one whose time ran out raises Full, and its item never gets in") {
        CHECK(error_of(bob.expire()).type == exception_type::queue_full);
        CHECK(result_of(dave.get()) == value{1});
        CHECK(result_of(dave.get()) == value{3});
    }
    SECTION("one who left takes its item along") {
        bob.leave();
        CHECK(result_of(dave.get()) == value{1});
        CHECK(result_of(dave.get()) == value{3});
    }
    SECTION("one who was let in and left before being told has put its item all the same") {
        static_cast<void>(dave.get());
        bob.leave();
        CHECK(result_of(dave.get()) == value{2});
    }
}

TEST_CASE("maxsize of zero or less is no bound", "[core][queue]")
{
    for (const std::int64_t maxsize : {0, -1}) {
        queue_under_test unbounded{queue_kind::fifo, maxsize};
        for (int item = 0; item < 100; ++item)
            REQUIRE(result_of(unbounded.alice.put(item, no_wait)).is_none());
        CHECK_FALSE(unbounded.queue.full());
    }
}

TEST_CASE("a getter that leaves before it was told gives its item back", "[core][queue]")
{
    SECTION("to the next getter in line") {
        fifo q;
        q.alice.get();
        q.bob.get();
        q.carol.put(1);
        q.alice.leave();
        CHECK(q.alice.has_served(q.bob));
        CHECK(result_of(q.bob.told()) == value{1});
    }
    SECTION("else to the front of the queue") {
        fifo q;
        q.alice.get();
        q.carol.put(1);
        q.carol.put(2);
        q.alice.leave();
        CHECK(result_of(q.bob.get()) == value{1});
        CHECK(result_of(q.bob.get()) == value{2});
    }
    SECTION("on top of a stack") {
        queue_under_test q{queue_kind::lifo};
        q.alice.get();
        q.carol.put(1);
        q.carol.put(2);
        q.alice.leave();
        CHECK(result_of(q.bob.get()) == value{1});
    }
    SECTION("to its place by priority") {
        queue_under_test q{queue_kind::priority};
        q.alice.get();
        q.carol.put(2);
        q.carol.put(1);
        q.alice.leave();
        CHECK(result_of(q.bob.get()) == value{1});
        CHECK(result_of(q.bob.get()) == value{2});
    }
    SECTION("even into a queue that has filled up since, which is then longer than maxsize") {
        fifo_of_one q;
        q.alice.get();
        q.carol.put(1);
        q.carol.put(2);
        q.alice.leave();
        CHECK(q.queue.qsize() == 2);
        CHECK(q.queue.full());
        CHECK(is_parked(q.dave.put(3)));
        CHECK(result_of(q.bob.get()) == value{1});
        CHECK(q.dave.is_waiting());
        CHECK(result_of(q.bob.get()) == value{2});
        CHECK(q.dave.is_served());
        CHECK(result_of(q.bob.get()) == value{3});
    }
    SECTION("and the counts are as if it had never come") {
        fifo q;
        q.alice.get();
        q.carol.put(1);
        q.alice.leave();
        const queue_statistics after = q.queue.statistics();
        CHECK(after.depth == 1);
        CHECK(after.unfinished == 1);
        CHECK(after.puts_total == 1);
        CHECK(after.gets_total == 0);
    }
}

TEST_CASE_METHOD(fifo, "join() waits until every item is done", "[core][queue]")
{
    CHECK(result_of(alice.join()).is_none());
    CHECK(error_of(alice.task_done()).text == "task_done() called too many times");
    CHECK(error_of(alice.task_done()).type == exception_type::value_error);

    bob.put(1);
    bob.put(2);
    CHECK(is_parked(alice.join()));
    CHECK(is_parked(carol.join()));
    CHECK(alice.deadline() == never);
    CHECK(queue.statistics().waiting_joiners == 2);
    static_cast<void>(bob.get());
    static_cast<void>(bob.get());
    CHECK(alice.is_waiting());
    CHECK(result_of(bob.task_done()).is_none());
    CHECK(alice.is_waiting());

    SECTION("all who wait are released together") {
        CHECK(result_of(bob.task_done()).is_none());
        CHECK(bob.served.size() == 2);
        CHECK(result_of(alice.told()).is_none());
        CHECK(result_of(carol.told()).is_none());
        CHECK(error_of(bob.task_done()).type == exception_type::value_error);
    }
    SECTION("one who left is not") {
        alice.leave();
        bob.task_done();
        CHECK(bob.has_served(carol));
    }
    SECTION("an item handed straight to a waiting getter counts too") {
        dave.get();
        bob.task_done();
        CHECK(queue.statistics().unfinished == 0);
        bob.put(3);
        CHECK(queue.statistics().unfinished == 1);
    }
}

TEST_CASE_METHOD(fifo, "shutdown() lets the items be taken and nothing be put", "[core][queue]")
{
    alice.put(1);
    CHECK(result_of(alice.shutdown()).is_none());
    CHECK(error_of(alice.put(2)).type == exception_type::queue_shut_down);
    CHECK(error_of(alice.put(2, no_wait)).type == exception_type::queue_shut_down);
    CHECK(result_of(bob.get()) == value{1});
    CHECK(error_of(bob.get()).type == exception_type::queue_shut_down);
    CHECK(error_of(bob.get(no_wait)).type == exception_type::queue_shut_down);
    CHECK(queue.statistics().is_shut_down);
}

TEST_CASE("shutdown() releases those who wait", "[core][queue]")
{
    SECTION("getters") {
        fifo q;
        q.alice.get();
        q.bob.get();
        q.carol.shutdown();
        CHECK(error_of(q.alice.told()).type == exception_type::queue_shut_down);
        CHECK(error_of(q.bob.told()).type == exception_type::queue_shut_down);
    }
    SECTION("putters, whose items do not get in") {
        fifo_of_one q;
        q.alice.put(1);
        q.bob.put(2);
        q.carol.shutdown();
        CHECK(error_of(q.bob.told()).type == exception_type::queue_shut_down);
        CHECK(q.queue.qsize() == 1);
    }
    SECTION("not those who wait in join(): the items are still to be done") {
        fifo q;
        q.alice.put(1);
        q.bob.join();
        q.carol.shutdown();
        CHECK(q.bob.is_waiting());
        static_cast<void>(q.alice.get());
        q.alice.task_done();
        CHECK(q.bob.is_served());
    }
}

TEST_CASE_METHOD(fifo, "shutdown(immediate) drops the items and counts each as done", "[core][queue]")
{
    alice.put(1);
    alice.put(2);
    alice.put(3);
    static_cast<void>(alice.get());
    bob.join();
    SECTION("those handed out before are still to be done") {
        carol.shutdown(true);
        CHECK(queue.empty());
        CHECK(queue.statistics().unfinished == 1);
        CHECK(bob.is_waiting());
        alice.task_done();
        CHECK(bob.is_served());
    }
    SECTION("if there are none, join() returns") {
        alice.task_done();
        carol.shutdown(true);
        CHECK(carol.has_served(bob));
    }
    SECTION("task_done() ahead of time does not make the count wrap") {
        alice.task_done();
        alice.task_done();
        carol.shutdown(true);
        CHECK(queue.statistics().unfinished == 0);
        CHECK(bob.is_served());
    }
    SECTION("it may come after a shutdown()") {
        carol.shutdown();
        CHECK(queue.qsize() == 2);
        carol.shutdown(true);
        CHECK(error_of(alice.get()).type == exception_type::queue_shut_down);
    }
    SECTION("an item that is given back afterwards is dropped like the rest") {
        static_cast<void>(alice.get());
        static_cast<void>(alice.get());
        dave.get();
        alice.put(4);
        carol.shutdown(true);
        CHECK(queue.statistics().unfinished == 4);
        dave.leave();
        CHECK(queue.empty());
        CHECK(queue.statistics().unfinished == 3);
    }
}

TEST_CASE("a priority queue raises TypeError for what does not compare", "[core][queue]")
{
    queue_under_test q{queue_kind::priority, 2};
    q.alice.put(1);
    SECTION("at once, and the item is not in the queue") {
        CHECK(error_of(q.alice.put("text")).type == exception_type::type_error);
        CHECK(q.queue.qsize() == 1);
        CHECK(q.queue.statistics().unfinished == 1);
    }
    SECTION("after the wait, and its room goes to the next in line") {
        q.alice.put(2);
        CHECK(is_parked(q.bob.put("text")));
        CHECK(is_parked(q.carol.put(0)));
        CHECK(result_of(q.dave.get()) == value{1});
        CHECK(error_of(q.bob.told()).type == exception_type::type_error);
        CHECK(result_of(q.carol.told()).is_none());
        CHECK(result_of(q.dave.get()) == value{0});
        CHECK(result_of(q.dave.get()) == value{2});
    }
}

TEST_CASE("a priority queue refuses what it cannot read before anybody waits with it", "[core][queue]")
{
    const codec::payload unreadable{codec::item::make(as_bytes("h\x07"), {})};
    queue_under_test q{queue_kind::priority, 1};
    auto place = std::make_shared<waiter>();
    completions served;
    SECTION("there is a getter in line") {
        q.alice.get();
        CHECK_THROWS_AS(q.queue.put(unreadable, for_ever, *place, served), pickle_error);
        CHECK(q.alice.is_waiting());
        CHECK(q.queue.statistics().unfinished == 0);
    }
    SECTION("the queue is full") {
        q.alice.put(1);
        CHECK_THROWS_AS(q.queue.put(unreadable, for_ever, *place, served), pickle_error);
        CHECK(place->current_state() == waiter::state::idle);
    }
}

TEST_CASE("statistics() says what there is and what there was", "[core][queue]")
{
    queue_under_test q{queue_kind::lifo, 2};
    q.alice.put(1);
    q.alice.put(2);
    static_cast<void>(q.alice.get());
    q.alice.put(3);
    q.bob.put(4);
    q.carol.join();
    const queue_statistics shown = q.queue.statistics();
    CHECK(shown.kind == queue_kind::lifo);
    CHECK(shown.maxsize == 2);
    CHECK(shown.depth == 2);
    CHECK(shown.unfinished == 3);
    CHECK(shown.waiting_getters == 0);
    CHECK(shown.waiting_putters == 1);
    CHECK(shown.waiting_joiners == 1);
    CHECK(shown.puts_total == 3);
    CHECK(shown.gets_total == 1);
    CHECK_FALSE(shown.is_shut_down);
}
