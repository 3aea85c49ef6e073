// key_hash: hashes of dict keys and set members that a client cannot make collide.
#pragma once

#include "codec/object_graph.hpp"
#include "core/call.hpp"

#include <quaymaster/value.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace quaymaster::core {

/// What makes hashes unpredictable to those who do not know it. One per process, of random octets, will do; the default is
/// known to everybody and is for tests and for programs whose clients are trusted.
struct hash_seed {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

/// Hashes keys with SipHash-1-3 (what CPython hashes str and bytes with) over all that distinguishes them, numbers and
/// instances included: value::hash() is the same in every process, so a client could send keys that all hash alike, and
/// looking up each would take a comparison with every other. Equal values hash alike, as with value::hash().
/// For the keys of one call: what keys share is hashed once, so the time for all of them is linear in their pickle.
/// Thread safety: none of its own.
class key_hasher {
public:
    /// `nan_count` outlives this; it tells one NaN from the next, for none equals another.
    key_hasher(const hash_seed& seed, std::uint64_t& nan_count) noexcept : seed_{seed}, nan_count_{nan_count} {}

    /// type_error for an unhashable key, naming the part that is ("unhashable type: 'list'"), and for one that contains
    /// itself: only an instance can, Python would tell it from others by its identity, and a pickle of it has none.
    [[nodiscard]] std::variant<std::uint64_t, raised> operator()(const value& key);

private:
    struct known_node {
        std::uint64_t hash = 0;
        codec::node_id unhashable = codec::no_node;  // a part that cannot be hashed, or the node itself
        bool is_under_way = true;
        bool is_cyclic = false;
    };

    [[nodiscard]] std::uint64_t of_scalar(const value& key);
    [[nodiscard]] std::uint64_t of_leaf(codec::node_id node);
    [[nodiscard]] std::uint64_t of_real(const codec::object_graph& graph, codec::node_id node);
    [[nodiscard]] std::uint64_t of_integer(std::int64_t integer) const noexcept;
    [[nodiscard]] std::uint64_t of_floating(double floating);
    [[nodiscard]] std::uint64_t of_octets(std::uint64_t kind, std::string_view octets) const noexcept;
    [[nodiscard]] std::uint64_t of_parts(std::uint64_t kind, const std::vector<std::uint64_t>& parts) const noexcept;
    [[nodiscard]] known_node made(codec::node_id node);
    [[nodiscard]] std::uint64_t combined(codec::node_id node, std::vector<std::uint64_t> parts) const;
    [[nodiscard]] const known_node& walk(codec::node_id root);

    hash_seed seed_;
    std::uint64_t& nan_count_;
    std::shared_ptr<const codec::object_graph> graph_;      // of the last key that was no scalar
    std::unordered_map<codec::node_id, known_node> known_;  // of graph_
};

}  // namespace quaymaster::core
