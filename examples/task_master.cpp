// task_master: hands out numbers, collects their squares, and checks every one.
// Run task_master, then one or more task_worker or python/task_worker.py, here or on other machines.
#include "arguments.hpp"
#include "queue_manager.hpp"

#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>
#include <set>
#include <thread>

using namespace std::chrono_literals;

namespace {

/// What came back: who did how many, and which numbers are still out.
class tally {
public:
    explicit tally(std::int64_t tasks)
    {
        for (std::int64_t number = 0; number < tasks; ++number)
            missing_.insert(number);
    }

    /// False if the square is wrong, or the number was not out.
    bool add(const result& answer)
    {
        const auto& [number, square, worker] = answer;
        ++done_by_[worker];
        return missing_.erase(number) == 1 && square == number * number;
    }

    [[nodiscard]] std::size_t missing() const { return missing_.size(); }
    [[nodiscard]] const std::map<std::string, int>& done_by() const { return done_by_; }

private:
    std::set<std::int64_t> missing_;
    std::map<std::string, int> done_by_;
};

/// The next result; while none comes, says why that may be. Gives up after a minute.
result next_result(const qm::queue_proxy<result>& results)
{
    for (int tries = 0; tries < 6; ++tries) {
        try {
            return results.get(10s);
        } catch (const qm::queue_empty&) {
            std::cerr << "\nno result for 10 s: is a task_worker running?\n";
        }
    }
    throw std::runtime_error{"no result for a minute"};
}

/// One None for each worker, and a moment to fetch them; those of workers that have left already are taken back.
void send_home(const qm::queue_proxy<task>& tasks, std::size_t workers)
{
    for (std::size_t worker = 0; worker < workers; ++worker)
        tasks.put(std::nullopt);
    for (int tries = 0; tries < 100 && !tasks.empty(); ++tries)
        std::this_thread::sleep_for(20ms);
    try {
        for (;;)
            (void)tasks.get_nowait();
    } catch (const qm::queue_empty&) {
    }
}

}  // namespace

int main(int argc, char** argv) try {
    const arguments options{argc, argv, {"--host", "--port", "--tasks", "--authkey-file"}, {"--connect"}};
    queue_manager manager{{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)}, options.authkey()};
    if (options.has("--connect")) {
        manager.connect();
    } else {
        manager.register_queue("get_task_queue");
        manager.register_queue("get_result_queue");
        manager.start();
        std::cout << "listening on " << manager.address().to_string() << std::endl;
    }

    const auto tasks = manager.get_task_queue();
    const auto results = manager.get_result_queue();
    const auto count = options.number<std::int64_t>("--tasks", 300);
    for (std::int64_t number = 0; number < count; ++number)
        tasks.put(number);

    tally answers{count};
    bool all_right = true;
    for (std::int64_t received = 1; received <= count; ++received) {
        all_right &= answers.add(next_result(results));
        if (received % 10 == 0 || received == count)
            std::cerr << '\r' << received << " of " << count << " results" << std::flush;
    }
    std::cerr << '\n';
    send_home(tasks, answers.done_by().size());

    for (const auto& [worker, done] : answers.done_by())
        std::cout << std::setw(8) << done << "  " << worker << '\n';
    if (!all_right || answers.missing() != 0) {
        std::cout << "results are wrong, missing or doubled\n";
        return 1;
    }
    std::cout << "all " << count << " results are right\n";
    manager.shutdown();
} catch (const std::exception& failure) {
    std::cerr << "task_master: " << failure.what() << '\n';
    return 1;
}
