// busy_poll: whether a thread that waits should look again at once or sleep.
#pragma once

#include <sched.h>

#include <algorithm>
#include <chrono>

namespace quaymaster::net {

/// Adaptive busy polling, after the competitive spinning of locks (Karlin et al., 1991): what is awaited often comes
/// sooner than a sleeping thread could be woken, and then polling saves the wake-up. Whoever polls yields before each look. If others
/// make use of that, who may be the very ones that are waited for, it looks a few times and then sleeps: more looks would cost them more
/// than a wake-up does. It pauses, longer each time, when what it polled for did not come within the limit,
/// or when others kept the processor so long that a sleeping thread would have been woken sooner; and it is for those who wait often.
/// Thread safety: none. The times that one object is given never decrease.
class busy_poll {
public:
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;
    using duration = clock::duration;

    /// Polls for at most `limit` at a time; never if that is zero.
    explicit busy_poll(duration limit) noexcept : limit_{limit} {}

    /// Polls by `look`, which returns true if it has found something, as long as that is better than to sleep, and until `until()` at
    /// most; between two looks `yield` lets other threads have the processor, and may have `until()` change. True if it found something.
    /// What follows is what it is made of.
    template <class Until, class Look, class Yield>
    bool poll(Until until, Look look, Yield yield)
    {
        auto last = clock::now();
        const bool is_worth_it = is_worth_trying(last);
        begin(last);
        if (!is_worth_it)
            return false;
        while (last < until()) {
            yield();
            const auto now = clock::now();  // before what is found is seen to, if `look` does that
            const bool is_found = look();
            if (is_found)
                on_found(now - last, now);
            if (is_found || !goes_on(now - last, now))
                return is_found;
            last = now;
        }
        return false;
    }

    template <class Look>
    bool poll(time_point until, Look look)
    {
        return poll([until] { return until; }, look, [] { ::sched_yield(); });
    }

    /// True if a wait that begins at `now` is to poll.
    [[nodiscard]] bool is_worth_trying(time_point now) const noexcept
    {
        return limit_.count() > 0 && now >= paused_until_ && now - last_end_ <= rest_max;
    }

    /// A wait begins at `now`.
    void begin(time_point now) noexcept
    {
        began_ = now;
        spent_ = {};
        shared_looks_left_ = is_last_short_ ? shared_looks_max : 1;
    }

    /// A look at `now` found nothing, `since_last` after the look before it began. False: the wait is to sleep.
    [[nodiscard]] bool goes_on(duration since_last, time_point now) noexcept
    {
        if (since_last >= hog_min)
            pause(now, hogged_factor);
        if (since_last > own_max)
            return --shared_looks_left_ > 0;
        spent_ += since_last;
        if (spent_ < limit_)
            return true;
        pause(now, missed_factor);
        return false;
    }

    /// A look at `now` found what the wait is for.
    void on_found(duration since_last, time_point now) noexcept
    {
        end(now);
        if (since_last >= hog_min)
            return pause(now, hogged_factor);
        if (++hits_ < hits_per_relief)
            return;
        hits_ = 0;
        pause_ = std::max(pause_ / 2, pause_min);
    }

    /// A wait that did not poll, or slept in the end, is over.
    void on_awake(time_point now) noexcept { end(now); }

private:
    /// Whoever waits so long after its last wait finds the other side asleep: then polling spares none of the two wake-ups, and, on
    /// machines with idle processors, spreads over them what would have run on one.
    static constexpr duration rest_max = std::chrono::microseconds{200};
    static constexpr duration pause_min = std::chrono::milliseconds{1};
    static constexpr duration pause_max = std::chrono::milliseconds{64};
    static constexpr int missed_factor = 2;
    static constexpr int hogged_factor = 8;  // to wait for those who keep the processor does more harm
    static constexpr int hits_per_relief = 4;
    /// More than a look and a yield with nobody waiting take, two or three system calls: what is beyond that has been somebody else's.
    static constexpr duration own_max = std::chrono::microseconds{4};
    /// Of one whose waits are short. If it sleeps after a look or two it must be woken, which keeps the other side from its work, so that
    /// the next one comes to sleep, too.
    static constexpr int shared_looks_max = 3;
    /// Whoever waits for something, too, is done sooner; who computes goes on for a time slice.
    static constexpr duration hog_min = std::chrono::milliseconds{1};

    void end(time_point now) noexcept
    {
        last_end_ = now;
        is_last_short_ = now - began_ <= rest_max;
    }
    void pause(time_point now, int factor) noexcept
    {
        paused_until_ = now + pause_;
        pause_ = std::min(pause_ * factor, pause_max);
        hits_ = 0;
    }

    duration limit_;
    duration spent_{};            // by this wait
    duration pause_ = pause_min;  // the next one's length
    time_point paused_until_{};
    time_point last_end_{};  // of a wait that came to something
    int hits_ = 0;
    time_point began_{};       // of the wait that lasts
    bool is_last_short_ = false;
    int shared_looks_left_ = 1;
};

}  // namespace quaymaster::net
