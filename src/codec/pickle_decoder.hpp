// pickle_decoder: a whole pickle to an object graph.
#pragma once

#include "codec/object_graph.hpp"
#include "codec/pickle_errc.hpp"

#include <memory>

namespace quaymaster::codec {

struct decoded {
    std::shared_ptr<object_graph> graph;
    node_id root = no_node;
    std::uint8_t protocol = 0;  // as PROTO says; 0 without
};

/// Reads a complete pickle (protocols 0 to 5) and builds its graph. The graph borrows from `pickle`: keep it, or use
/// decode_item. On failure `status` is set and the result is empty.
[[nodiscard]] decoded decode_pickle(bytes_view pickle, const pickle_limits& limits, pickle_status& status);

/// The same for an item, which the graph shares.
[[nodiscard]] decoded decode_item(const item& carried, const pickle_limits& limits, pickle_status& status);

/// A complete pickle, copied, as a value. Throws pickle_error.
[[nodiscard]] value value_from_pickle(bytes_view pickle, const pickle_limits& limits = {});

}  // namespace quaymaster::codec
