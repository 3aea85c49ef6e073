#include "wire/proxy_tokens.hpp"

#include "codec/class_paths.hpp"
#include "codec/object_graph.hpp"
#include "codec/pickle_writer.hpp"

#include <array>
#include <memory>
#include <utility>

namespace quaymaster::wire {

namespace {

using codec::node_id;
using codec::node_kind;
using codec::object_graph;

constexpr std::size_t token_argument = 1;

/// A token's nodes.
struct token_nodes {
    node_id token;
    std::span<const node_id> state;  // typeid, address, ident
};

bool is_text(const object_graph& graph, node_id node)
{
    return graph.kind(node) == node_kind::str || graph.kind(node) == node_kind::byte_string;
}

/// The token if `node` is a proxy.
std::optional<token_nodes> token_of_proxy(const object_graph& graph, node_id node)
{
    if (graph.kind(node) != node_kind::object)
        return std::nullopt;
    const codec::object_parts& proxy = graph.object(node);
    if (graph.kind(proxy.callable) != node_kind::global || graph.kind(proxy.arguments) != node_kind::tuple ||
        !codec::is_proxy_maker({graph.text(proxy.callable), graph.qualified_name(proxy.callable)}))
        return std::nullopt;
    const auto arguments = graph.children(proxy.arguments);
    if (arguments.size() <= token_argument || graph.kind(arguments[token_argument]) != node_kind::object)
        return std::nullopt;
    const codec::object_parts& token = graph.object(arguments[token_argument]);
    if (token.updates.size() != 1 || token.updates.front().step != codec::object_update::kind::build ||
        graph.kind(token.updates.front().first) != node_kind::tuple)
        return std::nullopt;
    const auto state = graph.children(token.updates.front().first);
    if (state.size() != 3 || !is_text(graph, state[2]))
        return std::nullopt;
    return token_nodes{arguments[token_argument], state};
}

proxy_token read(const std::shared_ptr<const object_graph>& graph, const token_nodes& found)
{
    return {std::string{graph->text(found.state[2])}, object_graph::to_value(graph, found.state[1])};
}

}  // namespace

std::vector<proxy_token> proxies_in(const codec::payload& data, const codec::pickle_limits& limits)
{
    const value known = data.to_value(limits);
    const auto& graph = object_graph::graph_of(known);
    std::vector<proxy_token> found;
    for (node_id node = 0; graph != nullptr && node < graph->node_count(); ++node)
        if (const auto token = token_of_proxy(*graph, node))
            found.push_back(read(graph, *token));
    return found;
}

std::optional<proxy_token> as_proxy(const codec::payload& data, const codec::pickle_limits& limits)
{
    const value known = data.to_value(limits);
    const auto& graph = object_graph::graph_of(known);
    if (graph == nullptr)
        return std::nullopt;
    const auto token = token_of_proxy(*graph, object_graph::node_of(known));
    return token ? std::optional{read(graph, *token)} : std::nullopt;
}

codec::payload readdress(codec::payload data, codec::reader_dialect reader, const codec::pickle_limits& limits,
                         const std::function<std::optional<value>(const proxy_token&)>& address_for)
{
    // A copy, because what is shared with the rest of a container's data must not change.
    const auto graph = std::make_shared<object_graph>();
    const node_id root = graph->add_value(data.to_value(limits));
    bool has_changed = false;
    const std::size_t count = graph->node_count();
    for (node_id node = 0; node < count; ++node) {
        const auto found = token_of_proxy(*graph, node);
        if (!found)
            continue;
        const auto address = address_for(read(graph, *found));
        if (!address)
            continue;
        const node_id typeid_name = found->state[0];
        const node_id ident = found->state[2];
        const std::array state{typeid_name, graph->add_value(*address), ident};
        graph->replace_state(found->token, graph->add_container(node_kind::tuple, state));
        has_changed = true;
    }
    return has_changed ? codec::payload{codec::write_item(*graph, root, reader)} : std::move(data);
}

}  // namespace quaymaster::wire
