// peer_bench: `quaymaster bench` for other servers: the same workloads, timing and audit.
//   peer_bench --peer redis --port 6379 --workload W1 --json
//   peer_bench --list        the peers that this build can measure, and through what, as JSON
#include "peers/peers.hpp"

#include "bench_command.hpp"
#include "exit_codes.hpp"
#include "subcommands.hpp"
#include "whole_number.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <iostream>
#include <string>

namespace {

void print_list()
{
    const char* separator = "{";
    for (const bench::peer& each : bench::peers()) {
        std::cout << separator << '"' << each.name << "\": \"" << each.client << '"';
        separator = ", ";
    }
    std::cout << "}\n";
}

}  // namespace

int main(int argc, char** argv)
try {
    namespace tool = quaymaster::tool;
    CLI::App program{"Measures another server as `quaymaster bench` measures quaymaster."};
    tool::bench_command command;
    std::string name;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    bool is_list = false;
    program.add_option("--peer", name, "Which; see --list");
    program.add_option("--host", host, "Host of the server")->capture_default_str();
    program.add_option("--port", port, "Port of the server")->check(tool::whole_number(1, 65'535));
    program.add_flag("--list", is_list, "Say which peers this build can measure");
    command.add_to(program);
    CLI11_PARSE(program, argc, argv);
    if (is_list) {
        print_list();
        return tool::exit_success;
    }
    const auto& all = bench::peers();
    const auto chosen = std::find_if(all.begin(), all.end(), [&name](const bench::peer& each) { return each.name == name; });
    if (chosen == all.end() || port == 0)
        throw tool::usage_error{"--peer and --port say what to measure; see --list"};
    return command.run(*chosen->make(host, port));
} catch (const quaymaster::tool::usage_error& error) {
    std::cerr << "peer_bench: " << error.what() << '\n';
    return quaymaster::tool::exit_usage;
} catch (const std::exception& error) {
    std::cerr << "peer_bench: " << error.what() << '\n';
    return quaymaster::tool::exit_failure;
}
