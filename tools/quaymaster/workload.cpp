#include "workload.hpp"

#include "blocked_crowd.hpp"
#include "resident_memory.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
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
/// spread: what each queue holds all the time, so that gets do not only meet their own puts.
constexpr std::uint32_t held_per_queue = 4;
/// spread: puts that are started between two looks at the clock.
constexpr std::size_t starts_per_look = 64;
/// How much may pile up in one queue where nothing else bounds it.
constexpr std::size_t queue_size_max = std::size_t{64} << 20;
constexpr std::size_t queue_items_max = 1000;
/// blocked: puts under way.
constexpr std::size_t wake_depth = 64;

std::uint32_t random_tag()
{
    std::random_device random;
    return random();
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
    clock::time_point first_begin = clock::time_point::max();  // of the operations that count; stream and blocked: not known
    clock::time_point last_finish;
    std::uint64_t operations = 0;
    std::uint64_t items = 0;  // stream: got
    std::uint64_t octets = 0;
    std::vector<named_figure> figures;

    void count(clock::time_point start, clock::time_point finish)
    {
        first_begin = std::min(first_begin, start);
        last_finish = finish;
        ++operations;
    }
};

/// One thread's end of the run. Thread safety: none.
struct worker {
    std::uint32_t index;
    std::unique_ptr<bench_connection> connection;
    item_receiver receiver;
    bytes item;  // what is put
    bytes got;   // what was got: its memory serves again
    worker_times times{};
};

/// One run of a workload, from the first connection to the last item.
/// Thread safety: run() is called once; it starts threads that call the other members.
class workload_run {
public:
    workload_run(const workload& what, const workload_options& options, bench_target& target)
        : shape_{what.shape},
          options_{options},
          target_{target},
          queues_{shape_ == workload_shape::spread ? options.queues : 1},
          threads_{thread_count(shape_, options)},
          audit_{stream_count(), options.sizes, random_tag()},
          gate_{threads_, opening{this}},
          active_{threads_},
          times_(threads_)
    {
    }

    workload_result run(const workload_watch& watch);

private:
    using job = void (workload_run::*)(worker& self);

    static std::uint32_t thread_count(workload_shape shape, const workload_options& options)
    {
        switch (shape) {
        case workload_shape::in_turn:
        case workload_shape::stream: return 1;
        case workload_shape::crowd: return 2 * options.connections;
        case workload_shape::wake_ups:
        case workload_shape::blocked: return 2;
        case workload_shape::spread: return options.connections;
        }
        return 1;
    }
    /// Items of one stream keep their order: those of one producer in one queue.
    [[nodiscard]] std::size_t stream_count() const
    {
        return std::size_t{shape_ == workload_shape::crowd || shape_ == workload_shape::spread ? options_.connections : 1} *
               queues_;
    }
    [[nodiscard]] std::uint32_t stream_of(const worker& self, std::uint32_t queue) const
    {
        return self.index * queues_ + queue;
    }
    [[nodiscard]] std::size_t capacity() const;

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

    void start_all(std::vector<std::jthread>& threads);
    void start(job work, std::uint32_t thread, std::uint32_t index, std::vector<std::jthread>& threads);
    void run_job(job work, std::uint32_t thread, std::uint32_t index) noexcept;
    [[nodiscard]] std::unique_ptr<bench_connection> connect();
    void prepare(worker& self);
    void fail() noexcept;
    [[nodiscard]] workload_result result() const;

    void take_turns(worker& self);
    void put_and_get_stream(worker& self);
    void put_pipelined(worker& self);
    void get_pipelined(worker& self);
    void put_batched(worker& self);
    void get_batched(worker& self);
    void produce(worker& self);
    void produce_on_time(worker& self);
    void consume(worker& self);
    void wake_crowd(worker& self);
    void collect_crowd(worker& self);
    void roam(worker& self);
    void roam_in_turn(worker& self);
    void roam_pipelined(worker& self);

    [[nodiscard]] bool is_time_left(clock::time_point now) const noexcept { return now < end_ && !is_stopped_; }
    /// `begun`: when the operation was, or the turn that it belongs to: the get that follows a put counts if the put was in time.
    [[nodiscard]] bool counts(clock::time_point begun, clock::time_point finish) const noexcept
    {
        return begun < end_ && finish > warm_;
    }
    [[nodiscard]] bool is_due_in_time(clock::time_point due) const noexcept { return due >= warm_ && due < end_; }
    [[nodiscard]] bool has_many_under_way() const noexcept;
    void stamp_next(worker& self, std::uint32_t stream, clock::time_point due);
    void put_last(worker& self);
    bool put(worker& self, std::uint32_t queue);
    bool put_next(worker& self, std::uint32_t queue, clock::time_point due);
    bool get(worker& self, std::uint32_t queue, bool is_present);
    std::optional<item_stamp> get_next(worker& self, std::uint32_t queue, bool is_present, clock::time_point begun);
    void count_put(worker& self, clock::time_point begun, clock::time_point start, clock::time_point finish) const;
    std::optional<item_stamp> count_got(worker& self, clock::time_point begun, clock::time_point start, clock::time_point finish);
    void receive_streamed(worker& self, bytes_view item);

    const workload_shape shape_;
    const workload_options options_;
    bench_target& target_;
    const std::uint32_t queues_;
    const std::uint32_t threads_;
    item_audit audit_;
    std::unique_ptr<blocked_crowd> crowd_;  // blocked: used by one thread alone, but made before and destroyed after it
    std::barrier<opening> gate_;
    clock::time_point begin_;  // this and the next two: written before the gate opens, read behind it
    clock::time_point warm_;
    clock::time_point end_;
    std::atomic<std::uint32_t> active_;       // threads that are not done
    std::atomic<std::uint64_t> received_{0};  // items, for the watch
    std::atomic<bool> is_stopped_{false};     // put nothing more, but get what was put
    std::atomic<bool> is_abandoned_{false};   // a thread has failed: leave everything
    std::mutex connect_mutex_;                // guards nothing but the turn
    std::mutex failure_mutex_;                // guards failure_
    std::exception_ptr failure_;              // the first
    std::vector<worker_times> times_;         // by thread; each its own, to read when all have ended
};

/// Opens the queues of a run and closes them whatever happens.
class opened_queues {
public:
    opened_queues(bench_target& target, std::size_t count, std::size_t capacity) : target_{target}
    {
        target.open_queues(count, capacity);
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

std::size_t workload_run::capacity() const
{
    switch (shape_) {
    case workload_shape::stream: return options_.items;
    case workload_shape::blocked: return options_.connections;
    // All connections may be between their puts and their gets in the same queue.
    case workload_shape::spread: return held_per_queue + std::size_t{options_.connections} * options_.depth;
    case workload_shape::in_turn:
    case workload_shape::crowd:
    case workload_shape::wake_ups: break;
    }
    return std::clamp<std::size_t>(queue_size_max / options_.sizes.largest(), 1, queue_items_max);
}

workload_result workload_run::run(const workload_watch& watch)
{
    const opened_queues queues{target_, queues_, capacity()};
    if (shape_ == workload_shape::blocked)
        crowd_ = std::make_unique<blocked_crowd>(target_, options_.connections);
    std::vector<std::jthread> threads;  // after what they use, so that they end first
    start_all(threads);
    while (active_ > 0)
        if (watch(received_))
            is_stopped_ = true;
    threads.clear();
    if (failure_)
        std::rethrow_exception(failure_);
    return result();
}

void workload_run::start_all(std::vector<std::jthread>& threads)
{
    threads.reserve(threads_);
    const auto start_pairs = [&](job first, job second) {
        for (std::uint32_t index = 0; index < threads_ / 2; ++index) {
            start(first, 2 * index, index, threads);
            start(second, 2 * index + 1, index, threads);
        }
    };
    switch (shape_) {
    case workload_shape::in_turn: start(&workload_run::take_turns, 0, 0, threads); break;
    case workload_shape::stream: start(&workload_run::put_and_get_stream, 0, 0, threads); break;
    case workload_shape::crowd: start_pairs(&workload_run::produce, &workload_run::consume); break;
    case workload_shape::wake_ups: start_pairs(&workload_run::produce_on_time, &workload_run::consume); break;
    case workload_shape::blocked: start_pairs(&workload_run::wake_crowd, &workload_run::collect_crowd); break;
    case workload_shape::spread:
        for (std::uint32_t index = 0; index < threads_; ++index)
            start(&workload_run::roam, index, index, threads);
        break;
    }
}

void workload_run::start(job work, std::uint32_t thread, std::uint32_t index, std::vector<std::jthread>& threads)
{
    try {
        threads.emplace_back([this, work, thread, index] { run_job(work, thread, index); });
    } catch (const std::system_error&) {
        // The threads that did start wait for this one at the gate.
        fail();
        gate_.arrive_and_drop();
        --active_;
    }
}

void workload_run::run_job(job work, std::uint32_t thread, std::uint32_t index) noexcept
{
    std::optional<worker> self;
    try {
        const bool needs_connection = work != &workload_run::collect_crowd;  // that has thousands
        self.emplace(worker{index,
                            needs_connection ? connect() : nullptr,
                            item_receiver{audit_},
                            bytes(options_.sizes.largest(), std::byte{'x'}),
                            {},
                            {}});
        prepare(*self);
    } catch (...) {
        fail();
    }
    gate_.arrive_and_wait();
    try {
        if (!is_abandoned_)
            (this->*work)(*self);
    } catch (...) {
        fail();
    }
    if (self)
        times_[thread] = std::move(self->times);
    try {
        self.reset();  // closes the connection, which a client library may find worth an exception
    } catch (...) {
        fail();
    }
    --active_;
}

/// One at a time: CPython's server authenticates one peer after another, and the last of a crowd would run into its deadline.
std::unique_ptr<bench_connection> workload_run::connect()
{
    const std::lock_guard lock{connect_mutex_};
    auto connection = target_.connect();
    if (has_many_under_way())
        connection->open_stream();
    return connection;
}

bool workload_run::has_many_under_way() const noexcept
{
    switch (shape_) {
    case workload_shape::stream: return options_.mode == stream_mode::pipelined;
    case workload_shape::spread: return options_.depth > 1;
    case workload_shape::blocked: return true;
    case workload_shape::in_turn:
    case workload_shape::crowd:
    case workload_shape::wake_ups: break;
    }
    return false;
}

/// What is done before the clock is set.
void workload_run::prepare(worker& self)
{
    if (shape_ == workload_shape::spread)
        for (std::uint32_t queue = self.index; queue < queues_; queue += options_.connections)
            for (std::uint32_t count = 0; count < held_per_queue; ++count) {
                stamp_next(self, stream_of(self, queue), {});
                if (!put(self, queue))
                    return;
            }
    if (shape_ == workload_shape::blocked && !self.connection) {
        const auto pid = options_.server_pid;
        const std::int64_t before = pid ? settled_memory(*pid) : 0;
        while (crowd_->size() < options_.connections && !is_stopped_)
            crowd_->add_one();
        if (pid && !is_stopped_) {
            const auto grown = static_cast<double>(settled_memory(*pid) - before);
            self.times.figures.push_back({"server_memory_per_connection", grown / options_.connections});
        }
    }
}

void workload_run::fail() noexcept
{
    const std::lock_guard lock{failure_mutex_};
    if (!failure_)
        failure_ = std::current_exception();
    is_stopped_ = true;
    is_abandoned_ = true;
}

workload_result workload_run::result() const
{
    worker_times all;
    for (const worker_times& each : times_) {
        all.puts.merge(each.puts);
        all.gets.merge(each.gets);
        all.wake_ups.merge(each.wake_ups);
        all.first_begin = std::min(all.first_begin, each.first_begin);
        all.last_finish = std::max(all.last_finish, each.last_finish);
        all.operations += each.operations;
        all.octets += each.octets;
        all.figures.insert(all.figures.end(), each.figures.begin(), each.figures.end());
    }
    workload_result result;
    result.verdict = audit_.verdict();
    result.operations = all.operations;
    result.octets = all.octets;
    const bool is_timed = shape_ != workload_shape::stream && shape_ != workload_shape::blocked;
    // What was begun while everything warmed up, and ended later, counts whole.
    const clock::time_point begin = is_timed ? std::min(warm_, all.first_begin) : begin_;
    if (result.operations > 0)
        result.measured = all.last_finish - begin;
    if (shape_ == workload_shape::in_turn || shape_ == workload_shape::spread) {
        latency_histogram both = all.puts;
        both.merge(all.gets);
        result.latencies.push_back({"operation", std::move(both)});
    }
    const bool is_wake = shape_ == workload_shape::wake_ups || shape_ == workload_shape::blocked;
    result.latencies.push_back({"put", std::move(all.puts)});
    result.latencies.push_back(is_wake ? named_latency{"wake", std::move(all.wake_ups)}
                                       : named_latency{"get", std::move(all.gets)});
    result.figures = std::move(all.figures);
    return result;
}

void workload_run::take_turns(worker& self)
{
    for (auto turn = clock::now(); is_time_left(turn); turn = clock::now()) {
        if (!put_next(self, 0, turn))
            return;
        get_next(self, 0, true, turn);
    }
}

void workload_run::put_and_get_stream(worker& self)
{
    const bool is_batched = options_.mode == stream_mode::batched;
    const auto begin = clock::now();
    is_batched ? put_batched(self) : put_pipelined(self);
    const auto middle = clock::now();
    const std::uint64_t puts = self.times.operations;
    is_batched ? get_batched(self) : get_pipelined(self);
    const auto end = clock::now();
    self.times.last_finish = end;
    const auto rate = [](std::uint64_t count, clock::duration span) {
        return static_cast<double>(count) / std::chrono::duration<double>{span}.count();
    };
    self.times.figures.push_back({"puts_per_s", rate(puts, middle - begin)});
    self.times.figures.push_back({"gets_per_s", rate(self.times.operations - puts, end - middle)});
}

void workload_run::put_pipelined(worker& self)
{
    std::vector<clock::time_point> starts(options_.depth);  // of those under way
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    for (auto now = clock::now();;) {
        while (started < options_.items && started - finished < options_.depth && !is_stopped_) {
            stamp_next(self, 0, now);
            starts[started++ % options_.depth] = now;
            self.connection->start_put(0, self.item);
        }
        if (started == finished)
            break;
        self.connection->finish_put();
        now = clock::now();
        self.times.puts.record(now - starts[finished++ % options_.depth]);
    }
    self.times.operations += finished;
}

void workload_run::get_pipelined(worker& self)
{
    const std::uint64_t count = audit_.put_by(0);
    std::vector<clock::time_point> starts(options_.depth);
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    for (auto now = clock::now();;) {
        while (started < count && started - finished < options_.depth && !is_abandoned_) {
            starts[started++ % options_.depth] = now;
            self.connection->start_get(0);
        }
        if (started == finished)
            break;
        const bool is_there = self.connection->finish_get(self.got);
        now = clock::now();
        self.times.gets.record(now - starts[finished++ % options_.depth]);
        if (is_there)
            receive_streamed(self, self.got);
    }
    self.times.operations += finished;
}

void workload_run::put_batched(worker& self)
{
    std::vector<bytes> items(options_.depth, self.item);
    for (std::uint64_t count = 0; count < options_.items && !is_stopped_;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(options_.depth, options_.items - count));
        const auto start = clock::now();
        for (std::size_t index = 0; index < size; ++index)
            write_stamp(items[index], audit_.next(0, start));
        self.connection->put_batch(std::span{items}.first(size));
        self.times.puts.record(clock::now() - start);
        self.times.operations += size;
        count += size;
    }
}

void workload_run::get_batched(worker& self)
{
    const std::uint64_t count_max = audit_.put_by(0);
    std::vector<bytes> items;
    for (std::uint64_t count = 0; count < count_max && !is_abandoned_;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(options_.depth, count_max - count));
        const auto start = clock::now();
        self.connection->get_batch(size, items);
        self.times.gets.record(clock::now() - start);
        if (items.empty())
            break;  // what is missing shows in the audit
        for (const bytes& item : items)
            receive_streamed(self, item);
        self.times.operations += items.size();
        count += items.size();
    }
}

void workload_run::receive_streamed(worker& self, bytes_view item)
{
    constexpr std::uint64_t told_every = 1024;  // the watch looks now and then; an atomic addition for each item would cost
    self.receiver.receive(item);
    self.times.octets += item.size();
    if (++self.times.items % told_every == 0)
        received_.store(self.times.items, std::memory_order_relaxed);
}

void workload_run::produce(worker& self)
{
    while (is_time_left(clock::now()))
        if (!put_next(self, 0, clock::now()))
            return;
    // Each producer ends one consumer. The queue hands items out in order, so when the last consumer ends all are out.
    put_last(self);
}

void workload_run::produce_on_time(worker& self)
{
    auto due = begin_ + wake_up_interval;
    for (; due < end_ && is_time_left(clock::now()); due += wake_up_interval) {
        wait_until(due);
        if (!put_next(self, 0, due))
            return;
    }
    const auto now = clock::now();
    for (; due < end_ && due < now; due += wake_up_interval)
        if (is_due_in_time(due))
            self.times.wake_ups.record(now - due);
    put_last(self);
}

void workload_run::consume(worker& self)
{
    while (!is_abandoned_) {
        const std::optional<item_stamp> stamp = get_next(self, 0, false, clock::now());
        if (stamp && stamp->is_last)
            return;
    }
}

/// The crowd waits by now: its other thread has passed the gate.
void workload_run::wake_crowd(worker& self)
{
    std::vector<clock::time_point> starts(wake_depth);
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    while (finished < options_.connections && !is_stopped_) {
        while (started < options_.connections && started - finished < wake_depth) {
            const auto start = clock::now();
            stamp_next(self, 0, start);
            starts[started++ % wake_depth] = start;
            self.connection->start_put(0, self.item);
        }
        self.connection->finish_put();
        self.times.puts.record(clock::now() - starts[finished++ % wake_depth]);
    }
    self.times.operations += finished;
}

void workload_run::collect_crowd(worker& self)
{
    const auto first_put = begin_;
    const auto on_item = [&](bytes_view item, clock::time_point came) {
        // Each connection is a consumer of its own, and of one item: there is no order between them.
        const std::optional<item_stamp> stamp = item_receiver{audit_}.receive(item);
        if (!stamp)
            return;
        self.times.wake_ups.record(came - stamp->due);
        self.times.last_finish = std::max(self.times.last_finish, came);
        self.times.octets += item.size();
        ++self.times.operations;
        received_.fetch_add(1, std::memory_order_relaxed);
    };
    crowd_->collect(on_item, [this] { return is_stopped_.load(); });
    const std::chrono::duration<double, std::milli> wake_all = self.times.last_finish - first_put;
    if (self.times.operations == options_.connections)
        self.times.figures.push_back({"wake_all_ms", wake_all.count()});
}

void workload_run::roam(worker& self)
{
    options_.depth == 1 ? roam_in_turn(self) : roam_pipelined(self);
    for (std::uint32_t queue = self.index; queue < queues_; queue += options_.connections)
        for (std::uint32_t count = 0; count < held_per_queue && !is_abandoned_; ++count)
            get_next(self, queue, true, end_);
}

void workload_run::roam_in_turn(worker& self)
{
    std::minstd_rand random{self.index + 1};  // the same walk for every server
    std::uniform_int_distribution<std::uint32_t> any_queue{0, queues_ - 1};
    for (auto turn = clock::now(); is_time_left(turn); turn = clock::now()) {
        const std::uint32_t queue = any_queue(random);
        if (!put_next(self, queue, turn))
            return;
        get_next(self, queue, true, turn);
    }
}

/// Up to `depth` puts at once, and then as many gets from the same queues. The time may end among the puts: tens of thousands of
/// them take seconds.
void workload_run::roam_pipelined(worker& self)
{
    std::minstd_rand random{self.index + 1};
    std::uniform_int_distribution<std::uint32_t> any_queue{0, queues_ - 1};
    std::vector<std::uint32_t> walk;
    walk.reserve(options_.depth);
    for (auto turn = clock::now(); is_time_left(turn); turn = clock::now()) {
        walk.clear();
        do {
            const std::uint32_t queue = walk.emplace_back(any_queue(random));
            stamp_next(self, stream_of(self, queue), turn);
            self.connection->start_put(queue, self.item);
        } while (walk.size() < options_.depth && (walk.size() % starts_per_look != 0 || is_time_left(clock::now())));
        for (std::size_t count = 0; count < walk.size(); ++count) {
            self.connection->finish_put();
            count_put(self, turn, turn, clock::now());
        }
        const auto middle = clock::now();
        for (const std::uint32_t queue : walk)
            self.connection->start_get(queue);
        for (std::size_t count = 0; count < walk.size(); ++count) {
            if (!self.connection->finish_get(self.got))
                throw std::runtime_error{"a queue is empty, although items were put into it: they are lost"};
            count_got(self, turn, middle, clock::now());
        }
    }
}

void workload_run::stamp_next(worker& self, std::uint32_t stream, clock::time_point due)
{
    const item_stamp stamp = audit_.next(stream, due);
    self.item.resize(audit_.size_of(stamp));
    write_stamp(self.item, stamp);
}

void workload_run::put_last(worker& self)
{
    write_stamp(self.item, audit_.last(self.index));
    put(self, 0);
}

/// False if the run was abandoned.
bool workload_run::put(worker& self, std::uint32_t queue)
{
    for (int slices = 0; slices < slices_max; ++slices) {
        if (is_abandoned_)
            return false;
        if (self.connection->put(queue, self.item, slice))
            return true;
    }
    throw std::runtime_error{"the queue stayed full for 30 s, although items were taken out of it"};
}

bool workload_run::put_next(worker& self, std::uint32_t queue, clock::time_point due)
{
    stamp_next(self, stream_of(self, queue), due);
    const auto start = clock::now();
    if (!put(self, queue))
        return false;
    count_put(self, due, start, clock::now());
    return true;
}

void workload_run::count_put(worker& self, clock::time_point begun, clock::time_point start, clock::time_point finish) const
{
    if (!counts(begun, finish))
        return;
    self.times.puts.record(finish - start);
    self.times.count(start, finish);
}

/// nullopt if the run was abandoned, or for an item that is none of ours.
std::optional<item_stamp> workload_run::get_next(worker& self, std::uint32_t queue, bool is_present, clock::time_point begun)
{
    const auto start = clock::now();
    const bool has_come = get(self, queue, is_present);
    return has_come ? count_got(self, begun, start, clock::now()) : std::nullopt;
}

/// nullopt for an item that is none of ours.
std::optional<item_stamp> workload_run::count_got(worker& self, clock::time_point begun, clock::time_point start,
                                                  clock::time_point finish)
{
    const std::optional<item_stamp> stamp = self.receiver.receive(self.got);
    if (!stamp || stamp->is_last)
        return stamp;
    received_.fetch_add(1, std::memory_order_relaxed);
    if (counts(begun, finish)) {
        self.times.gets.record(finish - start);
        self.times.octets += self.got.size();
        self.times.count(start, finish);
    }
    if (is_due_in_time(stamp->due))
        self.times.wake_ups.record(finish - stamp->due);
    return stamp;
}

/// False if the run was abandoned.
bool workload_run::get(worker& self, std::uint32_t queue, bool is_present)
{
    if (is_present && !is_abandoned_ && self.connection->get_present(queue, self.got, slice))
        return true;
    for (int slices = 0; slices < slices_max; ++slices) {
        if (is_abandoned_)
            return false;
        if (self.connection->get(queue, self.got, slice))
            return true;
    }
    throw std::runtime_error{"nothing came out of the queue for 30 s, although items were put into it: they are lost"};
}

}  // namespace

item_sizes mixed_sizes()
{
    constexpr std::size_t least = 16;
    constexpr std::size_t median = 1024;
    constexpr std::size_t most = 65'536;
    return item_sizes::log_normal(least, median, most, 8);
}

workload_result run_workload(const workload& what, const workload_options& options, bench_target& target,
                             const workload_watch& watch)
{
    return workload_run{what, options, target}.run(watch);
}

}  // namespace quaymaster::tool
