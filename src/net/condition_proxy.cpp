#include <quaymaster/condition_proxy.hpp>

namespace quaymaster {

void condition_proxy::wait() const
{
    call_watched("wait", {}, std::nullopt);
}

bool condition_proxy::wait_within(wait_limit timeout) const
{
    if (!timeout) {
        wait();
        return true;
    }
    // No bound on the answer: after its timeout the wait goes on until the lock can be had.
    const value answer = call_watched("wait", {value{std::chrono::duration<double>{*timeout}.count()}}, std::nullopt);
    return answer.is_none() || answer.truth();  // Python 2 does not say
}

void condition_proxy::notify(std::size_t count) const
{
    call("notify", count);
}

void condition_proxy::notify_all() const
{
    call("notify_all");
}

}  // namespace quaymaster
