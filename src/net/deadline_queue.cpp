#include "net/deadline_queue.hpp"

namespace quaymaster::net {

void deadline_queue::set(timed& entry, core::time_point due)
{
    if (entry.due() == due)
        return;
    wheel_.remove(entry);
    if (due != core::never)
        wheel_.add(entry, due);
}

void deadline_queue::fire(core::time_point now)
{
    while (auto* const due = wheel_.take_due(now))
        static_cast<timed*>(due)->on_due(now);
}

}  // namespace quaymaster::net
