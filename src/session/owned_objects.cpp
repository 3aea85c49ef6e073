#include "session/owned_objects.hpp"

#include <utility>

namespace quaymaster::session {

void owned_objects::note(const std::shared_ptr<core::referent>& object)
{
    if (!object->can_be_owned())
        return;
    const std::shared_ptr<core::referent> part = object->owned_part();
    const auto& owned = part != nullptr ? part : object;
    if (table_ == nullptr)
        table_ = std::make_unique<table>();
    auto& [known, swept_at] = *table_;
    known.insert_or_assign(owned.get(), owned);  // a new one may be where an old one was
    if (known.size() >= swept_at) {
        std::erase_if(known, [](const auto& each) { return each.second.expired(); });
        swept_at = 2 * known.size() + swept_min;
    }
}

void owned_objects::release(service& server, const core::waiter& owner)
{
    const auto released = std::exchange(table_, nullptr);
    if (released == nullptr)
        return;
    for (const auto& [address, each] : released->known)
        if (const auto object = each.lock())
            server.abandon(*object, owner);
}

}  // namespace quaymaster::session
