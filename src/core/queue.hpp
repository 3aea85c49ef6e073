// queue: the shared queue itself. Items, who waits for them, and whom a call serves; no method names and no pickles.
#pragma once

#include "core/item_store.hpp"
#include "core/put_id.hpp"
#include "core/recent_put_ids.hpp"
#include "core/referent.hpp"
#include "core/wait_limit.hpp"
#include "core/waiter.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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

/// A batch that goes in bit by bit.
struct batch_rest {
    std::vector<codec::item> items;  // what is not in yet, the last first
    std::size_t added = 0;           // how many are in; whoever waited for room for one counts that
    put_id id{};                     // of the next of them
    bool has_id = false;
};

/// queue.Queue of CPython 3.13 with waiting as data: a call that cannot finish parks its caller's waiter in a line.
/// Order: getters, putters and joiners are served first come, first served, each line for itself. A put() hands its item to
/// the first waiting getter that accepts it and a get() lets in the item of the first waiting putter, so that nobody who comes later gets
/// between. Hence at any time: while a getter waits the queue is empty, and while a putter waits it is full (unless there was
/// no memory to tell it, and then the next get() lets it in).
/// Puts with an id are let in once: one that is repeated, because its answer was lost, says None and adds nothing, for as long
/// as the queue remembers the first (see put_id_limits).
/// Memory: std::bad_alloc from a call leaves the queue as it was, except where a member says otherwise; no item is lost by it.
/// Thread safety: none of its own. Lifetime: destroy only when nobody is parked; waiters refer to `place`.
class shared_queue {
public:
    /// `place` is the referent that waiters are told they are parked in. `maxsize` counts items; 0 or less is unbounded.
    /// `limits` as for item_store.
    shared_queue(referent& place, queue_kind kind, std::int64_t maxsize, const codec::pickle_limits& limits = {});

    /// Lets `added` in, or parks `caller` until there is room; queue_full when `limit` allows no waiting.
    /// queue_shut_down after shutdown(). In a priority queue: type_error if the item does not compare with those it meets,
    /// at once or after the wait; the queue is then as if the call had not been made (CPython keeps the refused item).
    /// memory_error after the wait if there is none for the item.
    /// `id`: None at once, whatever the state of the queue, if a put of this id has been let in before; `now` is when the call
    /// arrived. Only puts that are let in are remembered. Whoever uses another's id takes its puts for itself: draw ids well.
    outcome put(codec::payload added, wait_limit limit, waiter& caller, completions& fulfilled, const put_id* id = nullptr,
                time_point now = {});
    /// Hands out the next item, or parks `caller` until there is one; queue_empty when `limit` allows no waiting;
    /// queue_shut_down after shutdown() once empty.
    outcome get(wait_limit limit, waiter& caller, completions& fulfilled);
    /// put() and get() where nothing is in the way: nobody waits, there is room or an item, and a put has no id. False and an empty
    /// item say nothing, and nothing has happened: it is for put() and get() to say what comes of it. `added` is moved from if it is in.
    [[nodiscard]] bool put_at_once(codec::item& added);
    /// put() of what is left of a batch, one after the other, up to the first that has to wait, `parked`, or is not let in: that is the
    /// outcome, and it is left no more. `returned`: all are in. pickle_error: the next is none that a priority queue can read.
    outcome put_rest(batch_rest& rest, wait_limit limit, waiter& caller, completions& fulfilled, time_point now = {});
    [[nodiscard]] codec::item get_at_once() noexcept;
    /// Appends the next items to `taken`, without waiting, and lets waiting putters in as it goes: as many as there are, up to
    /// `items_max` and to `octets_max` in all, but an item that is larger goes alone. Returns how many; fewer if memory runs
    /// out after the first. std::bad_alloc: not even one, and nothing has happened.
    std::size_t take_ready(std::size_t items_max, std::size_t octets_max, std::vector<codec::item>& taken,
                           completions& fulfilled);
    /// Undoes take_ready() or get(): each item goes to a getter who waits, or back to where it was taken from, so that the
    /// first of `returned` is the next to be taken; even if that makes the queue longer than maxsize: work is not lost for a
    /// bound. After shutdown(immediate) each counts as done. Leaves empty items in `returned`.
    /// std::bad_alloc: those that are back are empty, a first few or, in a priority queue, also a last few; the others are
    /// still in `returned`, and the call may be repeated for them. pickle_error: a priority queue cannot read one; none is back.
    void put_back(std::span<codec::item> returned, completions& fulfilled);
    /// Returns None once there have been as many task_done() as put(); parks `caller`, without limit, until then.
    outcome join(waiter& caller);
    /// value_error if called more often than items were put.
    outcome task_done(completions& fulfilled);
    /// Ends the waits of all getters and putters with queue_shut_down, and all later ones. Items remain to be taken unless
    /// `immediate`, which drops them and counts each as done. Cannot be undone. std::bad_alloc: some may still wait, until the
    /// call is repeated.
    outcome shutdown(bool immediate, completions& fulfilled);

    /// May exceed maxsize() by the items that were given back (see withdraw()).
    [[nodiscard]] std::size_t qsize() const noexcept { return store_.size(); }
    [[nodiscard]] bool empty() const noexcept { return qsize() == 0; }
    [[nodiscard]] bool full() const noexcept { return maxsize_ > 0 && qsize() >= static_cast<std::uint64_t>(maxsize_); }
    /// Octets of the item that is the next to be taken. Precondition: not empty.
    [[nodiscard]] std::size_t next_size() const noexcept { return store_.next().size(); }
    [[nodiscard]] std::int64_t maxsize() const noexcept { return maxsize_; }
    [[nodiscard]] queue_kind kind() const noexcept { return store_.kind(); }
    [[nodiscard]] bool is_shut_down() const noexcept { return is_shut_down_; }
    [[nodiscard]] queue_statistics statistics() const noexcept;

    /// As referent::expire(): queue_empty for a getter, queue_full for a putter, or None if its put has been let in by another
    /// call with the same id. Leaves `late` idle.
    outcome expire(waiter& late);
    /// As referent::withdraw(). The item of a getter that was served but never told goes back as by put_back(). What a putter
    /// has put stays. std::bad_alloc leaves `gone` as it was.
    void withdraw(waiter& gone, completions& fulfilled);
    /// put_back() of one item.
    void give_back(codec::payload&& item, completions& fulfilled);

private:
    using waiting_line = boost::intrusive::list<waiter>;
    enum line_number : std::uint8_t { getters_line, putters_line, joiners_line };

    waiting_line& line_of(const waiter& parked_here) noexcept;
    [[nodiscard]] bool has_let_in(const put_id* id) noexcept;
    outcome admit(codec::payload& added, const put_id* id, bool is_new);
    bool hand_over(codec::payload& item, completions& fulfilled);
    void let_putters_in(completions& fulfilled) noexcept;
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
    std::unique_ptr<recent_put_ids> let_in_;  // null until the first put with an id
};

}  // namespace quaymaster::core
