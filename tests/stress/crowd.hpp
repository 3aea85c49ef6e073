// crowd: threads that work side by side in the stress test.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace quaymaster::testing {

/// Threads, of which the first that fails is heard of. Thread safety: has_failed(), is_steady() and note_steady() from any thread, the
/// rest from one.
class crowd {
public:
    crowd() = default;
    crowd(const crowd&) = delete;
    crowd& operator=(const crowd&) = delete;
    ~crowd() { join_all(); }
    void add(auto&& act)
    {
        threads_.emplace_back([this, act = std::forward<decltype(act)>(act)]() mutable {
            try {
                act();
            } catch (...) {
                const std::lock_guard lock{mutex_};
                if (failure_ == nullptr)
                    failure_ = std::current_exception();
                has_failed_ = true;
            }
        });
    }
    [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }
    [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
    /// Said once by each that has all the connections that it will have.
    void note_steady() noexcept { ++steady_; }
    [[nodiscard]] bool is_steady() const noexcept { return steady_ == threads_.size(); }
    void join()
    {
        join_all();
        if (failure_ != nullptr)
            std::rethrow_exception(failure_);
    }

private:
    void join_all()
    {
        for (std::thread& each : threads_)
            if (each.joinable())
                each.join();
    }

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::exception_ptr failure_;
    std::atomic<bool> has_failed_{false};
    std::atomic<std::size_t> steady_{0};
};

}  // namespace quaymaster::testing
