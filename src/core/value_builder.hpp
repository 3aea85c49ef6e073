// value_builder: one object out of many that are kept apart.
#pragma once

#include "codec/item.hpp"
#include "codec/object_graph.hpp"
#include "codec/payload.hpp"
#include "codec/pickle_limits.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quaymaster::core {

/// Builds the graph of a result such as `d.items()`. Objects are decoded one by one into it: a value for each of a million
/// short strings, with a graph of its own, would take a gigabyte before they are put together. An item that was stored
/// under several keys comes out as one object, as it came in, so that the result takes no more than what is stored. What
/// keeps the objects of proxies in the parts alive (codec::payload::held()) goes along with the result.
class value_builder {
public:
    using node = codec::node_id;

    explicit value_builder(const codec::pickle_limits& limits) : limits_{limits} {}

    /// Throws pickle_error if it cannot be decoded.
    [[nodiscard]] node add(const codec::payload& part);
    [[nodiscard]] node container(codec::node_kind kind, const std::vector<node>& children);
    [[nodiscard]] node text(std::string_view utf8);
    /// What pickles of an instance hold: the class, and its attributes in a dict (`keys_and_values` in turn).
    [[nodiscard]] node instance(std::string_view module, std::string_view class_name, const std::vector<node>& keys_and_values);
    /// A call of a builtin with one argument, such as iter([1, 2]).
    [[nodiscard]] node call(std::string_view builtin, node argument);

    /// The object that `root` is. Nothing may be added after it.
    [[nodiscard]] value finish(node root) &&;

private:
    [[nodiscard]] node add_decoded(const codec::payload& part);

    codec::pickle_limits limits_;
    std::shared_ptr<codec::object_graph> graph_ = std::make_shared<codec::object_graph>();
    std::unordered_map<const std::byte*, node> added_;  // by where the opcodes of an item lie
    std::vector<std::shared_ptr<const void>> held_;     // with the parts that hold proxies
};

}  // namespace quaymaster::core
