#include "bench_report.hpp"

#include <quaymaster/literal.hpp>

#include <array>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <utility>

namespace quaymaster::tool {

namespace {

using std::chrono::duration;

constexpr std::array quantiles{std::pair{"p50", 0.5}, std::pair{"p90", 0.9}, std::pair{"p99", 0.99}, std::pair{"p99.9", 0.999}};

double microseconds_of(std::chrono::nanoseconds span)
{
    return duration<double, std::micro>{span}.count();
}

double per_second(double amount, const workload_result& result)
{
    return amount / duration<double>{result.measured}.count();
}

double operations_per_second(const workload_result& result)
{
    return per_second(static_cast<double>(result.operations), result);
}

double megabytes_per_second(const workload_result& result)
{
    return per_second(static_cast<double>(result.octets), result) / 1e6;
}

std::string connections_of(const workload& what, const workload_options& options)
{
    const std::string count = std::to_string(options.connections);
    switch (what.shape) {
    case workload_shape::in_turn: return "1 connection";
    case workload_shape::stream:
        return "1 connection, " + std::to_string(options.depth) + (options.mode == stream_mode::batched ? " a call" : " under way");
    case workload_shape::crowd: return count + " + " + count + " connections";
    case workload_shape::wake_ups: return "1 + 1 connections";
    case workload_shape::blocked: return count + " connections";
    case workload_shape::spread: {
        const std::string each = options.depth == 1 ? "" : ", " + std::to_string(options.depth) + " under way on each";
        return count + " connections, " + std::to_string(options.queues) + " queues" + each;
    }
    }
    return {};
}

std::string sizes_of(const workload_options& options)
{
    if (options.sizes.are_alike())
        return "items of " + std::to_string(options.sizes.largest()) + " B";
    return "items of " + std::to_string(std::llround(options.sizes.mean())) + " B on average";
}

void print_row(std::ostream& output, const latency_histogram& histogram)
{
    if (histogram.count() == 0) {
        output << "   none\n";
        return;
    }
    for (const auto& quantile : quantiles)
        output << std::setw(12) << microseconds_of(histogram.quantile(quantile.second));
    output << std::setw(12) << microseconds_of(histogram.max()) << '\n';
}

/// Three digits behind the point: more would be noise.
value rounded(double number)
{
    return value{std::round(number * 1000) / 1000};
}

value latency_dict(const latency_histogram& histogram)
{
    std::vector<std::pair<value, value>> entries{{"count", histogram.count()}};
    for (const auto& quantile : quantiles)
        entries.emplace_back(quantile.first, rounded(microseconds_of(histogram.quantile(quantile.second))));
    entries.emplace_back("max", rounded(microseconds_of(histogram.max())));
    return value::dict(entries);
}

}  // namespace

void print_report(std::ostream& output, const workload& what, const workload_options& options, const workload_result& result)
{
    std::ostringstream text;  // the caller's stream keeps its format
    text << std::fixed << std::setprecision(1);
    text << what.name << "  " << what.title << ": " << connections_of(what, options) << ", " << sizes_of(options) << '\n'
         << "    " << operations_per_second(result) << " ops/s, ";
    if (result.octets > 0)
        text << megabytes_per_second(result) << " MB/s; ";
    text << result.verdict.items << " items, ";
    const std::string wrong = complaints(result.verdict);
    text << (wrong.empty() ? "none lost, doubled or out of order" : wrong) << '\n';
    for (const auto& [name, amount] : result.figures)
        text << "    " << name << ' ' << amount << '\n';
    text << "    us       ";
    for (const auto& quantile : quantiles)
        text << std::setw(12) << quantile.first;
    text << std::setw(12) << "max" << '\n';
    for (const auto& [name, histogram] : result.latencies) {
        text << "    " << std::left << std::setw(9) << name << std::right;
        print_row(text, histogram);
    }
    output << text.str() << std::endl;
}

std::string json_report(std::string_view server, const workload& what, const workload_options& options, const workload_result& result)
{
    std::vector<std::pair<value, value>> latencies;
    for (const auto& [name, histogram] : result.latencies)
        if (histogram.count() > 0)
            latencies.emplace_back(value{name}, latency_dict(histogram));
    const item_verdict& verdict = result.verdict;
    std::vector<std::pair<value, value>> entries{
        {"workload", what.name},
        {"server", server},
        {"payload", options.sizes.are_alike() ? value{options.sizes.largest()} : rounded(options.sizes.mean())},
        {"connections", options.connections},
        {"seconds", rounded(duration<double>{result.measured}.count())},
        {"operations", result.operations},
        {"ops_per_s", rounded(operations_per_second(result))},
    };
    if (result.octets > 0)
        entries.emplace_back("mb_per_s", rounded(megabytes_per_second(result)));
    entries.emplace_back("latency_us", value::dict(latencies));
    entries.emplace_back("items", value::dict({{"put", verdict.items}, {"lost", verdict.lost}, {"doubled", verdict.doubled},
                                               {"out_of_order", verdict.out_of_order}, {"foreign", verdict.foreign}}));
    if (what.shape == workload_shape::stream) {
        entries.emplace_back("mode", options.mode == stream_mode::batched ? "batched" : "pipelined");
        entries.emplace_back("depth", options.depth);
    }
    if (what.shape == workload_shape::spread) {
        entries.emplace_back("queues", options.queues);
        entries.emplace_back("depth", options.depth);
    }
    for (const auto& [name, amount] : result.figures)
        entries.emplace_back(value{name}, rounded(amount));
    return to_json(value::dict(entries));
}

std::string nothing_done(const workload& what, const workload_options& options)
{
    std::ostringstream text;
    text << what.name << ": no put and no get came to its end in " << duration<double>{options.duration}.count()
         << " s, of which the first tenth warms up and does not count: give it more --seconds, a smaller --payload"
         << (what.shape == workload_shape::spread ? ", a smaller --depth or fewer --connections" : "");
    return text.str();
}

std::string complaints(const item_verdict& verdict)
{
    std::string text;
    const auto add = [&text](std::uint64_t count, const char* what) {
        if (count > 0)
            text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + what;
    };
    add(verdict.lost, "lost");
    add(verdict.doubled, "doubled");
    add(verdict.out_of_order, "out of order");
    add(verdict.foreign, "that bench did not put");
    return text;
}

}  // namespace quaymaster::tool
