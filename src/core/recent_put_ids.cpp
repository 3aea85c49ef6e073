#include "core/recent_put_ids.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace quaymaster::core {

void recent_put_ids::advance(time_point now) noexcept
{
    latest_ = std::max(latest_, now);
    while (!oldest_first_.empty() && latest_ - oldest_first_.front()->added > limits_.age_max)
        spare_ = known_.extract(oldest_first_.pop_front());
}

void recent_put_ids::add(const put_id& id)
{
    assert(!contains(id));
    oldest_first_.reserve(oldest_first_.size() + 1);
    if (spare_.empty()) {
        oldest_first_.push_back(known_.insert({id, latest_}).first);
        return;
    }
    spare_.value() = {id, latest_};
    oldest_first_.push_back(known_.insert(std::move(spare_)).position);
}

void recent_put_ids::trim() noexcept
{
    while (known_.size() > limits_.count_max)
        spare_ = known_.extract(oldest_first_.pop_front());
}

void recent_put_ids::drop_latest() noexcept
{
    spare_ = known_.extract(oldest_first_.pop_back());
}

}  // namespace quaymaster::core
