// event_proxy: an event that lives in a server.
#pragma once

#include <quaymaster/waiting_proxy.hpp>

#include <chrono>

namespace quaymaster {

/// A remote threading.Event: a flag that programs wait for (managers.py: EventProxy).
/// Thread safety, lifetime and errors: as proxy.
class event_proxy : public waiting_proxy {
public:
    using waiting_proxy::waiting_proxy;
    [[nodiscard]] value pickled() const { return pickled_as("EventProxy"); }  // see proxy::pickled()

    /// Sets the flag, and lets all go who wait for it.
    void set() const;
    void clear() const;
    [[nodiscard]] bool is_set() const;
    /// Waits until the flag is set, without limit, but not on a server that is frozen or gone.
    void wait() const;
    /// Waits up to `timeout`, rounded up to milliseconds; false if the flag was not set in that time.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(const std::chrono::duration<Rep, Period>& timeout) const
    {
        return wait_within(limit_of(timeout));
    }
    template <class Clock, class Duration>
    [[nodiscard]] bool wait_until(const std::chrono::time_point<Clock, Duration>& limit) const
    {
        return wait_within(limit_of(limit));
    }

private:
    [[nodiscard]] bool wait_within(wait_limit timeout) const;
};

}  // namespace quaymaster
