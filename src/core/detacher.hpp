// detacher: an object taken out of a larger one, to be kept without it.
#pragma once

#include "codec/item.hpp"
#include "codec/object_graph.hpp"
#include "codec/payload.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <memory>
#include <unordered_map>

namespace quaymaster::core {

/// What the parts of `argument` may come to: codec::rewrite_size_max() of its size, for a pickle may refer to one large object
/// from a thousand small ones, each of which takes it along. Without limit if it is no item.
[[nodiscard]] std::size_t room_for(const codec::payload& argument) noexcept;

/// Makes items of the parts of one argument: of the entries of the dict given to update(), say. A value would keep alive
/// all that came with it; and an item is several times smaller. An object that occurs several times becomes one item.
/// What holds of proxies were attached to the argument are attached to the items.
class detacher {
public:
    /// They come to at most `room` octets.
    explicit detacher(std::size_t room) noexcept : room_{room} {}

    /// Scalars as they are, everything else as an item. Throws pickle_error (rewrite_size_exceeded).
    [[nodiscard]] codec::payload operator()(const value& part);

private:
    [[nodiscard]] codec::item written(const codec::object_graph& graph, codec::node_id node) const;

    std::size_t room_;
    std::unordered_map<const codec::object_graph*, std::unordered_map<codec::node_id, codec::item>> made_;
};

}  // namespace quaymaster::core
