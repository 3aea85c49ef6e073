// bench_target: the server that a workload measures, as the workload sees it. The same workloads, timing and audit thus measure
// any server that somebody has written these three classes for.
#pragma once

#include <quaymaster/bytes.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::tool {

/// One connection of one client. Queues are numbered from 0; see bench_target::open_queues().
/// Every member throws std::exception on any failure. Thread safety: none; for the thread that asked for it.
class bench_connection {
public:
    using milliseconds = std::chrono::milliseconds;

    bench_connection() = default;
    virtual ~bench_connection() = default;
    bench_connection(const bench_connection&) = delete;
    bench_connection& operator=(const bench_connection&) = delete;

    /// Appends `item` and returns once the server has it. False: the queue stayed full for `timeout`.
    virtual bool put(std::size_t queue, const bytes& item, milliseconds timeout) = 0;
    /// Overwrites `item` with the oldest one. False: the queue stayed empty for `timeout`.
    virtual bool get(std::size_t queue, bytes& item, milliseconds timeout) = 0;
    /// get() of an item that is known to be there: for servers on which a call that cannot wait is cheaper.
    virtual bool get_present(std::size_t queue, bytes& item, milliseconds timeout) { return get(queue, item, timeout); }

    /// Readies what the next four need, such as another connection, so that its making is not measured. Here: nothing.
    virtual void open_stream() {}
    /// Many operations under way; gets are of items that are there. A request may stay unsent until its end is asked
    /// for. The ends come in the order of the starts, and puts and gets are not mixed.
    /// Here: one after another, for servers that can do no better. Others may do it on queue 0 alone, and throw for the rest.
    virtual void start_put(std::size_t queue, const bytes& item);
    virtual void finish_put() {}
    virtual void start_get(std::size_t queue);
    /// False: there was none.
    virtual bool finish_get(bytes& item);

    /// One call for many, on queue 0. Here: all of them started, then all of them finished.
    virtual void put_batch(std::span<const bytes> items);
    /// Overwrites `items` with up to `count_max` of those that are there, in order.
    virtual void get_batch(std::size_t count_max, std::vector<bytes>& items);

private:
    std::deque<std::optional<bytes>> got_;  // by start_get(), for finish_get()
};

/// One connection that gets one item of queue 0, waiting for it: octets in, octets out. Ten thousand of these share a thread.
/// Every member throws std::exception if the server says something else than expected. Thread safety: none.
class blocked_getter {
public:
    blocked_getter() = default;
    virtual ~blocked_getter() = default;
    blocked_getter(const blocked_getter&) = delete;
    blocked_getter& operator=(const blocked_getter&) = delete;

    /// What is to be sent now; moves it out.
    [[nodiscard]] virtual std::string take_output() = 0;
    virtual void receive(std::string_view input) = 0;
    /// The request that waits is made, or in take_output(), and nothing that came before it is unanswered.
    [[nodiscard]] virtual bool is_waiting() const = 0;
    /// The item, once it has come; moves it out.
    [[nodiscard]] virtual std::optional<bytes> take_item() = 0;
};

/// A server. Thread safety: connect() from any thread, the rest from one while no connection is in use.
class bench_target {
public:
    bench_target() = default;
    virtual ~bench_target() = default;
    bench_target(const bench_target&) = delete;
    bench_target& operator=(const bench_target&) = delete;

    /// What the reports call it.
    [[nodiscard]] virtual std::string name() const = 0;
    /// Makes `count` empty queues, which hold at least `capacity` items each. More may mean unbounded memory in the server, so
    /// `capacity` says what a workload needs: a server that can do so makes put() wait beyond it.
    virtual void open_queues(std::size_t count, std::size_t capacity) = 0;
    /// Those that open_queues() made go, if the server is told so.
    virtual void close_queues() {}
    /// Connected, authenticated, and used by the calling thread alone. It ends before the target does.
    [[nodiscard]] virtual std::unique_ptr<bench_connection> connect() = 0;

    /// nullptr if nobody has written that for this server.
    [[nodiscard]] virtual std::unique_ptr<blocked_getter> make_blocked_getter() { return nullptr; }
    /// A connected socket for a blocked_getter; blocking, TCP_NODELAY. The caller closes it.
    [[nodiscard]] virtual int connect_socket() = 0;
};

}  // namespace quaymaster::tool
