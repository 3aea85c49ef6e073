// bench: measures a running server through the client library, and checks that it keeps every item.
#include "bench_command.hpp"
#include "client_arguments.hpp"
#include "key_source.hpp"
#include "one_of.hpp"
#include "quaymaster_target.hpp"
#include "subcommands.hpp"
#include "whole_number.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace quaymaster::tool {

namespace {

constexpr const char* description = R"(Measure a running server: operations per second and latencies, on queues of its own.

  W1  one connection puts an item and gets it back, over and over
  W2  one connection puts a million items, and then gets them: many operations under way, or many items a call
  W3  producers and as many consumers on one queue, each with a connection of its own
  W4  a get that waits is woken by a put, one each millisecond: from when the put was due to the return of the get
  W5  W1 with items of 1 MiB
  W6  10,000 connections wait in get; then an item for each is put: how long until all have theirs
  W8  64 connections put into and get from 1,000 queues, items of 16 B to 64 KiB, --depth at once each

  quaymaster bench                                  (W1, W3, W4 and W5, 2 seconds each)
  quaymaster bench --workload W3 --connections 16 --payload 1000 --seconds 10
  quaymaster bench --workload W2 --mode batched --items 100000
  quaymaster bench --workload W6 --server-pid $(pidof quaymaster)
  quaymaster bench --host 10.0.0.7 --workload W4 --json
  quaymaster bench --queue get_task_queue           (a server that makes no queue for us, such as CPython's)

Every item carries a number. The exit status is 1 if one is lost, doubled, or out of its producer's order, or another's
item comes, and 130 if Ctrl-C or SIGTERM ended it early; what was measured until then is printed. MB/s are of 10^6 octets
and count each item once. Below, an option for some workloads only begins with their names, and is refused with others.)";

struct bench_arguments {
    client_arguments client;
    bench_command command;
    std::string queue;
    std::string dialect;
    std::optional<std::int64_t> busy_poll_us;
};

client_dialect to_dialect(const std::string& word)
{
    if (word.empty())
        return client_dialect::automatic;
    return word == "native" ? client_dialect::native : client_dialect::python;
}

int bench(const bench_arguments& arguments)
{
    (void)arguments.command.chosen();  // what is wrong with the command line shows before a connection is made
    manager_options options;
    options.client.dialect = to_dialect(arguments.dialect);
    options.client.reply_size_max = std::size_t{2} << 30;  // the largest item of a bench, and what is around it
    if (arguments.busy_poll_us)
        options.client.busy_poll = std::chrono::microseconds{*arguments.busy_poll_us};
    quaymaster_target target{arguments.client.connect(options), find_key(arguments.client.authkey_file).key,
                             options.client.dialect, arguments.queue};
    return arguments.command.run(target);
}

}  // namespace

void add_bench(CLI::App& program, int& exit_code)
{
    const auto arguments = std::make_shared<bench_arguments>();
    CLI::App& subcommand = *program.add_subcommand("bench", description);
    arguments->command.add_to(subcommand);
    subcommand.add_option("--queue", arguments->queue, "Use this queue, empty and first in, first out, instead of making some");
    one_of(subcommand.add_option("--dialect", arguments->dialect,
                                 "What to speak with the server; native if the server does, if not given"),
           {"native", "python"});
    subcommand
        .add_option(
            "--busy-poll", arguments->busy_poll_us,
            "Microseconds for which a connection polls for an answer before it sleeps, while that pays; 0 for never; the "
            "library's default if not given")
        ->check(whole_number(0, 1'000'000));
    arguments->client.add_to(subcommand);
    subcommand.callback([arguments, &exit_code] { exit_code = bench(*arguments); });
}

}  // namespace quaymaster::tool
