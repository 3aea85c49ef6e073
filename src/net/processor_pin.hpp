// processor_pin: a processor of its own for each thread that polls.
#pragma once

#include <sched.h>

#include <cstddef>

namespace quaymaster::net {

/// Keeps a thread to one processor while its polling pays, so that the threads of a server do not poll on the same one: to a scheduler they
/// look all alike, and it sees no reason to part them. Only where there are as many of them as processors that they may run on: then
/// none of those is left without, and none is taken twice.
/// Thread safety: none; all members on the thread that it is for.
class processor_pin {
public:
    /// For the thread `index` of `threads`.
    processor_pin(std::size_t index, std::size_t threads) noexcept : index_{index}, threads_{threads} {}

    /// Polling has found something. Pins the thread when that has happened often enough.
    void on_hit() noexcept
    {
        if (!is_pinned_ && ++hits_ >= hits_to_pin)
            pin();
    }
    /// It has no need of the processor for now, or others have: the thread may run where it could before.
    void release() noexcept
    {
        hits_ = 0;
        if (is_pinned_)
            unpin();
    }
    [[nodiscard]] bool is_pinned() const noexcept { return is_pinned_; }

    static constexpr int hits_to_pin = 64;

private:
    void pin() noexcept;
    void unpin() noexcept;

    std::size_t index_;
    std::size_t threads_;
    int hits_ = 0;
    bool is_pinned_ = false;
    cpu_set_t before_{};  // where it could run, while it is pinned
};

}  // namespace quaymaster::net
