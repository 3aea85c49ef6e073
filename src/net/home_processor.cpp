#include "net/home_processor.hpp"

#include <sched.h>

namespace quaymaster::net {

void home_processor::go_home() noexcept
{
    hits_ = 0;
    cpu_set_t allowed;
    // There may be more processors than a cpu_set_t has room for: then this fails, and nobody is moved.
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0 || static_cast<std::size_t>(CPU_COUNT(&allowed)) != threads_)
        return;
    std::size_t home = 0;
    for (std::size_t passed = 0; !CPU_ISSET(home, &allowed) || passed++ != index_;)
        ++home;
    if (::sched_getcpu() == static_cast<int>(home))
        return;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(home, &only);
    if (::sched_setaffinity(0, sizeof only, &only) == 0)
        (void)::sched_setaffinity(0, sizeof allowed, &allowed);
}

}  // namespace quaymaster::net
