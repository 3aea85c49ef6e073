#include "core_testing.hpp"

#include "core/barrier_referent.hpp"

#include <cmath>
#include <deque>
#include <optional>
#include <random>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

struct fixture {
    explicit fixture(std::int64_t parties = 3, std::optional<double> timeout = std::nullopt) : barrier{parties, timeout} {}

    barrier_referent barrier;
    caller first{barrier};
    caller second{barrier};
    caller third{barrier};
    caller fourth{barrier};

    value attribute(const value& name) { return result_of(fourth("__getattribute__", {name})); }
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

void check_broken(const outcome& seen)
{
    check_error(seen, exception_type::broken_barrier, {});
}

}  // namespace

TEST_CASE_METHOD(fixture, "a barrier exposes what BarrierProxy calls", "[core][barrier]")
{
    const auto names = barrier.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"__getattribute__", "abort", "reset", "wait"});
    check_error(first("parties"), exception_type::attribute_error, "'Barrier' object has no attribute 'parties'");
    CHECK_FALSE(barrier.by_value());
    CHECK_FALSE(barrier.can_be_owned());
}

TEST_CASE_METHOD(fixture, "the last caller releases all, and each is told its place once", "[core][barrier]")
{
    for (int round = 0; round < 3; ++round) {
        CHECK(is_parked(first("wait")));
        CHECK(first.place().deadline() == never);
        CHECK(is_parked(second("wait", {5})));
        CHECK(second.place().deadline() == start + 5s);
        CHECK(barrier.text() == "<threading.Barrier: waiters=2/3>");
        third.fulfilled.clear();
        CHECK(result_of(third("wait")) == value{2});
        CHECK(third.fulfilled == completions{first.place().shared_from_this(), second.place().shared_from_this()});
        CHECK(barrier.text() == "<threading.Barrier: waiters=0/3>");
        CHECK(result_of(first.told()) == value{0});
        CHECK(result_of(second.told()) == value{1});
    }
}

TEST_CASE_METHOD(fixture, "who comes next need not wait until those released have run", "[core][barrier]")
{
    first("wait");
    second("wait");
    third("wait");
    CHECK(is_parked(fourth("wait")));
    CHECK(is_parked(third("wait")));
    CHECK(first.is_served());
    CHECK(result_of(first.told()) == value{0});
    CHECK(result_of(first("wait")) == value{2});
    CHECK(result_of(fourth.told()) == value{0});
    CHECK(result_of(third.told()) == value{1});
    CHECK(result_of(second.told()) == value{1});
}

TEST_CASE("a barrier for one never waits", "[core][barrier]")
{
    fixture made{1};
    CHECK(result_of(made.first("wait")) == value{0});
    CHECK(result_of(made.first("wait", {0})) == value{0});
}

TEST_CASE_METHOD(fixture, "__getattribute__() gives parties, n_waiting and broken", "[core][barrier]")
{
    CHECK(attribute("parties") == value{3});
    CHECK(attribute("n_waiting") == value{0});
    CHECK(attribute("broken").kind() == value_kind::boolean);
    CHECK_FALSE(attribute("broken").truth());
    first("wait");
    CHECK(attribute("n_waiting") == value{1});
    second("wait");
    third("wait");
    CHECK(attribute("n_waiting") == value{0});
    third("abort");
    CHECK(attribute("broken").truth());
    CHECK(attribute("n_waiting") == value{0});
    SECTION("and nothing else")
    {
        check_error(third("__getattribute__", {"_state"}), exception_type::attribute_error,
                    "'Barrier' object has no attribute '_state'");
        check_error(third("__getattribute__", {5}), exception_type::type_error, "attribute name must be string, not 'int'");
        check_error(third("__getattribute__"), exception_type::type_error,
                    "__getattribute__() takes exactly one argument (0 given)");
    }
}

TEST_CASE_METHOD(fixture, "a timeout breaks the barrier for all", "[core][barrier]")
{
    first("wait");
    second("wait", {1});
    check_broken(second.expire());
    CHECK(second.place().current_state() == waiter::state::idle);
    CHECK(second.fulfilled == completions{first.place().shared_from_this()});
    check_broken(first.told());
    CHECK(barrier.text() == "<threading.Barrier: broken>");
    SECTION("until it is reset")
    {
        check_broken(third("wait"));
        check_broken(third("wait", {"a"}));
        CHECK(result_of(third("reset")).is_none());
        CHECK(is_parked(third("wait")));
    }
    SECTION("at once, if it is no time")
    {
        for (const value& timeout : {value{0}, value{-1}, value{std::nan("")}}) {
            third("reset");
            CHECK(is_parked(first("wait")));
            check_broken(second("wait", {timeout}));
            check_broken(first.told());
        }
    }
}

TEST_CASE_METHOD(fixture, "wait() at a barrier looks at its timeout only if it must wait", "[core][barrier]")
{
    first("wait");
    check_error(second("wait", {"a"}), exception_type::type_error, "unsupported operand type(s) for +: 'float' and 'str'");
    check_error(second("wait", {1e10}), exception_type::overflow_error, "timestamp out of range for platform time_t");
    call unreadable{"wait", {}, {}, start};
    unreadable.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));  // a GET of what was never PUT
    CHECK(error_of(barrier.invoke(unreadable, third.place(), third.fulfilled)).type == exception_type::value_error);
    CHECK(barrier.text() == "<threading.Barrier: waiters=1/3>");
    CHECK(is_parked(second("wait", {}, {{"timeout", value{}}})));
    CHECK(result_of(third("wait", {0})) == value{2});
}

TEST_CASE("a barrier's own timeout is for those who name none", "[core][barrier]")
{
    fixture made{3, 2.5};
    CHECK(is_parked(made.first("wait")));
    CHECK(made.first.place().deadline() == start + 2500ms);
    CHECK(is_parked(made.second("wait", {7})));
    CHECK(made.second.place().deadline() == start + 7s);
    made.second.leave();
    CHECK(is_parked(made.second("wait", {value{}})));
    CHECK(made.second.place().deadline() == start + 2500ms);
    fixture impatient{2, 0.0};
    check_broken(impatient.first("wait"));
}

TEST_CASE_METHOD(fixture, "abort() breaks the barrier, reset() mends it, and both end all waits", "[core][barrier]")
{
    first("wait");
    second("wait");
    SECTION("abort")
    {
        CHECK(result_of(third("abort")).is_none());
        CHECK(result_of(third("abort")).is_none());
        CHECK(third.fulfilled.size() == 2);
        check_broken(first.told());
        check_broken(second.told());
        check_broken(first("wait"));
        third("reset");
        CHECK(is_parked(first("wait")));
    }
    SECTION("reset")
    {
        CHECK(result_of(third("reset")).is_none());
        CHECK(third.fulfilled.size() == 2);
        check_broken(first.told());
        check_broken(second.told());
        CHECK(is_parked(first("wait")));
        CHECK(barrier.text() == "<threading.Barrier: waiters=1/3>");
    }
    SECTION("but not of those who were released before")
    {
        third("wait");
        third("abort");
        CHECK(result_of(first.told()) == value{0});
        CHECK(result_of(second.told()) == value{1});
    }
}

TEST_CASE_METHOD(fixture, "a caller that leaves a barrier no longer counts", "[core][barrier]")
{
    first("wait");
    second("wait");
    first.leave();
    CHECK(barrier.text() == "<threading.Barrier: waiters=1/3>");
    CHECK(second.is_waiting());
    CHECK(is_parked(third("wait")));
    SECTION("and the places are still told once each")
    {
        CHECK(result_of(fourth("wait")) == value{2});
        CHECK(result_of(second.told()) == value{0});
        CHECK(result_of(third.told()) == value{1});
    }
    SECTION("one that was released has passed, told or not")
    {
        fourth("wait");
        second.leave();
        CHECK(second.place().current_state() == waiter::state::idle);
        CHECK(result_of(third.told()) == value{1});
        CHECK(attribute("n_waiting") == value{0});
    }
}

TEST_CASE_METHOD(fixture, "arguments that do not fit a barrier raise TypeError", "[core][barrier]")
{
    check_error(first("wait", {1, 2}), exception_type::type_error,
                "Barrier.wait() takes from 1 to 2 positional arguments but 3 were given");
    check_error(first("reset", {1}), exception_type::type_error,
                "Barrier.reset() takes 1 positional argument but 2 were given");
    check_error(first("abort", {}, {{"x", 1}}), exception_type::type_error,
                "Barrier.abort() got an unexpected keyword argument 'x'");
    CHECK(barrier.text() == "<threading.Barrier: waiters=0/3>");
}

TEST_CASE("Barrier() makes a new barrier at each call", "[core][barrier]")
{
    const factory make = fresh_barrier();
    const auto made_by = [&make](const arguments& given, const keyword_arguments& named = {}) {
        call request = make_call("create", given, named);
        return make(request);
    };
    const auto check_refused = [&](const arguments& given, exception_type type, const std::string& text) {
        const auto refused = std::get<raised>(made_by(given));
        CHECK(refused.type == type);
        CHECK(refused.text == text);
    };
    const auto made = std::get<made_object>(made_by({2}));
    CHECK(made.stable_ident.empty());
    CHECK(made.object->text() == "<threading.Barrier: waiters=0/2>");
    CHECK(std::get<made_object>(made_by({2})).object != made.object);
    CHECK(std::get<made_object>(made_by({true, value{}, value{}})).object->text() == "<threading.Barrier: waiters=0/1>");
    SECTION("with a timeout")
    {
        for (const auto& [timeout, seconds] : std::vector<std::pair<value, std::chrono::seconds>>{{3, 3s}, {4.0, 4s}}) {
            const auto timed = std::get<made_object>(made_by({2}, {{"timeout", timeout}})).object;
            caller client{*timed};
            CHECK(is_parked(client("wait")));
            CHECK(client.place().deadline() == start + seconds);
        }
        check_refused({2, value{}, "a"}, exception_type::type_error, "unsupported operand type(s) for +: 'float' and 'str'");
        check_refused({2, value{}, 1e10}, exception_type::overflow_error, "timestamp out of range for platform time_t");
        CHECK(std::get<made_object>(made_by({2, value{}, -1})).object != nullptr);
    }
    SECTION("for a number of parties")
    {
        check_refused({0}, exception_type::value_error, "parties must be > 0");
        check_refused({-1}, exception_type::value_error, "parties must be > 0");
        check_refused({"a"}, exception_type::type_error, "'<' not supported between instances of 'str' and 'int'");
        check_refused({2.0}, exception_type::type_error, "'float' object cannot be interpreted as an integer");
        check_refused({value::integer_from_decimal("9223372036854775808")}, exception_type::overflow_error,
                      "Python int too large to convert to C long");
        check_refused({}, exception_type::type_error, "Barrier.__init__() missing 1 required positional argument: 'parties'");
        check_refused({1, 2, 3, 4}, exception_type::type_error,
                      "Barrier.__init__() takes from 2 to 4 positional arguments but 5 were given");
    }
    SECTION("without an action")
    {
        constexpr auto no_action = "Barrier(): argument 'action' must be None: this server runs no Python. Let the client "
                                   "whose wait() returns 0 do it";
        check_refused({2, value::global("builtins", "print")}, exception_type::type_error, no_action);
        check_refused({2, 5}, exception_type::type_error, no_action);
        CHECK(std::get<made_object>(made_by({2, 0})).object != nullptr);
        call unreadable{"create", {}, {}, start};
        unreadable.positional.emplace_back(value{2});
        unreadable.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));
        CHECK(std::get<raised>(make(unreadable)).type == exception_type::value_error);
    }
}

TEST_CASE("in random histories each round of a barrier tells 0 to parties - 1, each once", "[core][barrier]")
{
    constexpr std::size_t client_count = 7;
    for (std::mt19937::result_type round = 0; round < 50; ++round) {
        const auto seed = Catch::rngSeed() + round;  // --rng-seed time: other histories
        std::mt19937 random{seed};
        const auto below = [&random](std::size_t bound) {
            return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
        };
        const std::size_t parties = 1 + below(4);
        barrier_referent barrier{static_cast<std::int64_t>(parties)};
        std::array<std::optional<caller>, client_count> clients;
        std::array<std::optional<std::string>, client_count> untold;  // what the model says that they are to be told
        std::deque<std::size_t> waiting;
        bool is_broken = false;
        for (auto& each : clients)
            each.emplace(barrier);
        const auto break_up = [&] {
            for (const std::size_t each : waiting)
                untold[each] = "broken";
            waiting.clear();
        };
        const auto told = [](const outcome& seen) {
            if (std::holds_alternative<raised>(seen)) {
                check_broken(seen);
                return std::string{"broken"};
            }
            return result_of(seen).repr();
        };
        for (int step = 0; step < 200; ++step) {
            const std::size_t who = below(client_count);
            caller& acting = *clients[who];
            CAPTURE(seed, parties, step, who);
            if (acting.is_served()) {
                REQUIRE(untold[who]);
                if (below(4) == 0)
                    acting.leave();
                else
                    REQUIRE(told(acting.told()) == *untold[who]);
                untold[who].reset();
            } else if (acting.is_waiting()) {
                const std::size_t action = below(20);
                if (action < 2) {
                    acting.leave();
                    std::erase(waiting, who);
                } else if (action == 2) {
                    REQUIRE(told(acting.expire()) == "broken");
                    std::erase(waiting, who);
                    break_up();
                    is_broken = true;
                }
            } else if (const std::size_t action = below(20); action == 0) {
                acting("abort");
                break_up();
                is_broken = true;
            } else if (action < 4) {
                acting("reset");
                break_up();
                is_broken = false;
            } else {
                const outcome seen = acting("wait");
                if (is_broken) {
                    REQUIRE(told(seen) == "broken");
                } else if (waiting.size() + 1 == parties) {
                    REQUIRE(told(seen) == std::to_string(parties - 1));
                    for (std::size_t i = 0; i < waiting.size(); ++i)
                        untold[waiting[i]] = std::to_string(i);
                    waiting.clear();
                } else {
                    REQUIRE(is_parked(seen));
                    waiting.push_back(who);
                }
            }
            for (std::size_t i = 0; i < client_count; ++i)
                REQUIRE(clients[i]->is_served() == untold[i].has_value());
        }
    }
}
