// bench: measures a running server through the client library, and checks that it keeps every item.
#include "bench_report.hpp"
#include "client_arguments.hpp"
#include "exit_codes.hpp"
#include "interrupt_watch.hpp"
#include "subcommands.hpp"
#include "workload.hpp"

#include <quaymaster/errors.hpp>

#include <CLI/Validators.hpp>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quaymaster::tool {

namespace {

constexpr const char* description = R"(Measure a running server: operations per second and latencies, on a queue of its own.

  W1  one connection puts an item and gets it back, over and over
  W3  producers and as many consumers on one queue, each with a connection of its own
  W4  a get that waits is woken by a put, one each millisecond: from when the put was due to the return of the get
  W5  W1 with items of 1 MiB

  quaymaster bench                                  (all of them, 2 seconds each)
  quaymaster bench --workload W3 --connections 16 --payload 1000 --seconds 10
  quaymaster bench --host 10.0.0.7 --workload W4 --json
  quaymaster bench --queue get_task_queue           (a server that makes no queue for us, such as CPython's)

Every item carries a number. The exit status is 1 if one is lost, doubled, or out of its producer's order, or another's
item comes, and 130 if Ctrl-C or SIGTERM ended it early; what was measured until then is printed. MB/s are of 10^6 octets
and count each item once.)";

/// Half of the program's descriptors with the usual limit of 1,024.
constexpr std::uint32_t connections_max = 256;
constexpr std::size_t item_size_max = std::size_t{1} << 29;
/// How much a crowd may pile up in the server; beyond it put() waits.
constexpr std::size_t own_queue_size_max = std::size_t{64} << 20;
constexpr std::size_t own_queue_items_max = 1000;
constexpr std::chrono::milliseconds watch_interval{50};

struct bench_arguments {
    client_arguments client;
    std::vector<std::string> workloads;
    std::string queue;
    std::optional<std::uint32_t> connections;
    std::optional<std::size_t> item_size;
    double seconds = 2;
    bool is_json = false;
};

/// A line on the terminal that says how far it is; nothing at all if standard error is no terminal.
class progress_line {
public:
    explicit progress_line(std::string_view title) : title_{title}, is_shown_{::isatty(STDERR_FILENO) == 1} {}
    ~progress_line()
    {
        if (is_shown_)
            std::cerr << "\r\033[K" << std::flush;
    }
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    void show(std::uint64_t items) const
    {
        if (!is_shown_)
            return;
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
        std::cerr << '\r' << title_ << std::fixed << std::setprecision(1) << "  " << elapsed.count() << " s, " << items << " items"
                  << std::flush;
    }

private:
    const std::string_view title_;
    const bool is_shown_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::vector<workload> chosen_workloads(const bench_arguments& arguments)
{
    const auto is_chosen = [&names = arguments.workloads](const workload& each) {
        return names.empty() || std::find(names.begin(), names.end(), each.name) != names.end();
    };
    std::vector<workload> chosen;
    std::copy_if(workloads.begin(), workloads.end(), std::back_inserter(chosen), is_chosen);
    const auto is_crowd = [](const workload& each) { return each.shape == workload_shape::crowd; };
    if (arguments.connections && std::none_of(chosen.begin(), chosen.end(), is_crowd))
        throw usage_error{"--connections is for W3, which is not among the workloads chosen"};
    return chosen;
}

workload_options options_for(const workload& what, const bench_arguments& arguments)
{
    workload_options options;
    options.item_size = arguments.item_size.value_or(what.item_size);
    options.connections = what.shape == workload_shape::crowd ? arguments.connections.value_or(4) : 1;
    options.duration = std::chrono::nanoseconds{std::llround(arguments.seconds * 1e9)};
    return options;
}

queue_proxy<bytes> make_own_queue(base_manager& manager, std::size_t item_size)
{
    const std::size_t maxsize = std::clamp<std::size_t>(own_queue_size_max / item_size, 1, own_queue_items_max);
    try {
        return manager.create<queue_proxy<bytes>>("Queue", maxsize);
    } catch (const remote_error& error) {
        throw std::runtime_error{std::string{"the server makes no queue for bench (typeid Queue): name an empty one with --queue. "
                                             "It says: "}
                                 + error.what()};
    }
}

queue_proxy<bytes> find_empty_queue(base_manager& manager, const std::string& name)
{
    queue_proxy<bytes> queue{static_cast<const proxy&>(find_queue(manager, name))};
    if (const std::size_t size = queue.qsize(); size > 0)
        throw usage_error{"the queue " + name + " holds " + std::to_string(size)
                          + " items: bench needs an empty one that nobody else uses"};
    return queue;
}

workload_result measure(const workload& what, const workload_options& options, const bench_arguments& arguments,
                        base_manager& manager, interrupt_watch& interrupts)
{
    const queue_proxy<bytes> queue =
        arguments.queue.empty() ? make_own_queue(manager, options.item_size) : find_empty_queue(manager, arguments.queue);
    const progress_line progress{what.name};
    return run_workload(what, options, queue, [&](std::uint64_t items) {
        progress.show(items);
        return interrupts.wait(watch_interval);
    });
}

void report(const workload& what, const workload_options& options, const workload_result& result, bool is_json)
{
    if (is_json)
        std::cout << json_report(what, options, result) << std::endl;
    else
        print_report(std::cout, what, options, result);
    if (!std::cout)
        throw std::runtime_error{"standard output cannot be written to"};
}

int bench(const bench_arguments& arguments)
{
    const std::vector<workload> chosen = chosen_workloads(arguments);
    base_manager manager = arguments.client.connect();
    interrupt_watch interrupts;
    for (const workload& what : chosen) {
        const workload_options options = options_for(what, arguments);
        const workload_result result = measure(what, options, arguments, manager, interrupts);
        if (result.operations > 0)
            report(what, options, result, arguments.is_json);
        if (!result.verdict.is_clean())
            throw std::runtime_error{std::string{what.name} + ": of " + std::to_string(result.verdict.items) + " items "
                                     + complaints(result.verdict)};
        if (interrupts.is_interrupted()) {
            std::cerr << "quaymaster: ended early by a signal, in " << what.name << '\n';
            return exit_interrupted;
        }
        if (result.operations == 0)
            throw std::runtime_error{std::string{what.name} + ": nothing was done within the time: give it more --seconds"};
    }
    return exit_success;
}

}  // namespace

void add_bench(CLI::App& program, int& exit_code)
{
    const auto arguments = std::make_shared<bench_arguments>();
    std::vector<std::string> names(workloads.size());
    std::transform(workloads.begin(), workloads.end(), names.begin(), [](const workload& each) { return each.name; });
    CLI::App& subcommand = *program.add_subcommand("bench", description);
    subcommand.add_option("--workload", arguments->workloads, "Which; may be repeated; all if not given")
        ->check(CLI::IsMember(names))
        ->allow_extra_args(false);
    subcommand.add_option("--connections", arguments->connections, "W3: how many producers, and consumers; 4 if not given")
        ->check(CLI::Range(std::uint32_t{1}, connections_max));
    subcommand.add_option("--payload", arguments->item_size, "Octets of an item; 64, and 1048576 for W5, if not given")
        ->check(CLI::Range(item_size_min, item_size_max));
    subcommand.add_option("--seconds", arguments->seconds, "How long each workload runs; the first tenth warms up")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 3600.0));
    subcommand.add_option("--queue", arguments->queue, "Use this queue, empty and first in, first out, instead of making one");
    subcommand.add_flag("--json", arguments->is_json, "Print a line of JSON for each workload instead of text");
    arguments->client.add_to(subcommand);
    subcommand.callback([arguments, &exit_code] { exit_code = bench(*arguments); });
}

}  // namespace quaymaster::tool
