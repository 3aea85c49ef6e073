#include "core_testing.hpp"

#include "core/semaphore_referent.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <optional>
#include <random>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

struct fixture {
    explicit fixture(std::int64_t initial_value = 1, semaphore_kind kind = semaphore_kind::unbounded,
                     bool release_at_session_end = false)
        : semaphore{initial_value, kind, release_at_session_end}
    {
    }
    semaphore_referent semaphore;
    caller first{semaphore};
    caller second{semaphore};
    caller third{semaphore};

    void end(caller& owner)
    {
        if (owner.place().current_state() != waiter::state::idle)
            owner.leave();
        semaphore.abandon(owner.place(), owner.fulfilled);
    }
};

struct bounded_fixture : fixture {
    bounded_fixture() : fixture{2, semaphore_kind::bounded} {}
};

struct owned_fixture : fixture {
    owned_fixture() : fixture{2, semaphore_kind::unbounded, true} {}
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

completions only(caller& served)
{
    return {served.place().shared_from_this()};
}

}  // namespace

TEST_CASE_METHOD(fixture, "a semaphore exposes what AcquirerProxy calls", "[core][semaphore]")
{
    const auto names = semaphore.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) == std::vector<std::string_view>{"acquire", "release"});
    check_error(first("wait"), exception_type::attribute_error, "'Semaphore' object has no attribute 'wait'");
    CHECK_FALSE(semaphore.by_value());
    CHECK_FALSE(semaphore.can_be_owned());
    bounded_fixture bounded;
    check_error(bounded.first("wait"), exception_type::attribute_error, "'BoundedSemaphore' object has no attribute 'wait'");
}

TEST_CASE_METHOD(fixture, "a semaphore counts down to zero and up without end", "[core][semaphore]")
{
    CHECK(gets(first("acquire")));
    CHECK_FALSE(gets(first("acquire", {false})));
    CHECK_FALSE(gets(first("acquire", {0, value{}})));
    CHECK(result_of(second("release")).is_none());
    CHECK(result_of(second("release", {2})).is_none());
    CHECK(result_of(second("release", {}, {{"n", 3}})).is_none());
    CHECK(result_of(second("release", {true})).is_none());
    CHECK(semaphore.current_value() == 7);
    CHECK(gets(first("acquire", {true, 5})));
    CHECK(gets(first("acquire", {}, {{"blocking", false}})));
    CHECK(semaphore.current_value() == 5);
}

TEST_CASE_METHOD(fixture, "a release serves as many as it says, in the order in which they came", "[core][semaphore]")
{
    first("acquire");
    CHECK(is_parked(first("acquire")));
    CHECK(first.place().deadline() == never);
    CHECK(is_parked(second("acquire", {true, 2})));
    CHECK(second.place().deadline() == start + 2s);
    caller fourth{semaphore};
    SECTION("one")
    {
        third("release");
        CHECK(third.fulfilled == only(first));
        CHECK_FALSE(gets(third("acquire", {false})));  // the first one has it, though it does not know yet
        CHECK(gets(first.told()));
        CHECK(second.is_waiting());
    }
    SECTION("several, and the rest stays")
    {
        third("release", {4});
        CHECK(gets(first.told()));
        CHECK(gets(second.told()));
        CHECK(semaphore.current_value() == 2);
    }
    SECTION("not those who gave up")
    {
        first.leave();
        CHECK_FALSE(gets(second.expire()));
        CHECK(second.place().current_state() == waiter::state::idle);
        third("release");
        CHECK(third.fulfilled.empty());
        CHECK(semaphore.current_value() == 1);
    }
}

TEST_CASE_METHOD(fixture, "acquire() of a semaphore looks at its timeout only if it must wait", "[core][semaphore]")
{
    CHECK(gets(first("acquire", {true, "a"})));
    check_error(first("acquire", {true, "a"}), exception_type::type_error,
                "unsupported operand type(s) for +: 'float' and 'str'");
    check_error(first("acquire", {true, 1e10}), exception_type::overflow_error, "timestamp out of range for platform time_t");
    for (const value& timeout : {value{0}, value{-5}, value{-0.5}})
        CHECK_FALSE(gets(first("acquire", {true, timeout})));
    CHECK(is_parked(first("acquire", {true, value{}})));
    CHECK(first.place().deadline() == never);
    CHECK(is_parked(second("acquire", {}, {{"timeout", 0.5}}, start + 1h)));
    CHECK(second.place().deadline() == start + 1h + 500ms);
}

TEST_CASE_METHOD(fixture, "a wrong call of a semaphore changes nothing", "[core][semaphore]")
{
    check_error(first("acquire", {false, 1}), exception_type::value_error, "can't specify timeout for non-blocking acquire");
    check_error(first("acquire", {false, "a"}), exception_type::value_error, "can't specify timeout for non-blocking acquire");
    check_error(first("acquire", {1, 2, 3}), exception_type::type_error,
                "Semaphore.acquire() takes from 1 to 3 positional arguments but 4 were given");
    for (const value& count : {value{0}, value{-1}})
        check_error(first("release", {count}), exception_type::value_error, "n must be one or more");
    check_error(first("release", {"a"}), exception_type::type_error, "'<' not supported between instances of 'str' and 'int'");
    check_error(first("release", {value{}}), exception_type::type_error,
                "'<' not supported between instances of 'NoneType' and 'int'");
    check_error(first("release", {1.0}), exception_type::type_error, "'float' object cannot be interpreted as an integer");
    check_error(first("release", {1, 2}), exception_type::type_error,
                "Semaphore.release() takes from 1 to 2 positional arguments but 3 were given");
    check_error(first("release", {most}), exception_type::overflow_error, "semaphore value would exceed 9223372036854775807");
    CHECK(error_of(first("release", {value::integer_from_decimal("9223372036854775808")})).type ==
          exception_type::overflow_error);
    call unreadable{"release", {}, {}, start};
    unreadable.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
    CHECK(error_of(semaphore.invoke(unreadable, first.place(), first.fulfilled)).type == exception_type::value_error);
    CHECK(semaphore.current_value() == 1);
}

TEST_CASE("a release of more than can be counted serves nobody", "[core][semaphore]")
{
    fixture made{0};
    CHECK(is_parked(made.first("acquire")));
    made.second("release", {most});
    CHECK(gets(made.first.told()));
    CHECK(made.semaphore.current_value() == most - 1);
    CHECK(error_of(made.second("release", {2})).type == exception_type::overflow_error);
    CHECK(result_of(made.second("release")).is_none());
    CHECK(made.semaphore.current_value() == most);
}

TEST_CASE_METHOD(bounded_fixture, "a BoundedSemaphore refuses to exceed its initial value", "[core][semaphore]")
{
    constexpr auto too_often = "Semaphore released too many times";
    check_error(first("release"), exception_type::value_error, too_often);
    first("acquire");
    check_error(first("release", {2}), exception_type::value_error, too_often);
    check_error(first("release", {most}), exception_type::value_error, too_often);
    check_error(first("release", {0}), exception_type::value_error, "n must be one or more");
    check_error(first("release", {1, 2}), exception_type::type_error,
                "BoundedSemaphore.release() takes from 1 to 2 positional arguments but 3 were given");
    CHECK(semaphore.current_value() == 1);
    CHECK(result_of(second("release")).is_none());
    first("acquire");
    first("acquire");
    CHECK(is_parked(second("acquire")));
    CHECK(result_of(third("release", {2})).is_none());
    CHECK(gets(second.told()));
    CHECK(semaphore.current_value() == 1);
}

TEST_CASE("a permit whose caller left before it was told goes on", "[core][semaphore]")
{
    for (const bool release_at_session_end : {false, true}) {
        for (const semaphore_kind kind : {semaphore_kind::unbounded, semaphore_kind::bounded}) {
            CAPTURE(release_at_session_end, kind == semaphore_kind::bounded);
            fixture made{1, kind, release_at_session_end};
            made.first("acquire");
            made.second("acquire");
            made.third("acquire");
            made.first("release");
            made.second.leave();
            CHECK(made.second.fulfilled == only(made.third));
            made.third.leave();
            CHECK(made.semaphore.current_value() == 1);
        }
    }
}

TEST_CASE("a permit that others gave back already is not given back twice", "[core][semaphore]")
{
    SECTION("a bounded semaphore would exceed its initial value")
    {
        bounded_fixture made;
        made.first("acquire");
        made.first("acquire");
        made.second("acquire");
        made.first("release");
        made.first("release");
        CHECK(result_of(made.first("release")).is_none());
        CHECK(made.semaphore.current_value() == 2);
        made.second.leave();
        CHECK(made.semaphore.current_value() == 2);
    }
    SECTION("one that keeps account knows")
    {
        fixture made{0, semaphore_kind::unbounded, true};
        made.second("acquire");
        made.first("release");
        made.first("release");
        CHECK(made.semaphore.current_value() == 1);
        made.second.leave();
        CHECK(made.semaphore.current_value() == 1);
    }
}

TEST_CASE_METHOD(bounded_fixture, "permits outlast the session that acquired them", "[core][semaphore]")
{
    first("acquire");
    end(first);
    CHECK(semaphore.current_value() == 1);
    CHECK(result_of(second("release")).is_none());
}

TEST_CASE_METHOD(owned_fixture, "a semaphore made so takes back the permits of a session that ends", "[core][semaphore]")
{
    CHECK(semaphore.can_be_owned());
    first("acquire");
    first("acquire");
    SECTION("all that it holds")
    {
        CHECK(is_parked(second("acquire")));
        end(third);
        CHECK(second.is_waiting());
        end(first);
        CHECK(first.fulfilled == only(second));
        CHECK(gets(second.told()));
        CHECK(semaphore.current_value() == 1);
        end(first);
        CHECK(semaphore.current_value() == 1);
        end(second);
        CHECK(semaphore.current_value() == 2);
    }
    SECTION("not those that it released")
    {
        first("release");
        CHECK(semaphore.current_value() == 1);
        end(first);
        CHECK(semaphore.current_value() == 2);
    }
    SECTION("not those that another released for it")
    {
        second("release");
        end(first);
        CHECK(semaphore.current_value() == 2);
    }
    SECTION("a caller's own permits count first, then those held for longest")
    {
        second("release", {3});  // one more than are held
        CHECK(semaphore.current_value() == 3);
        third("acquire");
        second("acquire");
        first("acquire");
        second("release", {2});  // its own and the third one's
        CHECK(semaphore.current_value() == 2);
        end(third);
        end(second);
        CHECK(semaphore.current_value() == 2);
        end(first);
        CHECK(semaphore.current_value() == 3);
    }
    SECTION("and those that it was given and never told of")
    {
        CHECK(is_parked(second("acquire")));
        second.leave();
        CHECK(is_parked(second("acquire")));
        first("release");
        CHECK(second.is_served());
        end(second);
        CHECK(semaphore.current_value() == 1);
        end(first);
        CHECK(semaphore.current_value() == 2);
    }
}

TEST_CASE_METHOD(owned_fixture, "the permits that a session's calls have are the session's", "[core][semaphore]")
{
    waiter session;
    caller one{semaphore, session};
    caller other{semaphore, session};
    CHECK(gets(one("acquire")));
    CHECK(gets(first("acquire")));
    CHECK(is_parked(other("acquire")));
    SECTION("all go back when it ends")
    {
        CHECK(result_of(first("release")).is_none());
        CHECK(gets(other.told()));
        semaphore.abandon(session, second.fulfilled);
        CHECK(semaphore.current_value() == 2);
    }
    SECTION("and count first when it releases by another call")
    {
        caller third_call{semaphore, session};
        CHECK(result_of(third_call("release")).is_none());  // what one() has; it goes to the call that waits
        CHECK(gets(other.told()));
        semaphore.abandon(session, second.fulfilled);
        CHECK(semaphore.current_value() == 1);
        end(first);
        CHECK(semaphore.current_value() == 2);
    }
    SECTION("and one that a call was given and never told of goes back alone")
    {
        CHECK(result_of(first("release")).is_none());
        other.leave();
        CHECK(semaphore.current_value() == 1);
        semaphore.abandon(session, second.fulfilled);
        CHECK(semaphore.current_value() == 2);
    }
}

TEST_CASE("text() of a semaphore shows its value", "[core][semaphore]")
{
    CHECK(fixture{3}.semaphore.text() == "<threading.Semaphore: value=3>");
    bounded_fixture bounded;
    bounded.first("acquire");
    CHECK(bounded.semaphore.text() == "<threading.BoundedSemaphore: value=1/2>");
}

TEST_CASE("Semaphore() and BoundedSemaphore() make a new one at each call", "[core][semaphore]")
{
    const auto made_by = [](const factory& make, const arguments& given = {}, const keyword_arguments& named = {}) {
        call request = make_call("create", given, named);
        return make(request);
    };
    const auto text_of = [](const std::variant<made_object, raised>& made) {
        return std::get<made_object>(made).object->text();
    };
    const factory make = fresh_semaphore();
    const factory make_bounded = fresh_bounded_semaphore();
    CHECK(text_of(made_by(make)) == "<threading.Semaphore: value=1>");
    CHECK(text_of(made_by(make, {0})) == "<threading.Semaphore: value=0>");
    CHECK(text_of(made_by(make, {}, {{"value", 5}})) == "<threading.Semaphore: value=5>");
    CHECK(text_of(made_by(make_bounded, {2})) == "<threading.BoundedSemaphore: value=2/2>");
    CHECK(std::get<made_object>(made_by(make)).stable_ident.empty());
    CHECK(std::get<made_object>(made_by(fresh_semaphore(true))).object->can_be_owned());
    CHECK(std::get<made_object>(made_by(fresh_bounded_semaphore(true))).object->can_be_owned());
    const auto check_refused = [&](const factory& by, const arguments& given, exception_type type, const std::string& text) {
        const auto refused = std::get<raised>(made_by(by, given));
        CHECK(refused.type == type);
        CHECK(refused.text == text);
    };
    for (const factory& each : {make, make_bounded}) {
        check_refused(each, {-1}, exception_type::value_error, "semaphore initial value must be >= 0");
        check_refused(each, {"a"}, exception_type::type_error, "'<' not supported between instances of 'str' and 'int'");
        check_refused(each, {value{}}, exception_type::type_error,
                      "'<' not supported between instances of 'NoneType' and 'int'");
        check_refused(each, {2.5}, exception_type::type_error, "'float' object cannot be interpreted as an integer");
        check_refused(each, {value::integer_from_decimal("9223372036854775808")}, exception_type::overflow_error,
                      "Python int too large to convert to C long");
    }
    check_refused(make, {1, 2}, exception_type::type_error,
                  "Semaphore.__init__() takes from 1 to 2 positional arguments but 3 were given");
    check_refused(make_bounded, {1, 2}, exception_type::type_error,
                  "BoundedSemaphore.__init__() takes from 1 to 2 positional arguments but 3 were given");
    call unreadable{"create", {}, {}, start};
    unreadable.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));
    CHECK(std::get<raised>(make(unreadable)).type == exception_type::value_error);
}

namespace {

constexpr std::size_t client_count = 5;

// Random histories of a semaphore that keeps account. The model holds permits as a list of who acquired each, in order, and
// serves by trying everybody in line until nobody gets anything.
struct model {
    std::int64_t permits;
    std::deque<std::size_t> line;
    std::vector<std::size_t> since;  // who holds any, those first who have held some for longest
    std::array<std::int64_t, client_count> held{};
    std::array<bool, client_count> served{};

    void settle()
    {
        while (permits > 0 && !line.empty()) {
            take(line.front());
            served[line.front()] = true;
            line.pop_front();
        }
    }
    void take(std::size_t who)
    {
        --permits;
        if (held[who]++ == 0)
            since.push_back(who);
    }
    void drop(std::size_t who, std::int64_t& count)
    {
        while (count > 0 && held[who] > 0) {
            --count;
            if (--held[who] == 0)
                std::erase(since, who);
        }
    }
    void release(std::size_t who, std::int64_t count)
    {
        permits += count;
        drop(who, count);
        while (count > 0 && !since.empty())
            drop(since.front(), count);
        settle();
    }
    void leave(std::size_t who)
    {
        std::erase(line, who);
        if (std::exchange(served[who], false) && held[who] > 0)
            release(who, 1);
    }
    void end(std::size_t who)
    {
        leave(who);
        release(who, held[who]);
    }
};

void play(std::mt19937::result_type seed)
{
    std::mt19937 random{seed};
    const auto below = [&random](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    const auto initial = static_cast<std::int64_t>(below(4));
    semaphore_referent semaphore{initial, semaphore_kind::unbounded, true};
    model expected{initial, {}, {}, {}, {}};
    std::array<std::optional<caller>, client_count> clients;
    for (auto& each : clients)
        each.emplace(semaphore);
    for (int step = 0; step < 200; ++step) {
        const std::size_t who = below(client_count);
        caller& acting = *clients[who];
        CAPTURE(step, who);
        const std::size_t action = below(100);
        if (action < 5) {
            expected.end(who);
            if (acting.place().current_state() != waiter::state::idle)
                acting.leave();
            semaphore.abandon(acting.place(), acting.fulfilled);
        } else if (acting.is_served()) {
            if (action < 30) {
                expected.leave(who);
                acting.leave();
            } else {
                expected.served[who] = false;
                REQUIRE(gets(acting.told()));
            }
        } else if (acting.is_waiting()) {
            if (action < 30) {
                expected.leave(who);
                REQUIRE_FALSE(gets(acting.expire()));
            }
        } else if (action < 60) {
            const bool waits = below(4) > 0;
            const outcome seen = acting("acquire", {waits});
            if (expected.permits > 0) {
                REQUIRE(gets(seen));
                expected.take(who);
            } else if (waits) {
                REQUIRE(is_parked(seen));
                expected.line.push_back(who);
            } else {
                REQUIRE_FALSE(gets(seen));
            }
        } else if (expected.permits < 5) {
            const auto count = static_cast<std::int64_t>(1 + below(2));
            expected.release(who, count);
            REQUIRE(result_of(acting("release", {count})).is_none());
        }
        REQUIRE(semaphore.current_value() == expected.permits);
        for (std::size_t i = 0; i < client_count; ++i)
            REQUIRE(clients[i]->is_served() == expected.served[i]);
    }
}

}  // namespace

TEST_CASE("a semaphore that keeps account does what a simple model does", "[core][semaphore]")
{
    for (std::mt19937::result_type round = 0; round < 50; ++round) {
        const auto seed = Catch::rngSeed() + round;  // --rng-seed time: other histories
        CAPTURE(seed);
        play(seed);
    }
}
