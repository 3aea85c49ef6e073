// owned_objects: what one caller may have come to own by its calls, such as a lock.
#pragma once

#include "core/referent.hpp"
#include "session/service.hpp"

#include <cstddef>
#include <memory>
#include <unordered_map>

namespace quaymaster::session {

/// Thread safety: none.
class owned_objects {
public:
    /// The caller is about to call `object`.
    void note(const std::shared_ptr<core::referent>& object);
    /// `owner` makes no further call: what it owns is released.
    void release(service& server, const core::waiter& owner);

private:
    static constexpr std::size_t swept_min = 16;

    struct table {
        std::unordered_map<const core::referent*, std::weak_ptr<core::referent>> known;
        std::size_t swept_at = swept_min;  // objects that are gone are forgotten at that size
    };

    std::unique_ptr<table> table_;  // null until there is one: most callers never own anything
};

}  // namespace quaymaster::session
