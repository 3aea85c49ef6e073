// resident_memory: how much memory another process has, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace quaymaster::tool {

/// Octets of RAM that process `pid` holds: Rss of /proc/PID/smaps_rollup. What the kernel keeps for its sockets is not in it.
/// Throws std::runtime_error if it cannot be read.
[[nodiscard]] std::int64_t resident_memory(pid_t pid);

/// The same, once it has stopped changing for a fifth of a second, or after five: the process may still be working off what it
/// was sent.
[[nodiscard]] std::int64_t settled_memory(pid_t pid);

}  // namespace quaymaster::tool
