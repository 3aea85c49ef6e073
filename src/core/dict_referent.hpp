// dict_referent: SyncManager's dict.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/entries.hpp"
#include "core/method_table.hpp"
#include "core/referent.hpp"
#include "core/registry.hpp"
#include "core/value_builder.hpp"
#include "core/value_table.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <atomic>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quaymaster::core {

/// dict as a DictProxy sees it: the methods that DictProxy has in any Python from 2.7 to 3.14, with the results that a stock
/// client gets of a CPython server. There keys(), values() and items() come as lists, because managers.py pickles views so;
/// iter(d) as a proxy of an iterator; reversed(d) as an iterator by value, which is how CPython pickles it.
/// What is stored under a key stays a pickle; keys are decoded to be compared.
/// An iterator raises RuntimeError while the dict has another size than when the iterator was made, as in CPython.
/// Departs from CPython: a call that fails changes nothing, where CPython's update() keeps what came before the
/// element that failed. `d | x` and update() know the mappings of `collections`, but no proxies and no other classes.
/// Errors: those of CPython; value_error for an argument that cannot be read; runtime_error for iterators of snapshots beyond
/// snapshot_keys_max.
class dict_referent final : public immediate_referent {
public:
    /// Keys in the iterators alive of one dict, each of which has a copy; or sixteen times those of the dict, if that is
    /// more. A client could otherwise fill the memory by requests of a few octets.
    static constexpr std::size_t snapshot_keys_max = std::size_t{1} << 20;

    /// `seed`: see hash_seed.
    explicit dict_referent(const codec::pickle_limits& limits = {}, const hash_seed& seed = {}) : table_{seed, limits} {}

    /// dict(...): what `arguments` says, into a dict that is empty.
    [[nodiscard]] std::optional<raised> construct(core::call& arguments);

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(core::call& request, waiter& caller, completions& fulfilled) override;
    /// True for update() and |=.
    [[nodiscard]] bool reads_argument(const core::call& request, std::size_t index) const noexcept override;
    /// Python's str(dict), at most a megabyte of it.
    [[nodiscard]] std::string text() const override;
    /// nullopt if what is stored cannot be read.
    [[nodiscard]] std::optional<value> by_value() const override;

private:
    struct methods;

    outcome clear(invocation& called);
    outcome contains(invocation& called);
    outcome copy(invocation& called);
    outcome delete_item(invocation& called);
    outcome fromkeys(invocation& called);
    outcome get(invocation& called);
    outcome get_item(invocation& called);
    outcome in_place_or(invocation& called);
    outcome items(invocation& called);
    outcome iterate(invocation& called);
    outcome keys(invocation& called);
    outcome length(invocation& called);
    outcome pop(invocation& called);
    outcome popitem(invocation& called);
    outcome reversed(invocation& called);
    outcome reversed_or(invocation& called);
    outcome set_item(invocation& called);
    outcome setdefault(invocation& called);
    outcome union_with(invocation& called);
    outcome update(invocation& called);
    outcome values(invocation& called);

    [[nodiscard]] std::variant<table_key, raised> read_key(const codec::payload& argument);
    [[nodiscard]] std::optional<raised> merge(core::call& arguments, std::string_view name);

    /// Keys that iterators have taken along, with what else an iterator costs.
    class snapshot_account {
    public:
        /// False: no room for another of `size` keys.
        [[nodiscard]] bool has_room(std::size_t size);
        void add(const std::shared_ptr<referent>& iterator, std::size_t size);

    private:
        struct account {
            std::weak_ptr<referent> iterator;
            std::size_t charge;
        };
        std::vector<account> accounts_;
        std::size_t total_ = 0;  // of all accounts, of iterators that are gone too
    };

    value_table table_;
    std::shared_ptr<std::atomic<std::size_t>> size_;  // for iterators; null until there is one
    snapshot_account snapshots_;
};

/// `dict(...)` of SyncManager: each create() makes a new one, with `limits` for what is decoded of arguments.
[[nodiscard]] factory fresh_dict(const codec::pickle_limits& limits = {}, const hash_seed& seed = {});

}  // namespace quaymaster::core
