#include "net/guarded_service.hpp"

#include "net/randomness.hpp"

#include <utility>

namespace quaymaster::net {

std::variant<core::created, core::raised> guarded_service::create(std::string_view typeid_name, core::call& arguments)
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.create(typeid_name, arguments);
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

bool guarded_service::decref(std::string_view ident)
{
    // Keep the object until the lock is left: a queue with a million items takes its time to end.
    std::shared_ptr<core::referent> last;
    const std::lock_guard lock{state_.guards.registry()};
    last = state_.registry.find(ident);
    return state_.registry.decref(ident);
}

std::shared_ptr<core::referent> guarded_service::find(std::string_view ident)
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.find(ident);
}

std::size_t guarded_service::number_of_objects()
{
    const std::lock_guard lock{state_.guards.registry()};
    return state_.registry.number_of_objects();
}

std::string guarded_service::debug_info()
{
    // Each object under its own guard: with a million of them nobody else should have to wait for all.
    return core::debug_info(list_objects(state_), [this](const core::referent& object) {
        const std::lock_guard lock{state_.guards.of(object)};
        return object.text();
    });
}

core::outcome guarded_service::invoke(core::referent& object, core::call& request, core::waiter& caller)
{
    core::outcome result;
    {
        const std::lock_guard lock{state_.guards.of(object)};
        result = object.invoke(request, caller, fulfilled_);
    }
    tell();
    return result;
}

core::outcome guarded_service::expire(core::referent& object, core::waiter& late)
{
    core::outcome result;
    {
        const std::lock_guard lock{state_.guards.of(object)};
        // Another loop may have fulfilled it a moment ago: its message is under way, and an item may be in it.
        if (late.current_state() != core::waiter::state::parked)
            return core::parked{};
        result = object.expire(late, fulfilled_);
    }
    tell();
    return result;
}

void guarded_service::withdraw(core::referent& object, core::waiter& gone)
{
    {
        const std::lock_guard lock{state_.guards.of(object)};
        if (gone.current_state() == core::waiter::state::idle)
            return;
        object.withdraw(gone, fulfilled_);
    }
    tell();
}

std::string guarded_service::text(core::referent& object)
{
    const std::lock_guard lock{state_.guards.of(object)};
    return object.text();
}

std::optional<value> guarded_service::by_value(core::referent& object)
{
    const std::lock_guard lock{state_.guards.of(object)};
    return object.by_value();
}

void guarded_service::abandon(core::referent& object, const core::waiter& owner)
{
    {
        const std::lock_guard lock{state_.guards.of(object)};
        object.abandon(owner, fulfilled_);
    }
    tell();
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

void guarded_service::tell()
{
    for (std::shared_ptr<core::waiter>& waiter : fulfilled_)
        listener_.on_fulfilled(std::move(waiter));
    fulfilled_.clear();
}

}  // namespace quaymaster::net
