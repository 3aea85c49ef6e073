// hold_ledger: the ends of holds, from whatever thread drops the data, until the registry can be told.
#pragma once

#include "core/hold.hpp"
#include "core/registry.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace quaymaster::net {

/// Data may be dropped under the guard of a referent, where the registry's must not be taken, and may in turn drop objects
/// whose data holds others. So ends are noted here, and settled by the next one who has the registry's guard anyway.
/// Thread safety: on_released(), keep() and has_work() from any thread; note_cycles() and settle() under the registry's guard.
class hold_ledger final : public core::hold_keeper {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// How often objects are looked for that only hold each other, unless somebody asks.
    static constexpr std::chrono::seconds cycle_interval{1};

    /// `handover_grace`: how long what leaves for a client is kept, so that it can count on it.
    explicit hold_ledger(std::chrono::milliseconds handover_grace) noexcept : handover_grace_{handover_grace} {}

    void on_released(std::string owner, std::string target) noexcept override;
    /// Keeps `held` until the grace is over that begins at `now`.
    void keep(std::shared_ptr<const void> held, time_point now);
    /// Objects may only hold each other.
    void note_cycles() noexcept { has_work_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool has_work() const noexcept { return has_work_.load(std::memory_order_relaxed); }

    /// Tells `objects` of all ends, those included that this brings about. Returns the objects that are gone, for the caller
    /// to destroy after it has left the guard; call again when that is done. `asked`: somebody wants exact numbers.
    [[nodiscard]] std::vector<std::shared_ptr<core::referent>> settle(core::registry& objects, time_point now, bool asked);

private:
    struct kept {
        time_point until;
        std::shared_ptr<const void> held;
    };

    const std::chrono::milliseconds handover_grace_;
    std::mutex mutex_;  // guards the two below; nothing is destroyed under it
    std::vector<std::pair<std::string, std::string>> released_;
    std::deque<kept> kept_;
    std::atomic<bool> has_work_{false};
    time_point next_collection_{};  // under the registry's guard
};

}  // namespace quaymaster::net
