#include "core/barrier_referent.hpp"

#include "core/lock_timeout.hpp"
#include "core/sync_factory.hpp"

#include <array>
#include <cassert>
#include <memory>
#include <variant>

namespace quaymaster::core {
namespace {

constexpr std::array<parameter, 1> wait_parameters{{{"timeout", false}}};
constexpr std::array<parameter, 1> attribute_parameters{{{"name"}}};
constexpr std::array<parameter, 3> constructor_parameters{{{"parties"}, {"action", false}, {"timeout", false}}};

outcome broken()
{
    return raised{exception_type::broken_barrier, {}};
}

constructed construct(std::span<codec::payload*> bound, const codec::pickle_limits& limits)
{
    const auto parties = read_count(bound[0], 0);
    if (const auto* const wrong = std::get_if<raised>(&parties))
        return *wrong;
    if (std::get<std::int64_t>(parties) < 1)
        return raised{exception_type::value_error, "parties must be > 0"};
    if (bound[1] != nullptr && bound[1]->to_value(limits).truth()) {
        return raised{exception_type::type_error, "Barrier(): argument 'action' must be None: this server runs no Python. Let "
                                                  "the client whose wait() returns 0 do it"};
    }
    const auto wait = read_wait_timeout(bound[2], {}, timeout_use::added);
    if (const auto* const wrong = std::get_if<raised>(&wait))
        return *wrong;
    const auto timeout = bound[2] != nullptr ? bound[2]->to_value().to_double() : std::nullopt;
    return std::make_shared<barrier_referent>(std::get<std::int64_t>(parties), timeout);
}

}  // namespace

struct barrier_referent::methods {
    template <outcome (barrier_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<barrier_referent, Member>;

    static constexpr method_table table{std::array{
        method{"__getattribute__",
               {"__getattribute__", attribute_parameters, signature::style::builtin},
               run<&barrier_referent::get_attribute>},
        method{"abort", {"Barrier.abort"}, run<&barrier_referent::abort>},
        method{"reset", {"Barrier.reset"}, run<&barrier_referent::reset>},
        method{"wait", {"Barrier.wait", wait_parameters}, run<&barrier_referent::wait>},
    }};
};

barrier_referent::barrier_referent(std::int64_t parties, std::optional<double> timeout) noexcept
    : parties_{parties}, timeout_{timeout}
{
    assert(parties > 0);
}

std::span<const std::string_view> barrier_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome barrier_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "Barrier", *this, request, caller, fulfilled);
}

outcome barrier_referent::expire(waiter& late, completions& fulfilled)
{
    assert(late.current_state() == waiter::state::parked && late.place() == this);
    line_.take_out(late);
    late.reset();
    break_up(fulfilled);
    return broken();
}

void barrier_referent::withdraw(waiter& gone, completions&)
{
    assert(gone.current_state() != waiter::state::idle && gone.place() == this);
    if (gone.current_state() == waiter::state::parked) {
        line_.take_out(gone);
        gone.reset();
    } else {
        static_cast<void>(gone.take_outcome());  // the others have passed: there is nothing to undo
    }
}

std::string barrier_referent::text() const
{
    if (is_broken_)
        return "<threading.Barrier: broken>";
    return "<threading.Barrier: waiters=" + std::to_string(waiting()) + "/" + std::to_string(parties_) + ">";
}

outcome barrier_referent::abort(invocation& called)
{
    break_up(called.fulfilled);
    return returned{};
}

outcome barrier_referent::get_attribute(invocation& called)
{
    const value name = called.bound[0]->to_value();
    if (name.kind() != value_kind::str && name.kind() != value_kind::byte_string)
        return raised{exception_type::type_error, "attribute name must be string, not '" + name.type_name() + "'"};
    if (name.text() == "parties")
        return returned{value{parties_}};
    if (name.text() == "n_waiting")
        return returned{value{waiting()}};
    if (name.text() == "broken")
        return returned{value{is_broken_}};
    return raised{exception_type::attribute_error, "'Barrier' object has no attribute '" + std::string{name.text()} + "'"};
}

outcome barrier_referent::reset(invocation& called)
{
    is_broken_ = false;
    line_.serve_all(broken(), called.fulfilled);
    return returned{};
}

outcome barrier_referent::wait(invocation& called)
{
    if (is_broken_)
        return broken();
    if (waiting() + 1 == parties_) {
        for (std::int64_t index = 0; !line_.empty(); ++index)
            line_.serve_first(returned{value{index}}, called.fulfilled);
        return returned{value{parties_ - 1}};
    }
    const codec::payload default_timeout{timeout_ ? value{*timeout_} : value{}};
    const bool has_own = called.bound[0] != nullptr && !called.bound[0]->to_value().is_none();
    const auto read = read_wait_timeout(has_own ? called.bound[0] : &default_timeout, called.request.now, timeout_use::added);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const auto limit = std::get<wait_limit>(read);
    if (!limit) {
        break_up(called.fulfilled);
        return broken();
    }
    called.caller.park(*this, 0, *limit);
    line_.push_back(called.caller);
    return parked{};
}

void barrier_referent::break_up(completions& fulfilled)
{
    is_broken_ = true;
    line_.serve_all(broken(), fulfilled);
}

factory fresh_barrier(const codec::pickle_limits& limits)
{
    const signature expected{"Barrier.__init__", constructor_parameters};
    return constructor(expected, [limits](std::span<codec::payload*> bound) { return construct(bound, limits); });
}

}  // namespace quaymaster::core
