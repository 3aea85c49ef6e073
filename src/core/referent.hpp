// referent: an object the server holds, called by method name.
#pragma once

#include "core/call.hpp"
#include "core/waiter.hpp"

#include <quaymaster/value.hpp>

#include <cassert>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

class shared_queue;

/// What makes two referents stand for one object.
struct object_identity {
    const void* address;
    std::size_t type;  // where objects of several types may have one address
    friend bool operator==(const object_identity&, const object_identity&) = default;
};

/// An object that proxies stand for.
/// Thread safety: none of its own; the layer above lets one caller in at a time.
/// A queue's state need not be in this process: only the outcome of each call matters to the caller.
class referent {
public:
    referent() = default;
    referent(const referent&) = delete;
    referent& operator=(const referent&) = delete;
    virtual ~referent() = default;

    /// The exposed method names, sorted: what `create` and `get_methods` send to AutoProxy.
    [[nodiscard]] virtual std::span<const std::string_view> exposed() const noexcept = 0;

    /// Calls `request.method`, which is one of exposed(). Returns its result or what it raises, or parks `caller`
    /// (then `parked`). Other callers whose waits this ends are appended to `fulfilled`.
    virtual outcome invoke(call& request, waiter& caller, completions& fulfilled) = 0;

    /// The deadline of `late` has passed: takes it out of its line and returns what it raises or returns.
    /// Precondition: parked here.
    virtual outcome expire(waiter& late, completions& fulfilled) = 0;

    /// The caller of `gone` has left: takes it out of its line; if it was fulfilled and never told, undoes that (an item
    /// goes back to the front). Leaves it idle. Precondition: parked here or fulfilled by this.
    virtual void withdraw(waiter& gone, completions& fulfilled) = 0;

    /// The caller of `served`, which waits here, has been told that the wait is over: takes the outcome and leaves it idle.
    /// Called without the guard.
    [[nodiscard]] virtual outcome collect(waiter& served) { return served.take_outcome(); }

    /// str(object), for `__str__`, `__repr__` and debug_info.
    [[nodiscard]] virtual std::string text() const = 0;

    /// The object by value, for `#GETVALUE`; nullopt for one that cannot be pickled, such as a queue or a lock.
    [[nodiscard]] virtual std::optional<value> by_value() const { return std::nullopt; }

    /// Itself, or what it is only a way to call.
    [[nodiscard]] virtual object_identity identity() const noexcept { return {this, 0}; }

    /// The object as a queue with typed arguments; null for what is none. Under the same guard as invoke().
    [[nodiscard]] virtual shared_queue* as_queue() noexcept { return nullptr; }

    /// True if that call goes over its `index`-th positional argument and does not keep it: a proxy there stands for what the
    /// object behind it holds, as `l.extend(other_list_proxy)` does in CPython.
    [[nodiscard]] virtual bool reads_argument(const call& request, std::size_t index) const noexcept
    {
        static_cast<void>(request);
        static_cast<void>(index);
        return false;
    }

    /// True if whoever is parked here waits for work that is under way, and not for what another caller may do.
    [[nodiscard]] virtual bool works_for_the_parked() const noexcept { return false; }

    /// The object under whose guard this one is called: itself, or one whose state it shares, as a condition does its lock's.
    /// Null for one that is called without a guard, because it goes through those of others and shares nothing itself.
    [[nodiscard]] virtual const referent* guarded_with() const noexcept { return this; }

    /// True for an object that callers can own, such as an RLock: then abandon() is called when a caller's session ends.
    [[nodiscard]] virtual bool can_be_owned() const noexcept { return false; }
    /// What a caller comes to own by calling this, if it is another object that may outlive this one, such as a condition's
    /// lock; null for this object itself.
    [[nodiscard]] virtual std::shared_ptr<referent> owned_part() const noexcept { return nullptr; }
    /// `owner`, a principal, will make no further call and waits for nothing: what it owns here is released.
    virtual void abandon(const waiter& owner, completions& fulfilled)
    {
        static_cast<void>(owner);
        static_cast<void>(fulfilled);
    }
};

/// An object whose calls never wait.
class immediate_referent : public referent {
public:
    /// Nobody is ever parked here, so neither of these is called.
    outcome expire(waiter&, completions&) final
    {
        assert(false && "nobody waits here");
        return parked{};
    }
    void withdraw(waiter&, completions&) final { assert(false && "nobody waits here"); }
};

}  // namespace quaymaster::core
