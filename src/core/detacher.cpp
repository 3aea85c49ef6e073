#include "core/detacher.hpp"

#include "codec/pickle_limits.hpp"
#include "codec/pickle_writer.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace quaymaster::core {

using codec::object_graph;

namespace {

/// Nodes of a graph that is written without a copy of the part in question.
constexpr std::size_t small_graph = 64;

}  // namespace

std::size_t room_for(const codec::payload& argument) noexcept
{
    const codec::item* const pickled = argument.pickled();
    return pickled != nullptr ? codec::rewrite_size_max(pickled->size()) : std::numeric_limits<std::size_t>::max();
}

codec::payload detacher::operator()(const value& part)
{
    const auto& graph = object_graph::graph_of(part);
    if (graph == nullptr)
        return part;
    codec::item& made = made_[graph.get()][object_graph::node_of(part)];
    if (!made) {
        made = written(*graph, object_graph::node_of(part));
        room_ -= std::min(room_, made.size());
    }
    return made;
}

codec::item detacher::written(const object_graph& graph, codec::node_id node) const
{
    // As it came, so that a str of Python 2 stays one.
    const bool is_python2 = graph.source() && graph.source().traits().from_python2;
    const codec::reader_dialect dialect = is_python2 ? codec::reader_dialect{2, true} : codec::reader_dialect{};
    codec::item made;
    if (graph.node_count() <= small_graph) {
        made = codec::write_item(graph, node, dialect, room_);
    } else {
        // Writing takes time in the size of the graph: of all that the argument holds, for each of its parts.
        object_graph own;
        const codec::node_id root = own.copy_from(graph, node);
        made = codec::write_item(own, root, dialect, room_);
    }
    if (auto held = graph.source().held(); held != nullptr && made.traits().has_proxies)
        return codec::item::attach(std::move(made), std::move(held));
    return made;
}

}  // namespace quaymaster::core
