// async_core: what an asynchronous client, its queues and its operations share: one connection, and who waits for what.
#pragma once

#include "net/async_connection.hpp"
#include "net/async_service.hpp"

#include <quaymaster/async_client.hpp>
#include <quaymaster/async_operation.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace quaymaster::net {

using detail::async_operation;
using detail::async_request;
using detail::async_result;

using operation_list = boost::intrusive::list<async_operation, boost::intrusive::constant_time_size<false>>;

class async_core;

/// Ends the connection when the last client, queue and operation have gone.
class async_handle {
public:
    explicit async_handle(std::shared_ptr<async_core> held) noexcept : core{std::move(held)} {}
    async_handle(const async_handle&) = delete;
    async_handle& operator=(const async_handle&) = delete;
    ~async_handle();

    const std::shared_ptr<async_core> core;
};

/// One object of the server, as all handles to it and all operations on it see it. One without a typeid stands for the client.
class async_object {
public:
    async_object(std::shared_ptr<async_handle> opened_by, std::string made_by, std::vector<value> constructed_with)
        : handle{std::move(opened_by)}, typeid_name{std::move(made_by)}, arguments{std::move(constructed_with)}
    {
    }
    async_object(const async_object&) = delete;
    async_object& operator=(const async_object&) = delete;
    ~async_object();

    const std::shared_ptr<async_handle> handle;
    const std::string typeid_name;
    const std::vector<value> arguments;

    // ---- on the strand
    enum class step : std::uint8_t { none, creating, counting, opening, open };

    operation_list waiting;        // for it to be open, oldest first
    std::string ident;             // empty: not known yet
    bool is_ours = false;          // made for this client, which counts on it
    std::uint64_t created_on = 0;  // the connection over which the ident was learnt
    step at = step::none;          // of the connection below
    bool is_queue = false;
    std::uint64_t connection = 0;  // which of the client's; another than now: none
    std::uint32_t server_handle = 0;
    time_point due{};               // when what it asks must have been answered
    std::uint32_t opens = 0;        // how often it was asked to be opened
    std::uint32_t failed_open = 0;  // which of them was given up last
    std::exception_ptr failure;     // why: what has gone along with that one comes to the same
};

/// The items that a consumer was sent ahead, and who waits for one. On the strand.
struct async_feed {
    explicit async_feed(std::shared_ptr<async_object> from, std::uint32_t items_ahead) noexcept
        : object{std::move(from)}, window{items_ahead}
    {
    }
    const std::shared_ptr<async_object> object;
    const std::uint32_t window;
    std::deque<codec::item> ahead;
    operation_list nexts;
    std::uint64_t connection = 0;  // of the items ahead
    std::uint32_t id = 0;          // of the consume
    std::uint64_t sent_until = 0;  // where it ends in what its connection was given to write
    std::uint32_t used = 0;        // credit to return
    std::uint32_t credit = 0;      // that the server has, or has used for items on their way
    std::size_t returning = 0;     // batches on their way back
    bool is_running = false;       // a consume is under way
    bool is_wanted = false;        // one is to be
    bool is_over = false;
    std::exception_ptr failure;  // that a consume has come to while nobody waited: for the next who does
    std::exception_ptr kept;     // why not all that was ahead is back
    operation_list stops;
};

/// A consumer's handle. Its end ends the feed.
class async_stream {
public:
    explicit async_stream(std::shared_ptr<async_feed> held) noexcept : feed{std::move(held)} {}
    async_stream(const async_stream&) = delete;
    async_stream& operator=(const async_stream&) = delete;
    ~async_stream();

    const std::shared_ptr<async_feed> feed;
};

/// One client. Operations come in through a list that any thread appends to; one posted handler takes all that it finds there
/// and writes their requests at once.
/// Each operation is in one place: the inbox; `room_`, until fewer are under way; the `waiting` of its object, until that is
/// open; `held_`, until the server takes one more; or `sent_`, until it is answered.
/// Thread safety: the members of the first group from any thread; the others on the strand, where no lock is held.
/// Lifetime: by its handles, and by the handlers that it waits for.
class async_core final : public std::enable_shared_from_this<async_core>,
                         public async_connection::owner,
                         public async_service::member {
public:
    async_core(boost::asio::any_io_executor executor, address server, const authkey& key, const async_client_options& options);
    ~async_core();
    async_core(const async_core&) = delete;
    async_core& operator=(const async_core&) = delete;

    // ---- any thread
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const address& server() const noexcept { return environment_.server; }
    [[nodiscard]] std::uint64_t next_number() noexcept { return next_number_.fetch_add(1, std::memory_order_relaxed); }
    void submit(async_operation& started);
    void cancel(std::uint64_t number);
    void close();
    void release(async_object& gone) noexcept;
    void end_feed(const std::shared_ptr<async_feed>& feed) noexcept;

    /// The context ends: everything is let go, and nothing called.
    void abandon() noexcept override;

private:
    /// Octets of one batch: more are sent as several, so that a giant one does not hold up what others wait for.
    static constexpr std::size_t batch_size_max = std::size_t{8} << 20;

    enum class phase : std::uint8_t { idle, connecting, backing_off, ready, closed };
    struct released_object {
        std::string ident;  // to be counted down; empty: not
        std::uint64_t connection;
        std::uint32_t server_handle;
    };
    /// What other threads have left for the strand.
    struct inbox {
        operation_list started;
        std::vector<std::uint64_t> cancelled;
        std::vector<released_object> released;
        std::vector<std::shared_ptr<async_feed>> ended;
        bool is_closed = false;
    };

    template <class Add>
    void leave(Add&& add);
    void on_turn();
    void settle();

    void begin(async_operation& started);
    void admit(async_operation& next);
    void route(async_operation& next);
    [[nodiscard]] bool has_room() const noexcept;
    [[nodiscard]] std::size_t consumes() const noexcept;
    [[nodiscard]] std::size_t requests_max() const noexcept;
    [[nodiscard]] bool server_takes_more() const noexcept;
    [[nodiscard]] std::exception_ptr no_room() const;
    void send_in_turn(async_operation& next);
    void send(async_operation& next);
    void fill_batch(async_operation& next);
    [[nodiscard]] std::uint32_t send_put_many(async_operation& next, std::uint32_t handle, std::uint32_t timeout);
    [[nodiscard]] std::uint32_t send_put_back(async_operation& next, std::uint32_t handle);
    void count_sent(async_operation& put, std::size_t count) noexcept;
    [[nodiscard]] bool is_remembered(const async_operation& put) const noexcept;
    [[nodiscard]] std::size_t request_items_size_max() const noexcept;
    [[nodiscard]] std::exception_ptr fault_of(const async_operation& next) const;
    [[nodiscard]] std::uint32_t timeout_of(const async_operation& next) const;
    [[nodiscard]] time_point queued_until(const async_operation& next) const;
    void cancel_one(std::uint64_t number);
    void finish_unanswered(async_operation& cancelled);
    void finish(async_operation& done, async_result&& result);
    void finish_with_error(async_operation& done, std::exception_ptr error);
    void finish_lost(async_operation& done, const connection_failure& why);
    void finish_sent_again(async_operation& done, const session::native_reply& reply);

    void want(const std::shared_ptr<async_object>& object);
    void advance(async_object& object);
    void open(async_object& object);
    void on_object_reply(async_object& object, const session::native_reply& reply);
    void on_open(async_object& object, const session::native_reply& reply);
    void fail_object(async_object& object, std::exception_ptr error);
    void fail_along(const async_object& object, const std::exception_ptr& error);
    [[nodiscard]] bool is_open(const async_object& object) const noexcept;
    [[nodiscard]] codec::payload result_of(const session::native_reply& answer);

    void on_operation_reply(async_operation& asked, const session::native_reply& reply);
    void on_refused_along(async_operation& asked, const session::native_reply& reply);
    static void wait_again(async_operation& next);
    void on_put_many_reply(async_operation& asked, const session::native_reply& reply);
    [[nodiscard]] std::exception_ptr error_of(const session::native_reply& reply) const;

    void begin_next(async_operation& next);
    void begin_stop(async_operation& stop);
    void run_feed(async_feed& feed);
    void run_held_feeds();
    void serve_feed(async_feed& feed);
    void on_feed_reply(async_feed& feed, const session::native_reply& reply);
    void fail_feed(async_feed& feed, const std::exception_ptr& error);
    void stop_feed(const std::shared_ptr<async_feed>& feed);
    void give_back(async_feed& feed);
    static void on_given_back(async_feed& feed, const std::exception_ptr& error);
    void end_stop(async_feed& feed, async_operation& stop);
    [[nodiscard]] static bool may_lose_items(const async_feed& feed, const async_connection& lost);
    void lose_consume(async_feed& feed, const connection_failure& why);
    void keep_feed(const std::shared_ptr<async_feed>& feed);
    void drop_feed(async_feed& feed);

    void connect();
    void connect_later(const connection_failure& why);
    void fail_waiting(const connection_failure& why);
    void take_back_sent(const async_connection& lost, const connection_failure& why);
    void take_back_held();
    void add_wanted(const std::shared_ptr<async_object>& object);
    void on_ready() override;
    void on_reply(const session::native_reply& reply) override;
    void on_replies_end() override;
    void on_failed(const connection_failure& why) override;
    void on_tick();
    void expire_queued(operation_list& queued, bool is_moving, const std::string& why);
    void arm_tick();
    void end();
    [[nodiscard]] bool is_wanted() const noexcept;

    client_environment environment_;  // constant, until the key in it is wiped at the end
    const std::size_t in_flight_max_;
    const when_full full_;
    const bool repeat_puts_;
    const boost::asio::any_io_executor executor_;
    std::optional<async_strand> strand_;  // there until the context ends
    std::atomic<std::uint64_t> next_number_{1};

    std::mutex mutex_;  // guards the two below; held to append or to take
    inbox inbox_;
    bool is_posted_ = false;
    std::atomic<bool> is_abandoned_{false};

    // ---- on the strand
    phase phase_ = phase::idle;
    std::shared_ptr<async_connection> connection_;
    std::uint64_t connection_number_ = 0;
    std::optional<async_timer> retry_timer_;
    std::optional<async_timer> tick_timer_;
    std::chrono::milliseconds back_off_{0};
    std::optional<time_point> give_up_at_;
    time_point ready_since_{};
    time_point now_{};  // of this turn
    bool was_ever_ready_ = false;
    std::optional<time_point> ping_due_;

    std::uint64_t put_client_ = 0;
    std::uint64_t put_number_ = 1;
    std::uint64_t items_sent_ = 0;  // to be put; each once, however often it was sent
    std::uint64_t items_over_ = 0;  // of those: in, or come to nothing
    std::size_t in_flight_ = 0;
    operation_list room_;
    operation_list held_;             // their objects are open: for the server to take one more
    bool has_held_consumes_ = false;  // a feed is wanted, its object is open, and the server took no more
    operation_list connects_;
    operation_list sent_;
    struct number_of {
        using type = std::uint64_t;
        std::uint64_t operator()(const async_operation& each) const noexcept { return each.number; }
    };
    boost::intrusive::set<async_operation, boost::intrusive::key_of_value<number_of>> cancellable_;
    std::vector<std::shared_ptr<async_object>> wanted_;      // not open, and somebody waits for it
    std::vector<std::shared_ptr<async_object>> to_ask_for_;  // of those, since settle(): what else is started goes along
    std::vector<std::shared_ptr<async_feed>> feeds_;         // running, or to be, or with items to give back
    std::vector<codec::item> batch_;                         // fill_batch()'s, kept for its memory
    codec::envelope_reader envelope_;
    inbox taken_;  // kept for its memory
};

}  // namespace quaymaster::net
