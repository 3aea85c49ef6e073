// busy_poll: whether a thread that waits should look again at once or sleep.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace quaymaster::net {

/// Adaptive busy polling, after the competitive spinning of locks (Karlin et al., 1991): what is awaited often comes
/// sooner than a sleeping thread could be woken, and then polling saves the wake-up. It pauses, longer each time, when
/// what it polled for did not come within the limit or when another thread wanted the processor meanwhile: whoever polls yields
/// between two looks (see yield_processor()), so that a busy machine and a quiet server lose next to nothing to it.
/// Thread safety: none. Owns no clock: the times of one object never decrease.
class busy_poll {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    /// Polls for at most `limit` at a time; never if that is zero.
    explicit busy_poll(duration limit) noexcept : limit_{limit} {}

    /// True if a wait that begins at `now` might poll. Only then is it worth the caller's while to count preemptions.
    [[nodiscard]] bool is_worth_trying(time_point now) const noexcept { return limit_.count() > 0 && now >= paused_until_; }

    /// The wait that begins at `now` polls until then.
    [[nodiscard]] time_point end_of(time_point now) const noexcept { return now + limit_; }

    /// What the wait polled for came in time.
    void on_hit() noexcept
    {
        if (++hits_ < hits_per_relief)
            return;
        hits_ = 0;
        pause_ = std::max(pause_ / 2, pause_min);
    }

    /// It did not; the wait sleeps from `now` on.
    void on_miss(time_point now) noexcept { pause(now, missed_factor); }

    /// Another thread has run instead of this one, which sleeps from `now` on.
    void on_crowded(time_point now) noexcept { pause(now, crowded_factor); }

private:
    static constexpr duration pause_min = std::chrono::milliseconds{1};
    static constexpr duration pause_max = std::chrono::milliseconds{64};
    static constexpr int missed_factor = 2;
    static constexpr int crowded_factor = 8;  // one who takes the processor from others does more harm
    static constexpr int hits_per_relief = 4;

    void pause(time_point now, int factor) noexcept
    {
        paused_until_ = now + pause_;
        pause_ = std::min(pause_ * factor, pause_max);
        hits_ = 0;
    }

    duration limit_;
    duration pause_ = pause_min;  // the next one's length
    time_point paused_until_{};
    int hits_ = 0;
};

/// Counts the threads of this process that wait for a reply, this one included as long as it lives. Where the others are as many as the
/// processors are more than this one, to poll would keep one from being woken when its reply is there.
class waiting_thread {
public:
    waiting_thread() noexcept;
    waiting_thread(const waiting_thread&) = delete;
    waiting_thread& operator=(const waiting_thread&) = delete;
    ~waiting_thread();
    /// True if a processor is left for each thread that waits, and one for whoever answers.
    [[nodiscard]] bool has_room() const noexcept;
};

/// Lets another thread have the processor that this one runs on, if one waits for it. True if one did, as far as the time tells.
bool yield_processor() noexcept;

}  // namespace quaymaster::net
