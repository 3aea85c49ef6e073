// deadline_queue: everything in a loop that is due at some time, behind one timer.
#pragma once

#include "core/call.hpp"
#include "net/timer_wheel.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace quaymaster::net {

/// Something that may be due. Costs no allocation to queue, move or take out.
class timed : public timer_wheel::entry {
public:
    /// `now` is at or after the time that was asked for. It is out of the queue when called, and may queue itself again.
    virtual void on_due(core::time_point now) = 0;

protected:
    timed() = default;
    ~timed() = default;
};

/// A timer_wheel, with what it says of time: never early, and late by 1 ms beside what the system needs to wake the loop.
/// Thread safety: the loop's thread only. Lifetime: what is queued outlives its stay; cancel() before the loop ends.
class deadline_queue {
public:
    explicit deadline_queue(boost::asio::io_context& context) : timer_{context} {}
    deadline_queue(const deadline_queue&) = delete;
    deadline_queue& operator=(const deadline_queue&) = delete;

    /// Makes `entry` due at `due`, whatever it was before; core::never takes it out.
    void set(timed& entry, core::time_point due);
    void remove(timed& entry) noexcept { wheel_.remove(entry); }
    /// Lets the loop end; nothing is due any more.
    void cancel() noexcept;

private:
    void arm(core::time_point when);
    void fire();
    void arm_again();

    boost::asio::steady_timer timer_;
    core::time_point armed_ = core::never;  // when the timer goes off; at or before the first entry
    bool is_firing_ = false;                // it will be armed when all that is due has been told
    timer_wheel wheel_;
};

}  // namespace quaymaster::net
