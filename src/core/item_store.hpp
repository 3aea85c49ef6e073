// item_store: where a queue's items lie, and which of them is next.
#pragma once

#include "codec/item.hpp"
#include "core/call.hpp"
#include "core/priority_heap.hpp"
#include "core/ring.hpp"

#include <quaymaster/queue_options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quaymaster::core {

using quaymaster::queue_kind;

/// "fifo", "lifo", "priority": what --queue and `stat` call them.
[[nodiscard]] std::string_view to_string(queue_kind kind) noexcept;

/// The items of one queue, without bound and without waiting.
/// Memory per item: 8 octets here beside the item's own block, up to 64 in a store that has shrunk; 32 in a priority queue,
/// which keeps what it compares.
class item_store {
public:
    /// `limits`: what a priority queue, the only one to read its items, reads of one.
    explicit item_store(queue_kind kind, const codec::pickle_limits& limits = {}) : kind_{kind}, heap_{limits} {}

    [[nodiscard]] queue_kind kind() const noexcept { return kind_; }
    [[nodiscard]] std::size_t size() const noexcept { return line_.size() + heap_.size(); }

    /// Refuses, by pickle_error, what push() would refuse by it: a priority queue must be able to read its items.
    void require_readable(const codec::payload& candidate) const;
    /// Adds `added`. Only a priority queue refuses: type_error if it does not compare with those it meets, pickle_error
    /// (thrown) if it cannot be read. The store is then as it was, and so is `added`.
    [[nodiscard]] std::optional<raised> push(codec::payload& added);
    /// push() where an item's place does not depend on what is in it. False, with nothing done: a priority queue.
    [[nodiscard]] bool push_at_back(codec::item& added);
    /// The next item. Precondition: not empty.
    [[nodiscard]] const codec::item& next() const noexcept;
    /// Takes out the next item. Precondition: not empty.
    [[nodiscard]] codec::item take() noexcept;
    /// Undoes take(): `returned` is the next to be taken, or in a priority queue takes its place by its priority. If that
    /// throws, nothing has changed and `returned` is as it was.
    void give_back(codec::payload& returned);
    /// Lets `count` items be given back without need of memory, unless this is a priority queue.
    void reserve(std::size_t count);
    void clear() noexcept;

private:
    queue_kind kind_;
    ring<codec::item> line_;  // fifo: oldest in front; lifo: newest at the back
    priority_heap heap_;      // priority
};

}  // namespace quaymaster::core
