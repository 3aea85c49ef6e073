#include "net/reachable_address.hpp"

namespace quaymaster::net {

address reachable_here(const address& bound)
{
    if (bound.is_unix())
        return bound;
    if (bound.host().empty() || bound.host() == "0.0.0.0")
        return {"127.0.0.1", bound.port()};
    if (bound.host() == "::")
        return {"::1", bound.port()};
    return bound;
}

value to_value(const address& where)
{
    if (where.is_unix())
        return value{where.path()};
    return value::tuple({value{where.host()}, value{static_cast<int>(where.port())}});
}

}  // namespace quaymaster::net
