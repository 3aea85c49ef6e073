#include "core/event_referent.hpp"

#include "core/lock_timeout.hpp"
#include "core/sync_factory.hpp"

#include <array>
#include <cassert>
#include <memory>
#include <variant>

namespace quaymaster::core {
namespace {

constexpr std::array<parameter, 1> wait_parameters{{{"timeout", false}}};

}  // namespace

struct event_referent::methods {
    template <outcome (event_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<event_referent, Member>;

    static constexpr method_table table{std::array{
        method{"clear", {"Event.clear"}, run<&event_referent::clear>},
        method{"isSet", {"Event.isSet"}, run<&event_referent::is_set>},
        method{"is_set", {"Event.is_set"}, run<&event_referent::is_set>},
        method{"set", {"Event.set"}, run<&event_referent::set>},
        method{"wait", {"Event.wait", wait_parameters}, run<&event_referent::wait>},
    }};
};

std::span<const std::string_view> event_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome event_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "Event", *this, request, caller, fulfilled);
}

outcome event_referent::expire(waiter& late, completions&)
{
    assert(late.current_state() == waiter::state::parked && late.place() == this);
    line_.take_out(late);
    late.reset();
    return returned{value{false}};
}

void event_referent::withdraw(waiter& gone, completions&)
{
    assert(gone.current_state() != waiter::state::idle && gone.place() == this);
    if (gone.current_state() == waiter::state::parked) {
        line_.take_out(gone);
        gone.reset();
    } else {
        static_cast<void>(gone.take_outcome());
    }
}

std::string event_referent::text() const
{
    return is_set_ ? "<threading.Event: set>" : "<threading.Event: unset>";
}

outcome event_referent::clear(invocation&)
{
    is_set_ = false;
    return returned{};
}

outcome event_referent::is_set(invocation&)
{
    return returned{value{is_set_}};
}

outcome event_referent::set(invocation& called)
{
    is_set_ = true;
    line_.serve_all(returned{value{true}}, called.fulfilled);
    return returned{};
}

outcome event_referent::wait(invocation& called)
{
    if (is_set_)
        return returned{value{true}};
    const auto read = read_wait_timeout(called.bound[0], called.request.now, timeout_use::compared);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const auto limit = std::get<wait_limit>(read);
    if (!limit)
        return returned{value{false}};
    called.caller.park(*this, 0, *limit);
    line_.push_back(called.caller);
    return parked{};
}

factory fresh_event()
{
    const signature expected{"Event.__init__"};
    return constructor(expected, [](std::span<codec::payload*>) -> constructed { return std::make_shared<event_referent>(); });
}

}  // namespace quaymaster::core
