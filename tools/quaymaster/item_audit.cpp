#include "item_audit.hpp"

#include <cstring>
#include <type_traits>
#include <utility>

namespace quaymaster::tool {

namespace {

/// The octets at the front of an item. `due` follows where there is room.
struct written_stamp {
    std::uint32_t tag;
    std::uint32_t producer_and_is_last;
    std::uint64_t sequence;
};
using due_ticks = std::chrono::steady_clock::time_point::rep;

static_assert(sizeof(written_stamp) == item_size_min && sizeof(written_stamp) + sizeof(due_ticks) == timed_item_size_min);
static_assert(std::is_trivially_copyable_v<written_stamp>, "it is copied octet by octet");

/// By how many items the bits of a producer grow.
constexpr std::size_t received_step = 4096;

constexpr std::uint32_t last_bit = std::uint32_t{1} << 31;
static_assert(producers_max == last_bit);

}  // namespace

void write_stamp(bytes& item, const item_stamp& stamp) noexcept
{
    const written_stamp written{stamp.tag, stamp.producer | (stamp.is_last ? last_bit : 0), stamp.sequence};
    std::memcpy(item.data(), &written, sizeof written);
    if (item.size() < timed_item_size_min)
        return;
    const due_ticks due = stamp.due.time_since_epoch().count();
    std::memcpy(item.data() + sizeof written, &due, sizeof due);
}

item_audit::item_audit(std::size_t producers, item_sizes sizes, std::uint32_t tag)
    : sizes_{std::move(sizes)}, tag_{tag}, producers_(producers)
{
}

item_stamp item_audit::next(std::uint32_t producer, std::chrono::steady_clock::time_point due)
{
    return {tag_, producer, false, producers_[producer].put.fetch_add(1), due};
}

item_stamp item_audit::last(std::uint32_t producer) const noexcept
{
    return {tag_, producer, true, 0, {}};
}

std::optional<item_stamp> item_audit::read(bytes_view item) const noexcept
{
    written_stamp written;
    if (item.size() < sizeof written)
        return std::nullopt;
    std::memcpy(&written, item.data(), sizeof written);
    item_stamp stamp{written.tag, written.producer_and_is_last & ~last_bit, (written.producer_and_is_last & last_bit) != 0,
                     written.sequence, {}};
    if (stamp.tag != tag_ || stamp.producer >= producers_.size() || item.size() != size_of(stamp))
        return std::nullopt;
    if (item.size() >= timed_item_size_min) {
        due_ticks due = 0;
        std::memcpy(&due, item.data() + sizeof written, sizeof due);
        stamp.due = std::chrono::steady_clock::time_point{std::chrono::steady_clock::duration{due}};
    }
    return stamp;
}

bool item_audit::receive(const item_stamp& stamp)
{
    producer_record& record = producers_[stamp.producer];
    const std::lock_guard lock{record.mutex};
    // Before the bits grow to hold it: a sequence that was damaged on the way may be any number.
    if (stamp.sequence >= record.put) {
        ++foreign_;
        return false;
    }
    if (record.is_received.size() <= stamp.sequence)
        record.is_received.resize(stamp.sequence + received_step);
    if (record.is_received[stamp.sequence]) {
        ++doubled_;
        return false;
    }
    record.is_received[stamp.sequence] = true;
    ++record.received;
    return true;
}

item_verdict item_audit::verdict() const
{
    item_verdict result;
    for (const producer_record& record : producers_) {
        const std::lock_guard lock{record.mutex};
        const std::uint64_t put = record.put;
        result.items += put;
        result.lost += put - record.received;
    }
    result.doubled = doubled_;
    result.out_of_order = out_of_order_;
    result.foreign = foreign_;
    return result;
}

std::optional<item_stamp> item_receiver::receive(bytes_view item)
{
    const std::optional<item_stamp> stamp = audit_.read(item);
    if (!stamp) {
        ++audit_.foreign_;
        return std::nullopt;
    }
    if (stamp->is_last)
        return stamp;
    if (!audit_.receive(*stamp))
        return std::nullopt;
    std::uint64_t& next = next_[stamp->producer];
    if (stamp->sequence < next)
        ++audit_.out_of_order_;
    else
        next = stamp->sequence + 1;
    return stamp;
}

}  // namespace quaymaster::tool
