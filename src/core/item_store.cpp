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
    line_.reserve(line_.size() + 1);  // first: then `added` is moved only if that succeeds
    line_.push_back(std::move(added).to_item());
    return std::nullopt;
}

bool item_store::push_at_back(codec::item& added)
{
    if (kind_ == queue_kind::priority)
        return false;
    line_.push_back(std::move(added));
    return true;
}

const codec::item& item_store::next() const noexcept
{
    switch (kind_) {
    case queue_kind::fifo: return line_.front();
    case queue_kind::lifo: return line_.back();
    case queue_kind::priority: break;
    }
    return heap_.top();
}

codec::item item_store::take() noexcept
{
    if (kind_ == queue_kind::priority)
        return heap_.pop();
    return kind_ == queue_kind::lifo ? line_.pop_back() : line_.pop_front();
}

void item_store::give_back(codec::payload& returned)
{
    if (kind_ == queue_kind::priority)
        return heap_.push_anyway(returned.to_item(), returned.to_value(heap_.limits()));
    line_.reserve(line_.size() + 1);
    if (kind_ == queue_kind::lifo)
        line_.push_back(std::move(returned).to_item());
    else
        line_.push_front(std::move(returned).to_item());
}

void item_store::reserve(std::size_t count)
{
    if (kind_ != queue_kind::priority)
        line_.reserve(line_.size() + count);
}

void item_store::clear() noexcept
{
    line_.clear();
    heap_.clear();
}

}  // namespace quaymaster::core
