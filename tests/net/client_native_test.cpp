// The native dialect as the synchronous client speaks it: what it asks for beside the items, and what it makes of the answers.
#include "client_testing.hpp"
#include "codec/payload.hpp"
#include "net/client_connection.hpp"
#include "scripted_server.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/server.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace quaymaster;
using namespace client_testing;
using namespace std::chrono_literals;
using wire::native::operation;

namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

}  // namespace

TEST_CASE("a time-out beyond what clocks can count is no limit", "[net][client][native]")
{
    server_process server;
    manager_options options = short_limits();
    options.client.dialect = GENERATE(client_dialect::native, client_dialect::python);
    options.client.call_deadline = 50ms;
    queue_manager client{server.address(), "abc", options};
    client.connect();
    const auto queue = client.queue<int>();
    SECTION("of get()") {
        auto got = std::async(std::launch::async, [&] { return queue.get(milliseconds::max()); });
        // Not a wait for a race: however long it takes, there is nothing to get.
        CHECK(got.wait_for(200ms) == std::future_status::timeout);
        queue.put(7, milliseconds::max());
        CHECK(got.get() == 7);
    }
    SECTION("of get_many()") {
        auto got = std::async(std::launch::async, [&] { return queue.get_many(2, milliseconds::max()); });
        CHECK(got.wait_for(200ms) == std::future_status::timeout);
        queue.put(7);
        CHECK(got.get() == std::vector{7});
    }
}
