// native_waits: the requests of one connection of the native dialect that wait.
#pragma once

#include "codec/item.hpp"
#include "core/queue.hpp"
#include "core/referent.hpp"
#include "core/waiter.hpp"
#include "session/python_calls.hpp"
#include "session/service.hpp"
#include "wire/native_dialect.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace quaymaster::session {

/// By which a request is among all that wait, and among those that give up at some time.
using waiting_by_id =
    boost::intrusive::set_base_hook<boost::intrusive::tag<class waiting_by_id_tag>, boost::intrusive::optimize_size<true>>;
using waiting_by_due =
    boost::intrusive::set_base_hook<boost::intrusive::tag<class waiting_by_due_tag>, boost::intrusive::optimize_size<true>>;

/// A request that waits. From pending_requests::park() to settle() it owns itself.
class pending_request final : public core::waiter, public waiting_by_id, public waiting_by_due {
public:
    explicit pending_request(std::shared_ptr<core::waiter> principal) noexcept : principal_{std::move(principal)} {}

    [[nodiscard]] core::waiter& principal() noexcept override { return *principal_; }

    std::uint32_t id = 0;
    wire::native::operation code{};
    bool is_stalled = false;       // takes items, and waits for the peer to read; see pending_requests::stall()
    bool is_held = false;          // was served, and waits for the peer to read; see pending_requests::hold()
    bool is_waiting = false;       // consume: stands in the line of its queue, or was served there and not answered yet
    std::uint16_t count = 0;       // get_many: how many are wanted
    std::uint32_t octets_max = 0;  // get_many
    std::uint32_t credit = 0;      // consume: how many may be sent
    std::uint32_t handle = 0;
    std::uint64_t turn = 0;  // gets: when it joined the line, compared with others of this connection
    core::time_point due = core::never;
    std::size_t carried = 0;  // octets of what it brought and may have to keep: items of puts, and arguments of calls
    std::shared_ptr<core::referent> object;  // a queue's; kept alive though its handle may be closed
    // Here most requests have nothing, or what one before them has left.
    std::unique_ptr<core::batch_rest> batch;  // put_many
    std::unique_ptr<python_call> python;      // call

    /// Precondition: `object` is a queue's.
    [[nodiscard]] core::shared_queue& queue() const noexcept { return *object->as_queue(); }
    /// False once it has been answered for the last time.
    [[nodiscard]] bool is_registered() const noexcept { return waiting_by_id::is_linked(); }
    /// True for a get, a get_many and a consume.
    [[nodiscard]] bool takes_items() const noexcept
    {
        using wire::native::operation;
        return code == operation::get || code == operation::get_many || code == operation::consume;
    }

private:
    friend class pending_requests;

    std::shared_ptr<pending_request> self_;  // while registered
    const std::shared_ptr<core::waiter> principal_;
};

/// Thread safety: none. Lifetime: whoever waits is settled before it ends.
class pending_requests {
    struct id_of {
        using type = std::uint32_t;
        std::uint32_t operator()(const pending_request& waiting) const noexcept { return waiting.id; }
    };
    struct earlier {
        bool operator()(const pending_request& left, const pending_request& right) const noexcept
        {
            return left.due < right.due;
        }
    };
    using id_set = boost::intrusive::set<pending_request, boost::intrusive::base_hook<waiting_by_id>,
                                         boost::intrusive::key_of_value<id_of>>;
    using due_set = boost::intrusive::multiset<pending_request, boost::intrusive::base_hook<waiting_by_due>,
                                               boost::intrusive::compare<earlier>, boost::intrusive::constant_time_size<false>>;

public:
    /// For `request`, which may have to wait. One that need not is given back by recycle().
    [[nodiscard]] std::shared_ptr<pending_request> make(const wire::native::frame& request,
                                                        const std::shared_ptr<core::waiter>& principal);
    /// One that waits for nothing goes to those that the next ones are made of.
    void recycle(std::shared_ptr<pending_request> done) noexcept;
    /// Registers a request that is to be answered later, in no time of which `due` is the end.
    void park(std::shared_ptr<pending_request> waiting, core::time_point due) noexcept;
    /// A registered one has been answered, or will never be.
    void settle(pending_request& waiting) noexcept;

    /// A registered one joins a line again.
    void rejoin(pending_request& waiting) noexcept { waiting.turn = ++turns_; }
    /// It waits on, until it is due, though take_due() may have given it already.
    void keep_due(pending_request& waiting) noexcept;
    /// One that takes items, stands in no line and is not stalled is to go on when the peer has read, after those that are stalled already.
    void stall(pending_request& waiting) noexcept;
    /// The one that has been stalled for longest, which is stalled no more; null if none is.
    [[nodiscard]] pending_request* take_stalled() noexcept;
    /// One that was served is to be answered when the peer has read, before those that are stalled.
    void hold(pending_request& served) noexcept;
    /// The one that has been held for longest, which is held no more; null if none is.
    [[nodiscard]] pending_request* take_held() noexcept;
    /// How many are held.
    [[nodiscard]] std::size_t held() const noexcept { return held_.size(); }
    /// True if one is that asked for an answer, rather than for what comes.
    [[nodiscard]] bool holds_answers() const noexcept;
    /// Those that take items and are neither stalled nor held, in the order in which they joined their lines.
    [[nodiscard]] std::vector<pending_request*> in_lines();

    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
    /// Of all together.
    [[nodiscard]] std::size_t carried() const noexcept { return carried_; }
    [[nodiscard]] bool has_stalled() const noexcept { return !stalled_.empty() || !held_.empty(); }
    [[nodiscard]] pending_request* find(std::uint32_t id) noexcept;
    /// All, by id. One that is settled is no longer among them; iterators to others stay valid.
    [[nodiscard]] id_set::iterator begin() noexcept { return all_.begin(); }
    [[nodiscard]] id_set::iterator end() noexcept { return all_.end(); }
    [[nodiscard]] bool awaits_work() const noexcept;

    /// When the next one is due; core::never if none is.
    [[nodiscard]] core::time_point deadline() const noexcept { return timed_.empty() ? core::never : timed_.begin()->due; }
    /// One whose time is up at `now`, which is not given again; null if there is none.
    [[nodiscard]] pending_request* take_due(core::time_point now) noexcept;

    /// Withdraws all that waits in queues, and settles it.
    /// What gets were given and not told goes back together, in the order in which they got it: one by one, each would come before the
    /// last, or go to a get of this connection that is yet to be withdrawn. Precondition: calls have been withdrawn.
    /// std::bad_alloc: all have been withdrawn, perhaps not in that order, and some items may be lost.
    void withdraw_all(service& server);

private:
    void withdraw_in_order(service& server);
    static void leave_together(std::span<pending_request*> in_queue, core::completions& fulfilled);
    static void leave_queue(pending_request& waiting, service& server) noexcept;

    id_set all_;
    due_set timed_;
    std::vector<std::shared_ptr<pending_request>> spare_;
    /// By their place in the line of a queue, which they have no use for meanwhile. The first is to go on first.
    boost::intrusive::list<core::waiter, boost::intrusive::constant_time_size<false>> stalled_;
    boost::intrusive::list<core::waiter> held_;
    std::size_t carried_ = 0;
    std::uint64_t turns_ = 0;  // of those that have joined a line
};

}  // namespace quaymaster::session
