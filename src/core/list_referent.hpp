// list_referent: a shared list under the method names of list, as ListProxy knows them.
#pragma once

#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/sequence_index.hpp"
#include "core/value_builder.hpp"

#include <quaymaster/pickle_limits.hpp>
#include <quaymaster/value.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quaymaster::core {

/// How many items a list may have that was lengthened by other means than sending the items: by multiplying it, or with the
/// numbers of a range or the characters of a str. CPython has no such limit but its memory.
inline constexpr std::size_t made_list_size_max = std::size_t{1} << 24;

/// A Python list as a proxy sees it. exposed() is what ListProxy exposes in some version from 2.7 to 3.13, and the public
/// methods of list; as in CPython, comparisons and __iter__ are not among them.
/// Items are kept pickled, as they came or as parts of what came, and are decoded to be compared or printed. Every argument is
/// decoded once, so that what is kept can be decoded.
/// Cost: __getitem__, __setitem__ and append() that of the item; everything that looks at all items is linear.
/// What a call raises leaves the list as it was. Beyond CPython: memory_error beyond made_list_size_max; type_error for a
/// `key` of sort(), which only Python could call; value_error for an argument that cannot be decoded.
class list_referent final : public immediate_referent {
public:
    /// `limits`: what an item may be. `entries`, the items, are scalars or pickled, and can be decoded within `limits`.
    explicit list_referent(const pickle_limits& limits = {}, std::vector<codec::payload>&& entries = {});

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    /// True for what extends the list, and for what a slice is set to.
    [[nodiscard]] bool reads_argument(const call& request, std::size_t index) const noexcept override;
    /// str(list), at most 2^20 octets.
    [[nodiscard]] std::string text() const override;
    /// The list. Shared items stay shared.
    [[nodiscard]] std::optional<value> by_value() const override;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    struct methods;
    using entries = std::vector<codec::payload>;
    using entries_or_raised = std::variant<entries, raised>;

    outcome add(invocation& called);
    outcome append(invocation& called);
    outcome clear(invocation& called);
    outcome contains(invocation& called);
    outcome copy(invocation& called);
    outcome count(invocation& called);
    outcome delitem(invocation& called);
    outcome delslice(invocation& called);
    outcome extend(invocation& called);
    outcome getitem(invocation& called);
    outcome getslice(invocation& called);
    outcome imul(invocation& called);
    outcome index(invocation& called);
    outcome insert(invocation& called);
    outcome len(invocation& called);
    outcome mul(invocation& called);
    outcome pop(invocation& called);
    outcome remove(invocation& called);
    outcome reverse(invocation& called);
    outcome reversed(invocation& called);
    outcome setitem(invocation& called);
    outcome setslice(invocation& called);
    outcome sort(invocation& called);

    /// An argument as it will be kept.
    [[nodiscard]] codec::payload kept(codec::payload&& argument) const;
    /// The items of `iterable` as they will be kept, `others` being how many the list will have besides.
    [[nodiscard]] entries_or_raised kept_items(const codec::payload& iterable, std::size_t others) const;
    [[nodiscard]] value decoded(const codec::payload& entry) const { return entry.to_value(limits_); }
    /// The items of `range` as one list.
    [[nodiscard]] value list_of(const slice_range& range) const;
    [[nodiscard]] std::vector<value_builder::node> nodes_of(const slice_range& range, value_builder& builder) const;
    [[nodiscard]] slice_range everything() const noexcept { return {0, 1, entries_.size()}; }
    /// The first position from `begin` to before `end` whose item equals `sought`.
    [[nodiscard]] std::optional<std::size_t> find(const value& sought, std::size_t begin, std::size_t end) const;
    /// The positions that __getslice__ and its kin are asked for in their first two arguments.
    [[nodiscard]] std::variant<slice_range, raised> read_plain_slice(const invocation& called) const;
    /// How often to repeat the items; memory_error if that makes too many.
    [[nodiscard]] std::variant<std::size_t, raised> read_repetitions(const codec::payload& argument) const;
    void erase(const slice_range& range);
    void replace(const slice_range& range, entries&& items);

    entries entries_;  // scalars as values, all others as items
    pickle_limits limits_;
};

/// `list(iterable=())` of SyncManager: each create() makes a new one. type_error for what cannot be iterated, as items_of().
[[nodiscard]] factory fresh_list(const pickle_limits& limits = {});

}  // namespace quaymaster::core
