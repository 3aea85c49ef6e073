#include "net/busy_poll.hpp"

#include <sys/resource.h>

namespace quaymaster::net {

std::uint64_t preemption_count() noexcept
{
#ifdef RUSAGE_THREAD
    rusage used{};
    if (::getrusage(RUSAGE_THREAD, &used) == 0)
        return static_cast<std::uint64_t>(used.ru_nivcsw);
#endif
    return 0;
}

}  // namespace quaymaster::net
