// entries: what update() and the constructors of dict and set are given, read and ready to be stored.
#pragma once

#include "codec/payload.hpp"
#include "core/call.hpp"
#include "core/value_table.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::core {

/// True for a dict and for the instances that are known to be one: those of OrderedDict, defaultdict and Counter, and
/// whatever was pickled with entries.
[[nodiscard]] bool is_mapping(const value& candidate);

/// What a call brings for a table, in two steps, so that a call that fails has changed nothing: read all, then store.
/// Of equal keys the first is kept, with what the last one maps to.
class staged_entries {
public:
    /// For `target`, which outlives this and stays as it is until commit().
    explicit staged_entries(value_table& target)
        : target_{target}, hash_{target.hasher()}, staged_{target.seed(), target.limits()}
    {
    }

    /// type_error for an unhashable key.
    [[nodiscard]] std::optional<raised> add(const value& key, codec::payload mapped = {});
    /// A keyword argument.
    [[nodiscard]] std::optional<raised> add_keyword(std::string_view name, const codec::payload& mapped);
    /// What dict.update() takes: a mapping, or an iterable of pairs. CPython's errors (Objects/dictobject.c,
    /// PyDict_MergeFromSeq2): type_error for what cannot be iterated and for an element that cannot, value_error for one that
    /// has not two items.
    [[nodiscard]] std::optional<raised> add_entries(const value& source);
    /// The items of an iterable, as keys: what set.update() takes.
    [[nodiscard]] std::optional<raised> add_keys(const value& source);

    [[nodiscard]] const value_table& table() const noexcept { return staged_; }

    /// One entry as it is to be stored, apart from the argument that it came in.
    struct detached_entry {
        std::uint64_t hash;
        value_table::position found;  // in the target; none if it is new
        codec::payload key;
        codec::payload mapped;
    };
    /// Whether detach() also makes a key of those whose key the target has: otherwise None stands for it.
    enum class keys : std::uint8_t { all, of_new };
    /// All of them, `room` as for detacher. Throws pickle_error as that does.
    [[nodiscard]] std::vector<detached_entry> detach(std::size_t room, keys which) const;
    /// Where each is in the target; `none` for those that are new.
    [[nodiscard]] std::vector<value_table::position> places() const;
    /// Stores them in the target. Throws pickle_error before it has changed anything.
    void commit(std::size_t room);

private:
    value_table& target_;
    key_hasher hash_;
    value_table staged_;  // of values as they came
};

/// An argument as a table keeps it: an item or a scalar.
[[nodiscard]] codec::payload kept(codec::payload&& argument);

/// The key of a keyword argument; nullopt if it is no UTF-8, as one of Python 2 may be.
[[nodiscard]] std::optional<value> keyword_value(std::string_view name);

}  // namespace quaymaster::core
