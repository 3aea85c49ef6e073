// deadline_queue: everything in a loop that is due at some time, behind one timer.
#pragma once

#include "core/call.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/set.hpp>

namespace quaymaster::net {

/// Something that may be due. Costs no allocation to queue, move or take out.
class timed : public boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
public:
    /// `now` is at or after the time that was asked for. It is out of the queue when called, and may queue itself again.
    virtual void on_due(core::time_point now) = 0;

protected:
    timed() = default;
    ~timed() = default;

private:
    friend class deadline_queue;
    core::time_point due_ = core::never;
};

/// Thread safety: the loop's thread only. Lifetime: what is queued outlives its stay; cancel() before the loop ends.
class deadline_queue {
public:
    explicit deadline_queue(boost::asio::io_context& context) : timer_{context} {}
    deadline_queue(const deadline_queue&) = delete;
    deadline_queue& operator=(const deadline_queue&) = delete;
    ~deadline_queue() { queue_.clear(); }

    /// Makes `entry` due at `due`, whatever it was before; core::never takes it out.
    void set(timed& entry, core::time_point due);
    void remove(timed& entry) noexcept;
    /// Lets the loop end; nothing is due any more.
    void cancel() noexcept;

private:
    struct earlier {
        bool operator()(const timed& left, const timed& right) const noexcept { return left.due_ < right.due_; }
    };

    void arm();
    void fire();

    boost::asio::steady_timer timer_;
    core::time_point armed_ = core::never;  // when the timer goes off; at or before the first entry
    boost::intrusive::multiset<timed, boost::intrusive::compare<earlier>> queue_;
};

}  // namespace quaymaster::net
