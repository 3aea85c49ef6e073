// quaymaster: serves queues to Python and C++ programs, and uses them from a shell.
#include "exit_codes.hpp"
#include "subcommands.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/version.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace {

constexpr const char* description = R"(Networked shared queues for Python's multiprocessing.managers and for C++.

A session, in two terminals:
  quaymaster serve
  quaymaster put get_task_queue '{"width": 3}' 42
  quaymaster get get_task_queue
  quaymaster stat)";

constexpr const char* footer = R"(Exit status: 0 done, 1 failed, 2 wrong usage, 3 the queue stayed empty (get) or full (put),
130 ended early by Ctrl-C or SIGTERM (bench).
The key that clients must hold is looked for in this order: --authkey-file, the environment variable
QUAYMASTER_AUTHKEY, and the file that `quaymaster serve` makes: $XDG_CONFIG_HOME/quaymaster/authkey, or
~/.config/quaymaster/authkey.)";

/// "the subcommands are serve, put, ...; see quaymaster --help"
std::string known_subcommands(const CLI::App& program)
{
    std::string names;
    for (const CLI::App* each : program.get_subcommands(nullptr))
        names += (names.empty() ? "" : ", ") + each->get_name();
    return "the subcommands are " + names + "; see quaymaster --help";
}

int complain(int exit_code, const std::exception& what)
{
    std::cerr << "quaymaster: " << what.what() << '\n';
    return exit_code;
}

}  // namespace

int main(int argc, char** argv)
{
    using namespace quaymaster::tool;
    int exit_code = exit_success;
    CLI::App program{description, "quaymaster"};
    program.footer(footer);
    program.set_version_flag("--version", std::string{quaymaster::version});
    program.require_subcommand(0, 1);  // without one, see below
    add_serve(program, exit_code);
    add_put(program, exit_code);
    add_get(program, exit_code);
    add_stat(program, exit_code);
    add_bench(program, exit_code);
    try {
        program.parse(argc, argv);
        if (program.get_subcommands().empty())
            throw usage_error{"what shall it do? " + known_subcommands(program)};
        return exit_code;
    } catch (const CLI::ExtrasError& error) {
        if (!program.get_subcommands().empty() || program.remaining().empty())
            return program.exit(error), exit_usage;
        std::cerr << "quaymaster: there is no subcommand '" << program.remaining().front() << "'; " << known_subcommands(program) << '\n';
        return exit_usage;
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? exit_success : exit_usage;  // --help and --version arrive here, too
    } catch (const usage_error& error) {
        return complain(exit_usage, error);
    } catch (const quaymaster::queue_empty& error) {
        return complain(exit_empty_or_full, error);
    } catch (const quaymaster::queue_full& error) {
        return complain(exit_empty_or_full, error);
    } catch (const std::exception& error) {
        return complain(exit_failure, error);
    }
}
