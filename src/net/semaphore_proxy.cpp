#include <quaymaster/semaphore_proxy.hpp>

namespace quaymaster {

void semaphore_proxy::acquire() const
{
    // False only from a server that does not keep to what it was asked.
    while (!acquire_within(std::nullopt)) {
    }
}

bool semaphore_proxy::try_acquire() const
{
    return acquire_within(std::chrono::milliseconds::zero());
}

void semaphore_proxy::release(std::size_t count) const
{
    if (count == 1)
        call("release");  // all that Python up to 3.8 knows
    else
        call("release", count);
}

}  // namespace quaymaster
