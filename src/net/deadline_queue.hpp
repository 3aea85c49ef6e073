// deadline_queue: everything in a loop that is due at some time.
#pragma once

#include "core/call.hpp"
#include "net/timer_wheel.hpp"


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

/// A timer_wheel of what can be told that its time has come. Never early; how late depends on who calls fire().
/// Thread safety: none; for whoever has the loop's turn. Lifetime: what is queued outlives its stay.
class deadline_queue {
public:
    deadline_queue() = default;
    deadline_queue(const deadline_queue&) = delete;
    deadline_queue& operator=(const deadline_queue&) = delete;

    /// Makes `entry` due at `due`, whatever it was before; core::never takes it out.
    void set(timed& entry, core::time_point due);
    void remove(timed& entry) noexcept { wheel_.remove(entry); }
    /// Nothing is due any more.
    void clear() noexcept { wheel_.clear(); }

    /// Nothing is due before this; core::never if there is nothing.
    [[nodiscard]] core::time_point next() const noexcept { return wheel_.empty() ? core::never : wheel_.next(); }
    /// Tells all that are due at `now`. If one throws, the others are told by the next call.
    void fire(core::time_point now);

private:
    timer_wheel wheel_;
};

}  // namespace quaymaster::net
