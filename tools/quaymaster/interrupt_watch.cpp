#include "interrupt_watch.hpp"

#include <thread>

namespace quaymaster::tool {

namespace {

bool is_ignored(int number) noexcept
{
    struct sigaction action {};
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

interrupt_watch::interrupt_watch()
{
    ::sigemptyset(&watched_);
    for (const int number : {SIGINT, SIGTERM})
        if (!is_ignored(number))  // as a shell arranges it for programs in the background
            ::sigaddset(&watched_, number);
    ::pthread_sigmask(SIG_BLOCK, &watched_, &mask_before_);
}

interrupt_watch::~interrupt_watch()
{
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

bool interrupt_watch::wait(std::chrono::milliseconds span)
{
    if (is_interrupted_) {
        std::this_thread::sleep_for(span);
        return true;
    }
    const timespec limit{span.count() / 1000, span.count() % 1000 * 1'000'000};
    if (::sigtimedwait(&watched_, nullptr, &limit) > 0) {
        is_interrupted_ = true;
        ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    }
    return is_interrupted_;
}

}  // namespace quaymaster::tool
