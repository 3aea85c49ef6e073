#include <quaymaster/event_proxy.hpp>

namespace quaymaster {

void event_proxy::set() const
{
    call("set");
}

void event_proxy::clear() const
{
    call("clear");
}

bool event_proxy::is_set() const
{
    return call("is_set").truth();
}

void event_proxy::wait() const
{
    call_watched("wait", {}, std::nullopt);
}

bool event_proxy::wait_within(wait_limit timeout) const
{
    if (!timeout) {
        wait();
        return true;
    }
    return call_watched("wait", {value{std::chrono::duration<double>{*timeout}.count()}}, timeout).truth();
}

}  // namespace quaymaster
