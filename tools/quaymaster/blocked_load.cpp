#include "load.hpp"

#include "blocked_crowd.hpp"
#include "resident_memory.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace quaymaster::tool {

namespace {

using clock = bench_run::clock;

/// Puts under way.
constexpr std::size_t wake_depth = 64;

class blocked_load final : public load {
public:
    blocked_load(const workload_options& options, bench_target& target)
        : load{{.threads = 2,
                .is_in_pairs = true,
                .capacity = options.connections,
                .has_many_under_way = true,
                .is_timed = false,
                .told = told_latencies::puts_wake_ups}},
          target_{target}
    {
    }

    [[nodiscard]] bool needs_connection(std::uint32_t thread) const noexcept override { return !is_crowd(thread); }
    void prepare(bench_worker& self) override
    {
        if (is_crowd(self.thread))
            gather(self);
    }
    void work(bench_worker& self) override { is_crowd(self.thread) ? collect(self) : wake(self); }

private:
    static bool is_crowd(std::uint32_t thread) noexcept { return thread == 1; }
    void gather(bench_worker& self);
    static void wake(bench_worker& self);
    void collect(bench_worker& self);

    bench_target& target_;
    std::optional<blocked_crowd> crowd_;  // used by one thread alone, and destroyed after it
};

void blocked_load::gather(bench_worker& self)
{
    const std::uint32_t connections = self.run.options().connections;
    crowd_.emplace(target_, connections);
    const auto pid = self.run.options().server_pid;
    const std::int64_t before = pid ? settled_memory(*pid) : 0;
    while (crowd_->size() < connections && !self.run.is_stopped())
        crowd_->add_one();
    if (pid && !self.run.is_stopped()) {
        const auto grown = static_cast<double>(settled_memory(*pid) - before);
        self.times.figures.push_back({"server_memory_per_connection", grown / connections});
    }
}

/// The crowd waits by now: its thread has passed the gate.
void blocked_load::wake(bench_worker& self)
{
    const std::uint32_t connections = self.run.options().connections;
    std::vector<clock::time_point> starts(wake_depth);
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    while (finished < connections && !self.run.is_stopped()) {
        while (started < connections && started - finished < wake_depth) {
            const auto start = clock::now();
            self.stamp_next(0, start);
            starts[started++ % wake_depth] = start;
            self.connection->start_put(0, self.item);
        }
        self.connection->finish_put();
        self.times.puts.record(clock::now() - starts[finished++ % wake_depth]);
    }
    self.times.operations += finished;
}

void blocked_load::collect(bench_worker& self)
{
    const auto on_item = [&](bytes_view item, clock::time_point came) {
        // Each connection is a consumer of its own, and of one item: there is no order between them.
        const std::optional<item_stamp> stamp = item_receiver{self.run.audit()}.receive(item);
        if (!stamp)
            return;
        self.times.wake_ups.record(came - stamp->due);
        self.times.last_finish = std::max(self.times.last_finish, came);
        self.times.octets += item.size();
        ++self.times.operations;
        self.run.note_received(1);
    };
    crowd_->collect(on_item, [&] { return self.run.is_stopped(); });
    const std::chrono::duration<double, std::milli> wake_all = self.times.last_finish - self.run.began();
    if (self.times.operations == self.run.options().connections)
        self.times.figures.push_back({"wake_all_ms", wake_all.count()});
}

}  // namespace

std::unique_ptr<load> make_blocked_load(const workload_options& options, bench_target& target)
{
    return std::make_unique<blocked_load>(options, target);
}

}  // namespace quaymaster::tool
