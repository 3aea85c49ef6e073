// subcommands: each adds itself to the command line and says what it exits with. One file each.
#pragma once

#include <CLI/App.hpp>

#include <stdexcept>

namespace quaymaster::tool {

/// The command line asks for what cannot be done: exit_usage.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What `read` makes of the command line. What the library refuses of it by std::invalid_argument becomes a usage_error.
/// For arguments only: the same exception later is a failure, and something may have been done by then.
template <class Read>
auto from_arguments(Read read)
{
    try {
        return read();
    } catch (const std::invalid_argument& refused) {
        throw usage_error{refused.what()};
    }
}

/// `exit_code` is set when the subcommand has run; it outlives the parsing.
void add_serve(CLI::App& program, int& exit_code);
void add_put(CLI::App& program, int& exit_code);
void add_get(CLI::App& program, int& exit_code);
void add_stat(CLI::App& program, int& exit_code);
void add_bench(CLI::App& program, int& exit_code);

}  // namespace quaymaster::tool
