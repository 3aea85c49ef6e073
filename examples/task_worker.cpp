// task_worker: squares the numbers that task_master, or python/task_master.py, hands out. Start any number of them.
#include "arguments.hpp"
#include "queue_manager.hpp"

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

namespace {

/// Works until told to leave, until there is nothing to do for 10 s, or until the server has left. Returns why.
template <class Tasks, class Results>
std::string work(Tasks& tasks, Results& results, const std::string& name)
{
    try {
        for (;;) {
            const task number = tasks.get(10s);
            if (!number)
                return "done";
            std::this_thread::sleep_for(10ms);  // as if squaring were work
            results.put(result{*number, *number * *number, name});
        }
    } catch (const qm::queue_empty&) {
        return "no task for 10 s";
    } catch (const qm::connection_lost&) {
        return "the server has left";
    }
}

}  // namespace

int main(int argc, char** argv) try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file", "--name"}};
    queue_manager manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)}, options.authkey()};
    manager.connect();
    auto tasks = manager.get_task_queue();
    auto results = manager.get_result_queue();
    const std::string name = options.text("--name", "C++ worker");
    std::cout << name << ": " << work(tasks, results, name) << '\n';
} catch (const std::exception& failure) {
    std::cerr << "task_worker: " << failure.what() << '\n';
    return 1;
}
