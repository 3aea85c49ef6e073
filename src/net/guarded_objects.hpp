// guarded_objects: the registry and the guards as the methods of select_referent go through them.
#pragma once

#include "core/object_access.hpp"
#include "net/server_state.hpp"
#include "wire/proxy_tokens.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace quaymaster::net {

/// Thread safety: any thread. Lifetime: as object_access.
class guarded_objects final : public core::object_access {
public:
    explicit guarded_objects(server_state& state) noexcept : state_{state} {}

    [[nodiscard]] std::shared_ptr<core::referent> find(std::string_view ident) override
    {
        const std::lock_guard lock{state_.guards.registry()};
        return state_.registry.find(ident);
    }
    [[nodiscard]] std::optional<std::string> ident_of(const value& proxy) override
    {
        auto found = wire::as_proxy(codec::payload{proxy}, state_.options.pickle);
        return found ? std::optional{std::move(found->ident)} : std::nullopt;
    }

private:
    void enter(const core::referent& object) override
    {
        if (std::mutex* const guard = state_.guards.of(object))
            guard->lock();
    }
    void leave(const core::referent& object) noexcept override
    {
        if (std::mutex* const guard = state_.guards.of(object))
            guard->unlock();
    }

    server_state& state_;
};

}  // namespace quaymaster::net
