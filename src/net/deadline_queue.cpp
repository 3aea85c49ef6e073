#include "net/deadline_queue.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>

namespace quaymaster::net {

void deadline_queue::set(timed& entry, core::time_point due)
{
    if (entry.due_ == due)
        return;
    remove(entry);
    entry.due_ = due;
    if (due == core::never)
        return;
    queue_.insert(entry);
    // A timer that goes off too early only looks and sleeps again, so it is left alone: most deadlines are
    // taken out before they come, and setting a timer is a system call.
    if (due < armed_)
        arm();
}

void deadline_queue::remove(timed& entry) noexcept
{
    if (entry.is_linked())
        queue_.erase(queue_.iterator_to(entry));
    entry.due_ = core::never;
}

void deadline_queue::cancel() noexcept
{
    queue_.clear_and_dispose([](timed* entry) { entry->due_ = core::never; });
    armed_ = core::never;
    timer_.cancel();
}

void deadline_queue::arm()
{
    armed_ = queue_.begin()->due_;
    timer_.expires_at(armed_);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled)
            fire();
    });
}

void deadline_queue::fire()
{
    armed_ = core::never;
    const core::time_point now = std::chrono::steady_clock::now();
    while (!queue_.empty() && queue_.begin()->due_ <= now) {
        timed& entry = *queue_.begin();
        remove(entry);
        entry.on_due(now);
    }
    if (!queue_.empty() && queue_.begin()->due_ < armed_)
        arm();
}

}  // namespace quaymaster::net
