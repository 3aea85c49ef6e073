// get: takes values out of a queue and prints them.
#include "client_arguments.hpp"
#include "exit_codes.hpp"
#include "item_text.hpp"
#include "subcommands.hpp"
#include "whole_number.hpp"

#include <cstdint>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace quaymaster::tool {

namespace {

constexpr const char* description = R"(Take values out of a queue and print each on a line, as Python's repr() or as JSON.

  quaymaster get get_task_queue                     (waits until there is one)
  quaymaster get get_task_queue --timeout 0.5       (exit status 3 if none came)
  quaymaster get get_result_queue --count 100 --json
  quaymaster get get_result_queue --all > results.txt)";

struct get_arguments {
    client_arguments client;
    std::string queue;
    std::uint64_t count = 1;
    timeout_argument timeout;
    bool is_json = false;
    bool is_all = false;
};

std::string text_of(const value& item, bool is_json)
{
    try {
        return is_json ? item_json(item) : item_repr(item);
    } catch (const std::length_error& error) {
        throw std::runtime_error{std::string{"the last item cannot be printed and is lost: "} + error.what()};
    }
}

void print(const value& item, bool is_json)
{
    // Flushed line by line: the item has left the queue, so it must not stay in a buffer of ours.
    std::cout << text_of(item, is_json) << std::endl;
    if (!std::cout)
        throw std::runtime_error{"standard output cannot be written to; the last item is lost"};
}

void print_all(const queue_proxy<value>& queue, bool is_json)
{
    try {
        for (;;)
            print(queue.get_nowait(), is_json);
    } catch (const queue_empty&) {
        // That was all.
    }
}

void get(const get_arguments& arguments)
{
    const auto timeout = arguments.timeout.span();
    base_manager manager = arguments.client.connect();
    const auto queue = find_queue(manager, arguments.queue);
    if (arguments.is_all)
        return print_all(queue, arguments.is_json);
    for (std::uint64_t printed = 0; printed < arguments.count; ++printed)
        print(queue.get(timeout), arguments.is_json);
}

}  // namespace

void add_get(CLI::App& program, int& exit_code)
{
    const auto arguments = std::make_shared<get_arguments>();
    CLI::App& subcommand = *program.add_subcommand("get", description);
    subcommand.add_option("QUEUE", arguments->queue, "Name of the queue, or FACTORY/NAME")->required();
    auto* const count =
        subcommand.add_option("--count", arguments->count, "How many values to wait for")->check(whole_number(1))->capture_default_str();
    auto* const timeout = arguments->timeout.add_to(subcommand, "Seconds to wait for each; without limit if not given");
    subcommand
        .add_flag("--all", arguments->is_all, "Take them until there is none, without waiting; none at all is no failure")
        ->excludes(count, timeout);
    subcommand.add_flag("--json", arguments->is_json, "Print JSON instead of Python's repr()");
    arguments->client.add_to(subcommand);
    subcommand.callback([arguments, &exit_code] {
        get(*arguments);
        exit_code = exit_success;
    });
}

}  // namespace quaymaster::tool
