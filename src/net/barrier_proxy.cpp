#include <quaymaster/barrier_proxy.hpp>

namespace quaymaster {

std::size_t barrier_proxy::parties() const
{
    return call<std::size_t>("__getattribute__", "parties");
}

std::size_t barrier_proxy::n_waiting() const
{
    return call<std::size_t>("__getattribute__", "n_waiting");
}

bool barrier_proxy::broken() const
{
    return call<bool>("__getattribute__", "broken");
}

void barrier_proxy::abort() const
{
    call("abort");
}

void barrier_proxy::reset() const
{
    call("reset");
}

std::size_t barrier_proxy::wait_within(wait_limit timeout) const
{
    std::vector<value> arguments;
    if (timeout)
        arguments.emplace_back(std::chrono::duration<double>{*timeout}.count());
    try {
        return decode<std::size_t>(call_watched("wait", arguments, timeout));
    } catch (const remote_error& raised) {
        if (raised.type_name() == "threading.BrokenBarrierError")
            throw broken_barrier{raised.type_name(), raised.text(), raised.traceback()};
        throw;
    }
}

}  // namespace quaymaster
