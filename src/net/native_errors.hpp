// native_errors: what a native reply means to the program that asked.
#pragma once

#include "codec/item.hpp"
#include "net/client_connection.hpp"
#include "net/typed_queue.hpp"
#include "wire/native_dialect.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace quaymaster::net {

/// A time-out as requests have it. What is longer than 49 days is without limit. remote_error (ValueError) for a negative one, as the
/// server of the other dialect has it.
[[nodiscard]] std::uint32_t native_timeout(std::optional<std::chrono::milliseconds> timeout);

/// Returns if `reply` is `wanted`. Otherwise throws: queue_empty, queue_full, queue_shut_down and remote_error for what the server
/// raised, `error` for a refusal and for what is no reply to such a request.
void require(const native_reply& reply, wire::native::operation wanted);
/// require(done), and its count.
std::size_t take_done(const native_reply& reply);
/// The items of `reply`, copied out of it and appended to `items`. `error` if they are not what the reply says.
void take_items(const native_reply& reply, std::vector<codec::item>& items);
/// The same for what need not become items. Unchanged if it throws.
void take_batch(const native_reply& reply, got_batch& got);

}  // namespace quaymaster::net
