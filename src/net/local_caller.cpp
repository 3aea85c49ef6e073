#include "net/local_caller.hpp"

#include "net/later.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>

namespace quaymaster::net {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The arguments of `request` as a referent takes them.
core::call to_call(const client_request& request)
{
    core::call call;
    call.method = request.method;
    call.positional.assign(request.positional.begin(), request.positional.end());
    call.keywords.assign(request.keywords.begin(), request.keywords.end());
    call.now = clock::now();
    return call;
}

}  // namespace

/// The place in line of the call that the thread is at.
class local_caller::slot final : public core::waiter {
public:
    explicit slot(std::shared_ptr<local_caller> home) noexcept : home_{std::move(home)} {}
    [[nodiscard]] core::waiter& principal() noexcept override { return *home_; }

private:
    const std::shared_ptr<local_caller> home_;  // which may be told late, of a call that was given up
};

/// Withdraws a call whose wait ends by an exception.
class local_caller::unfinished_wait {
public:
    unfinished_wait(local_caller& home, core::referent& place) noexcept : home_{home}, place_{&place} {}
    unfinished_wait(const unfinished_wait&) = delete;
    unfinished_wait& operator=(const unfinished_wait&) = delete;
    ~unfinished_wait()
    {
        if (place_ != nullptr)
            home_.give_up(*place_);
    }
    void finish() noexcept { place_ = nullptr; }

private:
    local_caller& home_;
    core::referent* place_;
};

local_caller::local_caller(std::shared_ptr<local_access> home)
    : home_{std::move(home)},
      service_{home_->state(), *this},
      calls_{home_->state().options.pickle, *this},
      busy_poll_{home_->state().options.busy_poll}
{
}

local_caller::~local_caller() = default;

void local_caller::retire() noexcept
{
    if (!home_->is_of_this_process())
        return;
    if (enter()) {
        try {
            calls_.end(service_);
        } catch (const std::exception& failure) {
            home_->state().log_or_drop(log_level::error, "what a thread owned is not released: ", failure.what());
        }
        leave();
    }
    home_->remove(*this);
    const std::lock_guard lock{mutex_};
    slot_.reset();
}

void local_caller::tell(std::shared_ptr<core::waiter> told) noexcept
{
    // Under the lock to the end: the waiting thread may be the last but this to know it.
    const std::lock_guard lock{mutex_};
    if (told != slot_)
        return;  // the call was given up meanwhile
    is_told_.store(true, std::memory_order_release);
    changed_.notify_one();
}

void local_caller::wake() noexcept
{
    const std::lock_guard lock{mutex_};
    changed_.notify_one();
}

void local_caller::on_fulfilled(std::shared_ptr<core::waiter> told) noexcept
{
    net::tell(std::move(told));
}

value local_caller::own_end(core::waiter&)
{
    return home_->own_end();
}

std::string local_caller::host_of(core::waiter&)
{
    return "(this program)";  // which has no streams whose end could tell that its proxies are gone
}

std::shared_ptr<core::waiter> local_caller::set_aside() noexcept
{
    const std::lock_guard lock{mutex_};
    return std::exchange(slot_, nullptr);
}

void local_caller::take_back(std::shared_ptr<core::waiter> outer) noexcept
{
    std::shared_ptr<slot> inner = std::static_pointer_cast<slot>(std::move(outer));
    const std::lock_guard lock{mutex_};
    slot_.swap(inner);
    is_told_.store(false, std::memory_order_relaxed);
}

core::waiter& local_caller::waiting()
{
    if (slot_ == nullptr) {
        auto made = std::make_shared<slot>(std::static_pointer_cast<local_caller>(shared_from_this()));
        const std::lock_guard lock{mutex_};
        slot_ = std::move(made);
        is_told_.store(false, std::memory_order_relaxed);
    }
    return *slot_;
}

wire::reply local_caller::call_object(std::string_view ident, const client_request& request, const reply_wait& wait)
{
    core::call call = to_call(request);
    return reply_of(calls_.call_method(service_, ident, call, waiting()), wait);
}

wire::reply local_caller::call_server(const client_request& request, std::optional<std::string_view> name,
                                      const reply_wait& wait)
{
    core::call call = to_call(request);
    return reply_of(calls_.call_function(service_, name, call, waiting()), wait);
}

wire::reply local_caller::reply_of(session::local_calls::answer answer, const reply_wait& wait)
{
    if (auto* const reply = std::get_if<wire::reply>(&answer))
        return std::move(*reply);
    const auto& waited = std::get<session::local_calls::wait>(answer);
    core::outcome result = wait_in(waited.place, &wait, true);
    if (std::holds_alternative<core::parked>(result))
        throw_stopped(true);  // its work was dropped
    return calls_.finish(service_, waited, std::move(result));
}

core::outcome local_caller::wait_in(const std::shared_ptr<core::referent>& place, const reply_wait* patience,
                                    bool may_have_executed)
{
    unfinished_wait unfinished{*this, *place};
    // As it was when the call was parked: it stays so until the outcome is taken.
    core::time_point deadline = slot_->deadline();
    core::time_point limit = patience != nullptr ? later(clock::now(), patience->patience) : core::never;
    for (;;) {
        const event come = wait(std::min(deadline, limit), place->works_for_the_parked());
        if (come == event::told) {
            unfinished.finish();
            is_told_.store(false, std::memory_order_relaxed);
            return place->collect(*slot_);
        }
        if (come == event::stopped)
            throw_stopped(may_have_executed);
        const auto now = clock::now();
        if (now >= deadline) {
            deadline = core::never;
            core::outcome result = service_.expire(*place, *slot_);
            if (std::holds_alternative<core::parked>(result))
                continue;  // fulfilled a moment before, or it waits on, for a condition's lock
            unfinished.finish();
            return result;
        }
        if (patience == nullptr || now < limit)
            continue;
        if (patience->still_alive == nullptr)
            throw deadline_exceeded{"the call did not end within " + std::to_string(patience->patience.count()) + " ms"};
        (*patience->still_alive)();
        limit = later(clock::now(), patience->patience);
    }
}

local_caller::event local_caller::wait(core::time_point until, bool is_for_work)
{
    if (busy_poll_.poll(until, [this] { return is_told_.load(std::memory_order_acquire); }))
        return event::told;
    const event end = sleep(until, is_for_work);
    busy_poll_.on_awake(clock::now());
    return end;
}

local_caller::event local_caller::sleep(core::time_point until, bool is_for_work)
{
    std::unique_lock lock{mutex_};
    for (;;) {
        if (is_told_.load(std::memory_order_acquire))
            return event::told;
        const bool is_closed = home_->is_closed();
        const core::time_point work_limit = is_closed && is_for_work ? home_->work_limit() : core::never;
        if (is_closed && (!is_for_work || clock::now() >= work_limit))
            return event::stopped;
        const core::time_point limit = std::min(until, work_limit);
        if (limit == core::never)
            changed_.wait(lock);
        else if (changed_.wait_until(lock, limit) == std::cv_status::timeout && limit == until)
            return is_told_.load(std::memory_order_acquire) ? event::told : event::time;
    }
}

void local_caller::give_up(core::referent& place) noexcept
{
    try {
        service_.withdraw(place, *slot_);
    } catch (const std::exception& failure) {
        home_->state().log_or_drop(log_level::error, "an item that was on its way to a thread is lost: ", failure.what());
    }
    // It may be told yet, if it was fulfilled meanwhile: that must not be taken for the next call's.
    std::shared_ptr<slot> dropped;
    const std::lock_guard lock{mutex_};
    dropped.swap(slot_);
    is_told_.store(false, std::memory_order_relaxed);
}

}  // namespace quaymaster::net
