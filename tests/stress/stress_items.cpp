#include "stress_items.hpp"

#include "stress_failure.hpp"

#include "codec/item.hpp"
#include "codec/payload.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/value.hpp>

namespace quaymaster::testing {
namespace {

/// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): a bijection.
std::uint64_t mixed(std::uint64_t bits) noexcept
{
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
}

}  // namespace

std::int64_t item_of(std::uint64_t producer, std::uint64_t number) noexcept
{
    return static_cast<std::int64_t>(producer << 32U | number);
}

std::uint64_t producer_of(std::int64_t item) noexcept
{
    return static_cast<std::uint64_t>(item) >> 32U;
}

std::uint64_t number_of(std::int64_t item) noexcept
{
    return static_cast<std::uint64_t>(item) & 0xffff'ffffU;
}

bytes opcodes_of(std::int64_t item)
{
    return to_bytes(codec::payload{value{item}}.to_item().opcodes());
}

bytes batch_of(const std::vector<std::int64_t>& items)
{
    bytes body;
    for (const std::int64_t each : items) {
        const bytes opcodes = opcodes_of(each);
        for (unsigned i = 0; i < 4; ++i)
            body.push_back(static_cast<std::byte>(opcodes.size() >> (8 * i)));
        body.insert(body.end(), opcodes.begin(), opcodes.end());
    }
    return body;
}

std::int64_t item_from(bytes_view opcodes)
{
    const auto known = codec::payload{codec::item::make(opcodes, {.protocol_min = 4})}.to_value().to_int64();
    if (!known)
        throw stress_failure{"an item that nobody has put"};
    return *known;
}

std::vector<std::int64_t> items_from(const native_peer::reply& reply)
{
    std::vector<std::int64_t> items;
    wire::native::body_reader body{reply.body};
    for (std::size_t i = 0; i < reply.count; ++i)
        items.push_back(item_from(body.sized_octets()));
    return items;
}

void item_sum::add(std::int64_t item) noexcept
{
    ++count_;
    sum_ += mixed(static_cast<std::uint64_t>(item));
}

void item_sum::add(const item_sum& other) noexcept
{
    count_ += other.count_;
    sum_ += other.sum_;
}

}  // namespace quaymaster::testing
