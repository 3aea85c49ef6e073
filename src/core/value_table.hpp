// value_table: keys in the order of their insertion, each with what it maps to. What dict, set and Namespace stand on.
#pragma once

#include "codec/payload.hpp"
#include "core/call.hpp"
#include "core/key_hash.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster::core {

/// A key that can be looked up: decoded, and hashed by the seed of a table.
struct table_key {
    value known;
    std::uint64_t hash = 0;
};

/// Python's dict without its methods: an insertion-ordered hash table whose keys are equal as Python has it (1 == 1.0 == True
/// is one key). Built as CPython's is: entries in a line, and an open-addressed index of their places in it.
/// Cost: find, insert, assign and erase are O(1) on the average, by way of key_hasher also for keys that a client has chosen
/// to collide, as long as it does not know the seed. An erased entry leaves a gap; gaps never outnumber entries by more
/// than a constant factor, so that a walk costs what there is to be seen.
/// Memory: about 110 octets for an entry, beside the items of a key and of a mapped object that are no scalars.
/// Thread safety: none of its own.
class value_table {
public:
    using position = std::size_t;
    static constexpr position none = ~position{0};

    struct entry {
        codec::payload key;
        codec::payload mapped;
        std::uint64_t hash = 0;
        bool is_live = true;
    };

    /// `limits`: for keys that are decoded again to be compared.
    explicit value_table(const hash_seed& seed = {}, const codec::pickle_limits& limits = {}) : seed_{seed}, limits_{limits} {}

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] const hash_seed& seed() const noexcept { return seed_; }
    [[nodiscard]] const codec::pickle_limits& limits() const noexcept { return limits_; }

    /// For the keys of one call on this table, or on another of the same seed.
    [[nodiscard]] key_hasher hasher() noexcept { return {seed_, nan_count_}; }
    /// `key` ready to be looked up; type_error if it is unhashable.
    [[nodiscard]] std::variant<table_key, raised> make_key(value key);

    /// Where the equal key is; `none` if there is none. Throws pickle_error if a stored key cannot be decoded.
    [[nodiscard]] position find(const table_key& key) const;
    /// Appends an entry with a key of that hash. Precondition: find() of the key is none.
    void insert(std::uint64_t hash, codec::payload&& key, codec::payload&& mapped);
    /// What assign() does in Python: a key that is there already stays and maps to `mapped` from now on.
    void assign(position at, codec::payload&& mapped) noexcept { entries_[at].mapped = std::move(mapped); }
    /// Takes the entry out. Positions are no longer valid.
    entry take(position at);
    void clear() noexcept;

    [[nodiscard]] const entry& operator[](position at) const noexcept { return entries_[at]; }
    /// The entry that was inserted last; `none` if there is none.
    [[nodiscard]] position last() const noexcept { return size_ == 0 ? none : entries_.size() - 1; }
    /// The entries in order. Valid until the table is changed.
    [[nodiscard]] auto entries() const noexcept { return walk<false>{entries_}; }
    /// From the last to the first.
    [[nodiscard]] auto reversed_entries() const noexcept { return walk<true>{entries_}; }

private:
    /// The entries that are live, to be gone over by a range-based for. (std::views::filter, which this is, does not compile
    /// with every pair of compiler and library.)
    template <bool Reversed>
    class walk {
    public:
        class iterator {
        public:
            iterator(const std::vector<entry>& all, std::size_t passed) noexcept : all_{all}, passed_{passed} { skip_gaps(); }
            const entry& operator*() const noexcept { return all_[Reversed ? all_.size() - 1 - passed_ : passed_]; }
            iterator& operator++() noexcept
            {
                ++passed_;
                skip_gaps();
                return *this;
            }
            bool operator==(const iterator& other) const noexcept { return passed_ == other.passed_; }

        private:
            void skip_gaps() noexcept
            {
                while (passed_ != all_.size() && !(**this).is_live)
                    ++passed_;
            }

            const std::vector<entry>& all_;
            std::size_t passed_;
        };

        explicit walk(const std::vector<entry>& all) noexcept : all_{all} {}
        [[nodiscard]] iterator begin() const noexcept { return {all_, 0}; }
        [[nodiscard]] iterator end() const noexcept { return {all_, all_.size()}; }

    private:
        const std::vector<entry>& all_;
    };

    using slot = std::uint32_t;  // 0: never used; otherwise 1 + the place of an entry, or of one that was there

    [[nodiscard]] bool holds(const entry& candidate, const table_key& key) const;
    void enter(std::uint64_t hash, position at) noexcept;
    /// Closes the gaps and makes an index for `size` entries.
    void rebuild(std::size_t size);

    hash_seed seed_;
    codec::pickle_limits limits_;
    std::uint64_t nan_count_ = 0;
    std::vector<entry> entries_;  // the last one is live
    std::vector<slot> slots_;     // a power of two, or none
    std::size_t slots_used_ = 0;
    std::size_t size_ = 0;
};

}  // namespace quaymaster::core
