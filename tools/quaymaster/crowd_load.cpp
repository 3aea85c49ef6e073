#include "load.hpp"

namespace quaymaster::tool {

namespace {

class crowd_load final : public load {
public:
    explicit crowd_load(const workload_options& options)
        : load{{.threads = 2 * options.connections,
                .is_in_pairs = true,
                .streams = options.connections,
                .capacity = usual_capacity(options),
                .told = told_latencies::puts_gets}}
    {
    }

    void work(bench_worker& self) override { self.thread % 2 == 0 ? produce(self) : self.get_until_last(); }

private:
    static void produce(bench_worker& self)
    {
        while (self.run.is_time_left(bench_run::clock::now()))
            if (!self.put_next(0, bench_run::clock::now()))
                return;
        // Each producer ends one consumer. The queue hands items out in order, so when the last consumer ends all are out.
        self.put_last();
    }
};

}  // namespace

std::unique_ptr<load> make_crowd_load(const workload_options& options)
{
    return std::make_unique<crowd_load>(options);
}

}  // namespace quaymaster::tool
