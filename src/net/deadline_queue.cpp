#include "net/deadline_queue.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>

namespace quaymaster::net {

void deadline_queue::set(timed& entry, core::time_point due)
{
    if (entry.due() == due)
        return;
    wheel_.remove(entry);
    if (due == core::never)
        return;
    wheel_.add(entry, due);
    // A timer that goes off too early only looks and sleeps again, so it is left alone: most deadlines are
    // taken out before they come, and setting a timer is a system call.
    if (due < armed_ && !is_firing_)
        arm(timer_wheel::rounded(due));
}

void deadline_queue::cancel() noexcept
{
    wheel_.clear();
    armed_ = core::never;
    timer_.cancel();
}

void deadline_queue::arm(core::time_point when)
{
    armed_ = when;
    timer_.expires_at(armed_);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled)
            fire();
    });
}

void deadline_queue::fire()
{
    is_firing_ = true;
    try {
        const core::time_point now = std::chrono::steady_clock::now();
        while (auto* const due = wheel_.take_due(now))
            static_cast<timed*>(due)->on_due(now);
    } catch (...) {
        arm_again();  // the others are still to be told
        throw;
    }
    arm_again();
}

void deadline_queue::arm_again()
{
    is_firing_ = false;
    armed_ = core::never;
    if (!wheel_.empty())
        arm(wheel_.next());
}

}  // namespace quaymaster::net
