#include "core/recent_put_ids.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr unsigned block_bits = 6;

put_id place_of_block(const put_id& id) noexcept
{
    return {id.client, id.number >> block_bits};
}

std::uint64_t bit_of(const put_id& id) noexcept
{
    return std::uint64_t{1} << (id.number & ((1U << block_bits) - 1));
}

}  // namespace

recent_put_ids::~recent_put_ids()
{
    oldest_first_.clear();
    known_.clear_and_dispose([](block* each) { delete each; });
}

bool recent_put_ids::contains(const put_id& id) noexcept
{
    const block* const known = find(place_of_block(id));
    return known != nullptr && (known->members & bit_of(id)) != 0;
}

void recent_put_ids::advance(time_point now) noexcept
{
    now_ = std::max(now_, now);
    for (auto latest = oldest_first_.rbegin(); latest != oldest_first_.rend() && latest->latest == not_known_yet; ++latest)
        latest->latest = now_;
    while (!oldest_first_.empty() && now_ - oldest_first_.front().latest > limits_.age_max)
        forget(oldest_first_.front());
}

recent_put_ids::block* recent_put_ids::find(const put_id& place) noexcept
{
    if (last_found_ != nullptr && last_found_->place == place)
        return last_found_;
    const auto found = known_.find(place);
    if (found == known_.end())
        return nullptr;
    last_found_ = &*found;
    return last_found_;
}

recent_put_ids::block& recent_put_ids::find_or_make(const put_id& place)
{
    if (block* const known = find(place))
        return *known;
    if (spare_ == nullptr)
        spare_ = std::make_unique<block>();
    *spare_ = block{};
    spare_->place = place;
    known_.insert(*spare_);
    last_found_ = spare_.release();
    return *last_found_;
}

// What is not in the list has no members yet.
void recent_put_ids::forget(block& forgotten) noexcept
{
    if (last_found_ == &forgotten)
        last_found_ = nullptr;
    known_.erase(known_.iterator_to(forgotten));
    if (forgotten.members != 0)
        oldest_first_.erase(oldest_first_.iterator_to(forgotten));
    spare_.reset(&forgotten);
}

recent_put_ids::addition::addition(recent_put_ids& to, const put_id& id)
    : to_{to}, block_{to.find_or_make(place_of_block(id))}, bit_{bit_of(id)}
{
    assert((block_.members & bit_) == 0);
}

recent_put_ids::addition::~addition()
{
    if (block_.members == 0)
        to_.forget(block_);
}

void recent_put_ids::addition::commit() noexcept
{
    commit_at(to_.now_);
}

void recent_put_ids::addition::commit_later() noexcept
{
    commit_at(not_known_yet);
}

void recent_put_ids::addition::commit_at(time_point now) noexcept
{
    if (block_.members != 0)
        to_.oldest_first_.erase(to_.oldest_first_.iterator_to(block_));
    to_.oldest_first_.push_back(block_);
    block_.members |= bit_;
    block_.latest = now;
    block_.latest_number = ++to_.total_;
    while (!to_.oldest_first_.empty() && to_.total_ - to_.oldest_first_.front().latest_number >= to_.limits_.count_max)
        to_.forget(to_.oldest_first_.front());
}

}  // namespace quaymaster::core
