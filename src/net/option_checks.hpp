// option_checks: options that no server or client could work with are refused before anything is opened.
#pragma once

#include <quaymaster/client_options.hpp>
#include <quaymaster/server_options.hpp>

namespace quaymaster::net {

/// `given`, with spans of more than ten years cut to that, so that a deadline never overflows the clock: milliseconds::max()
/// is a way to say for ever. Throws std::invalid_argument that names the option, what it is and what it must be.
[[nodiscard]] server_options checked(server_options given);
[[nodiscard]] client_options checked(client_options given);

}  // namespace quaymaster::net
