// event_loop: one thread, its io_context, and the connections that live on it.
#pragma once

#include "codec/byte_buffer.hpp"
#include "core/call.hpp"
#include "net/busy_poll.hpp"
#include "net/deadline_queue.hpp"
#include "net/guarded_service.hpp"
#include "net/peer_name.hpp"
#include "net/server_state.hpp"
#include "net/told_waiters.hpp"
#include "net/unique_descriptor.hpp"
#include "session/server_session.hpp"
#include "wire/outbox.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace quaymaster::net {

class connection;
/// By which an open connection is in its loop's list.
using in_loop_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<class in_loop>>;

/// Runs the connections given to it. What they need only while something happens to them (read space, outbox, scratch)
/// is here once, so that an idle connection owns next to nothing.
/// Thread safety: post(), adopt(), tell() and begin_stop() from any thread; everything else on the loop's own thread.
/// Lifetime: outlives the threads of all loops of its server, because they tell each other's connections.
class event_loop final : private loop_of_callers {
public:
    explicit event_loop(server_state& state);
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;
    ~event_loop();

    /// Runs until begin_stop() and the last connection's end. The calling thread becomes the loop's own.
    void run();

    /// Takes over an accepted socket, already counted in load(), state().connections and state().unauthenticated.
    void adopt(unique_descriptor socket, const peer_name& peer);
    /// Has the loop resume the call of `told`, whose principal is a connection of this loop.
    void tell(std::shared_ptr<core::waiter> told);
    /// Closes each connection as soon as its replies are out, all of them after stop_grace, and ends run().
    void begin_stop();

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
    [[nodiscard]] server_state& state() noexcept { return state_; }
    [[nodiscard]] deadline_queue& deadlines() noexcept { return deadlines_; }
    [[nodiscard]] guarded_service& service() noexcept { return service_; }
    /// How many connections it has or is about to get. Any thread.
    [[nodiscard]] gauge& load() noexcept { return load_; }

    /// Lent for the length of one turn of one connection.
    [[nodiscard]] std::span<std::byte> read_space() noexcept { return {read_space_.data(), read_space_.size()}; }
    [[nodiscard]] wire::outbox& outbox() noexcept { return outbox_; }
    [[nodiscard]] std::vector<bytes_view>& pieces() noexcept { return pieces_; }
    [[nodiscard]] session::turn turn_at(core::time_point now, wire::outbox& replies) noexcept
    {
        return {service_, scratch_, replies, now};
    }

    /// A connection enters when it starts and leaves when it is closed.
    void enter(connection& opened);
    void leave(connection& closed);
    /// Resumes those of this loop whose waits have ended, and sees to it that ends of holds are settled. Each handler calls it last,
    /// with no connection's turn open.
    void resume_fulfilled();

private:
    static constexpr std::size_t read_space_size = std::size_t{256} << 10;

    void on_fulfilled(std::shared_ptr<core::waiter> told) override;
    [[nodiscard]] value own_end(core::waiter& caller) override;
    [[nodiscard]] std::string host_of(core::waiter& caller) override;
    void settle_later();
    void settle();
    void open(unique_descriptor socket, const peer_name& peer);
    void stop_connections();
    void end_if_empty();
    void take_messages();
    bool poll();

    server_state& state_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
    guarded_service service_;
    busy_poll busy_poll_;
    deadline_queue deadlines_{context_};
    boost::asio::steady_timer grace_{context_};
    boost::asio::steady_timer settling_{context_};
    bool is_to_settle_ = false;  // settling_ runs
    bool stopping_ = false;
    gauge load_;
    boost::intrusive::list<connection, boost::intrusive::base_hook<in_loop_hook>, boost::intrusive::constant_time_size<false>>
        connections_;

    codec::byte_buffer read_space_;  // read_space_size octets
    session::workspace scratch_;
    wire::outbox outbox_;  // empty between turns
    std::vector<bytes_view> pieces_;
    std::vector<std::shared_ptr<core::waiter>> fulfilled_;  // to be resumed by this thread, in order
    std::vector<std::shared_ptr<core::waiter>> resumed_;    // resume_fulfilled()'s own
    told_waiters mailbox_;                                  // what other threads have told
};

}  // namespace quaymaster::net
