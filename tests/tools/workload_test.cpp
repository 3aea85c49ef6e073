#include "workload.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

using namespace quaymaster;
using namespace quaymaster::tool;
using namespace std::chrono_literals;

namespace {

/// Queues in this process. `put` says what becomes of each item, counted over all queues.
class local_target final : public bench_target {
public:
    using fault = std::function<void(std::uint64_t number, std::deque<bytes>& items, const bytes& item)>;

    explicit local_target(fault put = append) : put_{std::move(put)} {}

    static void append(std::uint64_t, std::deque<bytes>& items, const bytes& item) { items.push_back(item); }

    std::string name() const override { return "local"; }
    void open_queues(std::size_t count, std::size_t capacity) override
    {
        queues_.resize(count);
        capacity_ = capacity;
    }
    std::unique_ptr<bench_connection> connect() override { return std::make_unique<connection>(*this); }
    int connect_socket() override { throw std::logic_error{"there is no socket"}; }

    [[nodiscard]] std::size_t queues() const { return queues_.size(); }
    [[nodiscard]] std::size_t longest() const { return longest_; }
    [[nodiscard]] bool is_empty() const
    {
        return std::all_of(queues_.begin(), queues_.end(), [](const auto& each) { return each.empty(); });
    }

private:
    class connection final : public bench_connection {
    public:
        explicit connection(local_target& target) : target_{target} {}

        bool put(std::size_t queue, const bytes& item, milliseconds timeout) override
        {
            std::unique_lock lock{target_.mutex_};
            std::deque<bytes>& items = target_.queues_.at(queue);
            if (!target_.changed_.wait_for(lock, timeout, [&] { return items.size() < target_.capacity_; }))
                return false;
            target_.put_(++target_.puts_, items, item);
            target_.longest_ = std::max(target_.longest_, items.size());
            target_.changed_.notify_all();
            return true;
        }
        bool get(std::size_t queue, bytes& item, milliseconds timeout) override
        {
            std::unique_lock lock{target_.mutex_};
            std::deque<bytes>& items = target_.queues_.at(queue);
            if (!target_.changed_.wait_for(lock, timeout, [&] { return !items.empty(); }))
                return false;
            item = std::move(items.front());
            items.pop_front();
            target_.changed_.notify_all();
            return true;
        }

    private:
        local_target& target_;
    };

    const fault put_;
    std::mutex mutex_;                 // guards what follows
    std::condition_variable changed_;  // a queue is longer or shorter
    std::vector<std::deque<bytes>> queues_;
    std::size_t capacity_ = 0;
    std::size_t longest_ = 0;
    std::uint64_t puts_ = 0;
};

const workload& workload_called(std::string_view name)
{
    return *std::find_if(workloads.begin(), workloads.end(), [name](const workload& each) { return each.name == name; });
}

workload_options small_options()
{
    workload_options options;
    options.sizes = 64;
    options.duration = 100ms;
    options.items = 1000;
    options.connections = 3;
    return options;
}

bool go_on(std::uint64_t)
{
    return false;
}

const latency_histogram& latency_called(const workload_result& result, std::string_view name)
{
    for (const named_latency& each : result.latencies)
        if (each.name == name)
            return each.histogram;
    throw std::out_of_range{"no latency of this name"};
}

}  // namespace

TEST_CASE("Every workload leaves its queues empty and nothing lost", "[tools][workload]")
{
    for (const std::string_view name : {"W1", "W2", "W3", "W4", "W5", "W8"}) {
        CAPTURE(name);
        local_target target;
        workload_options options = small_options();
        options.queues = name == "W8" ? 7 : 1;
        if (name == "W8") {
            options.sizes = mixed_sizes();
            options.depth = 1;
        }
        const workload_result result = run_workload(workload_called(name), options, target, go_on);
        CHECK(result.verdict.is_clean());
        CHECK(result.verdict.items > 0);
        CHECK(result.operations > 0);
        CHECK(result.octets > 0);
        CHECK(result.measured > 0ns);
        CHECK(target.queues() == options.queues);
        CHECK(target.is_empty());
    }
}

TEST_CASE("Connections with many operations under way leave their queues empty and nothing lost", "[tools][workload]")
{
    local_target target;
    workload_options options = small_options();
    options.queues = 7;
    options.depth = 5;
    options.sizes = mixed_sizes();
    const workload_result result = run_workload(workload_called("W8"), options, target, go_on);
    CHECK(result.verdict.is_clean());
    CHECK(result.operations > 0);
    CHECK(result.operations == latency_called(result, "put").count() + latency_called(result, "get").count());
    CHECK(target.is_empty());
}

TEST_CASE("An operation that takes longer than the whole time is counted, and so is its time", "[tools][workload]")
{
    for (const std::string_view name : {"W1", "W3", "W8"}) {
        CAPTURE(name);
        local_target target{[](std::uint64_t, std::deque<bytes>& items, const bytes& item) {
            std::this_thread::sleep_for(1200ms);
            items.push_back(item);
        }};
        workload_options options = small_options();
        options.duration = 1s;  // within which each thread has begun
        options.connections = 1;
        options.depth = 1;
        const workload_result result = run_workload(workload_called(name), options, target, go_on);
        CHECK(latency_called(result, "put").count() == 1);
        CHECK(latency_called(result, "get").count() == 1);
        CHECK(result.operations == 2);
        CHECK(result.octets == 64);
        CHECK(result.measured >= 1200ms);
    }
}

TEST_CASE("Operations under way that would take longer than the whole time are begun no more when it is over", "[tools][workload]")
{
    local_target target{[](std::uint64_t, std::deque<bytes>& items, const bytes& item) {
        std::this_thread::sleep_for(1ms);
        items.push_back(item);
    }};
    workload_options options = small_options();
    options.duration = 100ms;
    options.queues = 2;
    options.depth = 60'000;
    const workload_result result = run_workload(workload_called("W8"), options, target, go_on);
    CHECK(result.operations > 0);
    CHECK(latency_called(result, "put").count() > 0);
    CHECK(latency_called(result, "get").count() > 0);
    CHECK(result.measured < 10s);  // a minute, if all were
    CHECK(target.is_empty());
}

TEST_CASE("A stream puts as many items as it was told, and then gets them", "[tools][workload]")
{
    for (const stream_mode mode : {stream_mode::pipelined, stream_mode::batched}) {
        local_target target;
        workload_options options = small_options();
        options.mode = mode;
        options.depth = 64;  // does not divide the items
        const workload_result result = run_workload(workload_called("W2"), options, target, go_on);
        CHECK(result.operations == 2 * options.items);
        CHECK(result.octets == options.items * 64);
        CHECK(target.longest() == options.items);
        CHECK(latency_called(result, "put").count() == (mode == stream_mode::batched ? 16 : options.items));
        REQUIRE(result.figures.size() == 2);
        CHECK(result.figures[0].name == "puts_per_s");
        CHECK(result.figures[1].name == "gets_per_s");
    }
}

TEST_CASE("A workload finds what a server does wrong", "[tools][workload]")
{
    SECTION("it loses items")
    {
        // Early ones, for the word that a producer puts last ends a consumer.
        local_target target{[](std::uint64_t number, std::deque<bytes>& items, const bytes& item) {
            if (number != 7 && number != 9)
                items.push_back(item);
        }};
        const item_verdict verdict = run_workload(workload_called("W3"), small_options(), target, go_on).verdict;
        CHECK(verdict.lost == 2);
        CHECK(verdict.doubled == 0);
    }
    SECTION("it doubles items")
    {
        local_target target{[](std::uint64_t number, std::deque<bytes>& items, const bytes& item) {
            items.insert(items.end(), number == 7 ? 2 : 1, item);
        }};
        const item_verdict verdict = run_workload(workload_called("W3"), small_options(), target, go_on).verdict;
        CHECK(verdict.doubled == 1);
        CHECK(verdict.lost == 0);
    }
    SECTION("it hands out the last first")
    {
        local_target target{[](std::uint64_t, std::deque<bytes>& items, const bytes& item) { items.push_front(item); }};
        CHECK(run_workload(workload_called("W2"), small_options(), target, go_on).verdict.out_of_order > 0);
    }
}

TEST_CASE("A workload passes on what a connection throws, in whichever thread", "[tools][workload]")
{
    for (const std::string_view name : {"W1", "W2", "W3", "W4", "W8"}) {
        CAPTURE(name);
        local_target target{[](std::uint64_t number, std::deque<bytes>& items, const bytes& item) {
            if (number == 20)
                throw std::runtime_error{"the server is gone"};
            items.push_back(item);
        }};
        CHECK_THROWS_WITH(run_workload(workload_called(name), small_options(), target, go_on), "the server is gone");
    }
}

TEST_CASE("A workload ends early when it is told so, and gets what it has put", "[tools][workload]")
{
    for (const std::string_view name : {"W1", "W2", "W3", "W4", "W8"}) {
        CAPTURE(name);
        local_target target;
        workload_options options = small_options();
        options.duration = 1h;
        options.items = 1'000'000'000;
        const workload_result result = run_workload(workload_called(name), options, target, [](std::uint64_t) { return true; });
        CHECK(result.verdict.is_clean());
        CHECK(target.is_empty());
    }
}
