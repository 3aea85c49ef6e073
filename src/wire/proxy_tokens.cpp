#include "wire/proxy_tokens.hpp"

#include "codec/object_graph.hpp"
#include "codec/pickle_writer.hpp"
#include "codec/proxy_nodes.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace quaymaster::wire {

namespace {

using codec::node_id;
using codec::node_kind;
using codec::object_graph;

proxy_token read(const std::shared_ptr<const object_graph>& graph, const codec::proxy_nodes& found)
{
    return {std::string{graph->text(found.ident)}, object_graph::to_value(graph, found.address)};
}

}  // namespace

std::vector<proxy_token> proxies_in(const codec::payload& data, const codec::pickle_limits& limits)
{
    const value known = data.to_value(limits);
    const auto& graph = object_graph::graph_of(known);
    std::vector<proxy_token> found;
    std::unordered_set<std::string_view> seen;  // a few octets of pickle may name one proxy again
    for (node_id node = 0; graph != nullptr && node < graph->node_count(); ++node) {
        const auto token = codec::proxy_at(*graph, node);
        if (token && seen.insert(graph->text(token->ident)).second)
            found.push_back(read(graph, *token));
    }
    return found;
}

std::optional<proxy_token> as_proxy(const codec::payload& data, const codec::pickle_limits& limits)
{
    const value known = data.to_value(limits);
    const auto& graph = object_graph::graph_of(known);
    if (graph == nullptr)
        return std::nullopt;
    const auto token = codec::proxy_at(*graph, object_graph::node_of(known));
    return token ? std::optional{read(graph, *token)} : std::nullopt;
}

codec::payload readdress(codec::payload data, codec::reader_dialect reader, const codec::pickle_limits& limits,
                         const std::function<std::optional<value>(const proxy_token&)>& address_for)
{
    // A copy, because what is shared with the rest of a container's data must not change.
    const auto graph = std::make_shared<object_graph>();
    const node_id root = graph->add_value(data.to_value(limits));
    bool has_changed = false;
    std::unordered_set<node_id> done;
    const std::size_t count = graph->node_count();
    for (node_id node = 0; node < count; ++node) {
        const auto found = codec::proxy_at(*graph, node);
        if (!found || !done.insert(found->token).second)
            continue;
        const auto address = address_for(read(graph, *found));
        if (!address)
            continue;
        const std::array state{found->typeid_name, graph->add_value(*address), found->ident};
        graph->replace_state(found->token, graph->add_container(node_kind::tuple, state));
        has_changed = true;
    }
    return has_changed ? codec::payload{codec::write_item(*graph, root, reader)} : std::move(data);
}

}  // namespace quaymaster::wire
