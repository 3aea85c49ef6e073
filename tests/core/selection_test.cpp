#include "core_testing.hpp"

#include "core/select_referent.hpp"
#include "core/selection.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

/// The objects of a test. Guards are counted, not held: there is one thread, and `between` is what others do while it is in none.
class bare_objects final : public object_access {
public:
    std::shared_ptr<referent> find(std::string_view ident) override
    {
        REQUIRE(visits_ == 0);
        const auto found = objects.find(std::string{ident});
        return found != objects.end() ? found->second : nullptr;
    }
    /// Proxies of these tests are tuples (ident,).
    std::optional<std::string> ident_of(const value& proxy) override
    {
        if (proxy.kind() != value_kind::tuple || proxy.size() != 1)
            return std::nullopt;
        return std::string{proxy[0].text()};
    }

    std::map<std::string, std::shared_ptr<referent>> objects;
    std::function<void()> between;

private:
    void enter(const referent&) override
    {
        if (between)
            between();
        REQUIRE(visits_ == 0);
        ++visits_;
    }
    void leave(const referent&) noexcept override { --visits_; }

    int visits_ = 0;
};

/// One who calls get_any(): what a session is to it.
class chooser {
public:
    explicit chooser(select_referent& select) : select_{select} {}
    chooser(const chooser&) = delete;
    chooser& operator=(const chooser&) = delete;
    ~chooser()
    {
        if (is_waiting())
            leave();
    }

    outcome get_any(const value& queues, const arguments& rest = {}, const keyword_arguments& keywords = {})
    {
        arguments positional{queues};
        positional.insert(positional.end(), rest.begin(), rest.end());
        call request = make_call("get_any", positional, keywords);
        outcome got = select_.invoke(request, *place_, fulfilled);
        if (auto* const waiting = std::get_if<parked>(&got)) {
            REQUIRE(waiting->place != nullptr);
            CHECK(place_->current_state() == waiter::state::parked);
            waits_in_ = std::move(waiting->place);
            CHECK(place_->place() == waits_in_.get());
        } else {
            CHECK(place_->current_state() == waiter::state::idle);
        }
        return got;
    }
    outcome expire() { return ended(waits_in_->expire(*place_, fulfilled)); }
    outcome collect() { return ended(waits_in_->collect(*place_)); }
    void leave()
    {
        const auto place = std::exchange(waits_in_, nullptr);
        place->withdraw(*place_, fulfilled);
        CHECK(place_->current_state() == waiter::state::idle);
    }

    [[nodiscard]] bool is_waiting() const noexcept { return waits_in_ != nullptr; }
    [[nodiscard]] const std::shared_ptr<waiter>& place() const noexcept { return place_; }
    [[nodiscard]] time_point deadline() const noexcept { return place_->deadline(); }

    completions fulfilled;

private:
    outcome ended(outcome result)
    {
        if (!is_parked(result)) {
            CHECK(place_->current_state() == waiter::state::idle);
            waits_in_.reset();
        }
        return result;
    }

    select_referent& select_;
    std::shared_ptr<waiter> place_ = std::make_shared<waiter>();
    std::shared_ptr<referent> waits_in_;
};

struct three_queues {
    three_queues() { objects.objects = {{"a", a}, {"b", b}, {"c", c}}; }

    /// How many getters stand in the lines of a, b and c.
    [[nodiscard]] std::vector<std::size_t> in_line() const
    {
        std::vector<std::size_t> counts;
        for (const auto& queue : {a, b, c})
            counts.push_back(queue->queue().statistics().waiting_getters);
        return counts;
    }
    /// True if the last act of `who` has ended the wait of `chooser`, and nobody else's.
    static bool has_served(caller& who, const chooser& served)
    {
        const completions told = std::exchange(who.fulfilled, {});
        return told.size() == 1 && told.front() == served.place();
    }

    bare_objects objects;
    std::shared_ptr<queue_referent> a = std::make_shared<queue_referent>("a");
    std::shared_ptr<queue_referent> b = std::make_shared<queue_referent>("b");
    std::shared_ptr<queue_referent> c = std::make_shared<queue_referent>("c");
    select_referent select{objects, codec::pickle_limits{}};
    chooser alice{select};
    chooser bob{select};
    caller in_a{*a};
    caller in_b{*b};
    caller in_c{*c};
    const value all = value::list({value{"a"}, value{"b"}, value{"c"}});
};

value pair(int index, const value& item)
{
    return value::tuple({value{index}, item});
}

using lines = std::vector<std::size_t>;

}  // namespace

TEST_CASE_METHOD(three_queues, "get_any() takes what is there, from the earliest queue that has something", "[core][select]")
{
    in_b("put", {"first of b"});
    in_b("put", {"second of b"});
    in_c("put", {value::list({value{1}})});
    CHECK(result_of(alice.get_any(all)) == pair(1, "first of b"));
    CHECK(result_of(alice.get_any(value::tuple({value{"c"}, value{"b"}}))) == pair(0, value::list({value{1}})));
    CHECK(result_of(alice.get_any(all, {true, 5})) == pair(1, "second of b"));
    CHECK(in_line() == lines{0, 0, 0});
    CHECK(b->queue().statistics().gets_total == 2);

    SECTION("and nothing if there is nothing and it may not wait")
    {
        CHECK(error_of(alice.get_any(all, {false})).type == exception_type::queue_empty);
        CHECK(error_of(alice.get_any(all, {true, 0})).type == exception_type::queue_empty);
        CHECK(error_of(alice.get_any(all, {}, {{"timeout", 0.0}})).type == exception_type::queue_empty);
        CHECK(in_line() == lines{0, 0, 0});
    }
    SECTION("named by proxies, too")
    {
        in_a("put", {value{}});
        CHECK(result_of(alice.get_any(value::list({value::tuple({value{"b"}}), value::tuple({value{"a"}})}), {false})) ==
              pair(1, value{}));
    }
}

TEST_CASE_METHOD(three_queues, "get_any() says what it cannot do", "[core][select]")
{
    const auto complaint = [&](const value& queues, const arguments& rest = {}) {
        return error_of(alice.get_any(queues, rest));
    };
    CHECK(complaint(value{"abc"}).text == "get_any() takes a list of queues, not 'str'");
    CHECK(complaint(value{}).type == exception_type::type_error);
    CHECK(complaint(value::list({})).type == exception_type::value_error);
    CHECK(complaint(value::list({value{"a"}, value{7}})).text ==
          "get_any() takes proxies of queues, or their idents, not 'int'");
    CHECK(complaint(value::list({value{"a"}, value{"gone"}})).type == exception_type::key_error);
    CHECK(complaint(value::list({value{"a"}, value{"gone"}})).text == "gone");
    objects.objects.emplace("no queue", std::make_shared<select_referent>(objects, codec::pickle_limits{}));
    CHECK(complaint(value::list({value{"no queue"}})).text == "get_any() takes queues, and 'no queue' is none");
    CHECK(complaint(all, {true, -1}).type == exception_type::value_error);
    CHECK(complaint(all, {true, "soon"}).type == exception_type::type_error);

    std::vector<value> many(select_referent::queues_max, value{"a"});
    CHECK(error_of(alice.get_any(value::list(many), {false})).type == exception_type::queue_empty);
    many.emplace_back("b");
    CHECK(complaint(value::list(many)).text == "get_any() takes at most 1024 queues, not 1025: share them among several calls");
    CHECK(in_line() == lines{0, 0, 0});

    caller client{select};
    CHECK(error_of(client("get_any")).text == "Server.get_any() missing 1 required positional argument: 'queues'");
    CHECK(error_of(client("get_all")).type == exception_type::attribute_error);
}

TEST_CASE_METHOD(three_queues, "get_any() waits in the lines of all its queues and leaves them when one has served it",
                 "[core][select]")
{
    REQUIRE(is_parked(alice.get_any(all, {true, 5})));
    CHECK(alice.deadline() == start + 5s);
    CHECK(in_line() == lines{1, 1, 1});

    in_b("put", {"x"});
    CHECK(has_served(in_b, alice));
    CHECK(in_line() == lines{1, 0, 1});
    CHECK(result_of(alice.collect()) == pair(1, "x"));
    CHECK(in_line() == lines{0, 0, 0});
    CHECK(b->queue().statistics().puts_total == 1);
    CHECK(b->queue().statistics().gets_total == 1);
    CHECK(b->queue().statistics().unfinished == 1);

    CHECK(is_parked(alice.get_any(all)));
    CHECK(alice.deadline() == never);
}

TEST_CASE_METHOD(three_queues, "an item stays in its queue if another has served the caller", "[core][select]")
{
    REQUIRE(is_parked(alice.get_any(all)));
    in_a("put", {1});
    in_a.fulfilled.clear();

    SECTION("in the store")
    {
        in_b("put", {2});
        CHECK(in_b.fulfilled.empty());
        CHECK(b->queue().qsize() == 1);
        CHECK(b->queue().statistics().gets_total == 0);
        CHECK(b->queue().statistics().unfinished == 1);
        CHECK(result_of(alice.collect()) == pair(0, 1));
        CHECK(result_of(in_b("get_nowait")) == value{2});
    }
    SECTION("or it goes to the next in line")
    {
        caller behind{*b};
        REQUIRE(is_parked(behind("get")));
        REQUIRE(is_parked(bob.get_any(all)));
        in_b("put", {2});
        REQUIRE(in_b.fulfilled.size() == 1);
        CHECK(result_of(behind.told()) == value{2});
        in_b.fulfilled.clear();
        in_b("put", {3});
        CHECK(has_served(in_b, bob));
        CHECK(result_of(alice.collect()) == pair(0, 1));
        CHECK(result_of(bob.collect()) == pair(1, 3));
    }
    SECTION("also where it is refused by everybody and has to fit in")
    {
        const auto small = std::make_shared<queue_referent>("small", queue_kind::fifo, 1);
        objects.objects.emplace("small", small);
        caller in_small{*small};
        REQUIRE(is_parked(bob.get_any(value::list({value{"c"}, value{"small"}}))));
        in_c("put", {0});
        CHECK(result_of(in_small("put", {1})).is_none());
        caller late{*small};
        CHECK(is_parked(late("put", {2})));
        CHECK(result_of(bob.collect()) == pair(0, 0));
        // Taking the first lets the second in, and tells who put it.
        CHECK(result_of(bob.get_any(value::list({value{"small"}}))) == pair(0, 1));
        CHECK(late.is_served());
        CHECK(bob.fulfilled.size() == 1);
        CHECK(small->queue().qsize() == 1);
    }
}

TEST_CASE_METHOD(three_queues, "callers of get_any() and get() are served in one line, first come, first served",
                 "[core][select]")
{
    REQUIRE(is_parked(alice.get_any(all)));
    REQUIRE(is_parked(in_b("get")));
    REQUIRE(is_parked(bob.get_any(all)));
    caller putting{*b};
    for (const int item : {1, 2, 3})
        putting("put", {item});
    CHECK(result_of(alice.collect()) == pair(1, 1));
    CHECK(result_of(in_b.told()) == value{2});
    CHECK(result_of(bob.collect()) == pair(1, 3));
}

TEST_CASE_METHOD(three_queues, "what comes while get_any() goes from line to line", "[core][select]")
{
    int visit = 0;
    std::function<void()> act;
    int when = 0;
    objects.between = [&] {
        if (++visit == when)
            act();
    };
    // The first three visits look, the next three stand in line.
    SECTION("to a queue it stands in already: the answer is told")
    {
        when = 5;
        act = [&] { in_a("put", {1}); };
        REQUIRE(is_parked(alice.get_any(all)));
        CHECK(has_served(in_a, alice));
        CHECK(in_line() == lines{0, 1, 0});  // it was on its way to the second, and goes no further
        CHECK(result_of(alice.collect()) == pair(0, 1));
    }
    SECTION("to a queue it stands in, before the last")
    {
        when = 6;
        act = [&] {
            in_b("put", {1});
            in_c("put", {2});
        };
        REQUIRE(is_parked(alice.get_any(all)));
        CHECK(has_served(in_b, alice));
        CHECK(result_of(alice.collect()) == pair(1, 1));
        CHECK(in_line() == lines{0, 0, 0});
        CHECK(c->queue().qsize() == 1);
    }
    SECTION("to a queue it comes to yet: taken at once")
    {
        when = 4;
        act = [&] { in_c("put", {3}); };
        CHECK(result_of(alice.get_any(all)) == pair(2, 3));
        CHECK(alice.fulfilled.empty());
        CHECK(in_line() == lines{0, 0, 0});
    }
    SECTION("to a queue that it has only looked at")
    {
        when = 2;
        act = [&] { in_a("put", {1}); };
        CHECK(result_of(alice.get_any(all)) == pair(0, 1));
    }
    SECTION("to one it stands in while it leaves the lines, having taken another's")
    {
        in_c("put", {3});
        CHECK(result_of(alice.get_any(all)) == pair(2, 3));
        visit = 0;
        when = 7;  // on the way out
        act = [&] { in_b("put", {2}); };
        objects.between = [&] {
            ++visit;
            if (visit == 4)
                in_c("put", {4});
            if (visit == when)
                act();
        };
        CHECK(result_of(alice.get_any(all)) == pair(2, 4));
        CHECK(b->queue().qsize() == 1);
        CHECK(in_line() == lines{0, 0, 0});
    }
    SECTION("the end of queues it stands in, and then of the others")
    {
        when = 6;
        act = [&] {
            in_a("shutdown");
            in_b("shutdown");
            in_c("shutdown");
        };
        CHECK(error_of(alice.get_any(all)).type == exception_type::queue_shut_down);
        CHECK(in_line() == lines{0, 0, 0});
        CHECK(in_a.fulfilled.empty());
    }
    SECTION("the end of those it comes to yet, and then of the first")
    {
        when = 4;
        act = [&] {
            in_b("shutdown");
            in_c("shutdown");
        };
        REQUIRE(is_parked(alice.get_any(all)));
        CHECK(in_line() == lines{1, 0, 0});
        in_a("shutdown");
        CHECK(has_served(in_a, alice));
        CHECK(error_of(alice.collect()).type == exception_type::queue_shut_down);
    }
}

TEST_CASE_METHOD(three_queues, "get_any() waits until its deadline", "[core][select]")
{
    REQUIRE(is_parked(alice.get_any(all, {true, 5})));
    SECTION("and raises Empty then")
    {
        CHECK(error_of(alice.expire()).type == exception_type::queue_empty);
        CHECK(in_line() == lines{0, 0, 0});
    }
    SECTION("unless it has been served a moment before")
    {
        in_c("put", {1});
        CHECK(is_parked(alice.expire()));
        CHECK(result_of(alice.collect()) == pair(2, 1));
    }
    SECTION("and what comes while it leaves the lines stays")
    {
        objects.between = [&] {
            if (c->queue().empty())
                in_c("put", {1});
        };
        CHECK(error_of(alice.expire()).type == exception_type::queue_empty);
        CHECK(in_c.fulfilled.empty());
        CHECK(c->queue().qsize() == 1);
        CHECK(in_line() == lines{0, 0, 0});
    }
}

TEST_CASE_METHOD(three_queues, "a caller that leaves takes nothing along", "[core][select]")
{
    REQUIRE(is_parked(alice.get_any(all)));
    SECTION("when it waited")
    {
        alice.leave();
        CHECK(in_line() == lines{0, 0, 0});
        in_a("put", {1});
        CHECK(a->queue().qsize() == 1);
    }
    SECTION("when it was served: the item goes back to the front")
    {
        in_b("put", {1});
        in_b("put", {2});
        alice.leave();
        CHECK(in_line() == lines{0, 0, 0});
        CHECK(b->queue().statistics().gets_total == 0);
        CHECK(result_of(in_b("get")) == value{1});
        CHECK(result_of(in_b("get")) == value{2});
    }
    SECTION("when it was served: to the next who waits, be it here or in several lines")
    {
        REQUIRE(is_parked(bob.get_any(all)));
        in_b("put", {1});
        CHECK(has_served(in_b, alice));
        alice.leave();
        REQUIRE(alice.fulfilled.size() == 1);
        CHECK(alice.fulfilled.front() == bob.place());
        CHECK(result_of(bob.collect()) == pair(1, 1));
    }
    SECTION("when it was served and its item was dropped since")
    {
        in_b("put", {1});
        in_b("shutdown", {true});
        alice.leave();
        CHECK(b->queue().empty());
        CHECK(b->queue().statistics().unfinished == 0);
    }
    SECTION("when all was over")
    {
        for (caller* each : {&in_a, &in_b, &in_c})
            (*each)("shutdown");
        CHECK(has_served(in_c, alice));
        alice.leave();
        CHECK(in_line() == lines{0, 0, 0});
    }
    SECTION("and what comes while it goes stays")
    {
        objects.between = [&] {
            if (a->queue().empty())
                in_a("put", {1});
        };
        alice.leave();
        CHECK(in_a.fulfilled.empty());
        CHECK(a->queue().qsize() == 1);
    }
}

TEST_CASE_METHOD(three_queues, "a queue that is shut down is passed over while another is open", "[core][select]")
{
    SECTION("found so")
    {
        in_a("put", {1});
        in_a("shutdown");
        in_b("shutdown");
        CHECK(result_of(alice.get_any(all)) == pair(0, 1));
        CHECK(error_of(alice.get_any(all, {false})).type == exception_type::queue_empty);
        REQUIRE(is_parked(alice.get_any(all)));
        CHECK(in_line() == lines{0, 0, 1});
        in_c("put", {2});
        CHECK(result_of(alice.collect()) == pair(2, 2));
        in_c("shutdown");
        CHECK(error_of(alice.get_any(all)).type == exception_type::queue_shut_down);
        CHECK(error_of(alice.get_any(all, {false})).type == exception_type::queue_shut_down);
    }
    SECTION("or come so while it waits")
    {
        REQUIRE(is_parked(alice.get_any(all)));
        in_a("shutdown");
        in_c("shutdown");
        CHECK(in_a.fulfilled.empty());
        CHECK(in_c.fulfilled.empty());
        CHECK(in_line() == lines{0, 1, 0});
        SECTION("and served by the one that is left")
        {
            in_b("put", {1});
            CHECK(result_of(alice.collect()) == pair(1, 1));
        }
        SECTION("until it ends as well")
        {
            in_b("shutdown");
            CHECK(has_served(in_b, alice));
            CHECK(error_of(alice.collect()).type == exception_type::queue_shut_down);
        }
        SECTION("or the time is up")
        {
            CHECK(error_of(alice.expire()).type == exception_type::queue_empty);
        }
    }
}

TEST_CASE("get_any() takes from each kind of queue what that would give, and gives it back there", "[core][select]")
{
    bare_objects objects;
    const auto lifo = std::make_shared<queue_referent>("lifo", queue_kind::lifo);
    const auto priority = std::make_shared<queue_referent>("priority", queue_kind::priority);
    objects.objects = {{"lifo", lifo}, {"priority", priority}};
    select_referent select{objects, codec::pickle_limits{}};
    const value both = value::list({value{"priority"}, value{"lifo"}});
    chooser alice{select};
    caller in_lifo{*lifo};
    caller in_priority{*priority};

    REQUIRE(is_parked(alice.get_any(both)));
    SECTION("priority")
    {
        for (const int item : {2, 1, 3})
            in_priority("put", {item});
        alice.leave();  // it was served the 2
        for (const int item : {1, 2, 3})
            CHECK(result_of(alice.get_any(both)) == pair(0, item));
    }
    SECTION("lifo")
    {
        for (const int item : {1, 2, 3})
            in_lifo("put", {item});
        alice.leave();  // it was served the 1
        for (const int item : {1, 3, 2})
            CHECK(result_of(alice.get_any(both)) == pair(1, item));
    }
    SECTION("an item that a priority queue cannot compare stays with who put it")
    {
        in_lifo("put", {0});
        in_priority("put", {1});
        CHECK(error_of(in_priority("put", {"one"})).type == exception_type::type_error);
        CHECK(priority->queue().qsize() == 1);
        CHECK(result_of(alice.collect()) == pair(1, 0));
    }
}

TEST_CASE_METHOD(three_queues, "one queue may be named twice", "[core][select]")
{
    const value twice = value::list({value{"a"}, value{"b"}, value{"a"}});
    REQUIRE(is_parked(alice.get_any(twice)));
    CHECK(in_line() == lines{1, 1, 0});
    SECTION("and serves once")
    {
        in_a("put", {1});
        in_a("put", {2});
        CHECK(a->queue().qsize() == 1);
        CHECK(result_of(alice.collect()) == pair(0, 1));
        CHECK(in_line() == lines{0, 0, 0});
    }
    SECTION("and ends once")
    {
        in_a("shutdown");
        CHECK(in_a.fulfilled.empty());
        in_b("shutdown");
        CHECK(has_served(in_b, alice));
        CHECK(error_of(alice.collect()).type == exception_type::queue_shut_down);
    }
}

TEST_CASE_METHOD(three_queues, "a wait keeps its queues alive, and nothing after its end", "[core][select]")
{
    auto dropped = std::make_shared<queue_referent>("d");
    const std::weak_ptr<queue_referent> seen = dropped;
    objects.objects.emplace("d", std::move(dropped));
    REQUIRE(is_parked(alice.get_any(value::list({value{"a"}, value{"d"}}))));
    objects.objects.erase("d");
    CHECK_FALSE(seen.expired());
    SECTION("served")
    {
        in_a("put", {1});
        (void)alice.collect();
    }
    SECTION("late")
    {
        (void)alice.expire();
    }
    SECTION("gone")
    {
        alice.leave();
    }
    CHECK(seen.expired());
    CHECK(alice.place().use_count() == 1 + static_cast<long>(in_a.fulfilled.size()));
}

TEST_CASE("whatever happens between the guards, each item arrives once and in order", "[core][select]")
{
    // Everybody acts at random, also between any two guards of a call of another: all that threads could do.
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        const auto below = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random); };

        bare_objects objects;
        std::vector<std::shared_ptr<queue_referent>> queues;
        std::vector<value> names;
        for (const char* name : {"a", "b", "c"}) {
            queues.push_back(std::make_shared<queue_referent>(name, queue_kind::fifo, name[0] == 'c' ? 2 : 0));
            objects.objects.emplace(name, queues.back());
            names.emplace_back(name);
        }
        select_referent select{objects, codec::pickle_limits{}};

        struct actor {
            explicit actor(select_referent& home) : choosing{std::make_unique<chooser>(home)} {}
            std::unique_ptr<chooser> choosing;
            bool is_acting = false;
            bool is_told = false;
        };
        std::vector<actor> actors;
        for (int i = 0; i < 4; ++i)
            actors.emplace_back(select);
        std::vector<std::vector<std::int64_t>> got(queues.size());
        std::vector<std::int64_t> put(queues.size());

        const auto tell = [&](completions& told) {
            for (const auto& each : std::exchange(told, {}))
                for (actor& one : actors)
                    if (one.choosing->place() == each) {
                        CHECK_FALSE(one.is_told);
                        one.is_told = true;
                    }
        };
        const auto receive = [&](const outcome& answer) {
            if (!std::holds_alternative<returned>(answer)) {
                CHECK(error_of(answer).type == exception_type::queue_empty);
                return;
            }
            const value content = result_of(answer);
            got[static_cast<std::size_t>(content[0].to_int64().value())].push_back(content[1].to_int64().value());
        };
        int depth = 0;
        bool leaves = seed % 2 == 0;  // items given back may be overtaken by those that others have had meanwhile
        const auto act = [&] {
            const std::size_t which = below(queues.size() + actors.size());
            if (which < queues.size()) {
                caller putting{*queues[which]};
                if (std::holds_alternative<returned>(putting("put_nowait", {put[which]})))
                    ++put[which];
                tell(putting.fulfilled);
                return;
            }
            actor& one = actors[which - queues.size()];
            if (one.is_acting)
                return;
            one.is_acting = true;
            chooser& choosing = *one.choosing;
            if (!choosing.is_waiting()) {
                const outcome answer = choosing.get_any(value::list(names), {below(4) != 0});
                if (!is_parked(answer))
                    receive(answer);
            } else if (one.is_told && (!leaves || below(2) == 0)) {
                one.is_told = false;
                receive(choosing.collect());
            } else if (leaves && below(3) == 0) {
                choosing.leave();
                one.is_told = false;
            } else if (below(2) == 0) {
                const outcome answer = choosing.expire();
                if (!is_parked(answer)) {
                    CHECK_FALSE(one.is_told);
                    receive(answer);
                }
            }
            tell(choosing.fulfilled);
            one.is_acting = false;
        };
        objects.between = [&] {
            if (depth >= 3)
                return;
            ++depth;
            for (std::size_t left = below(3); left > 0; --left)
                act();
            --depth;
        };
        for (int step = 0; step < 60; ++step)
            act();
        objects.between = nullptr;
        for (actor& one : actors)
            if (one.choosing->is_waiting()) {
                if (one.is_told)
                    receive(one.choosing->collect());
                else
                    CHECK(error_of(one.choosing->expire()).type == exception_type::queue_empty);
            }
        for (std::size_t i = 0; i < queues.size(); ++i) {
            CHECK(queues[i]->queue().statistics().waiting_getters == 0);
            CHECK(queues[i]->queue().statistics().gets_total == got[i].size());
            caller rest{*queues[i]};
            while (!queues[i]->queue().empty())
                got[i].push_back(result_of(rest("get")).to_int64().value());
            std::sort(got[i].begin(), got[i].end());
            std::vector<std::int64_t> expected;
            for (std::int64_t item = 0; item < put[i]; ++item)
                expected.push_back(item);
            CHECK(got[i] == expected);
        }
    }
}
