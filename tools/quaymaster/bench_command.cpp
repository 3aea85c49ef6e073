#include "bench_command.hpp"

#include "bench_report.hpp"
#include "exit_codes.hpp"
#include "interrupt_watch.hpp"
#include "one_of.hpp"
#include "span_of_seconds.hpp"
#include "subcommands.hpp"
#include "whole_number.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace quaymaster::tool {

namespace {

/// Each connection of W3 and W8 is a thread, and half of the program's descriptors with the usual limit of 1,024.
constexpr std::uint32_t threads_max = 256;
/// What the ephemeral ports of one machine allow.
constexpr std::uint32_t connections_max = 28'000;
constexpr std::size_t item_size_max = std::size_t{1} << 30;
constexpr std::chrono::milliseconds watch_interval{50};
/// PID_MAX_LIMIT of Linux.
constexpr std::uint64_t process_max = 4'194'304;

bool has_connections(const workload& each)
{
    return each.shape == workload_shape::crowd || each.shape == workload_shape::blocked || each.shape == workload_shape::spread;
}

bool has_duration(const workload& each)
{
    return each.shape != workload_shape::stream && each.shape != workload_shape::blocked;
}

bool has_depth(const workload& each)
{
    return each.shape == workload_shape::stream || each.shape == workload_shape::spread;
}

template <workload_shape Shape>
bool has_shape(const workload& each)
{
    return each.shape == Shape;
}

bool is_timed_by_stamp(const workload& each)
{
    return each.shape == workload_shape::wake_ups || each.shape == workload_shape::blocked;
}

/// "W1", "W2 and W8", "W3, W6 and W8".
template <class Workloads>
std::string names_of(const Workloads& listed)
{
    std::string names;
    std::size_t left = listed.size();
    for (const workload& each : listed) {
        names += each.name;
        --left;
        names += left > 1 ? ", " : left == 1 ? " and " : "";
    }
    return names;
}

std::vector<workload> all_that(bool (*is_so)(const workload& each))
{
    std::vector<workload> result;
    std::copy_if(workloads.begin(), workloads.end(), std::back_inserter(result), is_so);
    return result;
}

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
        std::cerr << '\r' << title_ << std::fixed << std::setprecision(1) << "  " << elapsed.count() << " s, " << items
                  << " items" << std::flush;
    }

private:
    const std::string_view title_;
    const bool is_shown_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void report(std::string_view server, const workload& what, const workload_options& options, const workload_result& result,
            bool is_json)
{
    if (is_json)
        std::cout << json_report(server, what, options, result) << std::endl;
    else
        print_report(std::cout, what, options, result);
    if (!std::cout)
        throw std::runtime_error{"standard output cannot be written to"};
}

}  // namespace

void bench_command::add_to(CLI::App& command)
{
    std::vector<std::string> all(workloads.size());
    std::transform(workloads.begin(), workloads.end(), all.begin(), [](const workload& each) { return each.name; });
    const std::vector<workload> defaults = all_that([](const workload& each) { return each.is_default; });
    one_of(command.add_option("--workload", names_, "Which; may be repeated; " + names_of(defaults) + " if not given"), all)
        ->allow_extra_args(false);
    add_tied(command, "--connections", connections_, has_connections,
             "how many producers, and as many consumers, blocked gets, and users of the queues; 4, 10000 and 64 if not given")
        ->check(whole_number(1, connections_max));
    command.add_option("--payload", item_size_, "Octets of an item; 64, 1048576 for W5, and mixed sizes for W8, if not given")
        ->check(whole_number(item_size_min, item_size_max));
    add_tied(command, "--seconds", seconds_, has_duration,
             "how long each runs; the first tenth warms up, and what was begun in time is counted to its end")
        ->capture_default_str()
        ->check(span_of_seconds(0.1, 3600));
    add_tied(command, "--items", items_, has_shape<workload_shape::stream>, "how many items are put, and then got")
        ->capture_default_str()
        ->check(whole_number(1, 1'000'000'000));
    one_of(add_tied(command, "--mode", mode_, has_shape<workload_shape::stream>,
                    "single operations of which --depth are under way, or --depth items a call"),
           {"pipelined", "batched"})
        ->capture_default_str();
    add_tied(command, "--depth", depth_, has_depth,
             "see --mode, and the operations that each connection has under way; 64 and 1 if not given")
        ->check(whole_number(1, 65'536));
    add_tied(command, "--queues", queues_, has_shape<workload_shape::spread>, "how many queues")
        ->capture_default_str()
        ->check(whole_number(1, 100'000));
    add_tied(command, "--server-pid", server_pid_, has_shape<workload_shape::blocked>,
             "the server's process on this machine, to tell what memory a blocked get costs it")
        ->check(whole_number(1, process_max));
    command.add_flag("--json", is_json_, "Print a line of JSON for each workload instead of text");
}

template <class Variable>
CLI::Option* bench_command::add_tied(CLI::App& command, const char* name, Variable& variable,
                                     bool (*is_for)(const workload& each), const std::string& text)
{
    CLI::Option* const added = command.add_option(name, variable, names_of(all_that(is_for)) + ": " + text);
    tied_.push_back({added, is_for});
    return added;
}

/// A figure is not what it was asked to be if an option that should have changed it did nothing.
void bench_command::refuse_strangers(const std::vector<workload>& chosen) const
{
    for (const tied_option& each : tied_)
        if (each.option->count() > 0 && std::none_of(chosen.begin(), chosen.end(), each.is_for))
            throw usage_error{each.option->get_name() + " is for " + names_of(all_that(each.is_for)) + ", not for " +
                              names_of(chosen) + (names_.empty() ? ", which run if none is named by --workload" : "")};
}

std::vector<workload> bench_command::chosen() const
{
    std::vector<workload> result;
    std::copy_if(workloads.begin(), workloads.end(), std::back_inserter(result), [this](const workload& each) {
        return names_.empty() ? each.is_default : std::find(names_.begin(), names_.end(), each.name) != names_.end();
    });
    refuse_strangers(result);
    const auto has_threads = [](const workload& each) {
        return has_connections(each) && each.shape != workload_shape::blocked;
    };
    if (connections_.value_or(0) > threads_max && std::any_of(result.begin(), result.end(), has_threads))
        throw usage_error{"--connections: W3 and W8 take at most " + std::to_string(threads_max)};
    if (item_size_.value_or(item_size_max) < timed_item_size_min &&
        std::any_of(result.begin(), result.end(), is_timed_by_stamp))
        throw usage_error{"--payload: W4 and W6 need items of " + std::to_string(timed_item_size_min) +
                          " octets, which say when they were put"};
    return result;
}

workload_options bench_command::options_for(const workload& what) const
{
    workload_options options;
    const bool is_mixed = what.shape == workload_shape::spread && !item_size_;
    options.sizes = is_mixed ? mixed_sizes() : item_sizes{item_size_.value_or(what.item_size)};
    options.connections = has_connections(what) ? connections_.value_or(what.connections) : 1;
    options.duration = std::chrono::nanoseconds{std::llround(seconds_ * 1e9)};
    options.items = items_;
    options.depth = depth_.value_or(what.shape == workload_shape::spread ? 1 : 64);
    options.mode = mode_ == "batched" ? stream_mode::batched : stream_mode::pipelined;
    options.queues = what.shape == workload_shape::spread ? queues_ : 1;
    options.server_pid = server_pid_;
    return options;
}

int bench_command::run(bench_target& target) const
{
    interrupt_watch interrupts;
    for (const workload& what : chosen()) {
        const workload_options options = options_for(what);
        const workload_result result = [&] {
            const progress_line progress{what.name};
            return run_workload(what, options, target, [&](std::uint64_t items) {
                progress.show(items);
                return interrupts.wait(watch_interval);
            });
        }();
        if (result.operations > 0)
            report(target.name(), what, options, result, is_json_);
        // W6 that was ended early leaves what it has put.
        if (!result.verdict.is_clean() && !(interrupts.is_interrupted() && what.shape == workload_shape::blocked))
            throw std::runtime_error{std::string{what.name} + ": of " + std::to_string(result.verdict.items) + " items " +
                                     complaints(result.verdict)};
        if (interrupts.is_interrupted()) {
            std::cerr << "quaymaster: ended early by a signal, in " << what.name << '\n';
            return exit_interrupted;
        }
        if (result.operations == 0)
            throw std::runtime_error{nothing_done(what, options)};
    }
    return exit_success;
}

}  // namespace quaymaster::tool
