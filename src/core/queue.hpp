// queue: the shared queue itself. Items, who waits for them, and whom a call serves; no method names and no pickles.
#pragma once

#include "core/item_store.hpp"
#include "core/referent.hpp"
#include "core/wait_limit.hpp"
#include "core/waiter.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>

namespace quaymaster::core {

/// What `stat` shows of a queue at one moment. Totals count since the queue was made.
struct queue_statistics {
    queue_kind kind = queue_kind::fifo;
    std::int64_t maxsize = 0;
    std::size_t depth = 0;
    std::size_t unfinished = 0;
    std::size_t waiting_getters = 0;
    std::size_t waiting_putters = 0;
    std::size_t waiting_joiners = 0;
    std::uint64_t puts_total = 0;  // items let in
    std::uint64_t gets_total = 0;  // items handed out, those given back not counted
    bool is_shut_down = false;
};

/// queue.Queue of CPython 3.13 with waiting as data: a call that cannot finish parks its caller's waiter in a line.
/// Order: getters, putters and joiners are served first come, first served, each line for itself. A put() hands its item to
/// the first waiting getter that accepts it and a get() lets in the item of the first waiting putter, so that nobody who comes later gets
/// between. Hence at any time: while a getter waits the queue is empty, and while a putter waits it is full.
/// Thread safety: none of its own. Lifetime: destroy only when nobody is parked; waiters refer to `place`.
class shared_queue {
public:
    /// `place` is the referent that waiters are told they are parked in. `maxsize` counts items; 0 or less is unbounded.
    /// `limits` as for item_store.
    shared_queue(referent& place, queue_kind kind, std::int64_t maxsize, const codec::pickle_limits& limits = {});

    /// Lets `added` in, or parks `caller` until there is room; queue_full when `limit` allows no waiting.
    /// queue_shut_down after shutdown(). In a priority queue: type_error if the item does not compare with those it meets,
    /// at once or after the wait; the queue is then as if the call had not been made (CPython keeps the refused item).
    outcome put(codec::payload added, wait_limit limit, waiter& caller, completions& fulfilled);
    /// Hands out the next item, or parks `caller` until there is one; queue_empty when `limit` allows no waiting;
    /// queue_shut_down after shutdown() once empty.
    outcome get(wait_limit limit, waiter& caller, completions& fulfilled);
    /// Returns None once there have been as many task_done() as put(); parks `caller`, without limit, until then.
    outcome join(waiter& caller);
    /// value_error if called more often than items were put.
    outcome task_done(completions& fulfilled);
    /// Ends the waits of all getters and putters with queue_shut_down, and all later ones. Items remain to be taken unless
    /// `immediate`, which drops them and counts each as done. Cannot be undone.
    outcome shutdown(bool immediate, completions& fulfilled);

    /// May exceed maxsize() by the items that were given back (see withdraw()).
    [[nodiscard]] std::size_t qsize() const noexcept { return store_.size(); }
    [[nodiscard]] bool empty() const noexcept { return qsize() == 0; }
    [[nodiscard]] bool full() const noexcept { return maxsize_ > 0 && qsize() >= static_cast<std::uint64_t>(maxsize_); }
    [[nodiscard]] std::int64_t maxsize() const noexcept { return maxsize_; }
    [[nodiscard]] queue_kind kind() const noexcept { return store_.kind(); }
    [[nodiscard]] bool is_shut_down() const noexcept { return is_shut_down_; }
    [[nodiscard]] queue_statistics statistics() const noexcept;

    /// As referent::expire(): queue_empty for a getter, queue_full for a putter. Leaves `late` idle.
    outcome expire(waiter& late);
    /// As referent::withdraw(). The item of a getter that was served but never told goes to the next waiting getter, or
    /// back to where it was taken from, even if that makes the queue longer than maxsize: work is not lost for a bound.
    /// After shutdown(immediate) it is dropped like the rest. What a putter has put stays.
    void withdraw(waiter& gone, completions& fulfilled);
    /// `item`, which a get() has taken and its caller never got, goes to the next getter or back to where it was taken from.
    void give_back(codec::payload&& item, completions& fulfilled);

private:
    using waiting_line = boost::intrusive::list<waiter>;
    enum line_number : std::uint8_t { getters_line, putters_line, joiners_line };

    waiting_line& line_of(const waiter& parked_here) noexcept;
    bool hand_over(codec::payload& item, completions& fulfilled);
    void let_putters_in(completions& fulfilled);
    void mark_done(std::size_t count, completions& fulfilled);

    referent& place_;
    const std::int64_t maxsize_;
    item_store store_;
    std::size_t unfinished_ = 0;
    std::uint64_t puts_total_ = 0;
    std::uint64_t gets_total_ = 0;
    bool is_shut_down_ = false;
    bool drops_items_ = false;  // shutdown(immediate) has been called
    waiting_line getters_;
    waiting_line putters_;
    waiting_line joiners_;
};

}  // namespace quaymaster::core
