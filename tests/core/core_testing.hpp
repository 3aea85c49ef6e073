// core_testing: what the tests of core share. Callers, calls and the reading of outcomes, with time fed by hand.
#pragma once

#include <catch2/catch.hpp>

#include "core/referent.hpp"

#include <quaymaster/value.hpp>

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace Catch {
template <>
struct StringMaker<quaymaster::value> {
    static std::string convert(const quaymaster::value& shown) { return shown.repr(200); }
};
}  // namespace Catch

namespace quaymaster::core {

inline std::ostream& operator<<(std::ostream& out, exception_type type)
{
    constexpr std::string_view names[] = {"queue_empty",   "queue_full",    "queue_shut_down", "attribute_error",
                                          "index_error",   "key_error",     "overflow_error",  "runtime_error",
                                          "type_error",    "value_error",   "memory_error",    "stop_iteration",
                                          "assertion_error", "broken_barrier", "not_implemented_error",
                                          "zero_division_error"};
    return out << names[static_cast<std::size_t>(type)];
}

namespace testing {

using namespace std::chrono_literals;

/// The moment at which every test begins; far from zero, as a real clock is.
inline const time_point start{std::chrono::hours{1000}};

using arguments = std::vector<value>;
using keyword_arguments = std::vector<std::pair<std::string_view, value>>;

inline call make_call(std::string_view method, const arguments& positional = {}, const keyword_arguments& keywords = {},
                      time_point now = start)
{
    call made{method, {}, {}, now};
    for (const value& each : positional)
        made.positional.emplace_back(each);
    for (const auto& [name, each] : keywords)
        made.keywords.emplace_back(name, codec::payload{each});
    return made;
}

inline bool is_parked(const outcome& seen)
{
    return std::holds_alternative<parked>(seen);
}

/// What the call returned; the test fails if it did not.
inline value result_of(const outcome& seen)
{
    if (const auto* const error = std::get_if<raised>(&seen))
        FAIL("raised " << error->type << ": " << error->text);
    REQUIRE(std::holds_alternative<returned>(seen));
    return std::get<returned>(seen).result.to_value();
}

/// What the call raised; the test fails if it did not.
inline raised error_of(const outcome& seen)
{
    REQUIRE(std::holds_alternative<raised>(seen));
    return std::get<raised>(seen);
}

/// One of the calls that a session has under way at once; `session` outlives it.
class one_of_many_calls final : public waiter {
public:
    explicit one_of_many_calls(waiter& session) noexcept : session_{session} {}
    [[nodiscard]] waiter& principal() noexcept override { return session_; }

private:
    waiter& session_;
};

/// One client: what a session is to a referent.
class caller {
public:
    explicit caller(referent& object) : object_{object} {}
    /// One call of a session that makes several at once, each by one of these.
    caller(referent& object, waiter& session) : object_{object}, place_{std::make_shared<one_of_many_calls>(session)} {}
    caller(const caller&) = delete;
    caller& operator=(const caller&) = delete;
    ~caller()
    {
        if (place_->current_state() != waiter::state::idle)
            leave();
    }

    outcome operator()(std::string_view method, const arguments& positional = {}, const keyword_arguments& keywords = {},
                       time_point now = start)
    {
        call request = make_call(method, positional, keywords, now);
        return object_.invoke(request, *place_, fulfilled);
    }
    outcome expire() { return object_.expire(*place_, fulfilled); }
    void leave() { object_.withdraw(*place_, fulfilled); }

    [[nodiscard]] waiter& place() noexcept { return *place_; }
    [[nodiscard]] bool is_waiting() const noexcept { return place_->current_state() == waiter::state::parked; }
    [[nodiscard]] bool is_served() const noexcept { return place_->current_state() == waiter::state::fulfilled; }
    /// What the wait has come to.
    [[nodiscard]] outcome told() { return place_->take_outcome(); }

    completions fulfilled;  // the others whose waits this caller's calls have ended

private:
    referent& object_;
    std::shared_ptr<waiter> place_ = std::make_shared<waiter>();
};

}  // namespace testing
}  // namespace quaymaster::core
