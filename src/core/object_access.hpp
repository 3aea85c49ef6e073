// object_access: how the methods of one referent get at others.
#pragma once

#include "core/referent.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace quaymaster::core {

/// The objects of a server and their guards, for a referent that is called without a guard (referent::guarded_with()).
/// Thread safety: any member from any thread. Lifetime: outlives the referents that use it.
class object_access {
public:
    /// The object that goes by `ident`; null if there is none. Call with no guard held.
    [[nodiscard]] virtual std::shared_ptr<referent> find(std::string_view ident) = 0;
    /// The ident that `proxy`, a pickled one, stands for; nullopt if it is none.
    [[nodiscard]] virtual std::optional<std::string> ident_of(const value& proxy) = 0;

    /// `act()`, while nobody else is in `object`. Within it nothing else of this may be called: guards do not nest.
    template <class Act>
    decltype(auto) inside(const referent& object, Act&& act)
    {
        const visit held{*this, object};
        return std::forward<Act>(act)();
    }

protected:
    ~object_access() = default;

private:
    virtual void enter(const referent& object) = 0;
    virtual void leave(const referent& object) noexcept = 0;

    class visit {
    public:
        visit(object_access& home, const referent& object) : home_{home}, object_{object} { home_.enter(object_); }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        ~visit() { home_.leave(object_); }

    private:
        object_access& home_;
        const referent& object_;
    };
};

}  // namespace quaymaster::core
