#include "net/processor_pin.hpp"

namespace quaymaster::net {

void processor_pin::pin() noexcept
{
    hits_ = 0;
    // There may be more processors than a cpu_set_t has room for: then this fails, and none is pinned.
    if (threads_ < 2 || ::sched_getaffinity(0, sizeof before_, &before_) != 0 ||
        static_cast<std::size_t>(CPU_COUNT(&before_)) != threads_)
        return;
    std::size_t processor = 0;
    for (std::size_t passed = 0;; ++processor)
        if (CPU_ISSET(processor, &before_) && passed++ == index_)
            break;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(processor, &own);
    is_pinned_ = ::sched_setaffinity(0, sizeof own, &own) == 0;
}

void processor_pin::unpin() noexcept
{
    is_pinned_ = false;
    (void)::sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace quaymaster::net
