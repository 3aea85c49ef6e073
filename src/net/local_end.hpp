// local_end: where a connected socket is bound on our side, as Python writes an address.
#pragma once

#include <quaymaster/value.hpp>

namespace quaymaster::net {

/// (host, port) of an IPv4 or IPv6 socket, an IPv4 address of a dual-stack one as IPv4; the path of a Unix socket. None if
/// the system does not say.
[[nodiscard]] value local_end_of(int socket);

}  // namespace quaymaster::net
