// bare_objects: the objects of a bare_service, for referents that get at others.
#pragma once

#include "bare_service.hpp"

#include "core/object_access.hpp"
#include "wire/proxy_tokens.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace quaymaster::testing {

/// There are no guards.
class bare_objects final : public core::object_access {
public:
    explicit bare_objects(bare_service& service) : service_{service} {}
    std::shared_ptr<core::referent> find(std::string_view ident) override { return service_.find(ident); }
    std::optional<std::string> ident_of(const value& proxy) override
    {
        const auto found = wire::as_proxy(codec::payload{proxy}, {});
        return found ? std::optional{found->ident} : std::nullopt;
    }

private:
    void enter(const core::referent&) override {}
    void leave(const core::referent&) noexcept override {}

    bare_service& service_;
};

}  // namespace quaymaster::testing
