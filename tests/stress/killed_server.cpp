#include "killed_server.hpp"

#include "crowd.hpp"
#include "stress_failure.hpp"

#include "../net/client_testing.hpp"

#include <quaymaster/errors.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace quaymaster::testing {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

void run_killed_server(std::size_t threads, std::chrono::milliseconds before_it_is_killed)
{
    client_testing::server_process process;
    manager_options options = client_testing::short_limits();
    options.client.reconnect_deadline = 200ms;
    std::atomic<bool> is_killed{false};
    std::atomic<std::size_t> connected{0};
    std::vector<clock_type::time_point> ends(threads);
    crowd callers;
    for (std::size_t i = 0; i < threads; ++i)
        callers.add([&, i] {
            client_testing::queue_manager manager{process.address(), "abc", options};
            manager.connect();
            auto queue = manager.queue<std::int64_t>();
            auto never_filled = manager.queue<std::int64_t>("get_result_queue");
            ++connected;
            std::size_t answers = 0;
            try {
                switch (i % 4) {
                case 0:
                    for (;; ++answers)
                        queue.put(static_cast<std::int64_t>(answers));
                case 1:
                    for (;; ++answers)
                        (void)queue.get();
                case 2:
                    for (;; ++answers)
                        (void)queue.put_many(std::vector<std::int64_t>(50, 1));
                default: (void)never_filled.get();
                }
                throw stress_failure{"a get of what nobody puts has got something"};
            } catch (const connection_lost& lost) {
                ends[i] = clock_type::now();
                if (!is_killed)
                    throw stress_failure{std::string{"the connection was lost before the server was killed: "} + lost.what()};
                // The one that waited was under way for certain; of others the next request may not have left.
                if (i % 4 == 3 && !lost.may_have_executed())
                    throw stress_failure{"a get that was under way is said not to have been executed"};
            }
            // What has not left cannot have been executed.
            try {
                queue.put(1);
                throw stress_failure{"a server that was killed answers"};
            } catch (const connection_lost& lost) {
                if (lost.may_have_executed())
                    throw stress_failure{"a put for which there was no connection is said to have been executed maybe"};
            }
        });
    while (connected < threads && !callers.has_failed())
        std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(before_it_is_killed);
    is_killed = true;
    process.kill();
    const auto killed = clock_type::now();
    callers.join();
    for (const auto& each : ends)
        if (each > killed + 5s)
            throw stress_failure{"a call ended long after the server was killed"};
}

}  // namespace quaymaster::testing
