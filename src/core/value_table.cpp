#include "core/value_table.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::size_t slots_min = 8;

/// Gaps that are not worth closing.
constexpr std::size_t gaps_min = 32;

constexpr bool is_crowded(std::size_t used, std::size_t slots) noexcept
{
    return used * 3 > slots * 2;
}

}  // namespace

std::variant<table_key, raised> value_table::make_key(value key)
{
    auto hashed = hasher()(key);
    if (auto* const wrong = std::get_if<raised>(&hashed))
        return std::move(*wrong);
    return table_key{std::move(key), std::get<std::uint64_t>(hashed)};
}

value_table::position value_table::find(const table_key& key) const
{
    if (size_ == 0)
        return none;
    const std::size_t mask = slots_.size() - 1;
    // There is a slot that was never used, see is_crowded(): that ends it.
    for (std::size_t at = key.hash & mask;; at = (at + 1) & mask) {
        if (slots_[at] == 0)
            return none;
        // A slot may speak of an entry that is gone, and another of the one that took its place: that is the right one too.
        const position place = slots_[at] - 1;
        if (place < entries_.size() && holds(entries_[place], key))
            return place;
    }
}

bool value_table::holds(const entry& candidate, const table_key& key) const
{
    if (!candidate.is_live || candidate.hash != key.hash)
        return false;
    if (const value* const known = candidate.key.known())
        return *known == key.known;
    return candidate.key.to_value(limits_) == key.known;
}

void value_table::insert(std::uint64_t hash, codec::payload&& key, codec::payload&& mapped)
{
    if (is_crowded(slots_used_ + 1, slots_.size()))
        rebuild(size_ + 1);
    entries_.push_back({std::move(key), std::move(mapped), hash, true});
    enter(hash, entries_.size() - 1);
    ++size_;
}

value_table::entry value_table::take(position at)
{
    entry taken = std::move(entries_[at]);
    entries_[at] = {{}, {}, 0, false};
    --size_;
    while (!entries_.empty() && !entries_.back().is_live)
        entries_.pop_back();
    if (size_ == 0)
        clear();
    else if (entries_.size() - size_ > gaps_min + 3 * size_)
        rebuild(size_);
    return taken;
}

void value_table::clear() noexcept
{
    entries_ = {};
    slots_ = {};
    slots_used_ = 0;
    size_ = 0;
}

void value_table::enter(std::uint64_t hash, position at) noexcept
{
    const std::size_t mask = slots_.size() - 1;
    std::size_t free = hash & mask;
    while (slots_[free] != 0)
        free = (free + 1) & mask;
    slots_[free] = static_cast<slot>(at + 1);
    ++slots_used_;
}

void value_table::rebuild(std::size_t size)
{
    if (size >= std::numeric_limits<slot>::max() / 4)
        throw std::length_error{"a table of " + std::to_string(size) + " entries"};
    // Room for as many again, so that rebuilding costs each insertion a constant.
    std::vector<slot> slots(std::bit_ceil(std::max(slots_min, size * 3)));
    std::erase_if(entries_, [](const entry& each) { return !each.is_live; });
    slots_.swap(slots);
    slots_used_ = 0;
    for (position at = 0; at < entries_.size(); ++at)
        enter(entries_[at].hash, at);
}

}  // namespace quaymaster::core
