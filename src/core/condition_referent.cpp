#include "core/condition_referent.hpp"

#include "core/lock_timeout.hpp"
#include "core/sync_factory.hpp"

#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <utility>
#include <variant>

namespace quaymaster::core {
namespace {

constexpr std::array<parameter, 1> wait_parameters{{{"timeout", false}}};
constexpr std::array<parameter, 1> notify_parameters{{{"n", false}}};
constexpr std::array<parameter, 1> constructor_parameters{{{"lock", false}}};

constexpr std::string_view notify_unowned = "cannot notify on un-acquired lock";

// How many of `sleeping` `while waiters and n > 0: n -= 1` would wake.
std::variant<std::size_t, raised> read_notified(const codec::payload* argument, std::size_t sleeping)
{
    if (argument == nullptr)
        return std::size_t{1};
    const value n = argument->to_value();
    const auto is_positive = value::less(value{0}, n);
    if (!is_positive)
        return not_comparable_error(">", n);
    if (!*is_positive)
        return std::size_t{0};
    const double count = std::ceil(n.to_double().value_or(HUGE_VAL));
    return count < static_cast<double>(sleeping) ? static_cast<std::size_t>(count) : sleeping;
}

}  // namespace

struct condition_referent::methods {
    template <outcome (condition_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<condition_referent, Member>;

    // acquire(), locked() and release() are the lock's own methods in threading.py, and named so in messages.
    static constexpr method_table table{std::array{
        method{"acquire", {"acquire", lock_acquire_parameters, signature::style::function}, run<&condition_referent::acquire>},
        method{"locked", {"locked", {}, signature::style::builtin}, run<&condition_referent::locked>},
        method{"notify", {"Condition.notify", notify_parameters}, run<&condition_referent::notify>},
        method{"notifyAll", {"Condition.notifyAll"}, run<&condition_referent::notify_all>},
        method{"notify_all", {"Condition.notify_all"}, run<&condition_referent::notify_all>},
        method{"release", {"release", {}, signature::style::builtin}, run<&condition_referent::release>},
        method{"wait", {"Condition.wait", wait_parameters}, run<&condition_referent::wait>},
    }};
};

condition_referent::condition_referent() : lock_{std::make_shared<lock_referent>(lock_kind::reentrant)} {}

condition_referent::condition_referent(std::shared_ptr<lock_referent> lock) noexcept : lock_{std::move(lock)}
{
    assert(lock_ != nullptr);
}

std::span<const std::string_view> condition_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome condition_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "Condition", *this, request, caller, fulfilled);
}

outcome condition_referent::expire(waiter& late, completions& fulfilled)
{
    assert(late.current_state() == waiter::state::parked && late.place() == this);
    if (late.line() == caller_lock::acquirers_line)
        return lock_->lock().expire(late);
    codec::payload levels = late.carried();
    if (caller_lock::is_in_line(late)) {
        // Notified in time: now it waits for the lock only, for as long as that takes.
        late.park(*this, late.line(), never, std::move(levels));
        return parked{};
    }
    sleepers_.take_out(late);
    if (lock_->lock().try_take(late, levels.known()->to_int64().value_or(1))) {
        late.reset();
        return returned{value{false}};
    }
    late.park(*this, caller_lock::latecomers_line, never, std::move(levels));
    lock_->lock().stand_in_line(late, fulfilled);
    return parked{};
}

void condition_referent::withdraw(waiter& gone, completions& fulfilled)
{
    assert(gone.current_state() != waiter::state::idle && gone.place() == this);
    const bool is_parked = gone.current_state() == waiter::state::parked;
    if (is_parked && !caller_lock::is_in_line(gone)) {
        sleepers_.take_out(gone);
        gone.reset();
        return;
    }
    const bool was_notified = gone.line() == caller_lock::sleepers_line;
    lock_->lock().withdraw(gone, fulfilled);
    if (was_notified && !sleepers_.empty())
        wake_first(fulfilled);
}

std::string condition_referent::text() const
{
    return "<Condition(" + lock_->text() + ", " + std::to_string(sleepers_.size()) + ")>";
}

bool condition_referent::can_be_owned() const noexcept
{
    return lock_->can_be_owned();
}

void condition_referent::abandon(const waiter& owner, completions& fulfilled)
{
    lock_->abandon(owner, fulfilled);
}

outcome condition_referent::acquire(invocation& called)
{
    const auto limit = read_lock_wait(called.bound[0], called.bound[1], called.request.now);
    if (const auto* const wrong = std::get_if<raised>(&limit))
        return *wrong;
    return lock_->lock().acquire(std::get<wait_limit>(limit), *this, called.caller);
}

outcome condition_referent::locked(invocation&)
{
    return returned{value{lock_->lock().is_locked()}};
}

outcome condition_referent::notify(invocation& called)
{
    if (!lock_->lock().counts_as_owned_by(called.caller))
        return raised{exception_type::runtime_error, std::string{notify_unowned}};
    if (sleepers_.empty())
        return returned{};
    const auto read = read_notified(called.bound[0], sleepers_.size());
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    for (std::size_t left = std::get<std::size_t>(read); left > 0; --left)
        wake_first(called.fulfilled);
    return returned{};
}

outcome condition_referent::notify_all(invocation& called)
{
    if (!lock_->lock().counts_as_owned_by(called.caller))
        return raised{exception_type::runtime_error, std::string{notify_unowned}};
    while (!sleepers_.empty())
        wake_first(called.fulfilled);
    return returned{};
}

outcome condition_referent::release(invocation& called)
{
    return lock_->lock().release(called.caller, called.fulfilled);
}

outcome condition_referent::wait(invocation& called)
{
    caller_lock& lock = lock_->lock();
    if (!lock.counts_as_owned_by(called.caller))
        return raised{exception_type::runtime_error, "cannot wait on un-acquired lock"};
    const auto read = read_wait_timeout(called.bound[0], called.request.now, timeout_use::compared);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const auto limit = std::get<wait_limit>(read);
    const std::int64_t levels = lock.levels();
    lock.release_all(called.fulfilled);
    if (limit) {
        called.caller.park(*this, caller_lock::sleepers_line, *limit, value{levels});
        sleepers_.push_back(called.caller);
        return parked{};
    }
    if (lock.try_take(called.caller, levels))
        return returned{value{false}};
    called.caller.park(*this, caller_lock::latecomers_line, never, value{levels});
    lock.stand_in_line(called.caller, called.fulfilled);
    return parked{};
}

// Precondition: somebody sleeps.
void condition_referent::wake_first(completions& fulfilled)
{
    lock_->lock().stand_in_line(sleepers_.pop_front(), fulfilled);
}

factory fresh_condition(lock_resolver resolve, const codec::pickle_limits& limits)
{
    const signature expected{"Condition.__init__", constructor_parameters};
    return constructor(expected, [resolve = std::move(resolve), limits](std::span<codec::payload*> bound) -> constructed {
        const value lock = bound[0] != nullptr ? bound[0]->to_value(limits) : value{};
        if (lock.is_none())
            return std::make_shared<condition_referent>();
        if (!resolve) {
            return raised{exception_type::type_error, "Condition(): this server takes no lock as an argument, only None, which "
                                                      "makes an RLock of the condition's own"};
        }
        if (auto known = std::dynamic_pointer_cast<lock_referent>(resolve(lock)))
            return std::make_shared<condition_referent>(std::move(known));
        return raised{exception_type::type_error, "Condition(): argument 'lock' must be None or a proxy for a Lock or an RLock "
                                                  "of this server, not '" +
                                                      lock.type_name() + "'"};
    });
}

}  // namespace quaymaster::core
