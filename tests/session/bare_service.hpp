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
#include <variant>

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

    std::variant<core::created, core::raised> create(std::string_view typeid_name, core::call& arguments) override
    {
        return registry.create(typeid_name, arguments);
    }
    std::variant<core::created, core::raised> adopt(core::made_proxy made) override
    {
        return registry.adopt(std::move(made.object), made.typeid_name);
    }
    bool incref(std::string_view ident) override { return registry.incref(ident); }
    bool decref(std::string_view ident) override { return registry.decref(ident); }
    std::shared_ptr<core::referent> find(std::string_view ident) override { return registry.find(ident); }
    std::size_t number_of_objects() override { return registry.number_of_objects(); }
    std::string debug_info() override { return core::debug_info(registry.list(), [](const core::referent& object) { return object.text(); }); }
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
    void fill_random(std::span<std::byte> octets) override { std::copy_n(nonce.begin(), octets.size(), octets.begin()); }
    void request_shutdown() override { ++shutdowns; }

    core::registry registry{1};
    std::shared_ptr<core::queue_referent> queue;
    core::completions told;
    bytes nonce;
    int shutdowns = 0;
};

}  // namespace quaymaster::testing
