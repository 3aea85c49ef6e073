// service: what a session asks of the server around it.
#pragma once

#include "core/client_usage.hpp"
#include "core/hold.hpp"
#include "core/registry.hpp"

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace quaymaster::session {

/// What is done while nobody else is in an object; whom it serves is appended to its argument. Borrows the function that it is made of.
class guarded_act {
public:
    template <class Function>
    guarded_act(Function&& function) noexcept  // a view, as std::string_view is
        : function_{const_cast<void*>(static_cast<const void*>(&function))},
          run_{[](void* what, core::completions& fulfilled) { (*static_cast<std::remove_reference_t<Function>*>(what))(fulfilled); }}
    {
    }
    void operator()(core::completions& fulfilled) const { run_(function_, fulfilled); }

private:
    void* function_;
    void (*run_)(void*, core::completions&);
};

/// The registry and the referents as one session sees them. net implements it over its guards and wakes the callers of
/// other sessions; a test implements it over a bare registry.
/// Thread safety: called from the thread that runs the session.
class service {
public:
    virtual ~service() = default;

    virtual std::variant<core::created, core::raised> create(std::string_view typeid_name, core::call& arguments) = 0;
    /// True if the objects of that typeid are made of what their arguments hold.
    virtual bool reads_arguments(std::string_view typeid_name) = 0;
    /// What makes the objects of that typeid, if that may take a while; null if create() does.
    virtual std::shared_ptr<core::referent> find_constructor(std::string_view typeid_name) = 0;
    virtual std::variant<core::created, core::raised> adopt(core::made_proxy made) = 0;
    virtual bool incref(std::string_view ident) = 0;
    virtual bool decref(std::string_view ident, core::waiter& caller) = 0;
    /// The stream `caller` of that role calls an object for the first time. False: of an object with a stable ident no use is
    /// kept, as its count is of no account.
    virtual bool begin_use(core::waiter& caller, core::stream_role role, std::string_view ident) = 0;
    /// That stream calls the object no more. If that is because the client has left, gives up the count that it has left
    /// behind, if it has.
    virtual void end_use(core::waiter& caller, core::stream_role role, std::string_view ident, bool peer_left) = 0;
    /// One count of a client that has left, a moment after what was handed over has had its time.
    virtual void give_up(std::string_view ident) = 0;
    virtual std::shared_ptr<core::referent> find(std::string_view ident) = 0;
    virtual std::size_t number_of_objects() = 0;
    virtual std::string debug_info() = 0;

    /// Runs `act` while nobody else is in `object`, then tells those whom it has served.
    virtual void run_inside(core::referent& object, guarded_act act) = 0;
    virtual core::outcome invoke(core::referent& object, core::call& request, core::waiter& caller) = 0;
    /// `parked` if `late` was fulfilled in the meantime: its caller is being told, and that outcome counts.
    virtual core::outcome expire(core::referent& object, core::waiter& late) = 0;
    /// Whatever the state of `gone`, it is idle afterwards.
    virtual void withdraw(core::referent& object, core::waiter& gone) = 0;
    virtual std::string text(core::referent& object) = 0;
    virtual std::optional<value> by_value(core::referent& object) = 0;
    /// `owner` is idle and makes no further call.
    virtual void abandon(core::referent& object, const core::waiter& owner) = 0;

    /// Data about to be kept in the object `owner` (empty: not known yet) holds a proxy of `target`. Null: no such object.
    virtual std::shared_ptr<core::hold> add_hold(std::string_view owner, std::string_view target) = 0;
    /// The data went into the object `owner` after all.
    virtual void move_hold(core::hold& moved, std::string_view owner) = 0;
    /// Data that holds proxies leaves for a client, who needs a moment to count on what they stand for: keeps `held` for that.
    virtual void keep_for_handover(std::shared_ptr<const void> held) = 0;
    /// `caller` has sent a proxy of ours with this address: it reaches the server so.
    virtual void note_address(core::waiter& caller, const value& address) = 0;
    /// The address by which `caller` reaches the server, for a proxy that says `address`; nullopt if that one will do.
    virtual std::optional<value> address_for(core::waiter& caller, const value& address) = 0;

    /// Fills `octets` with cryptographic randomness, for a challenge.
    virtual void fill_random(std::span<std::byte> octets) = 0;
    /// A client asked for `shutdown`; the server stops once replies are out.
    virtual void request_shutdown() = 0;
};

}  // namespace quaymaster::session
