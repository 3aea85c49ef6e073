// put: appends values to a queue.
#include "client_arguments.hpp"
#include "exit_codes.hpp"
#include "subcommands.hpp"
#include "text_argument.hpp"

#include <quaymaster/literal.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace quaymaster::tool {

namespace {

constexpr const char* description = R"help(Put values into a queue, in the order given: quaymaster put QUEUE VALUE...

A VALUE is a Python literal, or JSON without escapes that Python lacks, so text needs quotes of its own; - reads one from
each line of standard input, and skips empty lines without --text. All are read before the first is put.
  quaymaster put get_task_queue 42 '"hello"' '[1, 2.5, None]' '{"width": 3}'
  quaymaster put get_task_queue --text hello
  quaymaster put get_task_queue - < values.txt
  quaymaster put get_queue/orders 42                (get_queue('orders') of a server))help";

struct put_arguments {
    client_arguments client;
    std::string queue;
    std::vector<std::string> texts;
    timeout_argument timeout;
    bool is_text = false;
};

/// The words that belong to no option. Throws usage_error if there are none, or one looks like an option that does not
/// exist; no literal begins with two dashes.
std::vector<std::string> values_among(std::vector<std::string> words)
{
    for (const std::string& word : words)
        if (word.starts_with("--"))
            throw usage_error{"put has no option " + word};
    if (words.empty())
        throw usage_error{"put needs at least one VALUE; see quaymaster put --help"};
    return words;
}

/// `where`: what to say before an error in `text`.
value read_value(const put_arguments& arguments, const std::string& text, const std::string& where = {})
{
    if (arguments.is_text)
        return text_argument(where + "VALUE", text);
    try {
        return parse_literal(text);
    } catch (const literal_error& error) {
        throw usage_error{where + "'" + text + "' is neither a Python literal nor JSON: " + error.what() +
                          " (text needs quotes, as in '\"hello\"', or --text)"};
    }
}

std::vector<value> read_values(const put_arguments& arguments)
{
    std::vector<value> values;
    for (const std::string& text : arguments.texts) {
        if (text != "-") {
            values.push_back(read_value(arguments, text));
            continue;
        }
        std::size_t number = 1;
        for (std::string line; std::getline(std::cin, line); ++number)
            if (arguments.is_text || !line.empty())
                values.push_back(read_value(arguments, line, "standard input, line " + std::to_string(number) + ": "));
    }
    return values;
}

void put(const put_arguments& arguments)
{
    // All are read before the first is put: a typing error in the last must not leave half of them in the queue.
    const std::vector<value> values = read_values(arguments);
    const auto timeout = arguments.timeout.span();
    base_manager manager = arguments.client.connect();
    const auto queue = find_queue(manager, arguments.queue);
    for (const value& each : values)
        queue.put(each, timeout);
}

}  // namespace

void add_put(CLI::App& program, int& exit_code)
{
    const auto arguments = std::make_shared<put_arguments>();
    CLI::App& subcommand = *program.add_subcommand("put", description);
    subcommand.add_option("QUEUE", arguments->queue, "Name of the queue, or FACTORY/NAME")->required();
    arguments->timeout.add_to(subcommand, "Seconds to wait for room for each value; without limit if not given");
    subcommand.add_flag("--text", arguments->is_text, "Take each VALUE, or each line for -, as text without quotes");
    arguments->client.add_to(subcommand);
    // Not an option of CLI11's: it would take the value [1, 2] apart, and -1.5 for an option.
    subcommand.allow_extras();
    subcommand.callback([arguments, &subcommand, &exit_code] {
        arguments->texts = values_among(subcommand.remaining());
        put(*arguments);
        exit_code = exit_success;
    });
}

}  // namespace quaymaster::tool
