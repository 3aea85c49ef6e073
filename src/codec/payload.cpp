#include "codec/payload.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"

namespace quaymaster::codec {

bool payload::has_proxies() const noexcept
{
    if (const item* carried = pickled())
        return *carried && carried->traits().has_proxies;
    const auto& graph = object_graph::graph_of(*known());
    return graph != nullptr && graph->has_proxies();
}

void payload::attach(std::shared_ptr<const void> held)
{
    content_ = item::attach(std::move(std::get<item>(content_)), std::move(held));
}

std::shared_ptr<const void> payload::held() const noexcept
{
    if (const item* carried = pickled())
        return carried->held();
    const auto& graph = object_graph::graph_of(*known());
    return graph != nullptr ? graph->source().held() : nullptr;
}

item payload::to_item() const&
{
    if (const item* carried = pickled())
        return *carried;
    return item_from_value(*known());
}

item payload::to_item() &&
{
    if (item* carried = std::get_if<item>(&content_))
        return std::move(*carried);
    return item_from_value(*known());
}

value payload::to_value(const pickle_limits& limits) const
{
    if (const value* here = known())
        return *here;
    pickle_status status;
    const decoded result = decode_item(*pickled(), limits, status);
    if (status)
        throw pickle_error{status.message(limits), status.code, status.offset};
    return object_graph::to_value(result.graph, result.root);
}

value payload::to_value() const
{
    return to_value(pickle_limits{});
}

}  // namespace quaymaster::codec
