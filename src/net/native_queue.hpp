// native_queue: what a queue's proxy asks for in the native dialect.
#pragma once

#include "codec/item.hpp"
#include "net/remote_object.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/value.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace quaymaster::net {

using wait_time = std::optional<std::chrono::milliseconds>;  // nullopt: without limit

/// The queue behind a proxy, over the calling thread's stream. Each member returns nullopt, having done nothing, if that does not
/// speak the native dialect. Errors: as the proxy's.
/// Thread safety: any thread. Lifetime: `queue` outlives it.
class native_queue {
public:
    explicit native_queue(remote_object& queue) noexcept : queue_{queue} {}

    /// Puts the object of these opcodes.
    std::optional<bool> put(bytes_view opcodes, wait_time timeout);
    std::optional<codec::item> get(wait_time timeout);
    /// Puts `count` items, given as a batch's body has them: how many are in when the time is up. queue_full if none is.
    std::optional<std::size_t> put_many(std::size_t count, bytes_view sized_items, wait_time timeout);
    /// Appends what one request gets of at most `count` items to `got`; true if the queue has more.
    std::optional<bool> get_many(std::size_t count, wait_time timeout, std::vector<codec::item>& got);
    /// The octets of a batch that one request takes; nullopt as above.
    std::optional<std::size_t> batch_size_max();

private:
    remote_object& queue_;
};

}  // namespace quaymaster::net
