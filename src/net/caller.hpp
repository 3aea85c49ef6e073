// caller: whoever calls referents in this process, and is told when a wait is over.
#pragma once

#include "core/waiter.hpp"

#include <memory>
#include <utility>

namespace quaymaster::net {

/// A connection, or a thread of the program itself. The principal of every waiter that is parked in a server's referents is one.
class caller : public core::waiter {
public:
    /// `told`, itself or a waiter whose principal it is, is fulfilled: has its call go on, on the thread that it belongs to.
    /// Any thread; no guard is held. Takes no memory: nobody else will tell it.
    virtual void tell(std::shared_ptr<core::waiter> told) noexcept = 0;
};

/// Tells whoever `told` belongs to.
inline void tell(std::shared_ptr<core::waiter> told) noexcept
{
    auto& owner = static_cast<caller&>(told->principal());
    owner.tell(std::move(told));
}

}  // namespace quaymaster::net
