#include "workload.hpp"

#include "bench_run.hpp"
#include "bench_worker.hpp"
#include "load.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace quaymaster::tool {

namespace {

/// How much may pile up in one queue where nothing else bounds it.
constexpr std::size_t queue_size_max = std::size_t{64} << 20;
constexpr std::size_t queue_items_max = 1000;

std::unique_ptr<load> make_load(workload_shape shape, const workload_options& options, bench_target& target)
{
    switch (shape) {
    case workload_shape::in_turn: return make_in_turn_load(options);
    case workload_shape::stream: return make_stream_load(options);
    case workload_shape::crowd: return make_crowd_load(options);
    case workload_shape::wake_ups: return make_wake_up_load(options);
    case workload_shape::blocked: return make_blocked_load(options, target);
    case workload_shape::spread: return make_spread_load(options);
    }
    throw std::invalid_argument{"no such shape"};
}

/// Opens the queues of a run and closes them whatever happens.
class opened_queues {
public:
    opened_queues(bench_target& target, const load_plan& plan) : target_{target}
    {
        target.open_queues(plan.queues, plan.capacity);
    }
    ~opened_queues()
    {
        try {
            target_.close_queues();
        } catch (...) {
            // The server is gone. That has shown before, or does not matter any more.
        }
    }
    opened_queues(const opened_queues&) = delete;
    opened_queues& operator=(const opened_queues&) = delete;

private:
    bench_target& target_;
};

/// The threads of a run, each with a connection of its own: they connect in turn and begin together.
/// Thread safety: none; for the thread that made it.
class workload_threads {
public:
    workload_threads(bench_run& run, load& what, bench_target& target);

    void finish(const workload_watch& watch);
    /// After finish().
    [[nodiscard]] worker_times times() const;

private:
    /// The last thread that is ready sets the clock, while the others wait.
    struct opening {
        bench_run* run;
        void operator()() const noexcept { run->begin(); }
    };

    void start(std::uint32_t thread);
    void run_thread(std::uint32_t thread) noexcept;
    [[nodiscard]] bench_worker make_worker(std::uint32_t thread);
    [[nodiscard]] std::unique_ptr<bench_connection> connect();

    bench_run& run_;
    load& load_;
    bench_target& target_;
    std::barrier<opening> gate_;
    std::atomic<std::uint32_t> active_;  // threads that are not done
    std::mutex connect_mutex_;           // guards nothing but the turn
    std::vector<worker_times> times_;    // by thread; each its own, to read when all have ended
    std::vector<std::jthread> threads_;  // after what they use, so that they end first
};

workload_threads::workload_threads(bench_run& run, load& what, bench_target& target)
    : run_{run},
      load_{what},
      target_{target},
      gate_{what.plan().threads, opening{&run}},
      active_{what.plan().threads},
      times_(what.plan().threads)
{
    threads_.reserve(times_.size());
    for (std::uint32_t thread = 0; thread < times_.size(); ++thread)
        start(thread);
}

void workload_threads::finish(const workload_watch& watch)
{
    while (active_ > 0)
        if (watch(run_.received()))
            run_.stop();
    threads_.clear();
    run_.throw_failure();
}

worker_times workload_threads::times() const
{
    worker_times all;
    for (const worker_times& each : times_)
        all.merge(each);
    return all;
}

void workload_threads::start(std::uint32_t thread)
{
    try {
        threads_.emplace_back([this, thread] { run_thread(thread); });
    } catch (const std::system_error&) {
        // The threads that did start wait for this one at the gate.
        run_.fail();
        gate_.arrive_and_drop();
        --active_;
    }
}

void workload_threads::run_thread(std::uint32_t thread) noexcept
{
    std::optional<bench_worker> self;
    try {
        load_.prepare(self.emplace(make_worker(thread)));
    } catch (...) {
        run_.fail();
    }
    gate_.arrive_and_wait();
    try {
        if (!run_.is_abandoned())
            load_.work(*self);
    } catch (...) {
        run_.fail();
    }
    if (self)
        times_[thread] = std::move(self->times);
    try {
        self.reset();  // closes the connection, which a client library may find worth an exception
    } catch (...) {
        run_.fail();
    }
    --active_;
}

bench_worker workload_threads::make_worker(std::uint32_t thread)
{
    const load_plan& plan = load_.plan();
    const std::uint32_t producer = plan.is_in_pairs ? thread / 2 : thread;
    return {run_, thread, producer * plan.queues, load_.needs_connection(thread) ? connect() : nullptr};
}

/// One at a time: CPython's server authenticates one peer after another, and the last of a crowd would run into its deadline.
std::unique_ptr<bench_connection> workload_threads::connect()
{
    const std::lock_guard lock{connect_mutex_};
    auto connection = target_.connect();
    if (load_.plan().has_many_under_way)
        connection->open_stream();
    return connection;
}

workload_result to_result(worker_times all, const bench_run& run, const load_plan& plan)
{
    workload_result result;
    result.verdict = run.audit().verdict();
    result.operations = all.operations;
    result.octets = all.octets;
    // What was begun while everything warmed up, and ended later, counts whole.
    const auto begin = plan.is_timed ? std::min(run.warm(), all.first_begin) : run.began();
    if (result.operations > 0)
        result.measured = all.last_finish - begin;
    if (plan.told == told_latencies::operations_puts_gets) {
        latency_histogram both = all.puts;
        both.merge(all.gets);
        result.latencies.push_back({"operation", std::move(both)});
    }
    result.latencies.push_back({"put", std::move(all.puts)});
    result.latencies.push_back(plan.told == told_latencies::puts_wake_ups ? named_latency{"wake", std::move(all.wake_ups)}
                                                                          : named_latency{"get", std::move(all.gets)});
    result.figures = std::move(all.figures);
    return result;
}

}  // namespace

item_sizes mixed_sizes()
{
    constexpr std::size_t least = 16;
    constexpr std::size_t median = 1024;
    constexpr std::size_t most = 65'536;
    return item_sizes::log_normal(least, median, most, 8);
}

std::size_t usual_capacity(const workload_options& options)
{
    return std::clamp<std::size_t>(queue_size_max / options.sizes.largest(), 1, queue_items_max);
}

workload_result run_workload(const workload& what, const workload_options& options, bench_target& target,
                             const workload_watch& watch)
{
    const std::unique_ptr<load> load = make_load(what.shape, options, target);
    const opened_queues queues{target, load->plan()};
    bench_run run{options, load->plan().streams};
    workload_threads threads{run, *load, target};
    threads.finish(watch);
    return to_result(threads.times(), run, load->plan());
}

}  // namespace quaymaster::tool
