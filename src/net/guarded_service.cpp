#include "net/guarded_service.hpp"

#include "net/randomness.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace quaymaster::net {

std::variant<core::created, core::raised> guarded_service::create(std::string_view typeid_name, core::call& arguments)
{
    // A list of millions takes its time, in which others go on.
    if (reads_arguments(typeid_name)) {
        auto made = state_.registry.make(typeid_name, arguments);
        if (auto* const refusal = std::get_if<core::raised>(&made))
            return std::move(*refusal);
        const std::lock_guard lock{state_.guards.registry()};
        return state_.registry.enter(std::get<core::made_object>(std::move(made)), typeid_name);
    }
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.create(typeid_name, arguments);
}

bool guarded_service::reads_arguments(std::string_view typeid_name)
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.traits_of(typeid_name).reads_arguments;
}

std::shared_ptr<core::referent> guarded_service::find_constructor(std::string_view typeid_name)
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.find_constructor(typeid_name);
}

std::variant<core::created, core::raised> guarded_service::adopt(core::made_proxy made)
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.adopt(std::move(made.object), made.typeid_name);
}

bool guarded_service::incref(std::string_view ident)
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.incref(ident);
}

bool guarded_service::decref(std::string_view ident, core::waiter& caller)
{
    const std::string host = loop_.host_of(caller);
    {
        const std::lock_guard lock{state_.guards.registry()};
        state_.usage.on_decref(host, ident);
    }
    return give_back(ident);
}

bool guarded_service::begin_use(core::waiter& caller, core::stream_role role, std::string_view ident)
{
    const std::string host = loop_.host_of(caller);
    const std::lock_guard lock{state_.guards.registry()};
    if (state_.registry.is_stable(ident))
        return false;
    state_.usage.begin(host, role, ident);
    return true;
}

void guarded_service::end_use(core::waiter& caller, core::stream_role role, std::string_view ident, bool peer_left)
{
    const std::string host = loop_.host_of(caller);
    {
        const std::lock_guard lock{state_.guards.registry()};
        if (!state_.usage.end(host, role, ident) || !peer_left)
            return;
    }
    give_up(ident);
}

void guarded_service::give_up(std::string_view ident)
{
    // Whoever was given a proxy by the client before it died is about to count on it.
    if (auto held = add_hold({}, ident))
        keep_for_handover(std::move(held));
    give_back(ident);
}

/// One count less.
bool guarded_service::give_back(std::string_view ident)
{
    bool is_counted = false;
    {
        // Keep the object until the lock is left: a queue with a million items takes its time to end.
        std::shared_ptr<core::referent> last;
        const std::lock_guard lock{state_.guards.registry()};
        last = state_.registry.find(ident);
        is_counted = state_.registry.decref(ident);
        if (state_.registry.may_have_cycles())
            state_.holds->note_cycles();
    }
    settle_holds(false);
    return is_counted;
}

std::shared_ptr<core::referent> guarded_service::find(std::string_view ident)
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.find(ident);
}

std::size_t guarded_service::number_of_objects()
{
    settle_holds(true);
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.number_of_objects();
}

std::string guarded_service::debug_info()
{
    settle_holds(true);
    // Each object under its own guard: with a million of them nobody else should have to wait for all.
    return core::debug_info(list_objects(state_), [this](const core::referent& object) {
        const auto lock = state_.guards.lock(object);
        return object.text();
    });
}

/// Has `act` done under the guard of `object`, and then tells those whose waits that ended: also if it throws, because some may have been
/// served by then, and nobody else would tell them.
template <class Act>
void guarded_service::act_and_tell(core::referent& object, Act&& act)
{
    try {
        const auto lock = state_.guards.lock(object);
        act();
    } catch (...) {
        tell();
        throw;
    }
    tell();
}

void guarded_service::run_inside(core::referent& object, session::guarded_act act)
{
    act_and_tell(object, [&] { act(fulfilled_); });
}

core::outcome guarded_service::invoke(core::referent& object, core::call& request, core::waiter& caller)
{
    core::outcome result;
    act_and_tell(object, [&] { result = object.invoke(request, caller, fulfilled_); });
    return result;
}

core::outcome guarded_service::expire(core::referent& object, core::waiter& late)
{
    core::outcome result = core::parked{};
    act_and_tell(object, [&] {
        // Another loop may have fulfilled it a moment ago: its message is under way, and an item may be in it.
        if (late.current_state() == core::waiter::state::parked)
            result = object.expire(late, fulfilled_);
    });
    return result;
}

void guarded_service::withdraw(core::referent& object, core::waiter& gone)
{
    act_and_tell(object, [&] {
        if (gone.current_state() != core::waiter::state::idle)
            object.withdraw(gone, fulfilled_);
    });
}

std::string guarded_service::text(core::referent& object)
{
    const auto lock = state_.guards.lock(object);
    return object.text();
}

std::optional<value> guarded_service::by_value(core::referent& object)
{
    const auto lock = state_.guards.lock(object);
    return object.by_value();
}

void guarded_service::abandon(core::referent& object, const core::waiter& owner)
{
    act_and_tell(object, [&] { object.abandon(owner, fulfilled_); });
}

std::shared_ptr<core::hold> guarded_service::add_hold(std::string_view owner, std::string_view target)
{
    settle_holds(false);  // those who only add, and never give back, would let the ends of holds pile up
    const std::lock_guard lock{state_.guards.registry()};
    if (!state_.registry.add_hold(owner, target))
        return nullptr;
    return std::make_shared<core::hold>(state_.holds, std::string{owner}, std::string{target});
}

void guarded_service::move_hold(core::hold& moved, std::string_view owner)
{
    const std::lock_guard lock{state_.guards.registry()};
    state_.registry.move_hold(moved.owner(), owner, moved.target());
    moved.move_to(std::string{owner});
}

void guarded_service::keep_for_handover(std::shared_ptr<const void> held)
{
    state_.holds->keep(std::move(held), std::chrono::steady_clock::now());
    settle_holds(false);
}

void guarded_service::settle()
{
    settle_holds(true);
}

void guarded_service::note_address(core::waiter& caller, const value& address)
{
    state_.addresses.note(loop_.own_end(caller), address);
}

std::optional<value> guarded_service::address_for(core::waiter& caller, const value& address)
{
    return state_.addresses.better_than(address, loop_.own_end(caller));
}

/// Objects end outside the guard, and what their data held is settled in the next round.
void guarded_service::settle_holds(bool asked)
{
    while (state_.holds->has_work() || asked) {
        std::vector<std::shared_ptr<core::referent>> gone;
        {
            const std::lock_guard lock{state_.guards.registry()};
            gone = state_.holds->settle(state_.registry, std::chrono::steady_clock::now(), asked);
        }
        if (gone.empty())
            return;
    }
}

void guarded_service::fill_random(std::span<std::byte> octets)
{
    net::fill_random(octets);
}

void guarded_service::request_shutdown()
{
    if (state_.options.allow_shutdown_request)
        state_.request_stop();
    else
        state_.log(log_level::warning, "refused a client's shutdown request: allow_shutdown_request is off");
}

void guarded_service::tell() noexcept
{
    for (std::shared_ptr<core::waiter>& waiter : fulfilled_)
        loop_.on_fulfilled(std::move(waiter));
    fulfilled_.clear();
}

}  // namespace quaymaster::net
