// item_audit: numbers the items that go through a queue and finds out which came back, how often and in which order.
#pragma once

#include "item_sizes.hpp"

#include <quaymaster/bytes.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace quaymaster::tool {

/// What the front of an item says about it. Only the process that wrote it reads it, so it is in the machine's own layout.
struct item_stamp {
    std::uint32_t tag = 0;       // tells the items of this audit from any others in the queue
    std::uint32_t producer = 0;  // below producers_max
    bool is_last = false;        // says that the producer has no more; it is no item itself
    std::uint64_t sequence = 0;  // counts the items of one producer, from 0
    std::chrono::steady_clock::time_point due{};  // when its put should begin; the clock's epoch in an item below timed_item_size_min
};

inline constexpr std::size_t item_size_min = 16;
/// An item of this size has room for `due`.
inline constexpr std::size_t timed_item_size_min = 24;
inline constexpr std::size_t producers_max = std::size_t{1} << 31;

/// Overwrites the front of `item`, which holds at least item_size_min octets.
void write_stamp(bytes& item, const item_stamp& stamp) noexcept;

struct item_verdict {
    std::uint64_t items = 0;         // put
    std::uint64_t lost = 0;          // put and never received
    std::uint64_t doubled = 0;       // received once more
    std::uint64_t out_of_order = 0;  // received after a later one of the same producer, by the same consumer
    std::uint64_t foreign = 0;       // received, and not what was put

    [[nodiscard]] bool is_clean() const noexcept { return lost + doubled + out_of_order + foreign == 0; }
};

/// The items of some producers, numbered from 0. Costs a bit of memory for each item.
/// Thread safety: any member from any thread; verdict() counts what others are still at as lost.
class item_audit {
public:
    /// `tag` should differ from run to run.
    item_audit(std::size_t producers, item_sizes sizes, std::uint32_t tag);

    /// The stamp of one more item that `producer` is about to put. For one thread at a time per producer.
    [[nodiscard]] item_stamp next(std::uint32_t producer, std::chrono::steady_clock::time_point due);
    /// The stamp of what `producer` puts when it is done.
    [[nodiscard]] item_stamp last(std::uint32_t producer) const noexcept;
    /// The octets of the item with this stamp.
    [[nodiscard]] std::size_t size_of(const item_stamp& stamp) const noexcept { return sizes_.of(stamp.producer, stamp.sequence); }
    /// How many items next() has numbered for `producer`.
    [[nodiscard]] std::uint64_t put_by(std::uint32_t producer) const noexcept { return producers_[producer].put; }
    [[nodiscard]] item_verdict verdict() const;

private:
    friend class item_receiver;
    struct producer_record {
        std::atomic<std::uint64_t> put{0};
        mutable std::mutex mutex;       // guards what follows
        std::uint64_t received = 0;     // each counted once
        std::vector<bool> is_received;  // by sequence, as far as anything was received
    };

    [[nodiscard]] std::optional<item_stamp> read(bytes_view item) const noexcept;
    /// False, and counted, if it was received before or never put.
    bool receive(const item_stamp& stamp);

    const item_sizes sizes_;
    const std::uint32_t tag_;
    std::deque<producer_record> producers_;  // its size is constant; not a vector: mutexes do not move
    std::atomic<std::uint64_t> doubled_{0};
    std::atomic<std::uint64_t> out_of_order_{0};
    std::atomic<std::uint64_t> foreign_{0};
};

/// What one consumer receives, and in which order.
/// Thread safety: none, one per consumer. Lifetime: ends before its audit.
class item_receiver {
public:
    explicit item_receiver(item_audit& audit) : audit_{audit}, next_(audit.producers_.size()) {}

    /// Takes note of `item`. nullopt if the audit knows no such item.
    std::optional<item_stamp> receive(bytes_view item);

private:
    item_audit& audit_;
    std::vector<std::uint64_t> next_;  // by producer: one above the highest sequence received
};

}  // namespace quaymaster::tool
