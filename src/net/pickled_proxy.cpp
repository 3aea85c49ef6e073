#include "net/pickled_proxy.hpp"

#include "codec/object_graph.hpp"
#include "codec/proxy_nodes.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace quaymaster::net {
namespace {

constexpr std::string_view managers_module = "multiprocessing.managers";

/// The class that SyncManager registers for a typeid; empty for other typeids.
std::string_view class_of(std::string_view typeid_name) noexcept
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> classes{{
        {"Array", "ArrayProxy"},
        {"Barrier", "BarrierProxy"},
        {"BoundedSemaphore", "AcquirerProxy"},
        {"Condition", "ConditionProxy"},
        {"Event", "EventProxy"},
        {"Iterator", "IteratorProxy"},
        {"Lock", "AcquirerProxy"},
        {"Namespace", "NamespaceProxy"},
        {"Pool", "PoolProxy"},
        {"RLock", "AcquirerProxy"},
        {"Semaphore", "AcquirerProxy"},
        {"Value", "ValueProxy"},
        {"dict", "DictProxy"},
        {"list", "ListProxy"},
    }};
    const auto at = std::find_if(classes.begin(), classes.end(), [&](const auto& each) { return each.first == typeid_name; });
    return at != classes.end() ? at->second : std::string_view{};
}

/// Builds the value; texts are borrowed from its arguments until it is done.
class proxy_builder {
public:
    codec::node_id text(std::string_view content) { return graph_->add_text(codec::node_kind::str, graph_->own(content)); }
    template <class... Nodes>
    codec::node_id tuple(Nodes... nodes)
    {
        return container(codec::node_kind::tuple, std::array<codec::node_id, sizeof...(nodes)>{nodes...});
    }
    codec::node_id container(codec::node_kind kind, std::span<const codec::node_id> children)
    {
        return graph_->add_container(kind, children);
    }
    codec::node_id integer(std::int64_t number) { return graph_->add_integer(number); }
    /// A name of managers.py.
    codec::node_id name(std::string_view literal) { return graph_->add_global(managers_module, literal); }
    codec::node_id token(codec::node_id state)
    {
        const codec::node_id made = graph_->add_object(codec::construction::newobj, name("Token"), tuple());
        graph_->append_update(made, {codec::object_update::kind::build, state, codec::no_node});
        return made;
    }
    value call(codec::node_id callable, codec::node_id arguments)
    {
        return codec::object_graph::to_value(graph_, graph_->add_object(codec::construction::reduce, callable, arguments));
    }

private:
    std::shared_ptr<codec::object_graph> graph_ = std::make_shared<codec::object_graph>();
};

bool is_text(const value& content) noexcept
{
    return content.kind() == value_kind::str || content.kind() == value_kind::byte_string;
}

std::vector<std::string> names_in(const std::optional<value>& names)
{
    std::vector<std::string> texts;
    for (std::size_t i = 0; names && i < names->size(); ++i)
        if (const value each = (*names)[i]; is_text(each))
            texts.emplace_back(each.text());
    return texts;
}

}  // namespace

value pickled_proxy(const address& server, std::string_view typeid_name, std::string_view ident,
                    std::span<const std::string> exposed, std::string_view python_class)
{
    proxy_builder builder;
    const codec::node_id where = server.is_unix() ? builder.text(server.path())
                                                  : builder.tuple(builder.text(server.host()), builder.integer(server.port()));
    const codec::node_id token = builder.token(builder.tuple(builder.text(typeid_name), where, builder.text(ident)));
    const std::string_view known_class = python_class.empty() ? class_of(typeid_name) : python_class;
    std::vector<codec::node_id> keywords;
    if (known_class.empty()) {
        std::vector<codec::node_id> names;
        for (const std::string& each : exposed)
            names.push_back(builder.text(each));
        keywords = {builder.text("exposed"), builder.container(codec::node_kind::tuple, names)};
    }
    const codec::node_id class_name = builder.name(known_class.empty() ? "AutoProxy" : known_class);
    return builder.call(builder.name("RebuildProxy"), builder.tuple(class_name, token, builder.text("pickle"),
                                                                    builder.container(codec::node_kind::dict, keywords)));
}

std::optional<found_proxy> find_proxy(const value& content)
{
    const auto& graph = codec::object_graph::graph_of(content);
    const auto proxy = graph != nullptr ? codec::proxy_at(*graph, codec::object_graph::node_of(content)) : std::nullopt;
    if (!proxy)
        return std::nullopt;
    const value arguments = content.arguments();
    if (arguments.size() != 4)
        return std::nullopt;
    return found_proxy{{std::string{graph->text(proxy->typeid_name)}, std::string{graph->text(proxy->ident)},
                        names_in(arguments[3].find("exposed"))},
                       codec::object_graph::to_value(graph, proxy->address)};
}

bool is_same_server(const address& server, const value& told)
{
    if (server.is_unix())
        return is_text(told) && told.text() == server.path();
    return told.kind() == value_kind::tuple && told.size() == 2 && told[1] == value{server.port()};
}

}  // namespace quaymaster::net
