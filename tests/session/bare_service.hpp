// bare_service: the server around a session, without guards, threads or logs.
#pragma once

#include "core/queue_factories.hpp"
#include "core/registry.hpp"
#include "session/service.hpp"

#include <quaymaster/bytes.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster::testing {

inline const core::time_point test_start{std::chrono::hours{1000}};

/// The service over a bare registry, with one queue `get_task_queue`. Waiters that a call fulfils gather in `told`.
class bare_service : public session::service {
public:
    bare_service()
    {
        nonce.assign(40, std::byte{'n'});
        queue = core::register_named_queue(registry, "get_task_queue");
        core::register_named_queue(registry, "get_small_queue", core::queue_kind::fifo, 1);
        registry.register_typeid("Queue", core::fresh_queue());
    }

    ~bare_service() override { ends.reset(); }

    std::variant<core::created, core::raised> create(std::string_view typeid_name, core::call& arguments) override
    {
        return registry.create(typeid_name, arguments);
    }
    bool reads_arguments(std::string_view typeid_name) override { return registry.traits_of(typeid_name).reads_arguments; }
    std::shared_ptr<core::referent> find_constructor(std::string_view typeid_name) override
    {
        return registry.find_constructor(typeid_name);
    }
    std::variant<core::created, core::raised> adopt(core::made_proxy made) override
    {
        return registry.adopt(std::move(made.object), made.typeid_name);
    }
    bool incref(std::string_view ident) override { return registry.incref(ident); }
    bool decref(std::string_view ident, core::waiter&) override
    {
        usage.on_decref("host", ident);
        return registry.decref(ident);
    }
    bool begin_use(core::waiter&, core::stream_role role, std::string_view ident) override
    {
        if (registry.is_stable(ident))
            return false;
        usage.begin("host", role, ident);
        return true;
    }
    void end_use(core::waiter&, core::stream_role role, std::string_view ident, bool peer_left) override
    {
        if (usage.end("host", role, ident) && peer_left)
            (void)registry.decref(ident);
    }
    void give_up(std::string_view ident) override { (void)registry.decref(ident); }
    std::shared_ptr<core::referent> find(std::string_view ident) override { return registry.find(ident); }
    std::size_t number_of_objects() override { return registry.number_of_objects(); }
    std::string debug_info() override { return core::debug_info(registry.list(), [](const core::referent& object) { return object.text(); }); }
    void run_inside(core::referent&, session::guarded_act act) override { act(told); }
    core::outcome invoke(core::referent& object, core::call& request, core::waiter& caller) override
    {
        return object.invoke(request, caller, told);
    }
    core::outcome expire(core::referent& object, core::waiter& late) override
    {
        if (late.current_state() != core::waiter::state::parked)
            return core::parked{};
        return object.expire(late, told);
    }
    void withdraw(core::referent& object, core::waiter& gone) override
    {
        if (gone.current_state() != core::waiter::state::idle)
            object.withdraw(gone, told);
    }
    std::string text(core::referent& object) override { return object.text(); }
    std::optional<value> by_value(core::referent& object) override { return object.by_value(); }
    void abandon(core::referent& object, const core::waiter& owner) override { object.abandon(owner, told); }
    std::shared_ptr<core::hold> add_hold(std::string_view owner, std::string_view target) override
    {
        if (!registry.add_hold(owner, target))
            return nullptr;
        return std::make_shared<core::hold>(ends, std::string{owner}, std::string{target});
    }
    void move_hold(core::hold& moved, std::string_view owner) override
    {
        registry.move_hold(moved.owner(), owner, moved.target());
        moved.move_to(std::string{owner});
    }
    void keep_for_handover(std::shared_ptr<const void> held) override { handed_over.push_back(std::move(held)); }
    void note_address(core::waiter&, const value& address) override { addresses.push_back(address); }
    std::optional<value> address_for(core::waiter&, const value&) override { return better_address; }
    void fill_random(std::span<std::byte> octets) override { std::copy_n(nonce.begin(), octets.size(), octets.begin()); }
    void request_shutdown() override { ++shutdowns; }

    /// Settles every end at once: no other thread is here.
    struct keeper final : core::hold_keeper {
        explicit keeper(bare_service& service) : home{service} {}
        void on_released(std::string owner, std::string target) noexcept override
        {
            (void)home.registry.remove_hold(owner, target);
        }
        bare_service& home;
    };

    std::shared_ptr<keeper> ends = std::make_shared<keeper>(*this);  // gone before the registry is
    core::registry registry{1};
    core::client_usage usage;
    std::vector<std::shared_ptr<const void>> handed_over;
    std::vector<value> addresses;
    std::optional<value> better_address;
    std::shared_ptr<core::queue_referent> queue;
    core::completions told;
    bytes nonce;
    int shutdowns = 0;
};

}  // namespace quaymaster::testing
