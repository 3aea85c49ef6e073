#include "core/lock_referent.hpp"

#include "core/lock_timeout.hpp"
#include "core/sync_factory.hpp"

#include <array>
#include <memory>
#include <utility>
#include <variant>

namespace quaymaster::core {

struct lock_referent::methods {
    template <outcome (lock_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<lock_referent, Member>;

    // acquire() is written in C and yet takes keywords, which is what a plain function does.
    static constexpr method acquire{
        "acquire", {"acquire", lock_acquire_parameters, signature::style::function}, run<&lock_referent::acquire>};

    static constexpr method_table plain{std::array{
        acquire,
        method{"locked", {"lock.locked", {}, signature::style::builtin}, run<&lock_referent::locked>},
        method{"release", {"lock.release", {}, signature::style::builtin}, run<&lock_referent::release>},
    }};
    static constexpr method_table reentrant{std::array{
        acquire,
        method{"locked", {"RLock.locked", {}, signature::style::builtin}, run<&lock_referent::locked>},
        method{"release", {"RLock.release", {}, signature::style::builtin}, run<&lock_referent::release>},
    }};
};

lock_referent::lock_referent(lock_kind kind, bool release_at_session_end) noexcept
    : release_at_session_end_{release_at_session_end}, lock_{kind}
{
}

std::span<const std::string_view> lock_referent::exposed() const noexcept
{
    return methods::plain.names;  // both kinds have the same
}

outcome lock_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    if (lock_.kind() == lock_kind::plain)
        return invoke_method(methods::plain.methods, "_thread.lock", *this, request, caller, fulfilled);
    return invoke_method(methods::reentrant.methods, "_thread.RLock", *this, request, caller, fulfilled);
}

outcome lock_referent::expire(waiter& late, completions&)
{
    return lock_.expire(late);
}

void lock_referent::withdraw(waiter& gone, completions& fulfilled)
{
    lock_.withdraw(gone, fulfilled);
}

std::string lock_referent::text() const
{
    std::string shown = lock_.is_locked() ? "<locked _thread." : "<unlocked _thread.";
    if (lock_.kind() == lock_kind::plain)
        return shown + "lock object>";
    return shown + "RLock object count=" + std::to_string(lock_.levels()) + ">";
}

bool lock_referent::can_be_owned() const noexcept
{
    return lock_.kind() == lock_kind::reentrant || release_at_session_end_;
}

void lock_referent::abandon(const waiter& owner, completions& fulfilled)
{
    if (can_be_owned())
        lock_.abandon(owner, fulfilled);
}

outcome lock_referent::acquire(invocation& called)
{
    const auto limit = read_lock_wait(called.bound[0], called.bound[1], called.request.now);
    if (const auto* const wrong = std::get_if<raised>(&limit))
        return *wrong;
    return lock_.acquire(std::get<wait_limit>(limit), *this, called.caller);
}

outcome lock_referent::locked(invocation&)
{
    return returned{value{lock_.is_locked()}};
}

outcome lock_referent::release(invocation& called)
{
    return lock_.release(called.caller, called.fulfilled);
}

factory fresh_lock(bool release_at_session_end)
{
    const signature expected{"lock", {}, signature::style::builtin};
    return constructor(expected, [release_at_session_end](std::span<codec::payload*>) -> constructed {
        return std::make_shared<lock_referent>(lock_kind::plain, release_at_session_end);
    });
}

factory fresh_rlock()
{
    return [](call&) -> std::variant<made_object, raised> {
        return made_object{std::make_shared<lock_referent>(lock_kind::reentrant), {}};
    };
}

}  // namespace quaymaster::core
