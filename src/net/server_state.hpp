// server_state: what all loops of one server share.
#pragma once

#include "core/client_usage.hpp"
#include "core/registry.hpp"
#include "net/hold_ledger.hpp"
#include "net/reached_addresses.hpp"
#include "net/referent_guards.hpp"
#include "net/server_log.hpp"
#include "session/server_session.hpp"

#include <quaymaster/server_options.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::net {

/// How many of something there are; counted by all loops, read by anyone. Relaxed: nothing is ordered by them.
class gauge {
public:
    void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
    void remove() noexcept { count_.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::size_t> count_{0};
};

/// Thread safety: `options`, `settings`, `request_stop` and `settle_soon` are constant once the loops run; `registry` and `usage` are
/// guarded by guards.registry(); gauges and log() are for any thread. Lifetime: outlives every loop.
struct server_state {
    server_state(server_options chosen, session::server_settings session_settings, std::uint64_t instance)
        : options{std::move(chosen)}, settings{std::move(session_settings)}, registry{instance, options.objects_max}, log_lines{options.log}
    {
    }

    void log(log_level level, std::string_view line) { log_lines.write(level, line); }
    /// For where nothing may be thrown: the line is left out if there is no memory for it.
    void log_or_drop(log_level level, std::string_view what, std::string_view why) noexcept
    {
        try {
            log(level, std::string{what} + std::string{why});
        } catch (const std::exception&) {
        }
    }

    server_options options;
    session::server_settings settings;
    std::shared_ptr<hold_ledger> holds = std::make_shared<hold_ledger>(options.handover_grace);
    reached_addresses addresses;
    core::registry registry;
    core::client_usage usage;
    referent_guards guards;
    std::function<void()> request_stop;  // returns at once; callable from any thread
    std::function<void()> settle_soon;   // the same; has a loop see to it that ends of holds are settled; throws nothing

    server_log log_lines;
    gauge connections;
    gauge unauthenticated;
    gauge streams;
    gauge accepted;
    gauge dropped;
};

/// Every object alive now. They change meanwhile: look at each under its guard.
[[nodiscard]] inline std::vector<core::listed_object> list_objects(server_state& state)
{
    const std::lock_guard lock{state.guards.registry()};
    return state.registry.list();
}

}  // namespace quaymaster::net
