// stat: shows what a running server is doing.
#include "client_arguments.hpp"
#include "exit_codes.hpp"
#include "subcommands.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/literal.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::tool {

namespace {

constexpr const char* description = R"(Show the queues of a running quaymaster server: how deep, how many wait, how many clients; and what else has a name.

  quaymaster stat
  quaymaster stat --json --host 10.0.0.7 --port 50000

Of the connections accepted, those are dropped that ended for a fault or a limit, with the wrong key, or by a reset, as the log
says of each; not those of clients that just left.)";

/// A column of the table: its heading and the key of the status dict that fills it.
using column = std::pair<std::string_view, std::string_view>;
constexpr std::array columns{
    column{"KIND", "kind"},
    column{"DEPTH", "depth"},
    column{"MAXSIZE", "maxsize"},
    column{"UNFINISHED", "unfinished"},
    column{"GETTERS", "waiting_getters"},
    column{"PUTTERS", "waiting_putters"},
    column{"JOINERS", "waiting_joiners"},
    column{"PUTS", "puts_total"},
    column{"GETS", "gets_total"},
};
constexpr std::array counts{
    column{"clients", "clients"},   column{"connections", "connections"}, column{"objects", "objects"},
    column{"accepted", "accepted"}, column{"dropped", "dropped"},
};

std::string shown(const value& dict, std::string_view key)
{
    const auto found = dict.find(value{key});
    if (!found)
        return "-";
    return found->kind() == value_kind::str ? std::string{found->text()} : found->repr();
}

using row = std::vector<std::string>;

void print_aligned(const std::vector<row>& rows)
{
    std::vector<std::size_t> widths(rows.front().size());
    for (const row& each : rows)
        for (std::size_t index = 0; index < each.size(); ++index)
            widths[index] = std::max(widths[index], each[index].size());
    for (const row& each : rows) {
        std::string line;
        for (std::size_t index = 0; index < each.size(); ++index) {
            const std::string padding(widths[index] - each[index].size(), ' ');
            line += index == 0 ? each[index] + padding : "  " + padding + each[index];
        }
        std::cout << line << '\n';
    }
}

/// What else has a name. `shared` is None if the server is of a version that does not tell.
void print_shared(const value& shared)
{
    if (shared.is_none() || shared.size() == 0)
        return;
    std::vector<row> rows{row{"SHARED", "TYPE"}};
    for (std::size_t index = 0; index < shared.size(); ++index) {
        const auto [name, type] = shared.entry(index);
        rows.push_back({std::string{name.text()}, std::string{type.text()}});
    }
    std::sort(rows.begin() + 1, rows.end());
    std::cout << '\n';
    print_aligned(rows);
}

void print_table(const value& status)
{
    std::string line = "server " + shown(status, "address");
    for (const auto& [word, key] : counts)
        line += "  " + std::string{word} + ' ' + shown(status, key);
    std::cout << line << "\n\n";

    std::vector<row> rows{row{"QUEUE"}};
    for (const auto& [heading, key] : columns)
        rows.front().emplace_back(heading);
    const value queues = status.find(value{"queues"}).value_or(value{});
    for (std::size_t index = 0; index < queues.size(); ++index) {
        const auto [ident, queue] = queues.entry(index);
        row& added = rows.emplace_back(row{std::string{ident.text()}});
        for (const auto& [heading, key] : columns)
            added.push_back(shown(queue, key));
    }
    std::sort(rows.begin() + 1, rows.end());
    print_aligned(rows);
    print_shared(status.find(value{"shared"}).value_or(value{}));
}

value ask(const client_arguments& client)
{
    base_manager manager = client.connect();
    try {
        return manager.create_proxy("quaymaster_status").call("status");
    } catch (const remote_error& error) {
        throw std::runtime_error{std::string{"the server does not tell its status; is it quaymaster? It says: "} +
                                 error.what()};
    }
}

}  // namespace

void add_stat(CLI::App& program, int& exit_code)
{
    struct stat_arguments {
        client_arguments client;
        bool is_json = false;
    };
    const auto arguments = std::make_shared<stat_arguments>();
    CLI::App& subcommand = *program.add_subcommand("stat", description);
    subcommand.add_flag("--json", arguments->is_json, "Print JSON instead of a table");
    arguments->client.add_to(subcommand);
    subcommand.callback([arguments, &exit_code] {
        const value status = ask(arguments->client);
        if (arguments->is_json)
            std::cout << to_json(status) << '\n';
        else
            print_table(status);
        exit_code = exit_success;
    });
}

}  // namespace quaymaster::tool
