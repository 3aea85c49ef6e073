#include "workload.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace quaymaster::tool {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Calls that wait do so in slices, to notice that another thread has failed.
constexpr seconds slice{1};
constexpr int slices_max = 30;
/// A sleeping thread wakes up late by the kernel's timer slack, 50 us by default, which would count as the server's.
constexpr std::chrono::microseconds spin_before_due{100};

std::uint64_t random_tag()
{
    std::random_device random;
    return std::uint64_t{random()} << 32 | random();
}

void wait_until(clock::time_point due)
{
    std::this_thread::sleep_until(due - spin_before_due);
    while (clock::now() < due) {
    }
}

/// What one thread measured.
struct worker_times {
    latency_histogram puts;
    latency_histogram gets;
    latency_histogram wake_ups;
    clock::time_point last_finish;
};

/// One run of a workload, from the first connection to the last item.
/// Thread safety: run() is called once; it starts threads that call the other members.
class workload_run {
public:
    workload_run(const workload& what, const workload_options& options, const queue_proxy<bytes>& queue)
        : shape_{what.shape}, options_{options}, queue_{queue}, producers_{shape_ == workload_shape::crowd ? options.connections : 1},
          threads_{shape_ == workload_shape::in_turn ? 1 : 2 * producers_}, audit_{producers_, options.item_size, random_tag()},
          gate_{threads_, opening{this}}, active_{threads_}
    {
    }

    workload_result run(const workload_watch& watch);

private:
    using job = void (workload_run::*)(std::uint32_t index, worker_times& times);

    /// Sets the clock when all threads have their connections; the last of them does it while the others wait.
    struct opening {
        workload_run* run;
        void operator()() const noexcept { run->begin(); }
    };
    void begin() noexcept
    {
        begin_ = clock::now();
        warm_ = begin_ + options_.duration / 10;
        end_ = begin_ + options_.duration;
    }

    void start(job work, std::uint32_t index, std::vector<std::jthread>& threads, worker_times& times);
    void run_job(job work, std::uint32_t index, worker_times& times) noexcept;
    void fail() noexcept;
    [[nodiscard]] workload_result result_of(const std::vector<worker_times>& times) const;

    void take_turns(std::uint32_t index, worker_times& times);
    void produce(std::uint32_t index, worker_times& times);
    void produce_on_time(std::uint32_t index, worker_times& times);
    void consume(std::uint32_t index, worker_times& times);

    [[nodiscard]] bool is_time_left(clock::time_point now) const noexcept { return now < end_ && !is_stopped_; }
    [[nodiscard]] bool counts(clock::time_point start) const noexcept { return start >= warm_ && start < end_; }
    bool put(const bytes& item);
    bool put_next(bytes& item, std::uint32_t producer, clock::time_point due, worker_times& times);
    std::optional<item_stamp> get_next(item_receiver& receiver, worker_times& times);
    std::optional<bytes> get();

    const workload_shape shape_;
    const workload_options options_;
    const queue_proxy<bytes> queue_;
    const std::uint32_t producers_;
    const std::uint32_t threads_;
    item_audit audit_;
    std::barrier<opening> gate_;
    clock::time_point begin_;  // this and the next two: written before the gate opens, read behind it
    clock::time_point warm_;
    clock::time_point end_;
    std::atomic<std::uint32_t> active_;       // threads that are not done
    std::atomic<std::uint64_t> received_{0};  // items, for the watch
    std::atomic<bool> is_stopped_{false};     // put nothing more, but get what was put
    std::atomic<bool> is_abandoned_{false};   // a thread has failed: leave everything
    std::mutex failure_mutex_;                // guards failure_
    std::exception_ptr failure_;              // the first
};

workload_result workload_run::run(const workload_watch& watch)
{
    std::vector<worker_times> times(threads_);
    std::vector<std::jthread> threads;  // after what they use, so that they end first
    threads.reserve(threads_);
    if (shape_ == workload_shape::in_turn) {
        start(&workload_run::take_turns, 0, threads, times[0]);
    } else {
        const job producing = shape_ == workload_shape::crowd ? &workload_run::produce : &workload_run::produce_on_time;
        for (std::uint32_t index = 0; index < producers_; ++index) {
            start(producing, index, threads, times[index]);
            start(&workload_run::consume, index, threads, times[producers_ + index]);
        }
    }
    while (active_ > 0)
        if (watch(received_))
            is_stopped_ = true;
    threads.clear();
    if (failure_)
        std::rethrow_exception(failure_);
    return result_of(times);
}

void workload_run::start(job work, std::uint32_t index, std::vector<std::jthread>& threads, worker_times& times)
{
    try {
        threads.emplace_back([this, work, index, &times] { run_job(work, index, times); });
    } catch (const std::system_error&) {
        // The threads that did start wait for this one at the gate.
        fail();
        gate_.arrive_and_drop();
        --active_;
    }
}

void workload_run::run_job(job work, std::uint32_t index, worker_times& times) noexcept
{
    try {
        (void)queue_.qsize();  // makes this thread's connection
    } catch (...) {
        fail();
    }
    gate_.arrive_and_wait();
    try {
        if (!is_abandoned_)
            (this->*work)(index, times);
    } catch (...) {
        fail();
    }
    --active_;
}

void workload_run::fail() noexcept
{
    const std::lock_guard lock{failure_mutex_};
    if (!failure_)
        failure_ = std::current_exception();
    is_stopped_ = true;
    is_abandoned_ = true;
}

workload_result workload_run::result_of(const std::vector<worker_times>& times) const
{
    worker_times all;
    for (const worker_times& each : times) {
        all.puts.merge(each.puts);
        all.gets.merge(each.gets);
        all.wake_ups.merge(each.wake_ups);
        all.last_finish = std::max(all.last_finish, each.last_finish);
    }
    workload_result result;
    result.verdict = audit_.verdict();
    result.items = all.gets.count();
    result.operations = all.puts.count() + all.gets.count();
    if (result.operations > 0)
        result.measured = all.last_finish - warm_;
    result.latencies.push_back({"put", std::move(all.puts)});
    if (shape_ == workload_shape::wake_ups)
        result.latencies.push_back({"wake", std::move(all.wake_ups)});
    else
        result.latencies.push_back({"get", std::move(all.gets)});
    return result;
}

void workload_run::take_turns(std::uint32_t index, worker_times& times)
{
    bytes item(options_.item_size, std::byte{'x'});
    item_receiver receiver{audit_};
    while (is_time_left(clock::now())) {
        if (!put_next(item, index, clock::now(), times))
            return;
        get_next(receiver, times);
    }
}

void workload_run::produce(std::uint32_t index, worker_times& times)
{
    bytes item(options_.item_size, std::byte{'x'});
    while (is_time_left(clock::now()))
        if (!put_next(item, index, clock::now(), times))
            return;
    // Each producer ends one consumer. The queue hands items out in order, so when the last consumer ends all are out.
    write_stamp(item, audit_.last(index));
    put(item);
}

void workload_run::produce_on_time(std::uint32_t index, worker_times& times)
{
    bytes item(options_.item_size, std::byte{'x'});
    auto due = begin_ + wake_up_interval;
    for (; due < end_ && is_time_left(clock::now()); due += wake_up_interval) {
        wait_until(due);
        if (!put_next(item, index, due, times))
            return;
    }
    const auto now = clock::now();
    for (; due < end_ && due < now; due += wake_up_interval)
        if (counts(due))
            times.wake_ups.record(now - due);
    write_stamp(item, audit_.last(index));
    put(item);
}

void workload_run::consume(std::uint32_t, worker_times& times)
{
    item_receiver receiver{audit_};
    while (!is_abandoned_) {
        const std::optional<item_stamp> stamp = get_next(receiver, times);
        if (stamp && stamp->is_last != 0)
            return;
    }
}

/// False if the run was abandoned.
bool workload_run::put(const bytes& item)
{
    for (int slices = 0; slices < slices_max; ++slices) {
        if (is_abandoned_)
            return false;
        try {
            queue_.put(item, slice);
            return true;
        } catch (const queue_full&) {
        }
    }
    throw std::runtime_error{"the queue stayed full for 30 s, although items were taken out of it"};
}

bool workload_run::put_next(bytes& item, std::uint32_t producer, clock::time_point due, worker_times& times)
{
    write_stamp(item, audit_.next(producer, due));
    const auto start = clock::now();
    if (!put(item))
        return false;
    const auto finish = clock::now();
    if (counts(start)) {
        times.puts.record(finish - start);
        times.last_finish = finish;
    }
    return true;
}

/// nullopt if the run was abandoned, or for an item that is none of ours.
std::optional<item_stamp> workload_run::get_next(item_receiver& receiver, worker_times& times)
{
    const auto start = clock::now();
    const std::optional<bytes> item = get();
    const auto finish = clock::now();
    if (!item)
        return std::nullopt;
    const std::optional<item_stamp> stamp = receiver.receive(*item);
    if (!stamp || stamp->is_last != 0)
        return stamp;
    received_.fetch_add(1, std::memory_order_relaxed);
    if (counts(start)) {
        times.gets.record(finish - start);
        times.last_finish = finish;
    }
    if (counts(stamp->due))
        times.wake_ups.record(finish - stamp->due);
    return stamp;
}

/// nullopt if the run was abandoned.
std::optional<bytes> workload_run::get()
{
    for (int slices = 0; slices < slices_max; ++slices) {
        if (is_abandoned_)
            return std::nullopt;
        try {
            return queue_.get(slice);
        } catch (const queue_empty&) {
        }
    }
    throw std::runtime_error{"nothing came out of the queue for 30 s, although items were put into it: they are lost"};
}

}  // namespace

workload_result run_workload(const workload& what, const workload_options& options, const queue_proxy<bytes>& queue,
                             const workload_watch& watch)
{
    return workload_run{what, options, queue}.run(watch);
}

}  // namespace quaymaster::tool
