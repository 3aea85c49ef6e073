#include "client_arguments.hpp"

#include "key_source.hpp"
#include "span_of_seconds.hpp"
#include "subcommands.hpp"
#include "text_argument.hpp"
#include "whole_number.hpp"

#include <algorithm>

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
    subcommand.add_option("--connect-timeout", connect_timeout_s, "Seconds to wait for a server that is not up yet; 0: one attempt")
        ->capture_default_str()
        ->check(span_of_seconds(0, 86'400));
}

base_manager client_arguments::connect(manager_options options) const
{
    options.client.connect_deadline = to_milliseconds(connect_timeout_s);
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

CLI::Option* timeout_argument::add_to(CLI::App& subcommand, const std::string& text)
{
    return subcommand.add_option("--timeout", seconds_, text)->check(span_of_seconds(0, 1'000'000'000));
}

std::optional<std::chrono::milliseconds> timeout_argument::span() const
{
    return seconds_ ? std::optional{to_milliseconds(*seconds_)} : std::nullopt;
}

}  // namespace quaymaster::tool
