#include "core/queue.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>
#include <variant>

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

/// Room for `count` more. If memory runs out, nothing has changed.
template <class T>
void reserve_more(std::vector<T>& extended, std::size_t count)
{
    if (extended.capacity() - extended.size() < count)
        extended.reserve(std::max(extended.size() + count, 2 * extended.size() + 8));
}

/// reserve_more() of one that says whether there is room.
template <class T>
bool try_reserve_one(std::vector<T>& extended) noexcept
{
    try {
        reserve_more(extended, 1);
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

shared_queue::shared_queue(referent& place, queue_kind kind, std::int64_t maxsize, const codec::pickle_limits& limits)
    : place_{place}, maxsize_{maxsize}, store_{kind, limits}
{
}

outcome shared_queue::put(codec::payload added, wait_limit limit, waiter& caller, completions& fulfilled, const put_id* id,
                          time_point now)
{
    if (id != nullptr) {
        if (let_in_ == nullptr)
            let_in_ = std::make_unique<recent_put_ids>();
        let_in_->advance(now);
        if (has_let_in(id))
            return returned{};
    }
    if (is_shut_down_)
        return raised{exception_type::queue_shut_down, {}};
    if (!getters_.empty()) {
        store_.require_readable(added);  // the getter may leave, and then the item needs its place in the queue
        std::optional<recent_put_ids::addition> noted;
        if (id != nullptr)
            noted.emplace(*let_in_, *id);
        if (hand_over(added, fulfilled)) {
            if (noted)
                noted->commit();
            ++unfinished_;
            ++puts_total_;
            return returned{};
        }
    }
    if (full()) {
        if (!limit)
            return raised{exception_type::queue_full, {}};
        store_.require_readable(added);  // refuse it now, not after the wait
        caller.park(place_, putters_line, *limit, std::move(added), id);
        putters_.push_back(caller);
        return parked{};
    }
    return admit(added, id, true);
}

outcome shared_queue::get(wait_limit limit, waiter& caller, completions& fulfilled)
{
    if (!putters_.empty()) {
        reserve_more(fulfilled, 1);  // the item that is taken makes room for one, who must be told
        if (empty())
            let_putters_in(fulfilled);
    }
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

bool shared_queue::put_at_once(codec::item& added)
{
    if (is_shut_down_ || !getters_.empty() || full() || !store_.push_at_back(added))
        return false;
    ++unfinished_;
    ++puts_total_;
    return true;
}

outcome shared_queue::put_rest(batch_rest& rest, wait_limit limit, waiter& caller, completions& fulfilled, time_point now)
{
    while (!rest.items.empty()) {
        outcome result = returned{};
        if (rest.has_id || !put_at_once(rest.items.back()))
            result = put(std::move(rest.items.back()), limit, caller, fulfilled, rest.has_id ? &rest.id : nullptr, now);
        rest.items.pop_back();
        ++rest.id.number;
        if (!std::holds_alternative<returned>(result))
            return result;
        ++rest.added;
    }
    return returned{};
}

codec::item shared_queue::get_at_once() noexcept
{
    if (empty() || !putters_.empty())
        return {};
    ++gets_total_;
    return store_.take();
}

std::size_t shared_queue::take_ready(std::size_t items_max, std::size_t octets_max, std::vector<codec::item>& taken,
                                     completions& fulfilled)
{
    if (items_max == 0)
        return 0;
    reserve_more(taken, 1);
    if (!putters_.empty()) {
        reserve_more(fulfilled, 1);
        if (empty())
            let_putters_in(fulfilled);
    }
    std::size_t count = 0;
    std::size_t octets = 0;
    while (count < items_max && !empty()) {
        const std::size_t size = store_.next().size();
        if (count > 0 && (octets > octets_max || size > octets_max - octets || !try_reserve_one(taken)))
            break;
        taken.push_back(store_.take());
        octets += size;
        ++count;
        ++gets_total_;
        let_putters_in(fulfilled);
    }
    return count;
}

void shared_queue::put_back(std::span<codec::item> returned, completions& fulfilled)
{
    if (drops_items_) {
        mark_done(returned.size(), fulfilled);
        gets_total_ -= returned.size();
        std::fill(returned.begin(), returned.end(), codec::item{});
        return;
    }
    if (kind() == queue_kind::priority)
        for (const codec::item& each : returned)
            store_.require_readable(codec::payload{each});  // all of them, before one is back
    while (!returned.empty() && !getters_.empty()) {
        reserve_more(fulfilled, 1);
        codec::payload offered{std::move(returned.front())};
        if (!hand_over(offered, fulfilled)) {
            returned.front() = std::move(offered).to_item();
            break;
        }
        --gets_total_;
        returned = returned.subspan(1);
    }
    store_.reserve(returned.size());
    for (; !returned.empty(); returned = returned.first(returned.size() - 1)) {
        codec::payload last{returned.back()};
        store_.give_back(last);
        returned.back() = {};
        --gets_total_;
    }
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
        mark_done(qsize(), fulfilled);
        drops_items_ = true;
        store_.clear();
    }
    while (!getters_.empty())
        fulfil_first(getters_, raised{exception_type::queue_shut_down, {}}, fulfilled);
    while (!putters_.empty()) {
        if (has_let_in(putters_.front().carried_id()))
            fulfil_first(putters_, returned{}, fulfilled);
        else
            fulfil_first(putters_, raised{exception_type::queue_shut_down, {}}, fulfilled);
    }
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
    const bool was_let_in = has_let_in(late.carried_id());
    waiting_line& line = line_of(late);
    line.erase(line.iterator_to(late));
    late.reset();
    if (was_let_in)
        return returned{};
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
    const auto* const served = std::get_if<returned>(&gone.peek_outcome());
    if (gone.line() == getters_line && served != nullptr)
        give_back(codec::payload{served->result}, fulfilled);  // a copy shares the item
    static_cast<void>(gone.take_outcome());
}

shared_queue::waiting_line& shared_queue::line_of(const waiter& parked_here) noexcept
{
    switch (parked_here.line()) {
    case getters_line: return getters_;
    case putters_line: return putters_;
    default: return joiners_;
    }
}

bool shared_queue::has_let_in(const put_id* id) noexcept
{
    return id != nullptr && let_in_ != nullptr && let_in_->contains(*id);
}

// Into the store. Precondition: there is room, and the id has not been let in. Returns what the put() comes to; an exception
// changes nothing. `is_new`: let_in_ has been told the time, because the put() has just come.
outcome shared_queue::admit(codec::payload& added, const put_id* id, bool is_new)
{
    std::optional<recent_put_ids::addition> noted;
    if (id != nullptr)
        noted.emplace(*let_in_, *id);
    if (auto refused = store_.push(added))
        return *std::move(refused);
    if (noted)
        is_new ? noted->commit() : noted->commit_later();
    ++unfinished_;
    ++puts_total_;
    return returned{};
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

// Called when an item has been taken, which must not be lost for what befalls a putter.
void shared_queue::let_putters_in(completions& fulfilled) noexcept
{
    while (!putters_.empty() && !full() && try_reserve_one(fulfilled)) {
        waiter& first = putters_.front();
        outcome let_in{std::in_place_type<returned>};
        try {
            // One of an id that has been let in, or that is refused, takes no room: the next one may have it.
            if (!has_let_in(first.carried_id()))
                let_in = admit(first.carried(), first.carried_id(), false);
        } catch (...) {  // for want of memory: nothing else was wrong with it when it came
            let_in = raised{exception_type::memory_error, {}};
        }
        fulfil_first(putters_, std::move(let_in), fulfilled);
    }
}

// As CPython's shutdown() does, stops at zero: task_done() may have been called for items that are still in the queue.
void shared_queue::mark_done(std::size_t count, completions& fulfilled)
{
    if (count < unfinished_) {
        unfinished_ -= count;
        return;
    }
    reserve_more(fulfilled, joiners_.size());  // first: those who wait for it must be told
    unfinished_ = 0;
    while (!joiners_.empty())
        fulfil_first(joiners_, returned{}, fulfilled);
}

void shared_queue::give_back(codec::payload&& item, completions& fulfilled)
{
    if (drops_items_)
        mark_done(1, fulfilled);
    else if (!hand_over(item, fulfilled))
        store_.give_back(item);
    --gets_total_;
}

}  // namespace quaymaster::core
