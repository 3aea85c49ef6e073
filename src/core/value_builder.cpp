#include "core/value_builder.hpp"

#include <array>
#include <utility>

namespace quaymaster::core {

using codec::node_kind;

namespace {

/// Items that are stored more than once are looked for among those beyond this size: below it a second copy is no larger
/// than what is remembered of the first.
constexpr std::size_t shared_size_min = 64;

}  // namespace

value_builder::node value_builder::add(const codec::payload& part)
{
    const codec::item* const pickled = part.pickled();
    if (pickled == nullptr || pickled->size() < shared_size_min)
        return add_decoded(part);
    const auto [place, is_new] = added_.try_emplace(pickled->opcodes().data(), codec::no_node);
    if (is_new)
        place->second = add_decoded(part);
    return place->second;
}

value_builder::node value_builder::add_decoded(const codec::payload& part)
{
    if (part.has_proxies()) {
        if (auto held = part.held())
            held_.push_back(std::move(held));
    }
    return graph_->add_value(part.to_value(limits_));
}

value_builder::node value_builder::container(node_kind kind, const std::vector<node>& children)
{
    return graph_->add_container(kind, children);
}

value_builder::node value_builder::text(std::string_view utf8)
{
    return graph_->add_text(node_kind::str, graph_->own(utf8));
}

value_builder::node value_builder::instance(std::string_view module, std::string_view class_name,
                                            const std::vector<node>& keys_and_values)
{
    const node type = graph_->add_global(graph_->own(module), graph_->own(class_name));
    const node arguments = graph_->add_container(node_kind::tuple, {});
    const node made = graph_->add_object(codec::construction::newobj, type, arguments);
    const node state = graph_->add_container(node_kind::dict, keys_and_values);
    graph_->append_update(made, {codec::object_update::kind::build, state, codec::no_node});
    return made;
}

value_builder::node value_builder::call(std::string_view builtin, node argument)
{
    const node callable = graph_->add_global("builtins", graph_->own(builtin));
    const std::array<node, 1> arguments{argument};
    return graph_->add_object(codec::construction::reduce, callable, graph_->add_container(node_kind::tuple, arguments));
}

value value_builder::finish(node root) &&
{
    if (held_.empty())
        return codec::object_graph::to_value(std::exchange(graph_, nullptr), root);
    // What the result holds lives in the source of its graph, as that of a decoded item does.
    auto held = std::make_shared<std::vector<std::shared_ptr<const void>>>(std::move(held_));
    auto whole =
        std::make_shared<codec::object_graph>(codec::item::attach(codec::item::make(bytes_view{}, {}), std::move(held)));
    const node copy = whole->copy_from(*graph_, root);
    return codec::object_graph::to_value(whole, copy);
}

}  // namespace quaymaster::core
