// proxy_nodes: what a pickled proxy of a manager looks like in a graph.
#pragma once

#include "codec/object_graph.hpp"

#include <optional>

namespace quaymaster::codec {

/// The parts of a proxy as CPython pickles it: RebuildProxy(class, Token(typeid, address, ident), serializer, keywords).
struct proxy_nodes {
    node_id class_or_function;  // a global mostly: "ListProxy", "AutoProxy"
    node_id token;              // an object whose one update is BUILD
    node_id typeid_name;        // text
    node_id address;
    node_id ident;              // text
};

/// The parts of `node`; nullopt if it is no proxy.
[[nodiscard]] std::optional<proxy_nodes> proxy_at(const object_graph& graph, node_id node);

}  // namespace quaymaster::codec
