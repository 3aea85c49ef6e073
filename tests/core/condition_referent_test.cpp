#include "core_testing.hpp"

#include "core/condition_referent.hpp"

#include <array>
#include <cmath>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

/// A client that calls several objects, as a session does.
class client {
public:
    client() = default;
    /// One call of a session that makes several at once, each by one of these.
    explicit client(waiter& session) : place_{std::make_shared<one_of_many_calls>(session)} {}
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client()
    {
        if (place_->current_state() != waiter::state::idle)
            leave();
    }

    outcome operator()(referent& object, std::string_view method, const arguments& positional = {},
                       const keyword_arguments& keywords = {}, time_point now = start)
    {
        call request = make_call(method, positional, keywords, now);
        return object.invoke(request, *place_, fulfilled);
    }
    outcome expire() { return place_->place()->expire(*place_, fulfilled); }
    void leave() { place_->place()->withdraw(*place_, fulfilled); }
    [[nodiscard]] waiter& place() noexcept { return *place_; }
    [[nodiscard]] bool is_waiting() const noexcept { return place_->current_state() == waiter::state::parked; }
    [[nodiscard]] bool is_served() const noexcept { return place_->current_state() == waiter::state::fulfilled; }
    [[nodiscard]] bool told()
    {
        REQUIRE(is_served());
        return result_of(place_->take_outcome()) == value{true};
    }

    completions fulfilled;

private:
    std::shared_ptr<waiter> place_ = std::make_shared<waiter>();
};

struct fixture {
    condition_referent condition;
    client first, second, third, fourth;

    void acquire(client& who, int levels = 1)
    {
        for (int i = 0; i < levels; ++i)
            REQUIRE(result_of(who(condition, "acquire")) == value{true});
    }
    void release(client& who) { REQUIRE(result_of(who(condition, "release")).is_none()); }
    /// Acquires and sleeps; nobody has the lock afterwards.
    void sleep(client& who, const arguments& timeout = {})
    {
        acquire(who);
        REQUIRE(is_parked(who(condition, "wait", timeout)));
    }
    /// Acquires, calls and releases.
    void notify(client& who, std::string_view method = "notify", const arguments& count = {})
    {
        acquire(who);
        REQUIRE(result_of(who(condition, method, count)).is_none());
        release(who);
    }
};

struct lock_fixture {
    explicit lock_fixture(lock_kind kind = lock_kind::plain, bool release_at_session_end = false)
        : lock{std::make_shared<lock_referent>(kind, release_at_session_end)}
    {
    }
    std::shared_ptr<lock_referent> lock;
    condition_referent one{lock};
    condition_referent other{lock};
    client first, second, third;
};

struct reentrant_lock_fixture : lock_fixture {
    reentrant_lock_fixture() : lock_fixture{lock_kind::reentrant} {}
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

}  // namespace

TEST_CASE_METHOD(fixture, "a condition exposes what ConditionProxy calls", "[core][condition]")
{
    const auto names = condition.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"acquire", "locked", "notify", "notifyAll", "notify_all", "release", "wait"});
    check_error(first(condition, "wait_for"), exception_type::attribute_error,
                "'Condition' object has no attribute 'wait_for'");
    CHECK_FALSE(condition.by_value());
}

TEST_CASE_METHOD(fixture, "acquire() and release() are those of an RLock", "[core][condition]")
{
    acquire(first, 2);
    CHECK(result_of(second(condition, "locked")) == value{true});
    CHECK(result_of(second(condition, "acquire", {false})) == value{false});
    CHECK(is_parked(second(condition, "acquire", {true, 1})));
    CHECK(second.place().deadline() == start + 1s);
    CHECK(second.place().place() == &condition);
    CHECK(is_parked(third(condition, "acquire", {}, {{"blocking", 1}})));
    CHECK(result_of(second.expire()) == value{false});
    release(first);
    CHECK(third.is_waiting());
    release(first);
    CHECK(third.told());
    check_error(first(condition, "release"), exception_type::runtime_error, "cannot release un-acquired lock");
    check_error(first(condition, "acquire", {false, 1}), exception_type::value_error,
                "can't specify a timeout for a non-blocking call");
    release(third);
    CHECK(result_of(first(condition, "locked")) == value{false});
}

TEST_CASE_METHOD(fixture, "only the owner waits and notifies", "[core][condition]")
{
    constexpr auto wait_text = "cannot wait on un-acquired lock";
    constexpr auto notify_text = "cannot notify on un-acquired lock";
    const auto check_all = [&](client& who) {
        check_error(who(condition, "wait"), exception_type::runtime_error, wait_text);
        check_error(who(condition, "wait", {"soon"}), exception_type::runtime_error, wait_text);
        check_error(who(condition, "notify"), exception_type::runtime_error, notify_text);
        check_error(who(condition, "notify", {"a"}), exception_type::runtime_error, notify_text);
        check_error(who(condition, "notify_all"), exception_type::runtime_error, notify_text);
        check_error(who(condition, "notifyAll"), exception_type::runtime_error, notify_text);
    };
    SECTION("when nobody has acquired it")
    {
        check_all(first);
    }
    SECTION("when another has")
    {
        acquire(second);
        check_all(first);
    }
    SECTION("while it sleeps it is no owner")
    {
        sleep(second);
        check_all(first);
    }
    SECTION("nor when it has released")
    {
        acquire(first);
        release(first);
        check_all(first);
    }
}

TEST_CASE_METHOD(fixture, "wait() returns True when it is notified and has the lock back", "[core][condition]")
{
    acquire(first, 3);
    CHECK(is_parked(first(condition, "wait")));
    CHECK(first.place().deadline() == never);
    CHECK(result_of(second(condition, "locked")) == value{false});
    acquire(second, 2);
    CHECK(result_of(second(condition, "notify")).is_none());
    release(second);
    CHECK(first.is_waiting());
    CHECK(second.fulfilled.empty());
    release(second);
    CHECK(second.fulfilled == completions{first.place().shared_from_this()});
    CHECK(condition.text() == "<Condition(<locked _thread.RLock object count=3>, 0)>");
    CHECK(first.told());
    release(first);
    release(first);
    CHECK(result_of(second(condition, "acquire", {false})) == value{false});
    release(first);
    acquire(second);
}

TEST_CASE_METHOD(fixture, "wait() releases the lock to whoever waits for it", "[core][condition]")
{
    acquire(first, 2);
    CHECK(is_parked(second(condition, "acquire")));
    CHECK(is_parked(first(condition, "wait")));
    CHECK(first.fulfilled == completions{second.place().shared_from_this()});
    CHECK(second.told());
    release(second);
}

TEST_CASE_METHOD(fixture, "wait() returns False when its time is up and it has the lock back", "[core][condition]")
{
    acquire(first, 2);
    CHECK(is_parked(first(condition, "wait", {1.5}, {}, start + 10s)));
    CHECK(first.place().deadline() == start + 10s + 1500ms);
    SECTION("at once, if nobody has it")
    {
        CHECK(result_of(first.expire()) == value{false});
        CHECK(first.place().current_state() == waiter::state::idle);
        CHECK(condition.text() == "<Condition(<locked _thread.RLock object count=2>, 0)>");
    }
    SECTION("later, without a deadline, if somebody has it")
    {
        acquire(second);
        CHECK(is_parked(first.expire()));
        CHECK(first.is_waiting());
        CHECK(first.place().deadline() == never);
        CHECK(first.place().place() == &condition);
        CHECK(condition.text() == "<Condition(<locked _thread.RLock object count=1>, 0)>");
        SECTION("and no notification is for it any more")
        {
            CHECK(result_of(second(condition, "notify_all")).is_none());
            release(second);
            CHECK_FALSE(first.told());
            CHECK(condition.text() == "<Condition(<locked _thread.RLock object count=2>, 0)>");
        }
        SECTION("in its turn")
        {
            CHECK(is_parked(third(condition, "acquire")));
            release(second);
            CHECK_FALSE(first.told());
            CHECK(third.is_waiting());
        }
        SECTION("unless it leaves")
        {
            first.leave();
            release(second);
            CHECK_FALSE(first.is_served());
            acquire(third);
        }
        SECTION("unless it leaves before it is told")
        {
            CHECK(is_parked(third(condition, "acquire")));
            release(second);
            first.leave();
            CHECK(third.told());
        }
    }
}

TEST_CASE_METHOD(fixture, "a deadline that passes after the notification changes nothing but itself", "[core][condition]")
{
    sleep(first, {1});
    acquire(second);
    second(condition, "notify");
    const time_point deadline = first.place().deadline();
    CHECK(deadline == start + 1s);  // its caller may read it at any time, so notify() left it alone
    CHECK(is_parked(first.expire()));
    CHECK(first.place().deadline() == never);
    CHECK(first.is_waiting());
    release(second);
    CHECK(first.told());
    release(first);
}

TEST_CASE_METHOD(fixture, "wait() with no time left lets others have the lock once", "[core][condition]")
{
    for (const value& timeout : {value{0}, value{-1}, value{std::nan("")}}) {
        client waiting, other;
        acquire(waiting, 2);
        CHECK(result_of(waiting(condition, "wait", {timeout})) == value{false});
        CHECK(is_parked(other(condition, "acquire")));
        CHECK(is_parked(waiting(condition, "wait", {timeout})));
        CHECK(waiting.place().deadline() == never);
        CHECK(other.told());
        release(other);
        CHECK_FALSE(waiting.told());
        release(waiting);
        release(waiting);
    }
}

TEST_CASE_METHOD(fixture, "a wrong timeout leaves the lock with its owner", "[core][condition]")
{
    acquire(first, 2);
    check_error(first(condition, "wait", {"a"}), exception_type::type_error,
                "'>' not supported between instances of 'str' and 'int'");
    check_error(first(condition, "wait", {1e10}), exception_type::overflow_error, "timestamp out of range for platform time_t");
    check_error(first(condition, "wait", {1, 2}), exception_type::type_error,
                "Condition.wait() takes from 1 to 2 positional arguments but 3 were given");
    call unreadable{"wait", {}, {}, start};
    unreadable.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
    CHECK(error_of(condition.invoke(unreadable, first.place(), first.fulfilled)).type == exception_type::value_error);
    CHECK(condition.text() == "<Condition(<locked _thread.RLock object count=2>, 0)>");
}

TEST_CASE_METHOD(fixture, "notify() wakes as many as it says, in the order in which they came", "[core][condition]")
{
    sleep(first);
    sleep(second);
    sleep(third);
    CHECK(condition.text() == "<Condition(<unlocked _thread.RLock object count=0>, 3)>");
    SECTION("one")
    {
        notify(fourth);
        CHECK(first.told());
        release(first);
        CHECK(second.is_waiting());
        CHECK(condition.text() == "<Condition(<unlocked _thread.RLock object count=0>, 2)>");
    }
    SECTION("two, one after the other")
    {
        notify(fourth, "notify", {2});
        CHECK(first.told());
        CHECK(second.is_waiting());
        release(first);
        CHECK(second.told());
        release(second);
        CHECK(third.is_waiting());
    }
    SECTION("all")
    {
        for (const auto& [method, count] : std::vector<std::pair<std::string_view, arguments>>{
                 {"notify_all", {}},
                 {"notifyAll", {}},
                 {"notify", {99}},
                 {"notify", {1e300}},
                 {"notify", {2.5}},
                 {"notify", {value::integer_from_decimal("1" + std::string(400, '0'))}}}) {
            notify(fourth, method, count);
            for (client* const each : {&first, &second, &third}) {
                CHECK(each->told());
                release(*each);
            }
            for (client* const each : {&first, &second, &third})
                sleep(*each);
        }
    }
    SECTION("none")
    {
        for (const value& count : {value{0}, value{-1}, value{std::nan("")}})
            notify(fourth, "notify", {count});
        CHECK(condition.text() == "<Condition(<unlocked _thread.RLock object count=0>, 3)>");
    }
    SECTION("behind those who wait for the lock already")
    {
        client fifth;
        acquire(fourth);
        CHECK(is_parked(fifth(condition, "acquire")));
        fourth(condition, "notify");
        release(fourth);
        CHECK(first.is_waiting());
        CHECK(fifth.told());
        release(fifth);
        CHECK(first.told());
    }
    SECTION("none by mistake")
    {
        acquire(fourth);
        check_error(fourth(condition, "notify", {"a"}), exception_type::type_error,
                    "'>' not supported between instances of 'str' and 'int'");
        check_error(fourth(condition, "notify", {1, 2}), exception_type::type_error,
                    "Condition.notify() takes from 1 to 2 positional arguments but 3 were given");
        check_error(fourth(condition, "notify_all", {1}), exception_type::type_error,
                    "Condition.notify_all() takes 1 positional argument but 2 were given");
        release(fourth);
        CHECK(condition.text() == "<Condition(<unlocked _thread.RLock object count=0>, 3)>");
    }
}

TEST_CASE_METHOD(fixture, "notify() of nobody does not look at n", "[core][condition]")
{
    acquire(first);
    CHECK(result_of(first(condition, "notify", {"a"})).is_none());
    CHECK(result_of(first(condition, "notify", {3})).is_none());
    CHECK(is_parked(first(condition, "wait")));  // which remembers nothing of them
}

TEST_CASE_METHOD(fixture, "a sleeper that leaves is not notified", "[core][condition]")
{
    sleep(first);
    sleep(second);
    first.leave();
    notify(third);
    CHECK_FALSE(first.is_served());
    CHECK(second.told());
}

TEST_CASE_METHOD(fixture, "a notification whose caller left before it was told goes to the next sleeper", "[core][condition]")
{
    sleep(first);
    sleep(second);
    SECTION("while it waits for the lock")
    {
        acquire(third);
        third(condition, "notify");
        first.leave();
        CHECK(second.is_waiting());
        release(third);
        CHECK(second.told());
    }
    SECTION("when it had the lock already")
    {
        notify(third);
        CHECK(first.is_served());
        first.leave();
        CHECK(second.told());
    }
    SECTION("behind those who wait for the lock")
    {
        notify(third);
        CHECK(is_parked(third(condition, "acquire")));
        first.leave();
        CHECK(third.told());
        CHECK(second.is_waiting());
        release(third);
        CHECK(second.told());
    }
    SECTION("and is lost if nobody sleeps")
    {
        acquire(third);
        third(condition, "notify_all");
        first.leave();
        release(third);
        CHECK(second.told());
        release(second);
        sleep(fourth);
        CHECK(fourth.is_waiting());
    }
    SECTION("but none arises from a timeout, nor from an acquire()")
    {
        acquire(third);
        CHECK(is_parked(first.expire()));
        CHECK(is_parked(fourth(condition, "acquire")));
        release(third);
        first.leave();
        fourth.leave();
        CHECK(second.is_waiting());
        CHECK(condition.text() == "<Condition(<unlocked _thread.RLock object count=0>, 1)>");
    }
}

TEST_CASE_METHOD(fixture, "the lock is released when its owner's session ends", "[core][condition]")
{
    CHECK(condition.can_be_owned());
    sleep(first);
    acquire(second, 2);
    CHECK(is_parked(third(condition, "acquire")));
    condition.abandon(fourth.place(), fourth.fulfilled);
    CHECK(third.is_waiting());
    condition.abandon(second.place(), second.fulfilled);
    CHECK(third.told());
    CHECK(first.is_waiting());
}

TEST_CASE_METHOD(lock_fixture, "a condition over a Lock asks only whether it is locked", "[core][condition]")
{
    CHECK_FALSE(one.can_be_owned());
    check_error(first(one, "wait"), exception_type::runtime_error, "cannot wait on un-acquired lock");
    check_error(first(one, "release"), exception_type::runtime_error, "release unlocked lock");
    CHECK(result_of(first(*lock, "acquire")) == value{true});
    CHECK(result_of(second(one, "notify")).is_none());
    CHECK(is_parked(second(one, "wait")));
    CHECK_FALSE(lock->lock().is_locked());
    first(one, "acquire");
    first(one, "notify");
    CHECK(second.is_waiting());
    first(*lock, "release");
    CHECK(second.told());
    CHECK(one.text() == "<Condition(<locked _thread.lock object>, 0)>");
    one.abandon(second.place(), second.fulfilled);
    CHECK(lock->lock().is_locked());
    SECTION("not by a caller that leaves after somebody released what it was given")
    {
        first(one, "acquire");  // waits: second has it
        second(one, "release");
        CHECK(result_of(third(*lock, "release")).is_none());
        CHECK(result_of(third(*lock, "acquire")) == value{true});
        first.leave();
        CHECK(lock->lock().is_locked());
    }
}

TEST_CASE_METHOD(lock_fixture, "over a Lock a wait() with no time left takes the lock from whoever had it", "[core][condition]")
{
    first(*lock, "acquire");
    CHECK(is_parked(second(*lock, "acquire")));
    first(*lock, "release");
    CHECK(result_of(third(one, "wait", {0})) == value{false});
    second.leave();  // never told: what it was given is the third one's now
    CHECK(lock->lock().is_locked());
}

TEST_CASE_METHOD(lock_fixture, "a notification passed on finds the lock free", "[core][condition]")
{
    for (client* const each : {&first, &second}) {
        (*each)(*lock, "acquire");
        CHECK(is_parked((*each)(one, "wait")));
    }
    third(*lock, "acquire");
    third(one, "notify");
    third(*lock, "release");
    third(*lock, "release");  // what the first one was given
    CHECK(first.is_served());
    CHECK_FALSE(lock->lock().is_locked());
    first.leave();
    CHECK(second.told());
    CHECK(lock->lock().is_locked());
}

TEST_CASE_METHOD(reentrant_lock_fixture, "conditions share their lock with each other and with its own proxy",
                 "[core][condition]")
{
    CHECK(one.guarded_with() == lock.get());
    CHECK(one.owned_part() == lock);
    CHECK(result_of(first(*lock, "acquire")) == value{true});
    CHECK(result_of(first(one, "acquire")) == value{true});
    CHECK(result_of(first(other, "acquire")) == value{true});
    CHECK(is_parked(first(one, "wait")));
    CHECK(result_of(second(other, "acquire")) == value{true});
    second(other, "notify_all");
    CHECK(result_of(second(*lock, "release")).is_none());
    CHECK(first.is_waiting());  // on the other one
    second(*lock, "acquire");
    second(one, "notify_all");
    CHECK(is_parked(third(*lock, "acquire")));
    second(other, "release");
    CHECK(first.told());
    CHECK(lock->lock().levels() == 3);
    SECTION("and a session that ends releases it, whichever it called")
    {
        other.abandon(first.place(), first.fulfilled);
        CHECK(third.told());
        CHECK(lock->lock().levels() == 1);
    }
}

TEST_CASE("a condition over a Lock that sessions release is owned", "[core][condition]")
{
    lock_fixture made{lock_kind::plain, true};
    CHECK(made.one.can_be_owned());
    made.first(made.one, "acquire");
    made.one.abandon(made.first.place(), made.first.fulfilled);
    CHECK_FALSE(made.lock->lock().is_locked());
}

TEST_CASE_METHOD(fixture, "the calls of a session are one owner to a condition", "[core][condition]")
{
    waiter session;
    client one{session}, other{session};
    acquire(one, 2);
    SECTION("any of them notifies")
    {
        CHECK(result_of(other(condition, "notify")).is_none());
        check_error(first(condition, "notify"), exception_type::runtime_error, "cannot notify on un-acquired lock");
    }
    SECTION("any of them waits, and the session then has the lock back as often as before")
    {
        REQUIRE(is_parked(other(condition, "wait")));
        check_error(one(condition, "release"), exception_type::runtime_error, "cannot release un-acquired lock");
        notify(first);
        CHECK(other.told());
        release(one);
        release(other);
        acquire(first);
        release(first);
    }
    SECTION("one that waits does not keep the others from the lock")
    {
        REQUIRE(is_parked(other(condition, "wait")));
        acquire(one);
        CHECK(result_of(one(condition, "notify")).is_none());
        CHECK(other.is_waiting());
        release(one);
        CHECK(other.told());
        SECTION("the end of the session is the end of its ownership")
        {
            completions fulfilled;
            condition.abandon(session, fulfilled);
            acquire(first);
            release(first);
        }
    }
    SECTION("one that leaves before it was told gives back all that it got, and no more")
    {
        REQUIRE(is_parked(other(condition, "wait")));
        notify(first);
        REQUIRE(other.is_served());
        acquire(one);
        other.leave();
        release(one);
        check_error(one(condition, "release"), exception_type::runtime_error, "cannot release un-acquired lock");
        acquire(first);
        release(first);
    }
}

TEST_CASE("Condition() makes a new condition at each call", "[core][condition]")
{
    const auto made_by = [](const factory& make, const arguments& given = {}, const keyword_arguments& named = {}) {
        call request = make_call("create", given, named);
        return make(request);
    };
    const factory make = fresh_condition();
    const auto made = std::get<made_object>(made_by(make));
    CHECK(made.stable_ident.empty());
    CHECK(made.object->text() == "<Condition(<unlocked _thread.RLock object count=0>, 0)>");
    CHECK(std::get<made_object>(made_by(make, {value{}})).object != made.object);
    CHECK(std::get<made_object>(made_by(make, {}, {{"lock", value{}}})).object != nullptr);
    SECTION("on None only, without a resolver")
    {
        const auto refused = std::get<raised>(made_by(make, {"lock"}));
        CHECK(refused.type == exception_type::type_error);
        CHECK(refused.text == "Condition(): this server takes no lock as an argument, only None, which makes an RLock of the "
                              "condition's own");
        CHECK(std::get<raised>(made_by(make, {1, 2})).text ==
              "Condition.__init__() takes from 1 to 2 positional arguments but 3 were given");
        CHECK(std::get<raised>(made_by(make, {}, {{"x", 1}})).text ==
              "Condition.__init__() got an unexpected keyword argument 'x'");
    }
    SECTION("on the lock that the resolver finds")
    {
        const auto lock = std::make_shared<lock_referent>();
        const factory make_over = fresh_condition([&lock](const value& named) -> std::shared_ptr<referent> {
            if (named == value{"lock"})
                return lock;
            if (named == value{"condition"})
                return std::make_shared<condition_referent>();
            return nullptr;
        });
        const auto object = std::get<made_object>(made_by(make_over, {"lock"})).object;
        CHECK(std::dynamic_pointer_cast<condition_referent>(object)->owned_part() == lock);
        CHECK(object->text() == "<Condition(<unlocked _thread.lock object>, 0)>");
        CHECK(std::get<made_object>(made_by(make_over)).object != nullptr);
        for (const value& wrong : {value{"condition"}, value{5}}) {
            const auto refused = std::get<raised>(made_by(make_over, {wrong}));
            CHECK(refused.type == exception_type::type_error);
            CHECK(refused.text == "Condition(): argument 'lock' must be None or a proxy for a Lock or an RLock of this "
                                  "server, not '" +
                                      wrong.type_name() + "'");
        }
    }
    SECTION("not on what cannot be decoded")
    {
        call request{"create", {}, {}, start};
        request.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));
        CHECK(std::get<raised>(make(request)).type == exception_type::value_error);
    }
}
