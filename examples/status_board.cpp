// status_board: what every worker does, on one board: a dict in a server. Start one with
//
//     QUAYMASTER_AUTHKEY=abc quaymaster serve --port 5000 --share board=dict
//
// then status_board to watch, and any number of status_board --name NAME, or python/status_board.py, which also does both.
#include "arguments.hpp"

#include <quaymaster/quaymaster.hpp>

#include <boost/describe/class.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>
#include <string>
#include <thread>

namespace qm = quaymaster;
using namespace std::chrono_literals;

/// In Python: {'done': 3, 'of': 10, 'doing': 'working', 'language': 'C++'}
struct status {
    int done = 0;
    int of = 0;
    std::string doing;
    std::string language;
};
BOOST_DESCRIBE_STRUCT(status, (), (done, of, doing, language))

using board = qm::dict_proxy<std::string, status>;
using entries = std::map<std::string, status>;

namespace {

void work(const board& shared, const std::string& name, int steps)
{
    for (int step = 0; step < steps; ++step) {
        shared[name] = {step, steps, "working", "C++"};
        std::this_thread::sleep_for(200ms);  // as if it were work
    }
    shared[name] = {steps, steps, "finished", "C++"};
}

void print(const entries& shown)
{
    if (::isatty(STDOUT_FILENO) != 0)
        std::cout << "\033[H\033[J";  // over the last one
    std::cout << std::left << std::setw(16) << "NAME" << std::setw(10) << "LANGUAGE" << std::setw(10) << "DOING"
              << "DONE\n";
    for (const auto& [name, now] : shown)
        std::cout << std::setw(16) << name << std::setw(10) << now.language << std::setw(10) << now.doing << now.done << " of "
                  << now.of << '\n';
    std::cout << std::endl;
}

/// Until `workers` or more are on the board, and all have finished.
void watch(const board& shared, std::size_t workers)
{
    for (;; std::this_thread::sleep_for(250ms)) {
        const entries shown = shared.to_map();  // one request, one moment
        print(shown);
        const auto has_finished = [](const auto& entry) { return entry.second.doing == "finished"; };
        if (shown.size() >= workers && std::all_of(shown.begin(), shown.end(), has_finished))
            return;
    }
}

}  // namespace

int main(int argc, char** argv)
try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file", "--name", "--steps", "--workers"}};
    qm::base_manager manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)},
                             options.authkey()};
    manager.connect();
    const auto shared = manager.create<board>("board");
    if (options.has("--name"))
        work(shared, options.text("--name", ""), options.number("--steps", 20));
    else
        watch(shared, options.number<std::size_t>("--workers", 1));
} catch (const std::exception& failure) {
    std::cerr << "status_board: " << failure.what() << '\n';
    return 1;
}
