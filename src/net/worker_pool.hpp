// worker_pool: the threads on which registered C++ classes do their work.
#pragma once

#include "core/job.hpp"
#include "net/server_state.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace quaymaster::net {

/// Starts a thread when a job comes and none is free, up to a limit; beyond it jobs wait.
/// Thread safety: submit() from any thread. stop() once, when the loops have ended.
class worker_pool final : public core::job_runner {
public:
    worker_pool(server_state& state, std::size_t threads_max) noexcept : state_{state}, threads_max_{threads_max} {}
    ~worker_pool();
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    void submit(std::shared_ptr<core::job> work) override;
    /// Drops the jobs that wait and waits for those that run. Not from one of these.
    void stop();
    /// True in a job.
    [[nodiscard]] bool is_own_thread();

private:
    void run();
    void complete(core::job& done);

    server_state& state_;
    const std::size_t threads_max_;
    std::mutex mutex_;  // guards the rest; taken inside the guards of referents, and no lock is taken inside it
    std::condition_variable has_work_;
    std::deque<std::shared_ptr<core::job>> waiting_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool stopping_ = false;
};

}  // namespace quaymaster::net
