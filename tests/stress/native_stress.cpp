// native_stress: the stress test of the integration tests, as long and as large as you like.
//   native_stress [--seconds N] [--seed N] [--threads N] [--scale N] [--rounds N] [--late MILLISECONDS]
#include "killed_server.hpp"
#include "stress.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace {

int usage()
{
    std::cerr << "usage: native_stress [--seconds N] [--seed N] [--threads N] [--scale N] [--rounds N] [--late MILLISECONDS]\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv)
{
    using namespace quaymaster::testing;
    stress_options options;
    std::uint64_t rounds = 1;
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        char* end = nullptr;
        const std::uint64_t number = i + 1 < argc ? std::strtoull(argv[i + 1], &end, 10) : 0;
        if (end == nullptr || end == argv[i + 1] || *end != '\0')
            return usage();
        if (name == "--seconds")
            options.duration = std::chrono::seconds{number};
        else if (name == "--seed")
            options.seed = number;
        else if (name == "--threads")
            options.server_threads = static_cast<std::size_t>(number);
        else if (name == "--scale")
            options.scale = static_cast<std::size_t>(number);
        else if (name == "--rounds")
            rounds = number;
        else if (name == "--late")
            options.lateness_max = std::chrono::milliseconds{number};
        else
            return usage();
    }
    for (; rounds > 0; --rounds, ++options.seed) {
        try {
            run_killed_server(8, std::chrono::milliseconds{options.seed * 37 % 500});
            const stress_statistics found = run_stress(options);
            std::cout << "seed " << options.seed << ": " << found << std::endl;
        } catch (const std::exception& failure) {
            std::cerr << "seed " << options.seed << ": " << failure.what() << '\n';
            return 1;
        }
    }
    return 0;
}
