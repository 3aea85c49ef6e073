#include "net/local_access.hpp"

#include "net/fork_generation.hpp"
#include "net/local_caller.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace quaymaster::net {
namespace {

std::uint64_t next_access_id() noexcept
{
    static std::atomic<std::uint64_t> made{0};
    return made.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// The caller that this thread was last, so that most calls need not look for it.
struct last_caller {
    std::uint64_t access_id;  // 0: none
    local_caller* caller;
};
thread_local constinit last_caller last_used{0, nullptr};

/// What this thread is to the servers that it calls.
class thread_callers {
public:
    ~thread_callers()
    {
        last_used = {0, nullptr};
        for (const entry& each : entries_)
            each.caller->retire();
    }
    [[nodiscard]] local_caller* find(std::uint64_t access_id) const noexcept
    {
        for (const entry& each : entries_)
            if (each.access_id == access_id)
                return each.caller.get();
        return nullptr;
    }
    void reserve_one()
    {
        std::erase_if(entries_, [](const entry& each) {
            const bool is_over = each.access->is_closed() && !each.caller->is_inside();
            if (is_over)
                each.caller->retire();
            return is_over;
        });
        entries_.reserve(entries_.size() + 1);
    }
    void add(std::uint64_t access_id, std::shared_ptr<local_access> access, std::shared_ptr<local_caller> caller) noexcept
    {
        entries_.push_back({access_id, std::move(access), std::move(caller)});
    }

    static thread_callers& of_this_thread()
    {
        // By pointer, because a static object's destructor may still use a proxy after the thread's own objects have ended.
        thread_local thread_callers* callers = nullptr;
        thread_local const ender end_with_thread{callers};
        if (callers == nullptr)
            callers = new thread_callers;
        return *callers;
    }

private:
    struct ender {
        thread_callers*& callers;
        ~ender() { delete std::exchange(callers, nullptr); }
    };
    struct entry {
        std::uint64_t access_id;
        std::shared_ptr<local_access> access;
        std::shared_ptr<local_caller> caller;
    };
    std::vector<entry> entries_;
};

}  // namespace

void throw_stopped(bool may_have_executed)
{
    throw connection_lost{"the server of this object, in this program, has stopped",
                          boost::system::errc::make_error_code(boost::system::errc::not_connected), may_have_executed};
}

local_access::local_access(server_state& state) noexcept
    : state_{state}, fork_generation_{net::fork_generation()}, id_{next_access_id()}
{
}

local_access::~local_access() = default;

bool local_access::is_of_this_process() const noexcept
{
    return fork_generation_ == net::fork_generation();
}

local_caller& local_access::caller_of_this_thread()
{
    if (last_used.access_id == id_)
        return *last_used.caller;
    thread_callers& callers = thread_callers::of_this_thread();
    local_caller* found = callers.find(id_);
    if (found == nullptr) {
        last_used = {0, nullptr};  // which may be one that reserve_one() lets go, and no other follows it if add_caller() throws
        callers.reserve_one();
        std::shared_ptr<local_caller> added = add_caller();
        found = added.get();
        callers.add(id_, shared_from_this(), std::move(added));
    }
    last_used = {id_, found};
    return *found;
}

std::shared_ptr<local_caller> local_access::add_caller()
{
    // Under the lock, which close() needs: until then the server is there for it to look at.
    const std::lock_guard lock{mutex_};
    if (is_closed())
        throw_stopped(false);
    callers_.push_back(std::make_shared<local_caller>(shared_from_this()));
    return callers_.back();
}

void local_access::remove(const local_caller& gone) noexcept
{
    std::shared_ptr<local_caller> removed;  // ends after the lock is gone
    const std::lock_guard lock{mutex_};
    const auto at = std::find_if(callers_.begin(), callers_.end(), [&](const auto& each) { return each.get() == &gone; });
    if (at == callers_.end())
        return;
    removed = std::move(*at);
    *at = std::move(callers_.back());
    callers_.pop_back();
}

void local_access::close(std::chrono::milliseconds grace) noexcept
{
    const std::lock_guard lock{mutex_};
    if (is_closed())
        return;
    work_limit_ = std::chrono::steady_clock::now() + grace;
    is_closed_.store(true);
    for (const auto& each : callers_)
        each->wake();
}

void local_access::wait_until_left() noexcept
{
    // Those who leave do not say so, which would cost every call. They are few, woken, and soon gone.
    const std::lock_guard lock{mutex_};
    for (const auto& each : callers_)
        while (!each->is_of_this_thread() && each->is_inside())
            std::this_thread::sleep_for(std::chrono::microseconds{50});
    callers_.clear();
}

}  // namespace quaymaster::net
