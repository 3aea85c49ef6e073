#include "core_testing.hpp"

#include "core/lock_referent.hpp"

#include <algorithm>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    explicit fixture(lock_kind kind = lock_kind::plain, bool release_at_session_end = false)
        : lock{kind, release_at_session_end}
    {
    }
    lock_referent lock;
    caller first{lock};
    caller second{lock};
    caller third{lock};
};

struct reentrant_fixture : fixture {
    reentrant_fixture() : fixture{lock_kind::reentrant} {}
};

struct owned_fixture : fixture {
    owned_fixture() : fixture{lock_kind::plain, true} {}
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

bool gets(const outcome& seen)
{
    const value result = result_of(seen);
    CHECK(result.kind() == value_kind::boolean);
    return result.truth();
}

const std::string unlocked_text = "release unlocked lock";
const std::string not_owner_text = "cannot release un-acquired lock";

}  // namespace

TEST_CASE("locks expose what AcquirerProxy calls", "[core][lock]")
{
    for (const lock_kind kind : {lock_kind::plain, lock_kind::reentrant}) {
        fixture made{kind};
        const auto names = made.lock.exposed();
        CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
              std::vector<std::string_view>{"acquire", "locked", "release"});
        check_error(made.first("wait"), exception_type::attribute_error,
                    kind == lock_kind::plain ? "'_thread.lock' object has no attribute 'wait'"
                                             : "'_thread.RLock' object has no attribute 'wait'");
        CHECK_FALSE(made.lock.by_value());
    }
}

TEST_CASE_METHOD(fixture, "a Lock is acquired once and released by anybody", "[core][lock]")
{
    CHECK_FALSE(result_of(first("locked")).truth());
    CHECK(gets(first("acquire")));
    CHECK(result_of(second("locked")) == value{true});
    CHECK_FALSE(gets(first("acquire", {false})));
    CHECK_FALSE(gets(second("acquire", {}, {{"blocking", false}})));
    CHECK(result_of(second("release")).is_none());
    check_error(first("release"), exception_type::runtime_error, unlocked_text);
    CHECK(gets(second("acquire", {true, 1})));
    CHECK(first.fulfilled.empty());
    CHECK(second.fulfilled.empty());
}

TEST_CASE_METHOD(fixture, "a release hands the lock to whoever has waited longest", "[core][lock]")
{
    first("acquire");
    CHECK(is_parked(second("acquire")));
    CHECK(second.place().deadline() == never);
    CHECK(second.place().place() == &lock);
    CHECK(is_parked(third("acquire", {true, 2})));
    CHECK(third.place().deadline() == start + 2s);
    first("release");
    CHECK(first.fulfilled == completions{second.place().shared_from_this()});
    CHECK_FALSE(gets(first("acquire", {false})));  // it is the second one's, though it does not know yet
    CHECK(gets(second.told()));
    second("release");
    CHECK(second.fulfilled == completions{third.place().shared_from_this()});
    CHECK(gets(third.told()));
    CHECK(lock.lock().is_locked());
    third("release");
    CHECK_FALSE(lock.lock().is_locked());
}

TEST_CASE_METHOD(fixture, "acquire() gives up at its deadline with False", "[core][lock]")
{
    first("acquire");
    CHECK(is_parked(second("acquire", {}, {{"timeout", 0.5}}, start + 10s)));
    CHECK(second.place().deadline() == start + 10s + 500ms);
    CHECK_FALSE(gets(second.expire()));
    CHECK(second.place().current_state() == waiter::state::idle);
    first("release");
    CHECK(first.fulfilled.empty());
    CHECK_FALSE(lock.lock().is_locked());
    SECTION("a timeout of zero does not wait")
    {
        first("acquire");
        CHECK_FALSE(gets(second("acquire", {true, 0})));
    }
}

TEST_CASE_METHOD(fixture, "a wrong call of a lock changes nothing", "[core][lock]")
{
    check_error(first("acquire", {false, 1}), exception_type::value_error, "can't specify a timeout for a non-blocking call");
    check_error(first("acquire", {true, -2}), exception_type::value_error, "timeout value must be a non-negative number");
    check_error(first("acquire", {true, 1e10}), exception_type::overflow_error, "timestamp out of range for platform time_t");
    check_error(first("acquire", {true, value{}}), exception_type::type_error,
                "'NoneType' object cannot be interpreted as an integer");
    check_error(first("acquire", {1, 2, 3}), exception_type::type_error,
                "acquire() takes from 0 to 2 positional arguments but 3 were given");
    check_error(first("acquire", {}, {{"x", 1}}), exception_type::type_error,
                "acquire() got an unexpected keyword argument 'x'");
    check_error(first("release", {1}), exception_type::type_error, "lock.release() takes no arguments (1 given)");
    check_error(first("release", {}, {{"x", 1}}), exception_type::type_error, "lock.release() takes no keyword arguments");
    check_error(first("locked", {1}), exception_type::type_error, "lock.locked() takes no arguments (1 given)");
    call unreadable{"acquire", {}, {}, start};
    unreadable.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
    CHECK(error_of(lock.invoke(unreadable, first.place(), first.fulfilled)).type == exception_type::value_error);
    CHECK_FALSE(lock.lock().is_locked());
}

TEST_CASE_METHOD(fixture, "a caller that leaves its place in line is passed over", "[core][lock]")
{
    first("acquire");
    second("acquire");
    third("acquire");
    second.leave();
    CHECK_FALSE(second.is_waiting());
    first("release");
    CHECK_FALSE(second.is_served());
    CHECK(gets(third.told()));
}

TEST_CASE_METHOD(fixture, "a lock whose new owner left before it was told goes on", "[core][lock]")
{
    first("acquire");
    second("acquire");
    SECTION("to the next in line")
    {
        third("acquire");
        first("release");
        second.leave();
        CHECK(second.fulfilled == completions{third.place().shared_from_this()});
        CHECK(gets(third.told()));
        CHECK(lock.lock().is_locked());
    }
    SECTION("to nobody")
    {
        first("release");
        second.leave();
        CHECK_FALSE(lock.lock().is_locked());
    }
    SECTION("but not if somebody has released it meanwhile")
    {
        first("release");
        third("release");
        CHECK(gets(first("acquire")));
        second.leave();
        CHECK(lock.lock().is_locked());
        CHECK(second.fulfilled.empty());
    }
}

TEST_CASE_METHOD(fixture, "a Lock outlasts the session that acquired it", "[core][lock]")
{
    CHECK_FALSE(lock.can_be_owned());
    first("acquire");
    lock.abandon(first.place(), first.fulfilled);
    CHECK(lock.lock().is_locked());
    CHECK(result_of(second("release")).is_none());
}

TEST_CASE_METHOD(owned_fixture, "a Lock made so is released when its last acquirer's session ends", "[core][lock]")
{
    CHECK(lock.can_be_owned());
    first("acquire");
    SECTION("to the next in line")
    {
        second("acquire");
        lock.abandon(third.place(), third.fulfilled);
        CHECK(second.is_waiting());
        lock.abandon(first.place(), first.fulfilled);
        CHECK(first.fulfilled == completions{second.place().shared_from_this()});
        CHECK(gets(second.told()));
        lock.abandon(second.place(), second.fulfilled);
        CHECK_FALSE(lock.lock().is_locked());
    }
    SECTION("not if somebody else has released and acquired it since")
    {
        second("release");
        third("acquire");
        lock.abandon(first.place(), first.fulfilled);
        CHECK(lock.lock().is_locked());
    }
    SECTION("not if it is unlocked")
    {
        second("release");
        lock.abandon(first.place(), first.fulfilled);
        CHECK_FALSE(lock.lock().is_locked());
    }
}

TEST_CASE_METHOD(reentrant_fixture, "an RLock is its owner's as often as it was acquired", "[core][lock]")
{
    CHECK(gets(first("acquire")));
    CHECK(gets(first("acquire", {true, 5})));
    CHECK(gets(first("acquire", {false})));
    CHECK(lock.lock().levels() == 3);
    CHECK_FALSE(gets(second("acquire", {false})));
    CHECK(is_parked(second("acquire")));
    first("release");
    first("release");
    CHECK(second.is_waiting());
    first("release");
    CHECK(gets(second.told()));
    CHECK(lock.lock().levels() == 1);
    check_error(first("release"), exception_type::runtime_error, not_owner_text);
    CHECK(result_of(second("release")).is_none());
    check_error(second("release"), exception_type::runtime_error, not_owner_text);
    CHECK(lock.text() == "<unlocked _thread.RLock object count=0>");
}

TEST_CASE_METHOD(reentrant_fixture, "the arguments of RLock.acquire() are read even by its owner", "[core][lock]")
{
    first("acquire");
    check_error(first("acquire", {false, 1}), exception_type::value_error, "can't specify a timeout for a non-blocking call");
    check_error(first("release", {1}), exception_type::type_error, "RLock.release() takes no arguments (1 given)");
    CHECK(lock.lock().levels() == 1);
}

TEST_CASE_METHOD(reentrant_fixture, "an RLock is released when its owner's session ends", "[core][lock]")
{
    CHECK(lock.can_be_owned());
    first("acquire");
    first("acquire");
    second("acquire");
    third("acquire", {true, 1});
    SECTION("all levels of it")
    {
        lock.abandon(first.place(), first.fulfilled);
        CHECK(gets(second.told()));
        CHECK(lock.lock().levels() == 1);
    }
    SECTION("not when another's does")
    {
        second.leave();
        lock.abandon(second.place(), second.fulfilled);
        CHECK(lock.lock().levels() == 2);
    }
    SECTION("and passes by who left before it was told")
    {
        lock.abandon(first.place(), first.fulfilled);
        second.leave();
        lock.abandon(second.place(), second.fulfilled);
        CHECK(gets(third.told()));
    }
    SECTION("and by who gave up")
    {
        CHECK_FALSE(gets(third.expire()));
        second.leave();
        lock.abandon(first.place(), first.fulfilled);
        CHECK_FALSE(lock.lock().is_locked());
        CHECK(first.fulfilled.empty());
    }
}

// ---- sessions with several calls under way ----

TEST_CASE("an RLock is a session's, whichever of its calls acquired it", "[core][lock]")
{
    lock_referent lock{lock_kind::reentrant};
    waiter session;
    caller one{lock, session};
    caller other{lock, session};
    caller stranger{lock};

    CHECK(gets(one("acquire")));
    CHECK(gets(other("acquire")));
    CHECK(lock.lock().levels() == 2);
    CHECK_FALSE(gets(stranger("acquire", {false})));
    check_error(stranger("release"), exception_type::runtime_error, not_owner_text);
    CHECK(is_parked(stranger("acquire")));

    SECTION("and any of them releases it")
    {
        CHECK(result_of(other("release")).is_none());
        CHECK(stranger.is_waiting());
        CHECK(result_of(other("release")).is_none());
        CHECK(gets(stranger.told()));
        check_error(one("release"), exception_type::runtime_error, not_owner_text);
    }
    SECTION("and the session's end releases it, but not the end of a call")
    {
        completions fulfilled;
        lock.abandon(stranger.place(), fulfilled);
        CHECK(stranger.is_waiting());
        lock.abandon(session, fulfilled);
        CHECK(gets(stranger.told()));
    }
    SECTION("and one that it was given while it waited is the session's, too")
    {
        CHECK(result_of(one("release")).is_none());
        CHECK(result_of(one("release")).is_none());
        CHECK(gets(stranger.told()));
        CHECK(is_parked(one("acquire")));
        CHECK(result_of(stranger("release")).is_none());
        CHECK(gets(other("acquire")));
        CHECK(lock.lock().levels() == 2);
    }
}

TEST_CASE("a call that found an RLock taken waits for its own turn", "[core][lock]")
{
    lock_referent lock{lock_kind::reentrant};
    waiter session;
    caller one{lock, session};
    caller other{lock, session};
    caller stranger{lock};
    CHECK(gets(stranger("acquire")));
    CHECK(is_parked(one("acquire")));
    CHECK(is_parked(other("acquire")));
    CHECK(result_of(stranger("release")).is_none());
    CHECK(one.is_served());
    CHECK(other.is_waiting());
    CHECK(gets(one.told()));
    CHECK(result_of(one("release")).is_none());
    CHECK(gets(other.told()));
    CHECK(lock.lock().levels() == 1);
}

TEST_CASE("a call that is withdrawn gives back what it was given, not what others of its session have", "[core][lock]")
{
    waiter session;
    SECTION("an RLock that another has acquired again")
    {
        lock_referent lock{lock_kind::reentrant};
        caller one{lock, session};
        caller other{lock, session};
        caller stranger{lock};
        CHECK(gets(stranger("acquire")));
        CHECK(is_parked(one("acquire")));
        CHECK(result_of(stranger("release")).is_none());
        CHECK(gets(other("acquire")));
        CHECK(lock.lock().levels() == 2);
        one.leave();
        CHECK(lock.lock().levels() == 1);
        CHECK(result_of(other("release")).is_none());
        CHECK_FALSE(lock.lock().is_locked());
    }
    SECTION("a lock that was released and that another has acquired since")
    {
        for (const lock_kind kind : {lock_kind::plain, lock_kind::reentrant}) {
            lock_referent lock{kind};
            caller one{lock, session};
            caller other{lock, session};
            caller stranger{lock};
            CHECK(gets(stranger("acquire")));
            CHECK(is_parked(one("acquire")));
            CHECK(result_of(stranger("release")).is_none());
            CHECK(result_of(other("release")).is_none());
            CHECK(gets(other("acquire")));
            one.leave();
            CHECK(lock.lock().levels() == 1);
        }
    }
    SECTION("a lock that nobody else has touched")
    {
        for (const lock_kind kind : {lock_kind::plain, lock_kind::reentrant}) {
            lock_referent lock{kind};
            caller one{lock, session};
            caller stranger{lock};
            CHECK(gets(stranger("acquire")));
            CHECK(is_parked(one("acquire")));
            CHECK(result_of(stranger("release")).is_none());
            one.leave();
            CHECK_FALSE(lock.lock().is_locked());
        }
    }
}

TEST_CASE("a Lock made so is released when the session of the call that acquired it ends", "[core][lock]")
{
    lock_referent lock{lock_kind::plain, true};
    waiter session;
    caller one{lock, session};
    caller stranger{lock};
    completions fulfilled;
    CHECK(gets(one("acquire")));
    lock.abandon(stranger.place(), fulfilled);
    CHECK(lock.lock().is_locked());
    lock.abandon(session, fulfilled);
    CHECK_FALSE(lock.lock().is_locked());
}

TEST_CASE("text() of a lock says whether it is locked", "[core][lock]")
{
    fixture plain;
    CHECK(plain.lock.text() == "<unlocked _thread.lock object>");
    plain.first("acquire");
    CHECK(plain.lock.text() == "<locked _thread.lock object>");
    reentrant_fixture reentrant;
    reentrant.first("acquire");
    reentrant.first("acquire");
    CHECK(reentrant.lock.text() == "<locked _thread.RLock object count=2>");
}

TEST_CASE("Lock() and RLock() make a new lock at each call", "[core][lock]")
{
    const factory make_lock = fresh_lock();
    const factory make_rlock = fresh_rlock();
    const auto made_by = [](const factory& make, const arguments& given = {}) {
        call request = make_call("create", given);
        auto made = std::get<made_object>(make(request));
        CHECK(made.stable_ident.empty());
        return std::dynamic_pointer_cast<lock_referent>(made.object);
    };
    const auto lock = made_by(make_lock);
    REQUIRE(lock != nullptr);
    CHECK(lock->lock().kind() == lock_kind::plain);
    CHECK_FALSE(lock->can_be_owned());
    CHECK(made_by(make_lock) != lock);
    CHECK(made_by(fresh_lock(true))->can_be_owned());
    CHECK(made_by(make_rlock)->lock().kind() == lock_kind::reentrant);
    CHECK(made_by(make_rlock, {1, "ignored"}) != nullptr);
    SECTION("Lock() takes no arguments")
    {
        call request = make_call("create", {1});
        CHECK(std::get<raised>(make_lock(request)).text == "lock() takes no arguments (1 given)");
        call named = make_call("create", {}, {{"x", 1}});
        CHECK(std::get<raised>(make_lock(named)).text == "lock() takes no keyword arguments");
    }
}
