#include "session/native_waits.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>
#include <variant>

namespace quaymaster::session {
namespace {

using wire::native::operation;

/// Requests whose memory is kept for the next that wait.
constexpr std::size_t spare_requests_max = 64;

/// The first of `line`, which leaves it and is no longer `is_in_line`; null if there is none.
pending_request* take_first(auto& line, bool pending_request::*is_in_line) noexcept
{
    if (line.empty())
        return nullptr;
    auto& first = static_cast<pending_request&>(line.front());
    line.pop_front();
    first.*is_in_line = false;
    return &first;
}

bool is_put(const pending_request& waiting) noexcept
{
    return waiting.code == operation::put || waiting.code == operation::put_many;
}

}  // namespace

std::shared_ptr<pending_request> pending_requests::make(const wire::native::frame& request,
                                                        const std::shared_ptr<core::waiter>& principal)
{
    std::shared_ptr<pending_request> made;
    if (spare_.empty()) {
        made = std::make_shared<pending_request>(principal);
    } else {
        made = std::move(spare_.back());
        spare_.pop_back();
    }
    made->id = request.id;
    made->code = request.code;
    made->count = request.count;
    made->carried = request.body.size();
    return made;
}

void pending_requests::recycle(std::shared_ptr<pending_request> done) noexcept
{
    done->object.reset();
    if (done->batch != nullptr)
        std::vector<codec::item>{}.swap(done->batch->items);  // with its memory, which may be that of a large batch
    // One that somebody is about to tell of something that is over must not be taken for the next request.
    if (done.use_count() > 1 || spare_.size() >= spare_requests_max)
        return;
    try {
        spare_.push_back(std::move(done));
    } catch (const std::bad_alloc&) {  // then it just ends
    }
}

void pending_requests::park(std::shared_ptr<pending_request> waiting, core::time_point due) noexcept
{
    pending_request& registered = *waiting;
    registered.due = due;
    rejoin(registered);
    all_.insert(registered);
    carried_ += registered.carried;
    keep_due(registered);
    registered.self_ = std::move(waiting);
}

void pending_requests::settle(pending_request& waiting) noexcept
{
    all_.erase(all_.iterator_to(waiting));
    carried_ -= waiting.carried;
    if (waiting.waiting_by_due::is_linked())
        timed_.erase(timed_.iterator_to(waiting));
    if (std::exchange(waiting.is_stalled, false))
        stalled_.erase(stalled_.iterator_to(waiting));
    if (std::exchange(waiting.is_held, false))
        held_.erase(held_.iterator_to(waiting));
    waiting.is_waiting = false;
    recycle(std::move(waiting.self_));
}

void pending_requests::keep_due(pending_request& waiting) noexcept
{
    if (waiting.due != core::never && !waiting.waiting_by_due::is_linked())
        timed_.insert(waiting);
}

void pending_requests::stall(pending_request& waiting) noexcept
{
    waiting.is_stalled = true;
    stalled_.push_back(waiting);
}

pending_request* pending_requests::take_stalled() noexcept
{
    return take_first(stalled_, &pending_request::is_stalled);
}

void pending_requests::hold(pending_request& served) noexcept
{
    served.is_held = true;
    held_.push_back(served);
}

pending_request* pending_requests::take_held() noexcept
{
    return take_first(held_, &pending_request::is_held);
}

bool pending_requests::holds_answers() const noexcept
{
    return std::any_of(held_.begin(), held_.end(), [](const core::waiter& each) {
        return static_cast<const pending_request&>(each).code != operation::consume;
    });
}

std::vector<pending_request*> pending_requests::in_lines()
{
    std::vector<pending_request*> found;
    for (pending_request& each : all_)
        if (each.takes_items() && !each.is_stalled && !each.is_held)
            found.push_back(&each);
    std::sort(found.begin(), found.end(),
              [](const pending_request* left, const pending_request* right) { return left->turn < right->turn; });
    return found;
}

pending_request* pending_requests::find(std::uint32_t id) noexcept
{
    const auto found = all_.find(id);
    return found != all_.end() ? &*found : nullptr;
}

bool pending_requests::awaits_work() const noexcept
{
    return std::any_of(all_.begin(), all_.end(),
                       [](const pending_request& each) { return each.code == operation::call && each.python->awaits_work(); });
}

pending_request* pending_requests::take_due(core::time_point now) noexcept
{
    if (timed_.empty() || timed_.begin()->due > now)
        return nullptr;
    pending_request& first = *timed_.begin();
    timed_.erase(timed_.begin());
    return &first;
}

void pending_requests::withdraw_all(service& server)
{
    std::exception_ptr failure;
    try {
        withdraw_in_order(server);
    } catch (const std::bad_alloc&) {
        failure = std::current_exception();
    }
    while (!all_.empty()) {
        leave_queue(*all_.begin(), server);
        settle(*all_.begin());
    }
    spare_.clear();
    if (failure)
        std::rethrow_exception(failure);
}

/// One that was served, and for whose item there is no memory in its queue, loses it; nobody stays in a line to be given more.
void pending_requests::leave_queue(pending_request& waiting, service& server) noexcept
{
    if (waiting.code == operation::call)
        return;
    try {
        server.withdraw(*waiting.object, waiting);
    } catch (const std::exception&) {
        static_cast<void>(waiting.take_outcome());
    }
}

void pending_requests::withdraw_in_order(service& server)
{
    std::vector<pending_request*> found;
    found.reserve(all_.size());
    for (pending_request& each : all_)
        if (each.code != operation::call)
            found.push_back(&each);
    std::span<pending_request*> in_queues{found};
    std::sort(in_queues.begin(), in_queues.end(), [](const pending_request* left, const pending_request* right) {
        return std::pair{left->object.get(), left->turn} < std::pair{right->object.get(), right->turn};
    });
    while (!in_queues.empty()) {
        core::referent& queue = *in_queues.front()->object;
        const auto end_of_queue = std::find_if(in_queues.begin(), in_queues.end(),
                                               [&](const pending_request* each) { return each->object.get() != &queue; });
        const auto count = static_cast<std::size_t>(end_of_queue - in_queues.begin());
        server.run_inside(queue, [&](core::completions& fulfilled) { leave_together(in_queues.first(count), fulfilled); });
        in_queues = in_queues.subspan(count);
    }
}

/// All of one queue, in its guard. std::bad_alloc: those whose items are not back still have them.
void pending_requests::leave_together(std::span<pending_request*> in_queue, core::completions& fulfilled)
{
    std::vector<codec::item> returned;
    std::vector<pending_request*> served;
    for (pending_request* const each : in_queue) {
        if (each->current_state() == core::waiter::state::parked) {
            each->queue().withdraw(*each, fulfilled);
        } else if (each->current_state() == core::waiter::state::fulfilled) {
            const auto* const outcome = std::get_if<core::returned>(&each->peek_outcome());
            if (outcome != nullptr && !is_put(*each)) {
                served.push_back(each);
                returned.push_back(codec::payload{outcome->result}.to_item());
            } else {
                static_cast<void>(each->take_outcome());
            }
        }
    }
    const auto forget_returned = [&]() noexcept {
        for (std::size_t i = 0; i < served.size(); ++i)
            if (!returned[i])
                static_cast<void>(served[i]->take_outcome());
    };
    try {
        in_queue.front()->queue().put_back(returned, fulfilled);
    } catch (...) {
        forget_returned();
        throw;
    }
    forget_returned();
}

}  // namespace quaymaster::session
