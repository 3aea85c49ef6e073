// native_replies: what a native_session answers. Each appends one whole frame to turn::replies.
#pragma once

#include "codec/item.hpp"
#include "core/call.hpp"
#include "core/referent.hpp"
#include "session/native_state.hpp"
#include "session/turn.hpp"
#include "wire/native_dialect.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace quaymaster::session {

void answer_done(std::uint32_t id, std::uint16_t count, turn& now);
/// `count`: what of a put_many is in nevertheless.
void answer_raised(std::uint32_t id, std::uint16_t count, core::raised&& error, turn& now);
/// What was to be put is no item, or none that its queue can read. `count` as above.
void answer_unreadable(std::uint32_t id, std::uint16_t count, std::string_view why, turn& now);
/// `request` is none: why.
void refuse(const wire::native::frame& request, std::string_view why, turn& now);

/// An item, or, and then returns false, the exception that it cannot be written for this client.
bool answer_item(native_state& state, std::uint32_t id, const codec::item& item, turn& now);
/// Items for `waiting`, and whether its queue holds more. The first that cannot be written for this client, and what follows, goes back;
/// if that is the very first, it is lost, and the answer says so. Returns how many are sent; leaves `items` empty, but for an exception.
std::size_t answer_items(native_state& state, const pending_request& waiting, taken_batch& items, bool more, turn& now);

}  // namespace quaymaster::session
