#include "core/semaphore_referent.hpp"

#include "core/lock_timeout.hpp"
#include "core/sync_factory.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <memory>
#include <utility>
#include <variant>

namespace quaymaster::core {
namespace {

constexpr std::array<parameter, 2> acquire_parameters{{{"blocking", false}, {"timeout", false}}};
constexpr std::array<parameter, 1> release_parameters{{{"n", false}}};
constexpr std::array<parameter, 1> constructor_parameters{{{"value", false}}};

constexpr std::int64_t value_max = std::numeric_limits<std::int64_t>::max();

bool is_given(const codec::payload* argument)
{
    return argument != nullptr && (argument->known() == nullptr || !argument->known()->is_none());
}

factory fresh(const signature& expected, semaphore_kind kind, bool release_at_session_end)
{
    return constructor(expected, [kind, release_at_session_end](std::span<codec::payload*> bound) -> constructed {
        const auto read = read_count(bound[0], 1);
        if (const auto* const wrong = std::get_if<raised>(&read))
            return *wrong;
        const auto initial = std::get<std::int64_t>(read);
        if (initial < 0)
            return raised{exception_type::value_error, "semaphore initial value must be >= 0"};
        return std::make_shared<semaphore_referent>(initial, kind, release_at_session_end);
    });
}

}  // namespace

struct semaphore_referent::methods {
    template <outcome (semaphore_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<semaphore_referent, Member>;

    static constexpr method acquire{"acquire", {"Semaphore.acquire", acquire_parameters}, run<&semaphore_referent::acquire>};

    static constexpr method_table unbounded{std::array{
        acquire,
        method{"release", {"Semaphore.release", release_parameters}, run<&semaphore_referent::release>},
    }};
    static constexpr method_table bounded{std::array{
        acquire,
        method{"release", {"BoundedSemaphore.release", release_parameters}, run<&semaphore_referent::release>},
    }};
};

semaphore_referent::semaphore_referent(std::int64_t initial_value, semaphore_kind kind, bool release_at_session_end) noexcept
    : kind_{kind}, keeps_account_{release_at_session_end}, initial_value_{initial_value}, value_{initial_value}
{
    assert(initial_value >= 0);
}

std::span<const std::string_view> semaphore_referent::exposed() const noexcept
{
    return methods::unbounded.names;  // both kinds have the same
}

outcome semaphore_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    if (kind_ == semaphore_kind::unbounded)
        return invoke_method(methods::unbounded.methods, "Semaphore", *this, request, caller, fulfilled);
    return invoke_method(methods::bounded.methods, "BoundedSemaphore", *this, request, caller, fulfilled);
}

outcome semaphore_referent::expire(waiter& late, completions&)
{
    assert(late.current_state() == waiter::state::parked && late.place() == this);
    line_.take_out(late);
    late.reset();
    return returned{value{false}};
}

void semaphore_referent::withdraw(waiter& gone, completions& fulfilled)
{
    assert(gone.current_state() != waiter::state::idle && gone.place() == this);
    if (gone.current_state() == waiter::state::parked) {
        line_.take_out(gone);
        gone.reset();
        return;
    }
    static_cast<void>(gone.take_outcome());
    // One that others have released too often has its permit back already.
    if (keeps_account_ ? held_.held_by(gone) == 0 : kind_ == semaphore_kind::bounded && value_ == initial_value_)
        return;
    held_.give(gone, 1);
    give_back(1, fulfilled);
}

std::string semaphore_referent::text() const
{
    if (kind_ == semaphore_kind::unbounded)
        return "<threading.Semaphore: value=" + std::to_string(value_) + ">";
    return "<threading.BoundedSemaphore: value=" + std::to_string(value_) + "/" + std::to_string(initial_value_) + ">";
}

void semaphore_referent::abandon(const waiter& owner, completions& fulfilled)
{
    const std::int64_t permits = held_.held_by(owner);
    held_.give(owner, permits);
    give_back(permits, fulfilled);
}

outcome semaphore_referent::acquire(invocation& called)
{
    const bool blocks = read_flag(called.bound[0], true);
    if (!blocks && is_given(called.bound[1]))
        return raised{exception_type::value_error, "can't specify timeout for non-blocking acquire"};
    if (value_ > 0) {
        if (keeps_account_)
            held_.take(called.caller);
        --value_;
        return returned{value{true}};
    }
    if (!blocks)
        return returned{value{false}};
    const auto read = read_wait_timeout(called.bound[1], called.request.now, timeout_use::added);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const auto limit = std::get<wait_limit>(read);
    if (!limit)
        return returned{value{false}};
    called.caller.park(*this, 0, *limit);
    line_.push_back(called.caller);
    return parked{};
}

outcome semaphore_referent::release(invocation& called)
{
    const auto read = read_count(called.bound[0], 1);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const auto count = std::get<std::int64_t>(read);
    if (count < 1)
        return raised{exception_type::value_error, "n must be one or more"};
    if (kind_ == semaphore_kind::bounded && count > initial_value_ - value_)
        return raised{exception_type::value_error, "Semaphore released too many times"};
    if (count > value_max - value_)
        return raised{exception_type::overflow_error, "semaphore value would exceed " + std::to_string(value_max)};
    held_.give(called.caller, count);
    give_back(count, called.fulfilled);
    return returned{};
}

void semaphore_referent::give_back(std::int64_t count, completions& fulfilled)
{
    for (; count > 0 && !line_.empty(); --count) {
        if (keeps_account_)
            held_.take(line_.front());
        line_.serve_first(returned{value{true}}, fulfilled);
    }
    value_ += std::min(count, value_max - value_);
}

void semaphore_referent::account::take(const waiter& holder)
{
    const auto [place, is_new] = by_holder_.try_emplace(&holder.principal(), oldest_first_.end());
    if (is_new)
        place->second = oldest_first_.insert(oldest_first_.end(), {&holder.principal(), 0});
    ++place->second->permits;
}

void semaphore_referent::account::give(const waiter& giver, std::int64_t count) noexcept
{
    if (const auto own = by_holder_.find(&giver.principal()); own != by_holder_.end())
        reduce(own->second, count);
    while (count > 0 && !oldest_first_.empty())
        reduce(oldest_first_.begin(), count);
}

std::int64_t semaphore_referent::account::held_by(const waiter& holder) const noexcept
{
    const auto known = by_holder_.find(&holder.principal());
    return known != by_holder_.end() ? known->second->permits : 0;
}

// Takes off both what they have in common, and ends the holding if that was all of it.
void semaphore_referent::account::reduce(holdings::iterator place, std::int64_t& count) noexcept
{
    const std::int64_t common = std::min(place->permits, count);
    count -= common;
    place->permits -= common;
    if (place->permits > 0)
        return;
    by_holder_.erase(place->holder);
    oldest_first_.erase(place);
}

factory fresh_semaphore(bool release_at_session_end)
{
    return fresh({"Semaphore.__init__", constructor_parameters}, semaphore_kind::unbounded, release_at_session_end);
}

factory fresh_bounded_semaphore(bool release_at_session_end)
{
    return fresh({"BoundedSemaphore.__init__", constructor_parameters}, semaphore_kind::bounded, release_at_session_end);
}

}  // namespace quaymaster::core
