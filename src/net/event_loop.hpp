// event_loop: one thread, its reactor, and the connections that live on it.
#pragma once

#include "codec/byte_buffer.hpp"
#include "core/call.hpp"
#include "net/busy_poll.hpp"
#include "net/deadline_queue.hpp"
#include "net/guarded_service.hpp"
#include "net/home_processor.hpp"
#include "net/peer_name.hpp"
#include "net/reactor.hpp"
#include "net/server_state.hpp"
#include "net/told_waiters.hpp"
#include "net/unique_descriptor.hpp"
#include "session/server_session.hpp"
#include "wire/outbox.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace quaymaster::net {

class connection;
/// By which an open connection is in its loop's list.
using in_loop_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<class in_loop>>;
/// By which one that has replies to send is in its loop's list of those.
using to_flush_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<class to_flush>>;

/// Runs the connections given to it, in turns: all that is ready is read and acted upon, then those whose waits have ended are resumed,
/// and then every connection with replies sends them, in one write each. What connections need only while something happens to them
/// (read space, outbox, scratch) is here once, so that an idle connection owns next to nothing.
/// A loop that has fulfilled waiters of another which sleeps goes on with those itself, in that one's stead (a visit): that is done
/// sooner than the other thread is woken.
/// Thread safety: post(), adopt(), tell(), settle_soon() and begin_stop() from any thread; everything else on the thread that has the
/// turn, which is the loop's own or that of a visitor: another loop, whose visit() takes the turn if it is free.
/// Lifetime: outlives the threads of all loops of its server, because they tell each other's connections.
class event_loop final : private loop_of_callers {
public:
    /// The loop `index` of `count` of a server.
    event_loop(server_state& state, std::size_t index, std::size_t count);
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;
    ~event_loop();

    /// Runs until begin_stop() and the last connection's end. The calling thread becomes the loop's own.
    void run();

    /// Runs `act` on the loop's thread, soon.
    void post(std::function<void()> act);
    /// Forgets what was posted and will not run any more, because run() has returned; closes the sockets among it.
    void drop_posted();
    /// Takes over an accepted socket, already counted in load(), state().connections and state().unauthenticated.
    void adopt(unique_descriptor socket, const peer_name& peer);
    /// Has the loop resume the call of `told`, whose principal is a connection of this loop.
    void tell(std::shared_ptr<core::waiter> told) noexcept;
    /// Closes each connection as soon as its replies are out, all of them after stop_grace, and ends run().
    void begin_stop();

    /// Settles ends of holds a while later. Any thread.
    void settle_soon() noexcept;

    [[nodiscard]] net::reactor& reactor() noexcept { return reactor_; }
    [[nodiscard]] server_state& state() noexcept { return state_; }
    [[nodiscard]] deadline_queue& deadlines() noexcept { return deadlines_; }
    [[nodiscard]] guarded_service& service() noexcept { return service_; }
    /// How many connections it has or is about to get. Any thread.
    [[nodiscard]] gauge& load() noexcept { return load_; }

    /// Lent for the length of one turn of one connection.
    [[nodiscard]] std::span<std::byte> read_space() noexcept { return {read_space_.data(), read_space_.size()}; }
    /// An empty outbox, until the connection has sent what is in it.
    [[nodiscard]] std::unique_ptr<wire::outbox> borrow_outbox();
    void give_back(std::unique_ptr<wire::outbox> emptied) noexcept;
    /// `sender` has replies: has it flush() them at the end of the turn.
    void flush_later(connection& sender);
    [[nodiscard]] std::vector<bytes_view>& pieces() noexcept { return pieces_; }
    [[nodiscard]] session::turn turn_at(core::time_point now, wire::outbox& replies) noexcept
    {
        return {service_, scratch_, replies, now};
    }

    /// A connection enters when it starts and leaves when it is closed.
    void enter(connection& opened);
    void leave(connection& closed);
private:
    /// Calls a member when its time has come.
    class alarm final : public timed {
    public:
        using member = void (event_loop::*)();
        alarm(event_loop& home, member told) noexcept : home_{home}, told_{told} {}
        void on_due(core::time_point) override { (home_.*told_)(); }

    private:
        event_loop& home_;
        member told_;
    };
    static constexpr std::size_t spare_outboxes_max = 64;
    /// Of memory for small items: what a million of them leave behind, and it goes within seconds.
    static constexpr std::size_t spare_chunks_size = std::size_t{128} << 20;
    static constexpr std::size_t spare_outbox_size_max = std::size_t{256} << 10;

    /// Loops with waiters that this one has fulfilled, and how many.
    struct told_loop {
        event_loop* loop;
        std::size_t waiters;
    };
    /// More than these are worth the other thread's waking: then the two share the work.
    static constexpr std::size_t visit_waiters_max = 8;
    /// Those of one connection among these are answered in one turn of it.
    static constexpr std::size_t resumed_together_max = 1024;

    void run_turn();
    void look_around();
    void sleep();
    void note_told(event_loop& other) noexcept;
    void see_to_told();
    [[nodiscard]] bool visit();
    [[nodiscard]] bool is_wanted();
    [[nodiscard]] bool has_ended() const noexcept { return stopping_ && connections_.empty(); }
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience(core::time_point now) const noexcept;
    void fire_deadlines();
    void resume_fulfilled();
    /// As long as flush_span_max allows: those that are left are flushed in the next turn, once others have been read from.
    void flush_all();
    void cut_off_all();
    template <class Act>
    void for_each_open(Act act);
    static constexpr std::size_t read_space_size = std::size_t{256} << 10;
    static constexpr std::chrono::milliseconds flush_span_max{2};
    static constexpr std::size_t flushes_per_look = 4;  // at the clock

    void on_fulfilled(std::shared_ptr<core::waiter> told) noexcept override;
    [[nodiscard]] value own_end(core::waiter& caller) override;
    [[nodiscard]] std::string host_of(core::waiter& caller) override;
    void settle_later();
    void settle();
    void release_memory_later();
    void release_memory();
    void open(unique_descriptor socket, const peer_name& peer);
    void stop_connections();
    void take_messages() noexcept;
    void run_posted();

    server_state& state_;
    std::mutex turn_mutex_;  // guards all that is not for any thread; held by the loop's own thread but while it waits
    std::unique_lock<std::mutex>* turn_ = nullptr;  // run()'s own
    net::reactor reactor_;
    guarded_service service_;
    busy_poll busy_poll_;
    home_processor home_;
    deadline_queue deadlines_;
    alarm grace_{*this, &event_loop::cut_off_all};
    alarm settling_{*this, &event_loop::settle};
    alarm releasing_{*this, &event_loop::release_memory};
    std::atomic<bool> is_to_settle_{false};  // settling_ has its time, or is about to
    bool stopping_ = false;
    gauge load_;
    boost::intrusive::list<connection, boost::intrusive::base_hook<in_loop_hook>, boost::intrusive::constant_time_size<false>>
        connections_;

    codec::byte_buffer read_space_;  // read_space_size octets
    session::workspace scratch_;
    std::vector<std::unique_ptr<wire::outbox>> spare_outboxes_;  // empty ones
    boost::intrusive::list<connection, boost::intrusive::base_hook<to_flush_hook>, boost::intrusive::constant_time_size<false>>
        to_flush_;
    bool is_flushing_ = false;
    bool has_left_unflushed_ = false;
    std::vector<bytes_view> pieces_;
    told_line fulfilled_;                                 // to be resumed by this thread, in order
    std::vector<std::shared_ptr<core::waiter>> resumed_;  // resume_fulfilled()'s own; never grows
    told_waiters mailbox_;                                // what other threads have told
    std::vector<told_loop> told_loops_;                   // whom this one has told; there is memory for all there are
    core::time_point sleeps_until_ = core::never;         // while the loop's own thread sleeps
    std::mutex posted_mutex_;  // guards posted_
    std::vector<std::function<void()>> posted_;
    std::atomic<bool> has_posted_{false};
};

}  // namespace quaymaster::net
