#include "session/native_waits.hpp"

#include <algorithm>
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
    return made;
}

void pending_requests::recycle(std::shared_ptr<pending_request> done)
{
    done->object.reset();
    if (done->batch != nullptr)
        std::vector<codec::item>{}.swap(done->batch->items);  // with its memory, which may be that of a large batch
    // One that somebody is about to tell of something that is over must not be taken for the next request.
    if (done.use_count() > 1 || spare_.size() >= spare_requests_max)
        return;
    spare_.push_back(std::move(done));
}

void pending_requests::park(std::shared_ptr<pending_request> waiting, core::time_point due) noexcept
{
    pending_request& registered = *waiting;
    registered.due = due;
    rejoin(registered);
    all_.insert(registered);
    keep_due(registered);
    registered.self_ = std::move(waiting);
}

void pending_requests::settle(pending_request& waiting)
{
    all_.erase(all_.iterator_to(waiting));
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
    std::vector<pending_request*> in_queues;
    in_queues.reserve(all_.size());
    for (pending_request& each : all_)
        if (each.code != operation::call)
            in_queues.push_back(&each);
    withdraw_in_order(in_queues, server);
    while (!all_.empty())
        settle(*all_.begin());
    spare_.clear();
}

void pending_requests::withdraw_in_order(std::span<pending_request*> in_queues, service& server)
{
    std::sort(in_queues.begin(), in_queues.end(), [](const pending_request* left, const pending_request* right) {
        return std::pair{left->object.get(), left->turn} < std::pair{right->object.get(), right->turn};
    });
    std::vector<codec::item> returned;
    while (!in_queues.empty()) {
        core::referent& object = *in_queues.front()->object;
        const auto end_of_queue = std::find_if(in_queues.begin(), in_queues.end(),
                                               [&](const pending_request* each) { return each->object.get() != &object; });
        const auto count = static_cast<std::size_t>(end_of_queue - in_queues.begin());
        returned.clear();
        returned.reserve(count);
        server.run_inside(object, [&](core::completions& fulfilled) {
            for (pending_request* const each : in_queues.first(count)) {
                if (each->current_state() == core::waiter::state::parked) {
                    each->queue().withdraw(*each, fulfilled);
                } else if (each->current_state() == core::waiter::state::fulfilled) {
                    core::outcome result = each->take_outcome();
                    auto* const served = std::get_if<core::returned>(&result);
                    if (served != nullptr && !is_put(*each))
                        returned.push_back(std::move(served->result).to_item());
                }
            }
            object.as_queue()->put_back(returned, fulfilled);
        });
        in_queues = in_queues.subspan(count);
    }
}

}  // namespace quaymaster::session
