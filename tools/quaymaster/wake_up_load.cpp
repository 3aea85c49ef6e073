#include "load.hpp"

#include <chrono>
#include <thread>

namespace quaymaster::tool {

namespace {

using clock = bench_run::clock;

/// A sleeping thread wakes up late by the kernel's timer slack, 50 us by default, which would count as the server's.
constexpr std::chrono::microseconds spin_before_due{100};

void wait_until(clock::time_point due)
{
    std::this_thread::sleep_until(due - spin_before_due);
    while (clock::now() < due) {
    }
}

class wake_up_load final : public load {
public:
    explicit wake_up_load(const workload_options& options)
        : load{{.threads = 2,
                .is_in_pairs = true,
                .capacity = usual_capacity(options),
                .told = told_latencies::puts_wake_ups}}
    {
    }

    void work(bench_worker& self) override { self.thread == 0 ? produce(self) : self.get_until_last(); }

private:
    static void produce(bench_worker& self)
    {
        bench_run& run = self.run;
        auto due = run.began() + wake_up_interval;
        for (; due < run.end() && run.is_time_left(clock::now()); due += wake_up_interval) {
            wait_until(due);
            if (!self.put_next(0, due))
                return;
        }
        const auto now = clock::now();
        for (; due < run.end() && due < now; due += wake_up_interval)
            if (run.is_due_in_time(due))
                self.times.wake_ups.record(now - due);
        self.put_last();
    }
};

}  // namespace

std::unique_ptr<load> make_wake_up_load(const workload_options& options)
{
    return std::make_unique<wake_up_load>(options);
}

}  // namespace quaymaster::tool
