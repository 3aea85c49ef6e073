// priority_heap: heapq over items, in Python's order of the objects that they hold.
#pragma once

#include "codec/item.hpp"
#include "codec/pickle_limits.hpp"
#include "core/call.hpp"
#include "core/priority_key.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace quaymaster::core {

/// A min-heap of items. It makes the comparisons of CPython's heapq in the same order, so that items which are equal but
/// not the same (1, 1.0 and True) come out as they do from Python's PriorityQueue.
/// Where items do not compare it departs from heapq, which then leaves an item in the heap that it has refused, or loses
/// the one that it was about to hand out: here push() is all or nothing and pop() cannot fail.
/// Memory: 32 octets per item beside the item itself. Items that their keys cannot tell apart are decoded to be compared.
class priority_heap {
public:
    /// Every item that is pushed can be read within `limits`.
    explicit priority_heap(const codec::pickle_limits& limits = {}) : limits_{limits} {}

    [[nodiscard]] const codec::pickle_limits& limits() const noexcept { return limits_; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    /// Adds `added`, whose object is `decoded`. Returns the type_error of the comparison that has no answer, if it came to one;
    /// the heap is then as it was.
    [[nodiscard]] std::optional<raised> push(codec::item added, const value& decoded);
    /// Adds without fail: where two items do not compare, they count as equal.
    void push_anyway(codec::item added, const value& decoded);
    /// The smallest item. Precondition: not empty.
    [[nodiscard]] const codec::item& top() const noexcept { return entries_.front().carried; }
    /// Takes the smallest item out; items that do not compare, be it for want of memory, count as equal. Precondition: not
    /// empty.
    [[nodiscard]] codec::item pop() noexcept;
    void clear() noexcept { entries_ = {}; }

private:
    struct entry {
        codec::item carried;
        priority_key key;
    };
    // `left < right`; nullopt where Python raises TypeError.
    [[nodiscard]] std::optional<bool> less(const entry& left, const entry& right) const;
    // The same for an item that is decoded already.
    [[nodiscard]] std::optional<bool> less(const priority_key& key, const value& decoded, const entry& right) const;
    // `left < right`, and false where that has no answer.
    [[nodiscard]] bool is_surely_less(const entry& left, const entry& right) const noexcept;
    [[nodiscard]] value decode(const codec::item& carried) const;
    void insert(std::size_t place, entry&& added);

    std::vector<entry> entries_;
    codec::pickle_limits limits_;
};

}  // namespace quaymaster::core
