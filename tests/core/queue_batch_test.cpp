// Typed operations on many items at once, and puts that may be repeated.
#include "core_testing.hpp"

#include "core/queue.hpp"
#include "core/queue_referent.hpp"

#include <quaymaster/errors.hpp>

#include <array>
#include <cstddef>
#include <span>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr wait_limit no_wait = std::nullopt;
constexpr wait_limit for_ever = never;
constexpr std::size_t no_bound = static_cast<std::size_t>(-1);

codec::item make_item(const value& content)
{
    return codec::payload{content}.to_item();
}

std::vector<value> values_of(std::span<const codec::item> items)
{
    std::vector<value> content;
    for (const codec::item& each : items)
        content.push_back(codec::payload{each}.to_value());
    return content;
}

struct call_place {
    ~call_place()
    {
        if (place->current_state() != waiter::state::idle)
            queue.withdraw(*place, served);
    }
    [[nodiscard]] bool is_waiting() const { return place->current_state() == waiter::state::parked; }
    [[nodiscard]] outcome told() { return place->take_outcome(); }

    shared_queue& queue;
    std::shared_ptr<waiter> place = std::make_shared<waiter>();
    completions served{};
};

struct batch_queue {
    explicit batch_queue(queue_kind kind = queue_kind::fifo, std::int64_t maxsize = 0) : object{"q", kind, maxsize} {}

    outcome put(call_place& who, const value& item, wait_limit limit = for_ever)
    {
        return queue.put(item, limit, *who.place, served);
    }
    outcome put(call_place& who, const value& item, const put_id& id, wait_limit limit = for_ever, time_point now = start)
    {
        return queue.put(item, limit, *who.place, served, &id, now);
    }
    outcome get(call_place& who, wait_limit limit = for_ever) { return queue.get(limit, *who.place, served); }
    void fill(const std::vector<value>& items)
    {
        for (const value& each : items)
            REQUIRE(result_of(put(alice, each)).is_none());
    }
    /// What take_ready() appended.
    std::vector<value> take(std::size_t items_max, std::size_t octets_max = no_bound)
    {
        const std::size_t before = taken.size();
        const std::size_t count = queue.take_ready(items_max, octets_max, taken, served);
        REQUIRE(taken.size() == before + count);
        return values_of(std::span{taken}.subspan(before));
    }
    void put_back(std::span<codec::item> returned)
    {
        queue.put_back(returned, served);
        for (const codec::item& each : returned)
            CHECK_FALSE(each);
    }
    [[nodiscard]] bool has_served(const call_place& who) const { return served.size() == 1 && served.front() == who.place; }

    queue_referent object;
    shared_queue& queue = object.queue();
    call_place alice{queue};
    call_place bob{queue};
    call_place carol{queue};
    completions served;
    std::vector<codec::item> taken;
};

using items = std::vector<value>;

}  // namespace

TEST_CASE("a queue is known as one with typed arguments", "[core][queue]")
{
    batch_queue q;
    CHECK(q.object.as_queue() == &q.queue);
}

TEST_CASE("put_rest() lets in what there is room for, and goes on after a wait", "[core][queue]")
{
    batch_queue q{queue_kind::fifo, 2};
    batch_rest rest;
    for (const int each : {4, 3, 2, 1})
        rest.items.push_back(make_item(each));
    const auto put_rest = [&](wait_limit limit) { return q.queue.put_rest(rest, limit, *q.alice.place, q.served, start); };
    SECTION("waiting for it")
    {
        REQUIRE(is_parked(put_rest(for_ever)));
        CHECK(rest.added == 2);
        CHECK(rest.items.size() == 1);  // the one that waits is the waiter's
        CHECK(q.take(10) == items{1, 2, 3});
        CHECK(q.has_served(q.alice));
        CHECK(result_of(q.alice.told()).is_none());
        ++rest.added;
        CHECK(result_of(put_rest(for_ever)).is_none());
        CHECK(rest.added == 4);
        CHECK(rest.items.empty());
        CHECK(q.take(10) == items{4});
    }
    SECTION("or not")
    {
        CHECK(error_of(put_rest(no_wait)).type == exception_type::queue_full);
        CHECK(rest.added == 2);
        CHECK(q.take(10) == items{1, 2});
    }
    SECTION("each under an id of its own, so that it may be repeated")
    {
        rest.has_id = true;
        rest.id = {7, 100};
        const batch_rest again = rest;
        CHECK(error_of(put_rest(no_wait)).type == exception_type::queue_full);
        CHECK(q.take(10) == items{1, 2});
        rest = again;
        CHECK(result_of(put_rest(no_wait)).is_none());
        CHECK(rest.added == 4);  // two of them had been let in before
        CHECK(q.take(10) == items{3, 4});
    }
    SECTION("what it cannot read ends it, with those before it in")
    {
        batch_queue by_priority{queue_kind::priority};
        rest.items.insert(rest.items.begin() + 2, codec::item::make(as_bytes(std::string_view{"no pickle"}), {}));
        CHECK_THROWS_AS(by_priority.queue.put_rest(rest, no_wait, *by_priority.alice.place, by_priority.served), pickle_error);
        CHECK(rest.added == 2);
        CHECK(by_priority.take(10) == items{1, 2});
    }
    SECTION("nothing is nothing")
    {
        rest.items.clear();
        CHECK(result_of(put_rest(no_wait)).is_none());
        CHECK(q.take(10).empty());
    }
}

TEST_CASE("put_at_once() and get_at_once() act where nothing is in the way", "[core][queue]")
{
    const queue_kind kind = GENERATE(queue_kind::fifo, queue_kind::lifo);
    batch_queue q{kind, 2};
    codec::item three = make_item(3);
    SECTION("as put() and get() do")
    {
        codec::item one = make_item(1);
        CHECK(q.queue.put_at_once(one));
        CHECK(q.queue.put_at_once(three));
        CHECK_FALSE(one);
        CHECK(q.queue.statistics().puts_total == 2);
        CHECK(q.queue.statistics().unfinished == 2);
        const codec::item first = q.queue.get_at_once();
        const codec::item second = q.queue.get_at_once();
        CHECK(values_of(std::array{first, second}) == (kind == queue_kind::fifo ? items{1, 3} : items{3, 1}));
        CHECK(q.queue.statistics().gets_total == 2);
    }
    SECTION("no item")
    {
        CHECK_FALSE(q.queue.get_at_once());
        CHECK(q.queue.statistics().gets_total == 0);
    }
    SECTION("no room, and somebody who waits for it")
    {
        q.fill({1, 2});
        CHECK_FALSE(q.queue.put_at_once(three));
        CHECK(three);
        REQUIRE(is_parked(q.put(q.bob, 4)));
        CHECK_FALSE(q.queue.get_at_once());
        CHECK(q.queue.qsize() == 2);
        CHECK(q.queue.statistics().puts_total == 2);
    }
    SECTION("somebody who waits for an item")
    {
        REQUIRE(is_parked(q.get(q.bob)));
        CHECK_FALSE(q.queue.put_at_once(three));
        CHECK(three);
        CHECK(q.queue.empty());
    }
    SECTION("a queue that is shut down gives what it has and takes nothing")
    {
        q.fill({1});
        static_cast<void>(q.queue.shutdown(false, q.served));
        CHECK_FALSE(q.queue.put_at_once(three));
        CHECK(q.queue.get_at_once());
    }
}

TEST_CASE("a priority queue looks at what is put, and so not at once", "[core][queue]")
{
    batch_queue q{queue_kind::priority};
    codec::item two = make_item(2);
    CHECK_FALSE(q.queue.put_at_once(two));
    CHECK(two);
    q.fill({2, 1});
    const codec::item least = q.queue.get_at_once();
    CHECK(values_of(std::span{&least, 1}) == items{1});
}

TEST_CASE("take_ready() takes what there is, up to its bounds", "[core][queue]")
{
    batch_queue q;
    SECTION("nothing")
    {
        CHECK(q.take(10).empty());
        CHECK(q.queue.statistics().gets_total == 0);
    }
    SECTION("in order, appended to what is there")
    {
        q.fill({1, 2, 3, 4, 5});
        CHECK(q.take(2) == items{1, 2});
        CHECK(q.take(2) == items{3, 4});
        CHECK(q.take(2) == items{5});
        CHECK(values_of(q.taken) == items{1, 2, 3, 4, 5});
        CHECK(q.queue.empty());
        CHECK(q.queue.statistics().gets_total == 5);
        CHECK(q.queue.statistics().unfinished == 5);
    }
    SECTION("none if none may be taken")
    {
        q.fill({1});
        CHECK(q.take(0).empty());
        CHECK(q.queue.qsize() == 1);
    }
    SECTION("no more octets than may be taken, but one item at least")
    {
        const std::size_t size = make_item(1).size();
        q.fill({1, 2, 3, 4, 5, 6});
        CHECK(q.take(10, 0) == items{1});
        CHECK(q.take(10, size - 1) == items{2});
        CHECK(q.take(10, 2 * size) == items{3, 4});
        CHECK(q.take(10, 2 * size - 1) == items{5});
        CHECK(q.take(10, no_bound) == items{6});
    }
    SECTION("one that is larger goes alone")
    {
        const value large{std::string(1'000, 'x')};
        q.fill({1, large, 2, 3});
        CHECK(q.take(10, 100) == items{1});
        CHECK(q.take(10, 100) == items{large});
        CHECK(q.take(10, 100) == items{2, 3});
    }
    SECTION("in the order of the queue's kind")
    {
        batch_queue lifo{queue_kind::lifo};
        lifo.fill({2, 3, 1});
        CHECK(lifo.take(2) == items{1, 3});
        batch_queue priority{queue_kind::priority};
        priority.fill({2, 3, 1});
        CHECK(priority.take(2) == items{1, 2});
    }
    SECTION("after a shutdown, too, until there is nothing")
    {
        q.fill({1, 2});
        q.queue.shutdown(false, q.served);
        CHECK(q.take(10) == items{1, 2});
        CHECK(q.take(10).empty());
    }
}

TEST_CASE("take_ready() lets those in who wait with an item, as it goes", "[core][queue]")
{
    batch_queue q{queue_kind::fifo, 1};
    q.fill({1});
    CHECK(is_parked(q.put(q.bob, 2)));
    CHECK(is_parked(q.put(q.carol, 3)));
    SECTION("and takes theirs")
    {
        CHECK(q.take(10) == items{1, 2, 3});
        CHECK(q.served.size() == 2);
        CHECK(result_of(q.bob.told()).is_none());
        CHECK(result_of(q.carol.told()).is_none());
    }
    SECTION("as far as its bounds go")
    {
        CHECK(q.take(1) == items{1});
        CHECK(q.has_served(q.bob));
        CHECK(q.carol.is_waiting());
        CHECK(q.queue.full());
    }
}

TEST_CASE("put_back() makes the first that it is given the next to be taken", "[core][queue]")
{
    SECTION("at the front of a queue")
    {
        batch_queue q;
        q.fill({1, 2, 3, 4});
        q.take(3);
        q.put_back(std::span{q.taken}.subspan(1));
        CHECK(q.take(10) == items{2, 3, 4});
    }
    SECTION("on top of a stack")
    {
        batch_queue q{queue_kind::lifo};
        q.fill({1, 2, 3, 4});
        CHECK(q.take(3) == items{4, 3, 2});
        q.put_back(std::span{q.taken}.subspan(1));
        CHECK(q.take(10) == items{3, 2, 1});
    }
    SECTION("in a priority queue each takes its place")
    {
        batch_queue q{queue_kind::priority};
        q.fill({4, 2, 3, 1});
        CHECK(q.take(3) == items{1, 2, 3});
        q.fill({0});
        q.put_back(q.taken);
        CHECK(q.take(10) == items{0, 1, 2, 3, 4});
    }
    SECTION("even beyond maxsize")
    {
        batch_queue q{queue_kind::fifo, 2};
        q.fill({1, 2});
        q.take(2);
        q.fill({3, 4});
        q.put_back(q.taken);
        CHECK(q.queue.qsize() == 4);
        CHECK(is_parked(q.put(q.bob, 5)));
        q.taken.clear();
        CHECK(q.take(2) == items{1, 2});
        CHECK(q.bob.is_waiting());
        CHECK(q.take(10) == items{3, 4, 5});
    }
    SECTION("and the counts are as if they had not been taken")
    {
        batch_queue q;
        q.fill({1, 2, 3});
        q.take(3);
        q.put_back(q.taken);
        CHECK(q.queue.statistics().gets_total == 0);
        CHECK(q.queue.statistics().puts_total == 3);
        CHECK(q.queue.statistics().unfinished == 3);
    }
    SECTION("nothing changes nothing")
    {
        batch_queue q;
        q.put_back({});
        CHECK(q.queue.empty());
    }
}

TEST_CASE("put_back() serves those who wait first", "[core][queue]")
{
    batch_queue q;
    q.fill({1, 2, 3});
    q.take(3);
    CHECK(is_parked(q.get(q.bob)));
    CHECK(is_parked(q.get(q.carol)));
    q.put_back(q.taken);
    CHECK(q.served.size() == 2);
    CHECK(result_of(q.bob.told()) == value{1});
    CHECK(result_of(q.carol.told()) == value{2});
    CHECK(q.take(10) == items{3});
    CHECK(q.queue.statistics().gets_total == 3);
}

TEST_CASE("what is put back after shutdown(immediate) is done", "[core][queue]")
{
    batch_queue q;
    q.fill({1, 2, 3});
    q.take(2);
    CHECK(is_parked(q.queue.join(*q.bob.place)));
    q.queue.shutdown(true, q.served);
    CHECK(q.queue.statistics().unfinished == 2);
    q.put_back(q.taken);
    CHECK(q.queue.empty());
    CHECK(q.queue.statistics().unfinished == 0);
    CHECK(q.queue.statistics().gets_total == 0);
    CHECK(q.has_served(q.bob));
    CHECK(result_of(q.bob.told()).is_none());
}

TEST_CASE("a put with an id is let in once", "[core][queue]")
{
    batch_queue q;
    const put_id first{1, 1};
    const put_id second{1, 2};
    SECTION("a repetition says None and adds nothing")
    {
        CHECK(result_of(q.put(q.alice, 1, first)).is_none());
        CHECK(result_of(q.put(q.alice, 1, first)).is_none());
        CHECK(q.queue.qsize() == 1);
        CHECK(q.queue.statistics().puts_total == 1);
        CHECK(q.queue.statistics().unfinished == 1);
        CHECK(result_of(q.put(q.alice, 1, second)).is_none());
        CHECK(result_of(q.put(q.alice, 1)).is_none());
        CHECK(result_of(q.put(q.alice, 1)).is_none());
        CHECK(q.queue.qsize() == 4);
    }
    SECTION("also when its item has gone, to one who waited or not")
    {
        CHECK(is_parked(q.get(q.bob)));
        CHECK(result_of(q.put(q.alice, 1, first)).is_none());
        CHECK(result_of(q.bob.told()) == value{1});
        CHECK(result_of(q.put(q.alice, 2, second)).is_none());
        CHECK(q.take(10) == items{2});
        for (const put_id& each : {first, second})
            CHECK(result_of(q.put(q.alice, 3, each)).is_none());
        CHECK(q.queue.empty());
        CHECK(is_parked(q.get(q.bob)));
        CHECK(result_of(q.put(q.alice, 3, first)).is_none());
        CHECK(q.bob.is_waiting());
    }
    SECTION("and whatever has become of the queue")
    {
        batch_queue small{queue_kind::fifo, 1};
        CHECK(result_of(small.put(small.alice, 1, first)).is_none());
        CHECK(result_of(small.put(small.alice, 1, first, no_wait)).is_none());
        small.queue.shutdown(true, small.served);
        CHECK(result_of(small.put(small.alice, 1, first)).is_none());
        CHECK(error_of(small.put(small.alice, 1, second)).type == exception_type::queue_shut_down);
    }
    SECTION("unless it is long ago")
    {
        CHECK(result_of(q.put(q.alice, 1, first)).is_none());
        CHECK(result_of(q.put(q.alice, 1, first, for_ever, start + put_id_limits{}.age_max)).is_none());
        CHECK(q.queue.qsize() == 1);
        CHECK(result_of(q.put(q.alice, 1, first, for_ever, start + put_id_limits{}.age_max + 1ms)).is_none());
        CHECK(q.queue.qsize() == 2);
    }
    SECTION("or there have been many since")
    {
        CHECK(result_of(q.put(q.alice, 1, first)).is_none());
        for (std::uint64_t i = 1; i < put_id_limits{}.count_max; ++i)
            static_cast<void>(q.put(q.alice, 1, {2, i}));
        const std::size_t before = q.queue.qsize();
        CHECK(result_of(q.put(q.alice, 1, first)).is_none());
        CHECK(q.queue.qsize() == before);
        static_cast<void>(q.put(q.alice, 1, {3, 0}));
        CHECK(result_of(q.put(q.alice, 1, first)).is_none());
        CHECK(q.queue.qsize() == before + 2);
    }
}

TEST_CASE("a put with an id that is not let in may be tried again", "[core][queue]")
{
    const put_id id{1, 1};
    SECTION("refused, for want of room")
    {
        batch_queue q{queue_kind::fifo, 1};
        q.fill({0});
        CHECK(error_of(q.put(q.bob, 1, id, no_wait)).type == exception_type::queue_full);
        CHECK(q.take(1) == items{0});
        CHECK(result_of(q.put(q.bob, 1, id, no_wait)).is_none());
        CHECK(q.take(1) == items{1});
    }
    SECTION("refused, because it does not compare")
    {
        batch_queue q{queue_kind::priority, 2};
        q.fill({0});
        CHECK(error_of(q.put(q.bob, "text", id)).type == exception_type::type_error);
        CHECK(error_of(q.put(q.bob, "text", id)).type == exception_type::type_error);
        q.fill({1});
        CHECK(is_parked(q.put(q.bob, "text", id)));
        CHECK(q.take(1) == items{0});
        CHECK(error_of(q.bob.told()).type == exception_type::type_error);
        CHECK(result_of(q.put(q.bob, 2, id)).is_none());
        CHECK(q.take(10) == items{1, 2});
    }
    SECTION("because its time is up, or its caller has left")
    {
        batch_queue q{queue_kind::fifo, 1};
        q.fill({0});
        CHECK(is_parked(q.put(q.bob, 1, id)));
        CHECK(error_of(q.queue.expire(*q.bob.place)).type == exception_type::queue_full);
        CHECK(is_parked(q.put(q.bob, 1, id)));
        q.queue.withdraw(*q.bob.place, q.served);
        CHECK(q.take(10) == items{0});
        CHECK(result_of(q.put(q.bob, 1, id)).is_none());
        CHECK(q.take(10) == items{1});
    }
    SECTION("and one who waits is offered something and leaves for another queue")
    {
        batch_queue q;
        struct picky : waiter {
            bool accepts(const outcome&) noexcept override { return false; }
        };
        const auto place = std::make_shared<picky>();
        CHECK(is_parked(q.queue.get(for_ever, *place, q.served)));
        CHECK(result_of(q.put(q.alice, 1, id)).is_none());
        CHECK(place->current_state() == waiter::state::idle);
        CHECK(q.take(10) == items{1});
        CHECK(result_of(q.put(q.alice, 1, id)).is_none());
        CHECK(q.queue.empty());
    }
}

TEST_CASE("two puts with one id that wait are one", "[core][queue]")
{
    batch_queue q{queue_kind::fifo, 1};
    const put_id id{1, 1};
    q.fill({0});
    CHECK(is_parked(q.put(q.bob, 1, id)));
    CHECK(is_parked(q.put(q.carol, 1, id)));
    CHECK(q.take(1) == items{0});
    CHECK(result_of(q.bob.told()).is_none());
    CHECK(q.carol.is_waiting());
    SECTION("both say None, and there is one item")
    {
        CHECK(q.take(10) == items{1});
        CHECK(result_of(q.carol.told()).is_none());
        CHECK(q.queue.empty());
        CHECK(q.queue.statistics().puts_total == 2);
    }
    SECTION("the time of the second is up after the first was let in")
    {
        CHECK(result_of(q.queue.expire(*q.carol.place)).is_none());
    }
    SECTION("the queue is shut down after the first was let in")
    {
        CHECK(is_parked(q.put(q.bob, 2, {1, 2})));
        q.queue.shutdown(false, q.served);
        CHECK(result_of(q.carol.told()).is_none());
        CHECK(error_of(q.bob.told()).type == exception_type::queue_shut_down);
    }
    SECTION("the second takes no room from the next in line")
    {
        CHECK(is_parked(q.put(q.bob, 2, {1, 2})));
        CHECK(q.take(1) == items{1});
        CHECK(result_of(q.carol.told()).is_none());
        CHECK(result_of(q.bob.told()).is_none());
        CHECK(q.take(10) == items{2});
    }
}

TEST_CASE("a put remembers its id from when it is let in", "[core][queue]")
{
    batch_queue q{queue_kind::fifo, 1};
    const put_id id{1, 1};
    const auto age_max = put_id_limits{}.age_max;
    q.fill({0});
    CHECK(is_parked(q.put(q.bob, 1, id)));
    CHECK(error_of(q.put(q.alice, 2, {2, 1}, no_wait, start + age_max)).type == exception_type::queue_full);
    CHECK(q.take(1) == items{0});
    CHECK(result_of(q.bob.told()).is_none());
    // A get does not say when it is: what counts is the next put that does.
    CHECK(result_of(q.put(q.alice, 1, id, no_wait, start + 2 * age_max)).is_none());
    CHECK(q.take(10) == items{1});
    CHECK(result_of(q.put(q.alice, 1, id, no_wait, start + 3 * age_max)).is_none());
    CHECK(q.take(10).empty());
    CHECK(result_of(q.put(q.alice, 1, id, no_wait, start + 3 * age_max + 1ms)).is_none());
    CHECK(q.take(10) == items{1});
}

TEST_CASE("a put that was let in long after it came is remembered from then on", "[core][queue]")
{
    batch_queue q{queue_kind::fifo, 1};
    const put_id id{1, 1};
    const auto age_max = put_id_limits{}.age_max;
    q.fill({0});
    CHECK(is_parked(q.put(q.bob, 1, id)));
    CHECK(q.take(1) == items{0});  // by a get, which does not say when that is
    CHECK(result_of(q.bob.told()).is_none());
    const auto again = start + 2 * age_max;
    CHECK(result_of(q.put(q.alice, 1, id, no_wait, again)).is_none());
    CHECK(q.take(10) == items{1});
    CHECK(result_of(q.put(q.alice, 1, id, no_wait, again + age_max)).is_none());
    CHECK(q.take(10).empty());
    CHECK(result_of(q.put(q.alice, 1, id, no_wait, again + age_max + 1ms)).is_none());
    CHECK(q.take(10) == items{1});
}
