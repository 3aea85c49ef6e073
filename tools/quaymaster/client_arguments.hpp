// client_arguments: what the subcommands that connect have in common: which server, which key, which queue, how long to wait.
#pragma once

#include <quaymaster/base_manager.hpp>
#include <quaymaster/queue_proxy.hpp>
#include <quaymaster/value.hpp>

#include <CLI/App.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace quaymaster::tool {

struct client_arguments {
    std::string host = "127.0.0.1";
    std::uint16_t port = 50000;
    std::string unix_path;
    std::string authkey_file;
    double connect_timeout_s = 5;

    void add_to(CLI::App& subcommand);
    /// Connects, with `options` apart from the deadline of that. Throws what base_manager::connect() throws, and usage_error
    /// without a key or with an impossible address.
    [[nodiscard]] base_manager connect(manager_options options = {}) const;
};

/// The queue called `name`: a typeid, or TYPEID/NAME for a queue that a factory makes or finds by its name.
/// Throws usage_error if it is no UTF-8.
[[nodiscard]] queue_proxy<value> find_queue(base_manager& manager, const std::string& name);

/// --timeout, of the subcommands that wait.
class timeout_argument {
public:
    /// `text` is for the help.
    CLI::Option* add_to(CLI::App& subcommand, const std::string& text);
    /// As proxies take it: nullopt, no limit, if it was not given.
    [[nodiscard]] std::optional<std::chrono::milliseconds> span() const;

private:
    std::optional<double> seconds_;
};

}  // namespace quaymaster::tool
