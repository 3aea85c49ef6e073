#include "item_audit.hpp"

#include <cstring>
#include <type_traits>

namespace quaymaster::tool {

static_assert(std::is_trivially_copyable_v<item_stamp>, "it is copied octet by octet");

void write_stamp(bytes& item, const item_stamp& stamp) noexcept
{
    std::memcpy(item.data(), &stamp, sizeof stamp);
}

item_audit::item_audit(std::size_t producers, std::size_t item_size, std::uint64_t tag)
    : item_size_{item_size}, tag_{tag}, producers_(producers)
{
}

item_stamp item_audit::next(std::uint32_t producer, std::chrono::steady_clock::time_point due)
{
    producer_record& record = producers_[producer];
    const std::lock_guard lock{record.mutex};
    return {tag_, record.put++, due, producer, 0};
}

item_stamp item_audit::last(std::uint32_t producer) const noexcept
{
    return {tag_, 0, {}, producer, 1};
}

std::optional<item_stamp> item_audit::read(bytes_view item) const noexcept
{
    item_stamp stamp;
    if (item.size() != item_size_)
        return std::nullopt;
    std::memcpy(&stamp, item.data(), sizeof stamp);
    if (stamp.tag != tag_ || stamp.producer >= producers_.size())
        return std::nullopt;
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
        record.is_received.resize(stamp.sequence + 1);
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
        result.items += record.put;
        result.lost += record.put - record.received;
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
    if (stamp->is_last != 0)
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
