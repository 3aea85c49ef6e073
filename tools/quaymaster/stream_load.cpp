#include "load.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

namespace quaymaster::tool {

namespace {

using clock = bench_run::clock;

/// Items that have come. The watch is told of them now and then: an atomic addition for each would cost.
class stream_receiver {
public:
    explicit stream_receiver(bench_worker& self) : self_{self} {}
    void receive(bytes_view item)
    {
        self_.receiver.receive(item);
        self_.times.octets += item.size();
        if (++items_ % told_at_once == 0)
            self_.run.note_received(told_at_once);
    }

private:
    static constexpr std::uint64_t told_at_once = 1024;

    bench_worker& self_;
    std::uint64_t items_ = 0;
};

double rate(std::uint64_t count, clock::duration span)
{
    return static_cast<double>(count) / std::chrono::duration<double>{span}.count();
}

class stream_load final : public load {
public:
    explicit stream_load(const workload_options& options)
        : load{{.capacity = options.items,
                .has_many_under_way = options.mode == stream_mode::pipelined,
                .is_timed = false,
                .told = told_latencies::puts_gets}}
    {
    }

    void work(bench_worker& self) override
    {
        const bool is_batched = self.run.options().mode == stream_mode::batched;
        const auto begin = clock::now();
        is_batched ? put_batched(self) : put_pipelined(self);
        const auto middle = clock::now();
        const std::uint64_t puts = self.times.operations;
        is_batched ? get_batched(self) : get_pipelined(self);
        const auto end = clock::now();
        self.times.last_finish = end;
        self.times.figures.push_back({"puts_per_s", rate(puts, middle - begin)});
        self.times.figures.push_back({"gets_per_s", rate(self.times.operations - puts, end - middle)});
    }

private:
    static void put_pipelined(bench_worker& self);
    static void get_pipelined(bench_worker& self);
    static void put_batched(bench_worker& self);
    static void get_batched(bench_worker& self);
};

void stream_load::put_pipelined(bench_worker& self)
{
    const std::uint64_t items = self.run.options().items;
    const std::uint32_t depth = self.run.options().depth;
    std::vector<clock::time_point> starts(depth);  // of those under way
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    for (auto now = clock::now();;) {
        while (started < items && started - finished < depth && !self.run.is_stopped()) {
            self.stamp_next(0, now);
            starts[started++ % depth] = now;
            self.connection->start_put(0, self.item);
        }
        if (started == finished)
            break;
        self.connection->finish_put();
        now = clock::now();
        self.times.puts.record(now - starts[finished++ % depth]);
    }
    self.times.operations += finished;
}

void stream_load::get_pipelined(bench_worker& self)
{
    const std::uint64_t count = self.run.audit().put_by(0);
    const std::uint32_t depth = self.run.options().depth;
    stream_receiver receiver{self};
    std::vector<clock::time_point> starts(depth);
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    for (auto now = clock::now();;) {
        while (started < count && started - finished < depth && !self.run.is_abandoned()) {
            starts[started++ % depth] = now;
            self.connection->start_get(0);
        }
        if (started == finished)
            break;
        const bool is_there = self.connection->finish_get(self.got);
        now = clock::now();
        self.times.gets.record(now - starts[finished++ % depth]);
        if (is_there)
            receiver.receive(self.got);
    }
    self.times.operations += finished;
}

void stream_load::put_batched(bench_worker& self)
{
    const workload_options& options = self.run.options();
    std::vector<bytes> items(options.depth, self.item);
    for (std::uint64_t count = 0; count < options.items && !self.run.is_stopped();) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(options.depth, options.items - count));
        const auto start = clock::now();
        for (std::size_t index = 0; index < size; ++index)
            write_stamp(items[index], self.run.audit().next(0, start));
        self.connection->put_batch(std::span{items}.first(size));
        self.times.puts.record(clock::now() - start);
        self.times.operations += size;
        count += size;
    }
}

void stream_load::get_batched(bench_worker& self)
{
    const std::uint64_t count_max = self.run.audit().put_by(0);
    stream_receiver receiver{self};
    std::vector<bytes> items;
    for (std::uint64_t count = 0; count < count_max && !self.run.is_abandoned();) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(self.run.options().depth, count_max - count));
        const auto start = clock::now();
        self.connection->get_batch(size, items);
        self.times.gets.record(clock::now() - start);
        if (items.empty())
            break;  // what is missing shows in the audit
        for (const bytes& item : items)
            receiver.receive(item);
        self.times.operations += items.size();
        count += items.size();
    }
}

}  // namespace

std::unique_ptr<load> make_stream_load(const workload_options& options)
{
    return std::make_unique<stream_load>(options);
}

}  // namespace quaymaster::tool
