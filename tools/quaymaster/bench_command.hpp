// bench_command: the options of a benchmark that do not depend on the server, and what is done with them.
#pragma once

#include "bench_target.hpp"
#include "workload.hpp"

#include <CLI/App.hpp>
#include <CLI/Option.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quaymaster::tool {

class bench_command {
public:
    void add_to(CLI::App& command);
    /// The workloads named, or those of the default. Throws usage_error if options and workloads do not fit together.
    [[nodiscard]] std::vector<workload> chosen() const;
    /// Runs chosen(), prints a report of each to standard output, and returns the program's exit status.
    /// Throws what the calls throw, and std::runtime_error if an item was lost, doubled or out of order.
    int run(bench_target& target) const;

private:
    /// An option that some workloads have no use for.
    struct tied_option {
        const CLI::Option* option;
        bool (*is_for)(const workload& each);
    };

    /// `text` follows the names of the workloads that the option is for.
    template <class Variable>
    CLI::Option* add_tied(CLI::App& command, const char* name, Variable& variable, bool (*is_for)(const workload& each),
                          const std::string& text);
    void refuse_strangers(const std::vector<workload>& chosen) const;
    [[nodiscard]] workload_options options_for(const workload& what) const;

    std::vector<tied_option> tied_;
    std::vector<std::string> names_;
    std::optional<std::uint32_t> connections_;
    std::optional<std::size_t> item_size_;
    std::uint64_t items_ = 1'000'000;
    std::optional<std::uint32_t> depth_;
    std::uint32_t queues_ = 1000;
    std::string mode_ = "pipelined";
    std::optional<int> server_pid_;
    double seconds_ = 2;
    bool is_json_ = false;
};

}  // namespace quaymaster::tool
