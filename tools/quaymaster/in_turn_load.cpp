#include "load.hpp"

namespace quaymaster::tool {

namespace {

class in_turn_load final : public load {
public:
    explicit in_turn_load(const workload_options& options) : load{{.capacity = usual_capacity(options)}} {}

    void work(bench_worker& self) override
    {
        for (auto turn = bench_run::clock::now(); self.run.is_time_left(turn); turn = bench_run::clock::now()) {
            if (!self.put_next(0, turn))
                return;
            self.get_present(0, turn);
        }
    }
};

}  // namespace

std::unique_ptr<load> make_in_turn_load(const workload_options& options)
{
    return std::make_unique<in_turn_load>(options);
}

}  // namespace quaymaster::tool
