// server_information: what a server says of itself and of its queues to those who ask.
#pragma once

#include "core/queue.hpp"
#include "session/turn.hpp"

#include <quaymaster/value.hpp>

#include <cstdint>

namespace quaymaster::session {

/// A dict: the version of the native dialect that the session speaks, the server's own, and the limits that its clients meet.
[[nodiscard]] value server_information(const server_settings& settings, std::uint32_t native_version);

/// A dict: kind, maxsize, and what the queue holds now.
[[nodiscard]] value queue_information(const core::queue_statistics& queue);

}  // namespace quaymaster::session
