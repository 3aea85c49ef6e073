#include "net/worker_pool.hpp"

#include "net/caller.hpp"
#include "net/signals_blocked.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace quaymaster::net {

worker_pool::~worker_pool()
{
    stop();
}

void worker_pool::submit(std::shared_ptr<core::job> work)
{
    const std::lock_guard lock{mutex_};
    if (stopping_)
        return;
    waiting_.push_back(std::move(work));
    if (idle_ < waiting_.size() && threads_.size() < threads_max_) {
        try {
            const signals_blocked blocked;
            threads_.emplace_back([this] { run(); });
        } catch (const std::exception&) {
            if (threads_.empty()) {
                waiting_.pop_back();
                throw;
            }
            // One of those that work will come to it.
        }
    }
    has_work_.notify_one();
}

void worker_pool::stop()
{
    std::deque<std::shared_ptr<core::job>> dropped;
    std::vector<std::thread> ending;
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        dropped.swap(waiting_);
        ending.swap(threads_);
        has_work_.notify_all();
    }
    for (std::thread& each : ending)
        each.join();
    // Their callers are gone; their objects have to let go of them.
    for (const auto& each : dropped)
        complete(*each);
}

bool worker_pool::is_own_thread()
{
    const std::lock_guard lock{mutex_};
    const auto is_this = [](const std::thread& each) { return each.get_id() == std::this_thread::get_id(); };
    return std::any_of(threads_.begin(), threads_.end(), is_this);
}

void worker_pool::run()
{
    for (;;) {
        std::shared_ptr<core::job> work;
        {
            std::unique_lock lock{mutex_};
            ++idle_;
            has_work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            --idle_;
            if (waiting_.empty())
                return;
            work = std::move(waiting_.front());
            waiting_.pop_front();
        }
        work->execute();
        complete(*work);
    }
}

void worker_pool::complete(core::job& done)
{
    core::completions fulfilled;
    try {
        const auto lock = state_.guards.lock(done.home());
        done.finish(fulfilled);
    } catch (const std::exception& failure) {
        state_.log_or_drop(log_level::error, "the result of a call is lost: ", failure.what());
    }
    // Whoever was served before something went wrong, too.
    for (std::shared_ptr<core::waiter>& told : fulfilled)
        tell(std::move(told));
}

}  // namespace quaymaster::net
