#include "bench_report.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>
#include <string>

using namespace quaymaster::tool;
using namespace std::chrono_literals;

namespace {

const workload& workload_called(std::string_view name)
{
    return *std::find_if(workloads.begin(), workloads.end(), [name](const workload& each) { return each.name == name; });
}

workload_result some_result()
{
    workload_result result;
    result.measured = 2s;
    result.operations = 400;
    result.octets = 200 * 1'000'000;
    latency_histogram puts;
    puts.record(100us);
    puts.record(200us);
    result.latencies.push_back({"put", puts});
    result.verdict.items = 200;
    return result;
}

std::string text_of(const workload& what, const workload_options& options, const workload_result& result)
{
    std::ostringstream output;
    print_report(output, what, options, result);
    return output.str();
}

bool contains(const std::string& text, std::string_view part)
{
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("A report tells rates of the measured time, and what was wrong with items", "[tools][report]")
{
    workload_options options;
    options.sizes = 1'000'000;
    workload_result result = some_result();
    const workload& what = workload_called("W5");

    SECTION("as JSON")
    {
        const std::string json = json_report("quaymaster", what, options, result);
        CHECK(contains(json, R"("workload": "W5", "server": "quaymaster", "payload": 1000000)"));
        CHECK(contains(json, R"("ops_per_s": 200.0, "mb_per_s": 100.0)"));
        CHECK(contains(json, R"("items": {"put": 200, "lost": 0, "doubled": 0, "out_of_order": 0, "foreign": 0})"));
        CHECK_FALSE(contains(json, "depth"));
        CHECK_FALSE(contains(json, "\n"));
    }
    SECTION("as text")
    {
        const std::string text = text_of(what, options, result);
        CHECK(contains(text, "1 connection, items of 1000000 B"));
        CHECK(contains(text, "200.0 ops/s, 100.0 MB/s"));
        CHECK(contains(text, "none lost"));
    }
    SECTION("faults by name")
    {
        result.verdict.lost = 3;
        result.verdict.doubled = 1;
        CHECK(complaints(result.verdict) == "3 lost, 1 doubled");
        CHECK(contains(text_of(what, options, result), "3 lost, 1 doubled"));
    }
}

TEST_CASE("A report has no figure for what was never measured", "[tools][report]")
{
    workload_options options;
    workload_result result = some_result();
    result.octets = 0;
    result.latencies.push_back({"wake", {}});
    const workload& what = workload_called("W6");
    const std::string json = json_report("quaymaster", what, options, result);
    CHECK(contains(json, R"("put": {"count": 2)"));
    CHECK_FALSE(contains(json, "wake"));
    CHECK_FALSE(contains(json, "mb_per_s"));
    const std::string text = text_of(what, options, result);
    CHECK(contains(text, "wake        none"));
    CHECK_FALSE(contains(text, "MB/s"));
}

TEST_CASE("Where nothing was done the cures that its workload has are named", "[tools][report]")
{
    workload_options options;
    options.duration = 100ms;
    const std::string simple = nothing_done(workload_called("W1"), options);
    CHECK(contains(simple, "W1: no put and no get"));
    CHECK(contains(simple, "0.1 s"));
    CHECK(contains(simple, "--seconds"));
    CHECK(contains(simple, "--payload"));
    CHECK_FALSE(contains(simple, "--depth"));
    CHECK(contains(nothing_done(workload_called("W8"), options), "--depth"));
}

TEST_CASE("A report says what belongs to its workload alone", "[tools][report]")
{
    workload_options options;
    workload_result result = some_result();

    SECTION("a stream: how much was under way, and both rates")
    {
        result.figures = {{"puts_per_s", 150}, {"gets_per_s", 300}};
        options.depth = 32;
        CHECK(contains(text_of(workload_called("W2"), options, result), "32 under way"));
        const std::string json = json_report("redis", workload_called("W2"), options, result);
        CHECK(contains(json, R"("mode": "pipelined", "depth": 32, "puts_per_s": 150.0, "gets_per_s": 300.0)"));
        options.mode = stream_mode::batched;
        CHECK(contains(text_of(workload_called("W2"), options, result), "32 a call"));
    }
    SECTION("blocked gets: how many")
    {
        options.connections = 10'000;
        CHECK(contains(text_of(workload_called("W6"), options, result), "10000 connections"));
    }
    SECTION("many queues: how many, and the mean size")
    {
        options.queues = 1000;
        options.sizes = item_sizes::log_normal(16, 1024, 65536, 8);
        options.depth = 1;
        CHECK(contains(text_of(workload_called("W8"), options, result), "1000 queues, items of"));
        options.depth = 16;
        CHECK(contains(text_of(workload_called("W8"), options, result), "1000 queues, 16 under way on each, items of"));
        CHECK(contains(text_of(workload_called("W8"), options, result), "B on average"));
        CHECK(contains(json_report("redis", workload_called("W8"), options, result), R"("queues": 1000)"));
    }
}
