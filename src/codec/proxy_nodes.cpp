#include "codec/proxy_nodes.hpp"

#include "codec/class_paths.hpp"

namespace quaymaster::codec {

namespace {

bool is_text(const object_graph& graph, node_id node)
{
    return graph.kind(node) == node_kind::str || graph.kind(node) == node_kind::byte_string;
}

}  // namespace

std::optional<proxy_nodes> proxy_at(const object_graph& graph, node_id node)
{
    if (graph.kind(node) != node_kind::object)
        return std::nullopt;
    const object_parts& proxy = graph.object(node);
    if (graph.kind(proxy.callable) != node_kind::global || graph.kind(proxy.arguments) != node_kind::tuple ||
        !is_proxy_maker({graph.text(proxy.callable), graph.qualified_name(proxy.callable)}))
        return std::nullopt;
    const auto arguments = graph.children(proxy.arguments);
    if (arguments.size() < 2 || graph.kind(arguments[1]) != node_kind::object)
        return std::nullopt;
    const object_parts& token = graph.object(arguments[1]);
    if (token.updates.size() != 1 || token.updates.front().step != object_update::kind::build ||
        graph.kind(token.updates.front().first) != node_kind::tuple)
        return std::nullopt;
    const auto state = graph.children(token.updates.front().first);
    if (state.size() != 3 || !is_text(graph, state[0]) || !is_text(graph, state[2]))
        return std::nullopt;
    return proxy_nodes{arguments[0], arguments[1], state[0], state[1], state[2]};
}

}  // namespace quaymaster::codec
