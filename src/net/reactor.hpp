// reactor: what a loop waits for: sockets that are ready, and other threads that have something for it.
#pragma once

#include "net/unique_descriptor.hpp"

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace quaymaster::net {

/// What is to be told when a descriptor is ready.
class watched {
public:
    /// `events`: those of EPOLLIN, EPOLLOUT, EPOLLERR and EPOLLHUP that are so. The last two are told whatever was asked for.
    virtual void on_ready(std::uint32_t events) = 0;
    /// Reads, as by on_ready(EPOLLIN), on the chance that there is something; false: nothing was there. Does not throw.
    virtual bool on_guess() noexcept { return false; }

protected:
    watched() = default;
    ~watched() = default;
};

/// An epoll instance to which a descriptor is added once: an asio descriptor costs another system call for every wait, which is a
/// quarter of those of a small request. Level-triggered: what is not read is told again.
/// Thread safety: wake() from any thread; look() and wait() on the loop's own; of everything else, one thread at a time. Lifetime: what
/// is added is removed before it ends.
class reactor {
public:
    /// Throws boost::system::system_error.
    reactor();
    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;

    /// Tells `told` when `descriptor` is ready for `events`. Throws boost::system::system_error.
    void add(int descriptor, watched& told, std::uint32_t events);
    /// Changes what it is told of; 0 for errors alone.
    void modify(int descriptor, watched& told, std::uint32_t events);
    /// Nothing is told to it any more, not even what has been found ready already. Before the descriptor is closed.
    void remove(int descriptor, watched& told) noexcept;

    /// True if something is ready, which tell_ready() is to tell. Does not wait. Where one descriptor alone was ready again and again it
    /// may guess that this one is so once more, which spares a system call if it is: then that has been seen to already.
    bool look();
    /// As look(), but waits until something is, wake() is called or `patience` is over; nullopt: without limit. Lets go of `turn`
    /// meanwhile: then another thread may add, modify and remove.
    bool wait(std::optional<std::chrono::milliseconds> patience, std::unique_lock<std::mutex>& turn);
    /// Tells what has been found ready, each once. If one throws, the rest is told by the next call.
    void tell_ready();

    /// Has wait() return soon. Costs a system call only if the loop sleeps or is about to.
    void wake() noexcept;
    /// Call before a wait() that may sleep, and then look once more for what other threads may have for the loop: what they add
    /// later is followed by a wake() that this wait() notices.
    void begin_sleep() noexcept { is_sleeping_.store(true, std::memory_order_seq_cst); }
    void end_sleep() noexcept { is_sleeping_.store(false, std::memory_order_relaxed); }

private:
    static constexpr int events_per_turn = 256;

    /// So many guesses that come true in a row, and the others are asked after.
    static constexpr int guesses_max = 4;

    bool note(int count, int failure);
    void note_lone() noexcept;
    [[nodiscard]] bool may_guess() const noexcept;
    [[nodiscard]] bool guess() noexcept;
    void control(int operation, int descriptor, watched* told, std::uint32_t events);

    unique_descriptor epoll_;
    unique_descriptor wake_up_;  // an eventfd, edge-triggered: it is never read
    std::atomic<bool> is_sleeping_{false};
    bool is_waiting_ = false;  // ready_ is the kernel's
    bool is_stale_ = false;    // something was removed meanwhile: what is found may be it
    std::array<epoll_event, events_per_turn> ready_;
    int ready_next_ = 0;  // in ready_: what is still to be told
    int ready_end_ = 0;
    watched* lone_ = nullptr;   // which alone was ready to be read at the last time that anything was; null if others were, too
    bool is_regular_ = false;   // and at the time before
    int guesses_left_ = 0;      // none after one that did not come true
};

}  // namespace quaymaster::net
