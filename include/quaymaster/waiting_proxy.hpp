// waiting_proxy: what the proxies of locks, events and barriers have in common: calls that wait in the server.
#pragma once

#include <quaymaster/proxy.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster {

/// The base of lock_proxy, semaphore_proxy, event_proxy, condition_proxy and barrier_proxy: how their waits are asked for.
/// No wait is silent for long: a server that freezes is noticed after client_options::wait_slice and call_deadline.
/// Thread safety, lifetime and errors: as proxy.
class waiting_proxy : public proxy {
public:
    explicit waiting_proxy(proxy object) noexcept : proxy{std::move(object)} {}

protected:
    /// nullopt: without limit.
    using wait_limit = std::optional<std::chrono::milliseconds>;

    /// `span` in whole milliseconds, rounded up, none of them negative; nullopt from a year on, because Python's servers refuse
    /// what their clocks cannot count.
    template <class Rep, class Period>
    [[nodiscard]] static wait_limit limit_of(const std::chrono::duration<Rep, Period>& span)
    {
        using seconds = std::chrono::duration<double>;
        constexpr seconds finite_max = std::chrono::hours{24 * 365};
        if (seconds{span} >= finite_max)
            return std::nullopt;
        if (!(seconds{span} > seconds::zero()))
            return std::chrono::milliseconds::zero();
        return std::chrono::ceil<std::chrono::milliseconds>(span);
    }
    /// What is left until `limit`, as limit_of().
    template <class Clock, class Duration>
    [[nodiscard]] static wait_limit limit_of(const std::chrono::time_point<Clock, Duration>& limit)
    {
        const auto now = Clock::now();
        return limit > now ? limit_of(limit - now) : limit_of(std::chrono::milliseconds::zero());
    }

    /// acquire(), waiting up to `timeout`: false if it was not to be had in time. A wait beyond client_options::wait_slice is
    /// cut into requests of that length, so that a program that dies while it waits takes no lock with it for longer. A server
    /// of Python 2 knows no timeouts: there a wait is without limit or not at all, and remote_error (TypeError) otherwise.
    [[nodiscard]] bool acquire_within(wait_limit timeout) const;
    /// `method(*positional)`, which waits in one request, because between two of them a notification would be lost. Every
    /// client_options::wait_slice asks whether the server lives. If `answer_within` is over for longer
    /// than client_options::call_deadline, throws deadline_exceeded.
    value call_watched(std::string_view method, const std::vector<value>& positional, wait_limit answer_within) const;
};

}  // namespace quaymaster
