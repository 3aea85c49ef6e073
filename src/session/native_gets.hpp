// native_gets: how items go out over a connection of the native dialect: get, get_many, and the streams of consume.
#pragma once

#include "core/call.hpp"
#include "session/native_state.hpp"
#include "session/turn.hpp"
#include "wire/native_dialect.hpp"

namespace quaymaster::session {

void get(native_state& state, const wire::native::frame& request, turn& now);
void get_many(native_state& state, const wire::native::frame& request, turn& now);
void consume(native_state& state, const wire::native::frame& request, turn& now);
void credit(native_state& state, const wire::native::frame& request, turn& now);

/// Takes a get, a get_many or a consume out of the line of its queue, if it stands there. What it was until then: one that is `fulfilled`
/// is left as it is.
core::waiter::state leave_line(pending_request& waiting, turn& now);

/// What a registered get, get_many or consume waited for has come to `result`: answers it, and a consume goes on.
void proceed_with_get(native_state& state, pending_request& waiting, core::outcome result, turn& now);
/// One of them was served: proceeds with it, or has it wait for a peer that does not read. When some do, all that still wait for their
/// queues leave the lines, so that the next items are others'.
void resume_get(native_state& state, pending_request& served, turn& now);
/// Those that waited for the peer to read go on, each in its turn, as far as it is ready to.
void feed_stalled(native_state& state, turn& now);

}  // namespace quaymaster::session
