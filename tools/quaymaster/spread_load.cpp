#include "load.hpp"

#include <random>
#include <stdexcept>
#include <vector>

namespace quaymaster::tool {

namespace {

using clock = bench_run::clock;

/// What each queue holds all the time, so that gets do not only meet their own puts.
constexpr std::uint32_t held_per_queue = 4;
/// Puts that are started between two looks at the clock.
constexpr std::size_t starts_per_look = 64;

/// Queue after queue, the same for every server.
class walk {
public:
    explicit walk(const bench_worker& self) : random_{self.thread + 1}, any_queue_{0, self.run.options().queues - 1} {}
    std::uint32_t next() { return any_queue_(random_); }

private:
    std::minstd_rand random_;
    std::uniform_int_distribution<std::uint32_t> any_queue_;
};

class spread_load final : public load {
public:
    explicit spread_load(const workload_options& options)
        : load{{.threads = options.connections,
                .queues = options.queues,
                .streams = std::size_t{options.connections} * options.queues,
                // All connections may be between their puts and their gets in the same queue.
                .capacity = held_per_queue + std::size_t{options.connections} * options.depth,
                .has_many_under_way = options.depth > 1}}
    {
    }

    void prepare(bench_worker& self) override
    {
        for_each_own(self, [&](std::uint32_t queue) { self.put_unmeasured(queue); });
    }
    void work(bench_worker& self) override
    {
        self.run.options().depth == 1 ? go_in_turn(self) : go_pipelined(self);
        for_each_own(self, [&](std::uint32_t queue) { self.get_present(queue, self.run.end()); });
    }

private:
    /// Calls `act` for each of the items that the queues of this thread hold all the time.
    static void for_each_own(bench_worker& self, auto&& act)
    {
        const workload_options& options = self.run.options();
        for (std::uint32_t queue = self.thread; queue < options.queues; queue += options.connections)
            for (std::uint32_t count = 0; count < held_per_queue && !self.run.is_abandoned(); ++count)
                act(queue);
    }
    static void go_in_turn(bench_worker& self);
    static void go_pipelined(bench_worker& self);
};

void spread_load::go_in_turn(bench_worker& self)
{
    walk queues{self};
    for (auto turn = clock::now(); self.run.is_time_left(turn); turn = clock::now()) {
        const std::uint32_t queue = queues.next();
        if (!self.put_next(queue, turn))
            return;
        self.get_present(queue, turn);
    }
}

/// Up to `depth` puts at once, and then as many gets from the same queues. The time may end among the puts: tens of thousands of
/// them take seconds.
void spread_load::go_pipelined(bench_worker& self)
{
    const std::uint32_t depth = self.run.options().depth;
    walk queues{self};
    std::vector<std::uint32_t> walked;
    walked.reserve(depth);
    for (auto turn = clock::now(); self.run.is_time_left(turn); turn = clock::now()) {
        walked.clear();
        do {
            const std::uint32_t queue = walked.emplace_back(queues.next());
            self.stamp_next(self.stream_of(queue), turn);
            self.connection->start_put(queue, self.item);
        } while (walked.size() < depth && (walked.size() % starts_per_look != 0 || self.run.is_time_left(clock::now())));
        for (std::size_t count = 0; count < walked.size(); ++count) {
            self.connection->finish_put();
            self.count_put(turn, turn, clock::now());
        }
        const auto middle = clock::now();
        for (const std::uint32_t queue : walked)
            self.connection->start_get(queue);
        for (std::size_t count = 0; count < walked.size(); ++count) {
            if (!self.connection->finish_get(self.got))
                throw std::runtime_error{"a queue is empty, although items were put into it: they are lost"};
            self.count_got(turn, middle, clock::now());
        }
    }
}

}  // namespace

std::unique_ptr<load> make_spread_load(const workload_options& options)
{
    return std::make_unique<spread_load>(options);
}

}  // namespace quaymaster::tool
