// async_worker: squares the numbers that python/task_master.py hands out, as task_worker does, but many at a time: each is a
// coroutine, and all of them share one thread and one connection. Needs a server elsewhere: quaymaster serve.
#include "arguments.hpp"
#include "queue_manager.hpp"

#include <quaymaster/async_queue.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <iostream>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using task_consumer = qm::async_consumer<task>;
using result_queue = qm::async_queue<result>;

/// Works until somebody is told to leave. Returns how many numbers it has squared.
asio::awaitable<int> work(const task_consumer& tasks, const result_queue& results, const std::string& name)
{
    for (int done = 0;; ++done) {
        task number;
        try {
            number = co_await tasks.async_next();
        } catch (const boost::system::system_error&) {
            co_return done;  // another was told to leave
        }
        if (!number) {
            co_await tasks.async_stop();  // what was sent ahead goes back, for other workers
            co_return done;
        }
        asio::steady_timer squaring{co_await asio::this_coro::executor, 10ms};  // as if it were work
        co_await squaring.async_wait(asio::use_awaitable);
        co_await results.async_put(result{*number, *number * *number, name});
    }
}

}  // namespace

int main(int argc, char** argv)
try {
    const arguments options{argc, argv, {"--host", "--port", "--authkey-file", "--name", "--jobs"}};
    const qm::address server{options.text("--host", "127.0.0.1"), options.number<std::uint16_t>("--port", 5000)};
    const std::string name = options.text("--name", "C++ coroutine");
    const auto jobs = options.number<unsigned>("--jobs", 16);
    asio::io_context loop;
    {
        const qm::async_client client{loop, server, options.authkey()};
        const task_consumer tasks = qm::async_queue<task>{client, "get_task_queue"}.consume(2 * jobs + 1);
        const result_queue results{client, "get_result_queue"};
        int squared = 0;
        unsigned working = jobs;
        std::exception_ptr failure;
        for (unsigned job = 0; job < jobs; ++job)
            asio::co_spawn(loop, work(tasks, results, name), [&](std::exception_ptr failed, int done) {
                squared += done;
                failure = failed ? failed : failure;
                if (--working == 0 || failed)
                    client.close();
            });
        loop.run();
        if (failure)
            std::rethrow_exception(failure);
        std::cout << name << ": squared " << squared << " numbers, up to " << jobs << " at a time\n";
    }
} catch (const std::exception& failure) {
    std::cerr << "async_worker: " << failure.what() << '\n';
    return 1;
}
