#include "stress.hpp"

#include "ordered_queue.hpp"
#include "stress_failure.hpp"
#include "stress_manager.hpp"

#include <quaymaster/server.hpp>

#include <algorithm>
#include <ostream>
#include <string>
#include <thread>

namespace quaymaster::testing {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

std::ostream& operator<<(std::ostream& out, const stress_statistics& found)
{
    return out << found.ordered_items << " items in order, " << found.chaos.items << " among clients that die: "
               << found.chaos.disconnections << " have died, with " << found.chaos.lost << " items of " << found.chaos.lost_at_most
               << " at most, " << found.chaos.repeated_puts << " puts repeated, " << found.chaos.cancels << " cancels, "
               << found.chaos.put_back << " items given back; " << found.patience.waits << " waits measured, the latest "
               << found.patience.latest.count() << " us late, the machine " << found.patience.machine_latest.count() << " us";
}

namespace {

void register_queues(server& served)
{
    served.register_queue("ordered");
    served.register_queue("small_ordered", {.maxsize = 8});
    served.register_queue("chaos");
    served.register_queue("small_chaos", {.maxsize = 8});
    served.register_queue("empty");
    served.register_queue("full", {.maxsize = 1});
}

void wait_until(auto&& holds, const char* what)
{
    const auto limit = clock_type::now() + 30s;
    while (!holds()) {
        if (clock_type::now() > limit)
            throw stress_failure{what};
        std::this_thread::sleep_for(1ms);
    }
}

/// Clients that stay, beside which others come and go. Thread safety: none.
class residents {
public:
    residents(const server& served, const stress_options& options)
        : served_{served},
          large_{served.bound_address(), "ordered", options.seed, options.scale},
          small_{served.bound_address(), "small_ordered", options.seed + 1, options.scale},
          waiting_{served.bound_address(), {options.seed, 2 * options.scale, options.lateness_max}}
    {
        wait_until([&] { return has_failed() || (large_.is_steady() && small_.is_steady() && waiting_.is_steady()); },
                   "some clients get nothing done");
        wait_for_the_others();  // those over which objects were asked for
    }
    [[nodiscard]] bool has_failed() const noexcept
    {
        return large_.has_failed() || small_.has_failed() || waiting_.has_failed();
    }
    /// Until the server has no other connections.
    void wait_for_the_others() const
    {
        const std::size_t connections = large_.connections() + small_.connections() + waiting_.connections();
        wait_until([&] { return has_failed() || served_.statistics().connections == connections; },
                   "the server keeps connections of clients that have gone, or has lost some");
    }
    void end(stress_statistics& total)
    {
        total.patience = waiting_.end();
        total.ordered_items = large_.end() + small_.end();
    }

private:
    const server& served_;
    ordered_queue large_;
    ordered_queue small_;
    patience waiting_;
};

}  // namespace

stress_statistics run_stress(const stress_options& options)
{
    server_options settings;
    settings.threads = options.server_threads;
    settings.outbox_size_max = 64 << 10;  // so that consumers meet it
    server served{{"127.0.0.1", 0}, "abc", settings};
    register_queues(served);
    served.start();
    {
        stress_manager manager{served.bound_address(), "abc", client_of(client_dialect::native)};
        manager.connect();
        manager.queue("full").put(0);
    }
    stress_statistics total;
    residents staying{served, options};
    // What the chaotic know of their items is compared, and forgotten, now and then.
    constexpr auto turn = 10'000ms;
    const auto turns = std::max<std::int64_t>(2, options.duration / turn);
    for (std::int64_t i = 0; i < turns && !staying.has_failed(); ++i) {
        const chaos_options chaos{.seed = options.seed + static_cast<std::uint64_t>(i) * 1009,
                                  .clients = 4 * options.scale,
                                  .duration = options.duration / turns,
                                  .they_die = i % 2 == 0};
        total.chaos += run_chaos(
            served.bound_address(), chaos, [&] { return staying.has_failed(); }, [&] { staying.wait_for_the_others(); });
    }
    staying.end(total);
    return total;
}

}  // namespace quaymaster::testing
