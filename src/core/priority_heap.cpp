#include "core/priority_heap.hpp"

#include "codec/payload.hpp"
#include "core/value_order.hpp"

#include <cassert>

namespace quaymaster::core {
namespace {

constexpr std::size_t parent_of(std::size_t place) noexcept
{
    return (place - 1) / 2;
}

// Below this many entries the memory is not worth giving back.
constexpr std::size_t kept_capacity = 64;

}  // namespace

value priority_heap::decode(const codec::item& carried) const
{
    return codec::payload{carried}.to_value(limits_);
}

// heapq._siftdown in two steps, first looking and then moving, so that a comparison without an answer changes nothing.
std::optional<raised> priority_heap::push(codec::item added, const value& decoded)
{
    const priority_key key{decoded};
    std::size_t place = entries_.size();
    while (place > 0) {
        const entry& above = entries_[parent_of(place)];
        const std::optional<bool> rises = less(key, decoded, above);
        if (!rises)
            return unordered_error(decoded, decode(above.carried));
        if (!*rises)
            break;
        place = parent_of(place);
    }
    insert(place, {std::move(added), key});
    return std::nullopt;
}

void priority_heap::push_anyway(codec::item added, const value& decoded)
{
    const priority_key key{decoded};
    std::size_t place = entries_.size();
    while (place > 0 && less(key, decoded, entries_[parent_of(place)]).value_or(false))
        place = parent_of(place);
    insert(place, {std::move(added), key});
}

// Puts `added` at `place`, an ancestor of the next free leaf or that leaf; those between move down one step.
void priority_heap::insert(std::size_t place, entry&& added)
{
    std::size_t hole = entries_.size();
    entries_.emplace_back();
    for (; hole != place; hole = parent_of(hole))
        entries_[hole] = std::move(entries_[parent_of(hole)]);
    entries_[place] = std::move(added);
}

// heapq.heappop and _siftup: the smaller child rises all the way to a leaf, then the entry that was last rises from there.
codec::item priority_heap::pop() noexcept
{
    assert(!entries_.empty());
    entry last = std::move(entries_.back());
    entries_.pop_back();
    if (entries_.empty())
        return std::move(last.carried);

    codec::item smallest = std::move(entries_.front().carried);
    const std::size_t end = entries_.size();
    std::size_t hole = 0;
    for (std::size_t child = 1; child < end; child = 2 * hole + 1) {
        if (child + 1 < end && !is_surely_less(entries_[child], entries_[child + 1]))
            ++child;
        entries_[hole] = std::move(entries_[child]);
        hole = child;
    }
    for (; hole > 0 && is_surely_less(last, entries_[parent_of(hole)]); hole = parent_of(hole))
        entries_[hole] = std::move(entries_[parent_of(hole)]);
    entries_[hole] = std::move(last);

    if (entries_.capacity() > kept_capacity && entries_.size() < entries_.capacity() / 4)
        entries_.shrink_to_fit();
    return smallest;
}

std::optional<bool> priority_heap::less(const entry& left, const entry& right) const
{
    if (const auto told_by_keys = priority_key::less(left.key, right.key))
        return told_by_keys;
    return value::less(decode(left.carried), decode(right.carried));
}

bool priority_heap::is_surely_less(const entry& left, const entry& right) const noexcept
{
    try {
        return less(left, right).value_or(false);
    } catch (...) {
        return false;  // an order that is not quite right is better than an item that is lost
    }
}

std::optional<bool> priority_heap::less(const priority_key& key, const value& decoded, const entry& right) const
{
    if (const auto told_by_keys = priority_key::less(key, right.key))
        return told_by_keys;
    return value::less(decoded, decode(right.carried));
}

}  // namespace quaymaster::core
