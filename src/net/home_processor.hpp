// home_processor: the processor to which a thread that polls is brought back.
#pragma once

#include <cstddef>

namespace quaymaster::net {

/// Parts the threads of a server that poll: to a scheduler they look all alike, and it may leave two of them on one processor for seconds.
/// Each has one of the processors where it may run for its home, and is moved there now and then while its polling pays. It is not kept
/// there: what it may use afterwards, and what it passes on to threads that it starts, is what it was. Only where there are as many
/// threads as processors: then none of those is left without.
/// Thread safety: none; all members on the thread that it is for.
class home_processor {
public:
    /// For the thread `index` of `threads`.
    home_processor(std::size_t index, std::size_t threads) noexcept : index_{index}, threads_{threads} {}

    /// Polling has found something. Every hits_per_return times the thread goes home if it is elsewhere: one system call, and two more to move.
    void on_hit() noexcept
    {
        if (threads_ > 1 && ++hits_ == hits_per_return)
            go_home();
    }

    static constexpr int hits_per_return = 256;

private:
    void go_home() noexcept;

    std::size_t index_;
    std::size_t threads_;
    int hits_ = 0;
};

}  // namespace quaymaster::net
