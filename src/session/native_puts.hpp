// native_puts: how items come in over a connection of the native dialect: put, put_many, put_back.
#pragma once

#include "core/call.hpp"
#include "session/native_state.hpp"
#include "session/turn.hpp"
#include "wire/native_dialect.hpp"

namespace quaymaster::session {

void put(native_state& state, const wire::native::frame& request, turn& now);
void put_many(native_state& state, const wire::native::frame& request, turn& now);
void put_back(native_state& state, const wire::native::frame& request, turn& now);

/// What a registered put or put_many waited for has come to `result`: answers it, or it waits on with the rest of its batch.
void proceed_with_put(native_state& state, pending_request& waiting, core::outcome result, turn& now);
/// The client wants a registered put or put_many no more. What is in stays in, and the answer says so.
void cancel_put(native_state& state, pending_request& waiting, turn& now);

}  // namespace quaymaster::session
