#include "net/hold_ledger.hpp"

#include <new>

namespace quaymaster::net {

void hold_ledger::on_released(std::string owner, std::string target) noexcept
{
    try {
        const std::lock_guard lock{mutex_};
        released_.emplace_back(std::move(owner), std::move(target));
        has_work_.store(true, std::memory_order_relaxed);
    } catch (const std::bad_alloc&) {
        // The target lives on, as if it were still held.
    }
}

void hold_ledger::keep(std::shared_ptr<const void> held, time_point now)
{
    const std::lock_guard lock{mutex_};
    kept_.push_back({now + handover_grace_, std::move(held)});
    has_work_.store(true, std::memory_order_relaxed);
}

std::vector<std::shared_ptr<core::referent>> hold_ledger::settle(core::registry& objects, time_point now, bool asked)
{
    std::vector<std::shared_ptr<const void>> over;
    std::vector<std::pair<std::string, std::string>> released;
    {
        const std::lock_guard lock{mutex_};
        while (!kept_.empty() && kept_.front().until <= now) {
            over.push_back(std::move(kept_.front().held));
            kept_.pop_front();
        }
    }
    over.clear();  // which may release some
    {
        const std::lock_guard lock{mutex_};
        released.swap(released_);
        has_work_.store(!kept_.empty(), std::memory_order_relaxed);
    }
    std::vector<std::shared_ptr<core::referent>> gone;
    for (const auto& [owner, target] : released)
        if (auto object = objects.remove_hold(owner, target))
            gone.push_back(std::move(object));
    if (asked || now >= next_collection_) {
        next_collection_ = now + cycle_interval;
        for (auto& object : objects.collect_cycles())
            gone.push_back(std::move(object));
    } else if (objects.may_have_cycles()) {
        note_cycles();  // for when it is time
    }
    return gone;
}

}  // namespace quaymaster::net
