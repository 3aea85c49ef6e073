// typed_queue: a queue's operations on items, as its proxy asks for them, beside the calls of its methods by name.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/item.hpp"

#include <quaymaster/bytes.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace quaymaster {

class pickle_encoder;

namespace net {

using wait_time = std::optional<std::chrono::milliseconds>;  // nullopt: without limit

/// Items as they come. Thread safety: none.
class item_stream {
public:
    item_stream() = default;
    item_stream(const item_stream&) = delete;
    item_stream& operator=(const item_stream&) = delete;
    virtual ~item_stream() = default;

    /// The next item, after waiting for it. queue_shut_down once there will be none; else as a get without limit.
    /// Precondition: not is_inherited().
    virtual codec::item next() = 0;
    /// True in the child of a fork(): what is sent ahead is for the parent.
    [[nodiscard]] virtual bool is_inherited() const noexcept = 0;
};

/// What get_many() has got: in their order all `items`, then those of `sized`. What came from the network stays together as it came:
/// most of it is read off its opcodes, and need not become items.
struct got_batch {
    std::vector<codec::item> items;
    codec::byte_buffer sized;  // as a batch's body has them: each with its size before it
    std::size_t sized_count = 0;

    [[nodiscard]] std::size_t size() const noexcept { return items.size() + sized_count; }
};

/// Each member returns nullopt or null, having done nothing, where there are only methods to call. Errors: as the proxy's.
/// Thread safety: any thread.
class typed_queue {
public:
    typed_queue() = default;
    typed_queue(const typed_queue&) = delete;
    typed_queue& operator=(const typed_queue&) = delete;
    virtual ~typed_queue() = default;

    /// Puts the object that `encoded` holds.
    virtual std::optional<bool> put(const pickle_encoder& encoded, wait_time timeout) = 0;
    virtual std::optional<codec::item> get(wait_time timeout) = 0;
    /// Puts `count` items, given as a batch's body has them: how many are in when the time is up. queue_full if none is.
    virtual std::optional<std::size_t> put_many(std::size_t count, bytes_view sized_items, wait_time timeout) = 0;
    /// Appends what one request gets of at most `count` items to `got`; true if the queue has more.
    virtual std::optional<bool> get_many(std::size_t count, wait_time timeout, got_batch& got) = 0;
    /// The octets of a batch that one request takes; nullopt as above.
    virtual std::optional<std::size_t> batch_size_max() = 0;
    /// Has up to `window` items fetched ahead; null also where nothing is gained by that.
    virtual std::unique_ptr<item_stream> consume(std::size_t window) = 0;
};

}  // namespace net

}  // namespace quaymaster
