// interrupt_watch: lets a long-running subcommand end in good order on Ctrl-C.
#pragma once

#include <chrono>
#include <csignal>

namespace quaymaster::tool {

/// While it lives, SIGINT and SIGTERM do not end the program, but wait() says so. Only the first: the next one ends the
/// program at once, should the good order take too long.
/// Thread safety: none; for one thread, which starts all others after it. They inherit that the signals are blocked.
class interrupt_watch {
public:
    interrupt_watch();
    ~interrupt_watch();
    interrupt_watch(const interrupt_watch&) = delete;
    interrupt_watch& operator=(const interrupt_watch&) = delete;

    /// Waits for `span`, or until a signal comes. True if one has come, now or earlier.
    bool wait(std::chrono::milliseconds span);
    [[nodiscard]] bool is_interrupted() const noexcept { return is_interrupted_; }

private:
    sigset_t watched_{};
    sigset_t mask_before_{};
    bool is_interrupted_ = false;
};

}  // namespace quaymaster::tool
