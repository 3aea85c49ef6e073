// scene: what the parts of a simulation share: its time, its chance, the server's queues, the connections, and what is known.
#pragma once

#include "item_ledger.hpp"
#include "link.hpp"
#include "random_source.hpp"
#include "simulation.hpp"

#include "../session/bare_service.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <vector>

namespace quaymaster::testing {

/// Tells of each wait that is withdrawn, before it is.
class watched_service final : public bare_service {
public:
    void withdraw(core::referent& object, core::waiter& gone) override
    {
        on_withdraw(gone);
        bare_service::withdraw(object, gone);
    }
    std::function<void(const core::waiter&)> on_withdraw = [](const core::waiter&) {};
};

/// A put with an id whose connection died.
struct unanswered_put {
    request what;
    std::vector<std::size_t> paddings;
};

struct scene {
    explicit scene(const simulation_options& options);
    ~scene();
    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;

    void say(const auto&... what)
    {
        if (options.trace == nullptr)
            return;
        *options.trace << "  " << (now - test_start) / std::chrono::milliseconds{1} << " ms: ";
        (*options.trace << ... << what);
        *options.trace << '\n';
    }
    [[nodiscard]] std::vector<link*> living();

    const simulation_options options;
    random_source random;
    simulation_statistics statistics;
    watched_service service;
    session::server_settings settings;
    core::time_point now = test_start;
    std::array<queue_under_test, 5> queues{{{"unbounded", core::queue_kind::fifo, 0},
                                            {"one", core::queue_kind::fifo, 1},
                                            {"few", core::queue_kind::fifo, 3},
                                            {"lifo", core::queue_kind::lifo, 2},
                                            {"priority", core::queue_kind::priority, 0}}};
    std::vector<std::unique_ptr<link>> links;
    item_ledger items;
    std::vector<unanswered_put> unanswered;
};

}  // namespace quaymaster::testing
