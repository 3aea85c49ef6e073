// set_referent: SyncManager's set, which CPython has since 3.14.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/entries.hpp"
#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/value_table.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace quaymaster::core {

/// set as the SetProxy of CPython 3.14 sees it. A set that is a result comes by value, and so does iter(s): as an iterator
/// over a list, which is how CPython pickles the iterator of a set. An operator whose other side is no set returns
/// NotImplemented, from which the client's Python makes a TypeError.
/// Departs from CPython: members come in the order of their insertion, and pop() takes the last (in CPython both are
/// arbitrary). A call that fails changes nothing, where CPython's update() keeps what came before the member that failed.
/// Errors: those of CPython; value_error for an argument that cannot be read.
class set_referent final : public immediate_referent {
public:
    /// `seed`: see hash_seed.
    explicit set_referent(const codec::pickle_limits& limits = {}, const hash_seed& seed = {}) : table_{seed, limits} {}

    /// set(...): what `arguments` says, into a set that is empty.
    [[nodiscard]] std::optional<raised> construct(core::call& arguments);

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(core::call& request, waiter& caller, completions& fulfilled) override;
    /// Python's str(set), at most a megabyte of it.
    [[nodiscard]] std::string text() const override;
    /// nullopt if a member cannot be read, which it could be when it came.
    [[nodiscard]] std::optional<value> by_value() const override;

private:
    struct methods;

    /// What becomes of the members of this set and another. Of equal members intersection keeps the other's,
    /// own_intersection those of this set.
    enum class operation : std::uint8_t {
        intersection,
        own_intersection,
        join,
        reversed_join,
        difference,
        reversed_difference,
        symmetric_difference,
    };
    /// Whether the result is a set of its own or this one. frozen_result: of its own, and a frozenset if the other is.
    enum class target : std::uint8_t { result, frozen_result, in_place };
    struct overlap {
        bool any;
        bool is_subset;    // this of the other
        bool is_superset;  // this of the other
    };

    template <operation Operation, target Target>
    outcome operate(invocation& called);  // the operators: with a set
    template <operation Operation, target Target>
    outcome combine(invocation& called);  // the methods: with any iterables
    template <target Target>
    outcome intersection(invocation& called);
    template <bool (*Holds)(bool is_subset, bool is_superset)>
    outcome compare(invocation& called);

    outcome add(invocation& called);
    outcome clear(invocation& called);
    outcome contains(invocation& called);
    outcome copy(invocation& called);
    outcome discard(invocation& called);
    outcome isdisjoint(invocation& called);
    outcome issubset(invocation& called);
    outcome issuperset(invocation& called);
    outcome iterate(invocation& called);
    outcome length(invocation& called);
    outcome pop(invocation& called);
    outcome remove(invocation& called);

    [[nodiscard]] std::variant<table_key, raised> read_member(const codec::payload& argument);
    [[nodiscard]] std::variant<overlap, raised> overlap_with(const value& other);
    [[nodiscard]] operation intersection_with(const value& other) const noexcept;
    [[nodiscard]] static std::optional<raised> refuse_keywords(const core::call& request);
    /// The members that `staged` brings are stored, or come out with the result, as at most `room` octets.
    outcome finish(operation what, target where, staged_entries& staged, std::size_t room);

    value_table table_;
};

/// `set(iterable=())` of SyncManager: each create() makes a new one, with `limits` for what is decoded of arguments.
[[nodiscard]] factory fresh_set(const codec::pickle_limits& limits = {}, const hash_seed& seed = {});

}  // namespace quaymaster::core
