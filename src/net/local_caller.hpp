// local_caller: a thread of this program as a caller of the objects of a server in it.
#pragma once

#include "net/busy_poll.hpp"
#include "net/caller.hpp"
#include "net/guarded_service.hpp"
#include "net/local_access.hpp"
#include "net/object_channel.hpp"
#include "session/local_calls.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace quaymaster::net {

/// Waits in the same lines as everybody else, with a waiter of its own, and owns what it acquires until the thread ends.
/// Thread safety: tell() and wake() from any thread, is_inside() too; everything else on its own. Lifetime: as long as its
/// thread, and whoever is about to tell it something.
class local_caller final : public caller, private loop_of_callers {
public:
    explicit local_caller(std::shared_ptr<local_access> home);
    ~local_caller() override;

    void tell(std::shared_ptr<core::waiter> told) noexcept override;
    /// Has a wait look whether the server has stopped.
    void wake() noexcept;

    /// Begins a call, within another or not; false if the server has stopped. Use local_call.
    [[nodiscard]] bool enter() noexcept
    {
        if (depth_ == 0) {
            // Sequentially consistent, as that of close() and wait_until_left(): one of the two sees the other.
            is_inside_.store(true);
            if (home_->is_closed()) {
                is_inside_.store(false, std::memory_order_release);
                return false;
            }
        }
        ++depth_;
        return true;
    }
    void leave() noexcept
    {
        if (--depth_ != 0)
            return;
        if (home_->state().holds->has_work())
            home_->state().settle_soon();
        is_inside_.store(false, std::memory_order_release);
    }
    [[nodiscard]] bool is_nested() const noexcept { return depth_ > 1; }
    [[nodiscard]] bool is_inside() const noexcept { return is_inside_.load(); }
    [[nodiscard]] bool is_of_this_thread() const noexcept { return thread_ == std::this_thread::get_id(); }
    /// The thread ends: what it owns is released.
    void retire() noexcept;

    // ---- in a call ----

    /// For a call within another, as the end of an object that the server drops may make: gives it a waiter of its own. Returns
    /// that of the other, which does not wait at this time, for take_back() at the end.
    [[nodiscard]] std::shared_ptr<core::waiter> set_aside() noexcept;
    void take_back(std::shared_ptr<core::waiter> outer) noexcept;

    [[nodiscard]] guarded_service& service() noexcept { return service_; }
    /// Calls a method of the object `ident`, or a server function, and waits for the reply.
    wire::reply call_object(std::string_view ident, const client_request& request, const reply_wait& wait);
    wire::reply call_server(const client_request& request, std::optional<std::string_view> name, const reply_wait& wait);
    /// For what a call parks.
    [[nodiscard]] core::waiter& waiting();
    /// The outcome of the call for which waiting() is parked in `place`. nullptr: however long it takes, to the waiter's
    /// deadline. Throws connection_lost, with `may_have_executed` as said, when the server stops, deadline_exceeded, and what
    /// reply_wait::still_alive throws; whatever is thrown, the call has been withdrawn.
    core::outcome wait_in(const std::shared_ptr<core::referent>& place, const reply_wait* patience, bool may_have_executed);

private:
    class slot;
    class unfinished_wait;
    enum class event : std::uint8_t { told, time, stopped };

    void on_fulfilled(std::shared_ptr<core::waiter> told) noexcept override;
    [[nodiscard]] value own_end(core::waiter& caller) override;
    [[nodiscard]] std::string host_of(core::waiter& caller) override;
    wire::reply reply_of(session::local_calls::answer answer, const reply_wait& wait);
    [[nodiscard]] event wait(core::time_point until, bool is_for_work);
    [[nodiscard]] event sleep(core::time_point until, bool is_for_work);
    void give_up(core::referent& place) noexcept;

    const std::shared_ptr<local_access> home_;
    const std::thread::id thread_ = std::this_thread::get_id();
    std::atomic<bool> is_inside_{false};
    std::size_t depth_ = 0;
    guarded_service service_;
    session::local_calls calls_;
    busy_poll busy_poll_;

    std::mutex mutex_;  // guards slot_ (changed by its own thread alone) and is_told_; innermost
    std::condition_variable changed_;
    std::shared_ptr<slot> slot_;  // null until the first call that may wait
    std::atomic<bool> is_told_{false};
};

/// One call of the calling thread: while it lives the server is there.
class local_call {
public:
    /// Throws connection_lost if the server has stopped.
    explicit local_call(local_access& home) : caller_{home.caller_of_this_thread()}
    {
        if (!caller_.enter())
            throw_stopped(false);
        if (caller_.is_nested())
            outer_ = caller_.set_aside();
    }
    local_call(const local_call&) = delete;
    local_call& operator=(const local_call&) = delete;
    ~local_call()
    {
        if (caller_.is_nested())
            caller_.take_back(std::move(outer_));
        caller_.leave();
    }
    [[nodiscard]] local_caller* operator->() const noexcept { return &caller_; }
    [[nodiscard]] local_caller& operator*() const noexcept { return caller_; }

private:
    local_caller& caller_;
    std::shared_ptr<core::waiter> outer_;
};

}  // namespace quaymaster::net
