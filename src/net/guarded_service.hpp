// guarded_service: the registry and the referents as the sessions of one loop use them, behind the guards.
#pragma once

#include "core/waiter.hpp"
#include "net/server_state.hpp"
#include "session/service.hpp"

#include <memory>

namespace quaymaster::net {

/// Gets the callers whose waits a call has ended, after the guards are left, and knows where callers came in.
class loop_of_callers {
public:
    /// `told` is fulfilled and has to be resumed by the thread that owns it: nobody else will say so, and it waits until then. Must
    /// not call the service.
    virtual void on_fulfilled(std::shared_ptr<core::waiter> told) noexcept = 0;
    /// The address at which `caller`, one of this loop's, has reached us: (host, port), or a path.
    [[nodiscard]] virtual value own_end(core::waiter& caller) = 0;
    /// The host from which `caller` has come; empty for one of this machine over a Unix socket.
    [[nodiscard]] virtual std::string host_of(core::waiter& caller) = 0;

protected:
    ~loop_of_callers() = default;
};

/// Each call takes the guard, calls, leaves the guard, and only then tells those whose waits it ended.
/// Thread safety: none of its own: one loop's turn, or one thread; the guards make it safe beside those of other loops.
class guarded_service final : public session::service {
public:
    guarded_service(server_state& state, loop_of_callers& loop) noexcept : state_{state}, loop_{loop} {}

    std::variant<core::created, core::raised> create(std::string_view typeid_name, core::call& arguments) override;
    bool reads_arguments(std::string_view typeid_name) override;
    std::shared_ptr<core::referent> find_constructor(std::string_view typeid_name) override;
    std::variant<core::created, core::raised> adopt(core::made_proxy made) override;
    bool incref(std::string_view ident) override;
    bool decref(std::string_view ident, core::waiter& caller) override;
    bool begin_use(core::waiter& caller, core::stream_role role, std::string_view ident) override;
    void end_use(core::waiter& caller, core::stream_role role, std::string_view ident, bool peer_left) override;
    void give_up(std::string_view ident) override;
    std::shared_ptr<core::referent> find(std::string_view ident) override;
    std::size_t number_of_objects() override;
    std::string debug_info() override;
    void run_inside(core::referent& object, session::guarded_act act) override;
    core::outcome invoke(core::referent& object, core::call& request, core::waiter& caller) override;
    core::outcome expire(core::referent& object, core::waiter& late) override;
    void withdraw(core::referent& object, core::waiter& gone) override;
    std::string text(core::referent& object) override;
    std::optional<value> by_value(core::referent& object) override;
    void abandon(core::referent& object, const core::waiter& owner) override;
    std::shared_ptr<core::hold> add_hold(std::string_view owner, std::string_view target) override;
    void move_hold(core::hold& moved, std::string_view owner) override;
    void keep_for_handover(std::shared_ptr<const void> held) override;
    void note_address(core::waiter& caller, const value& address) override;
    std::optional<value> address_for(core::waiter& caller, const value& address) override;
    void fill_random(std::span<std::byte> octets) override;
    void request_shutdown() override;

    /// Lets go of what nothing holds any more, as calls do now and then.
    void settle();

private:
    template <class Act>
    void act_and_tell(core::referent& object, Act&& act);
    void tell() noexcept;
    bool give_back(std::string_view ident);
    void settle_holds(bool asked);

    server_state& state_;
    loop_of_callers& loop_;
    core::completions fulfilled_;  // kept for its memory; empty between calls
};

}  // namespace quaymaster::net
