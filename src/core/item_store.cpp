#include "core/item_store.hpp"

#include <utility>

namespace quaymaster::core {

std::string_view to_string(queue_kind kind) noexcept
{
    switch (kind) {
    case queue_kind::fifo: return "fifo";
    case queue_kind::lifo: return "lifo";
    case queue_kind::priority: return "priority";
    }
    return "unknown";
}

void item_store::require_readable(const codec::payload& candidate) const
{
    if (kind_ == queue_kind::priority && candidate.is_item())
        static_cast<void>(candidate.to_value(heap_.limits()));
}

std::optional<raised> item_store::push(codec::payload& added)
{
    if (kind_ == queue_kind::priority)
        return heap_.push(added.to_item(), added.to_value(heap_.limits()));
    line_.push_back(std::move(added).to_item());
    return std::nullopt;
}

codec::item item_store::take()
{
    if (kind_ == queue_kind::priority)
        return heap_.pop();
    if (kind_ == queue_kind::lifo) {
        codec::item newest = std::move(line_.back());
        line_.pop_back();
        return newest;
    }
    codec::item oldest = std::move(line_.front());
    line_.pop_front();
    return oldest;
}

void item_store::give_back(codec::payload returned)
{
    switch (kind_) {
    case queue_kind::fifo: line_.push_front(std::move(returned).to_item()); break;
    case queue_kind::lifo: line_.push_back(std::move(returned).to_item()); break;
    case queue_kind::priority: {
        const value decoded = returned.to_value(heap_.limits());
        heap_.push_anyway(std::move(returned).to_item(), decoded);
        break;
    }
    }
}

void item_store::clear() noexcept
{
    line_.clear();
    heap_.clear();
}

}  // namespace quaymaster::core
