// simulate: runs simulations of many seeds, or one again with all that happens in it.
//   simulate [--first SEED] [--seeds COUNT] [--seconds LIMIT] [--steps COUNT] [--trace]
#include "simulation.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>

namespace {

using namespace quaymaster::testing;

int usage()
{
    std::cerr << "usage: simulate [--first SEED] [--seeds COUNT] [--seconds LIMIT] [--steps COUNT] [--trace]\n";
    return 2;
}

/// The last lines of what has happened.
std::string tail_of(const std::string& text, std::size_t lines)
{
    std::size_t from = text.size();
    while (lines > 0 && from > 0 && (from = text.rfind('\n', from - 1)) != std::string::npos)
        --lines;
    return from == std::string::npos ? text : text.substr(from);
}

}  // namespace

int main(int argc, char** argv)
{
    std::uint64_t first = 1;
    std::uint64_t seeds = 1000;
    std::uint64_t seconds = std::numeric_limits<std::uint32_t>::max();
    simulation_options options;
    bool traces = false;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--trace") {
            traces = true;
            continue;
        }
        if (++i == argc)
            return usage();
        const std::uint64_t number = std::strtoull(argv[i], nullptr, 10);
        if (name == "--first")
            first = number;
        else if (name == "--seeds")
            seeds = number;
        else if (name == "--seconds")
            seconds = number;
        else if (name == "--steps")
            options.steps = static_cast<std::size_t>(number);
        else
            return usage();
    }
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    simulation_statistics total;
    std::uint64_t done = 0;
    for (; done < seeds && clock::now() - begin < std::chrono::seconds{seconds}; ++done) {
        options.seed = first + done;
        options.trace = traces ? &std::cout : nullptr;
        try {
            total += simulate(options);
        } catch (const std::exception& failure) {
            std::cerr << "seed " << options.seed << ": " << failure.what() << '\n';
            if (!traces) {
                std::ostringstream told;
                options.trace = &told;
                try {
                    (void)simulate(options);
                } catch (const std::exception&) {
                }
                std::cerr << tail_of(told.str(), 60) << "\nagain, in full: simulate --first " << options.seed
                          << " --seeds 1 --steps " << options.steps << " --trace\n";
            }
            return 1;
        }
    }
    const double minutes = std::chrono::duration<double, std::ratio<60>>(clock::now() - begin).count();
    std::cout << done << " seeds, " << static_cast<double>(done) / minutes << " a minute: " << total.events << " events, "
              << total.connections << " connections, " << total.disconnections << " lost, " << total.requests << " requests, "
              << total.items_in << " items in, " << total.items_out << " out, " << total.items_returned << " returned, "
              << total.retried_puts << " puts repeated, " << total.timeouts << " time-outs, " << total.cancels << " cancels\n";
    return 0;
}
