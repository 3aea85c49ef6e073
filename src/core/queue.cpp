#include "core/queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace quaymaster::core {
namespace {

// The line's first waiter, out of the line, with its outcome set. False if it does not accept: `result` is then unmoved.
template <class Line>
bool fulfil_first(Line& line, outcome&& result, completions& fulfilled)
{
    waiter& first = line.front();
    fulfilled.push_back(first.owner());  // first: if memory has run out, nothing has happened
    line.pop_front();
    if (!first.accepts(result)) {
        fulfilled.pop_back();
        first.reset();
        return false;
    }
    first.fulfil(std::move(result));
    return true;
}

void reserve_one(completions& fulfilled)
{
    if (fulfilled.size() == fulfilled.capacity())
        fulfilled.reserve(2 * fulfilled.size() + 8);
}

template <class Line>
void raise_in_all(Line& line, exception_type type, completions& fulfilled)
{
    while (!line.empty())
        fulfil_first(line, raised{type, {}}, fulfilled);
}

}  // namespace

shared_queue::shared_queue(referent& place, queue_kind kind, std::int64_t maxsize, const codec::pickle_limits& limits)
    : place_{place}, maxsize_{maxsize}, store_{kind, limits}
{
}

outcome shared_queue::put(codec::payload added, wait_limit limit, waiter& caller, completions& fulfilled)
{
    if (is_shut_down_)
        return raised{exception_type::queue_shut_down, {}};
    if (!getters_.empty()) {
        store_.require_readable(added);  // the getter may leave, and then the item needs its place in the queue
        if (hand_over(added, fulfilled)) {
            ++unfinished_;
            ++puts_total_;
            return returned{};
        }
    }
    if (full()) {
        if (!limit)
            return raised{exception_type::queue_full, {}};
        store_.require_readable(added);  // refuse it now, not after the wait
        caller.park(place_, putters_line, *limit, std::move(added));
        putters_.push_back(caller);
        return parked{};
    }
    if (auto refused = store_.push(added))
        return *std::move(refused);
    ++unfinished_;
    ++puts_total_;
    return returned{};
}

outcome shared_queue::get(wait_limit limit, waiter& caller, completions& fulfilled)
{
    if (!empty()) {
        returned taken{store_.take()};
        ++gets_total_;
        let_putters_in(fulfilled);
        return taken;
    }
    if (is_shut_down_)
        return raised{exception_type::queue_shut_down, {}};
    if (!limit)
        return raised{exception_type::queue_empty, {}};
    caller.park(place_, getters_line, *limit);
    getters_.push_back(caller);
    return parked{};
}

outcome shared_queue::join(waiter& caller)
{
    if (unfinished_ == 0)
        return returned{};
    caller.park(place_, joiners_line, never);
    joiners_.push_back(caller);
    return parked{};
}

outcome shared_queue::task_done(completions& fulfilled)
{
    if (unfinished_ == 0)
        return raised{exception_type::value_error, "task_done() called too many times"};
    mark_done(1, fulfilled);
    return returned{};
}

outcome shared_queue::shutdown(bool immediate, completions& fulfilled)
{
    is_shut_down_ = true;
    if (immediate) {
        drops_items_ = true;
        const std::size_t dropped = qsize();
        store_.clear();
        mark_done(dropped, fulfilled);
    }
    raise_in_all(getters_, exception_type::queue_shut_down, fulfilled);
    raise_in_all(putters_, exception_type::queue_shut_down, fulfilled);
    return returned{};
}

queue_statistics shared_queue::statistics() const noexcept
{
    queue_statistics now;
    now.kind = kind();
    now.maxsize = maxsize_;
    now.depth = qsize();
    now.unfinished = unfinished_;
    now.waiting_getters = getters_.size();
    now.waiting_putters = putters_.size();
    now.waiting_joiners = joiners_.size();
    now.puts_total = puts_total_;
    now.gets_total = gets_total_;
    now.is_shut_down = is_shut_down_;
    return now;
}

outcome shared_queue::expire(waiter& late)
{
    assert(late.current_state() == waiter::state::parked && late.place() == &place_);
    assert(late.line() != joiners_line);  // join() has no deadline
    const bool was_getter = late.line() == getters_line;
    waiting_line& line = line_of(late);
    line.erase(line.iterator_to(late));
    late.reset();
    return raised{was_getter ? exception_type::queue_empty : exception_type::queue_full, {}};
}

void shared_queue::withdraw(waiter& gone, completions& fulfilled)
{
    assert(gone.current_state() != waiter::state::idle && gone.place() == &place_);
    if (gone.current_state() == waiter::state::parked) {
        waiting_line& line = line_of(gone);
        line.erase(line.iterator_to(gone));
        gone.reset();
        return;
    }
    const bool was_getter = gone.line() == getters_line;
    outcome untold = gone.take_outcome();
    if (auto* served = std::get_if<returned>(&untold); was_getter && served != nullptr)
        give_back(std::move(served->result), fulfilled);
}

shared_queue::waiting_line& shared_queue::line_of(const waiter& parked_here) noexcept
{
    switch (parked_here.line()) {
    case getters_line: return getters_;
    case putters_line: return putters_;
    default: return joiners_;
    }
}

// To the first getter who accepts. False, with `item` unmoved and nobody in line, if none does.
bool shared_queue::hand_over(codec::payload& item, completions& fulfilled)
{
    outcome offered{returned{std::move(item)}};
    try {
        while (!getters_.empty()) {
            if (fulfil_first(getters_, std::move(offered), fulfilled)) {
                ++gets_total_;
                return true;
            }
        }
    } catch (...) {
        item = std::move(std::get<returned>(offered).result);
        throw;
    }
    item = std::move(std::get<returned>(offered).result);
    return false;
}

void shared_queue::let_putters_in(completions& fulfilled)
{
    while (!putters_.empty() && !full()) {
        reserve_one(fulfilled);  // once the item is in, its putter must be told
        if (auto refused = store_.push(putters_.front().carried())) {
            fulfil_first(putters_, *std::move(refused), fulfilled);  // it takes no room: the next one may have it
            continue;
        }
        ++unfinished_;
        ++puts_total_;
        fulfil_first(putters_, returned{}, fulfilled);
    }
}

// As CPython's shutdown() does, stops at zero: task_done() may have been called for items that are still in the queue.
void shared_queue::mark_done(std::size_t count, completions& fulfilled)
{
    unfinished_ -= std::min(count, unfinished_);
    if (unfinished_ > 0)
        return;
    while (!joiners_.empty())
        fulfil_first(joiners_, returned{}, fulfilled);
}

void shared_queue::give_back(codec::payload&& item, completions& fulfilled)
{
    --gets_total_;
    if (drops_items_)
        mark_done(1, fulfilled);
    else if (!hand_over(item, fulfilled))
        store_.give_back(std::move(item));
}

}  // namespace quaymaster::core
