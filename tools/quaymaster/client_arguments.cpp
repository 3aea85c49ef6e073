#include "client_arguments.hpp"

#include "key_source.hpp"
#include "subcommands.hpp"
#include "text_argument.hpp"
#include "whole_number.hpp"

#include <algorithm>
#include <cmath>

namespace quaymaster::tool {

void client_arguments::add_to(CLI::App& subcommand)
{
    auto* const host_option = subcommand.add_option("--host", host, "Host of the server")->capture_default_str();
    auto* const port_option = subcommand.add_option("--port", port, "Port of the server")
                                  ->capture_default_str()
                                  ->check(whole_number(1, 65'535));
    subcommand.add_option("--unix", unix_path, "Path of the server's Unix socket, instead of --host and --port")
        ->excludes(host_option, port_option);
    subcommand.add_option("--authkey-file", authkey_file, "File that holds the key");
    subcommand.add_option("--connect-timeout", connect_timeout_s, "Seconds to wait for a server that is not up yet")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 86'400.0));
}

base_manager client_arguments::connect(manager_options options) const
{
    options.client.connect_deadline = std::chrono::milliseconds{std::llround(connect_timeout_s * 1000)};
    const address where =
        from_arguments([&] { return unix_path.empty() ? address{host, port} : address::unix_socket(unix_path); });
    base_manager manager{where, find_key(authkey_file).key, options};
    manager.connect();
    return manager;
}

queue_proxy<value> find_queue(base_manager& manager, const std::string& name)
{
    (void)text_argument("QUEUE", name);
    const std::size_t slash = name.find('/');
    auto found = slash == std::string::npos ? manager.create<queue_proxy<value>>(name)
                                            : manager.create<queue_proxy<value>>(name.substr(0, slash), name.substr(slash + 1));
    // A dict has a get(), too.
    const std::vector<std::string> methods = found.exposed();
    if (std::find(methods.begin(), methods.end(), "qsize") == methods.end())
        throw std::runtime_error{"'" + name + "' is no queue"};
    return found;
}

std::optional<std::chrono::milliseconds> to_timeout(std::optional<double> seconds)
{
    constexpr double seconds_max = 1e9;
    if (!seconds)
        return std::nullopt;
    if (!(*seconds >= 0 && *seconds <= seconds_max))
        throw usage_error{"--timeout: expected seconds within 0..1000000000"};
    return std::chrono::milliseconds{std::llround(*seconds * 1000)};
}

}  // namespace quaymaster::tool
