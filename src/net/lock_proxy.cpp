#include <quaymaster/lock_proxy.hpp>

#include <exception>

namespace quaymaster {

void lock_proxy::lock() const
{
    // False only from a server that does not keep to what it was asked.
    while (!acquire_within(std::nullopt)) {
    }
}

bool lock_proxy::try_lock() const
{
    return acquire_within(std::chrono::milliseconds::zero());
}

void lock_proxy::release() const
{
    call("release");
}

void lock_proxy::unlock() const noexcept
{
    try {
        release();
    } catch (const std::exception&) {
        // See the declaration.
    }
}

}  // namespace quaymaster
