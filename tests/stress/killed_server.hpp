// killed_server: what calls come to whose server is killed.
#pragma once

#include <chrono>
#include <cstddef>

namespace quaymaster::testing {

/// A server in a process of its own is killed while threads of this one put and get: each call ends, soon, by its answer or by
/// connection_lost that says whether it may have been executed. Call it before this process has threads. Throws stress_failure.
void run_killed_server(std::size_t threads, std::chrono::milliseconds before_it_is_killed);

}  // namespace quaymaster::testing
