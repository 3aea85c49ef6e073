// reachable_address: where this machine's clients find a server.
#pragma once

#include <quaymaster/address.hpp>
#include <quaymaster/value.hpp>

namespace quaymaster::net {

/// For a server that listens at `bound`: one that listens everywhere is here, too.
[[nodiscard]] address reachable_here(const address& bound);

/// As Python has addresses: (host, port), or a path.
[[nodiscard]] value to_value(const address& where);

}  // namespace quaymaster::net
