#include "session/owned_objects.hpp"

#include <utility>

namespace quaymaster::session {

void owned_objects::note(const std::shared_ptr<core::referent>& object)
{
    if (!object->can_be_owned())
        return;
    const std::shared_ptr<core::referent> part = object->owned_part();
    const auto& owned = part != nullptr ? part : object;
    known_.insert_or_assign(owned.get(), owned);  // a new one may be where an old one was
    if (known_.size() >= swept_at_) {
        std::erase_if(known_, [](const auto& known) { return known.second.expired(); });
        swept_at_ = 2 * known_.size() + swept_min;
    }
}

void owned_objects::release(service& server, const core::waiter& owner)
{
    for (const auto& [address, each] : std::exchange(known_, {}))
        if (const auto object = each.lock())
            server.abandon(*object, owner);
}

}  // namespace quaymaster::session
