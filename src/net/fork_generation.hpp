// fork_generation: whether this process is still the one that something was made in.
#pragma once

namespace quaymaster::net {

/// Rises in the child of each fork(): what was made in another generation (a connection, threads) belongs to the parent.
/// Thread safety: any thread.
[[nodiscard]] unsigned fork_generation() noexcept;

}  // namespace quaymaster::net
