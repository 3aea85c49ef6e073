// async_testing: loops to run asynchronous clients in, and a path to the server that can be cut.
#pragma once

#include "server_testing.hpp"

#include <quaymaster/async_queue.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <poll.h>
#include <sys/ioctl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace async_testing {

namespace asio = boost::asio;
using namespace quaymaster;
using namespace std::chrono_literals;

/// Runs `io` until `is_true()`. Throws if it does not become true within 20 seconds.
template <class Condition>
void run_until(asio::io_context& io, Condition is_true)
{
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > limit)
            throw std::runtime_error{"did not come true within 20 seconds"};
        io.restart();
        io.run_one_for(20ms);
    }
}

/// Runs `io` until `result` is known, which this returns.
template <class T>
T run_for(asio::io_context& io, std::future<T> result)
{
    run_until(io, [&] { return result.wait_for(0s) == std::future_status::ready; });
    return result.get();
}

/// Runs a coroutine to its end in `io`, and throws what it throws.
template <class T>
T run(asio::io_context& io, asio::awaitable<T> coroutine)
{
    return run_for(io, asio::co_spawn(io, std::move(coroutine), asio::use_future));
}

/// Suspends its caller for a while.
inline asio::awaitable<void> pause(std::chrono::milliseconds span)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, span};
    co_await timer.async_wait(asio::use_awaitable);
}

/// Limits that make a failing test fail soon.
inline quaymaster::async_client_options short_limits()
{
    quaymaster::async_client_options options;
    options.client.connect_deadline = 5s;
    options.client.reconnect_deadline = 5s;
    options.client.handshake_deadline = 2s;
    options.client.call_deadline = 10s;
    return options;
}

/// Carries octets to and from the server at `port`, one connection at a time, until told to lose what the server says next, and
/// the connection with it, or to carry nothing more to the server.
class cuttable_path {
public:
    explicit cuttable_path(std::uint16_t port) : port_{port}, thread_{[this] { carry_all(); }} {}
    cuttable_path(const cuttable_path&) = delete;
    cuttable_path& operator=(const cuttable_path&) = delete;
    ~cuttable_path()
    {
        is_over_ = true;
        thread_.join();
    }

    [[nodiscard]] quaymaster::address address() const { return {"127.0.0.1", listener_.port}; }
    void lose_next_reply() { is_to_lose_ = true; }
    /// From now on nothing is carried to the client.
    void keep_replies() { is_keeping_ = true; }
    /// Ends the connection to which nothing is carried, and what the server has said on it is lost.
    void lose_kept() { is_keeping_ = false; }
    /// What the server says next is the last that is carried.
    void stall_after_next_reply() { is_to_stall_ = true; }
    /// It carries nothing any more, and the client has sent more.
    [[nodiscard]] bool holds_up_client() const { return has_held_up_; }
    /// Ends the connection of which nothing is carried any more.
    void end_stalled() { is_stalled_ = false; }
    /// Connections that were carried so far.
    [[nodiscard]] int connections() const { return connections_; }

private:
    struct listening_socket {
        listening_socket() : descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
        {
            sockaddr_in bound{};
            bound.sin_family = AF_INET;
            bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            socklen_t size = sizeof bound;
            // Those that it accepts inherit it: a kernel would have them hold ever more of what the test wants to be held up.
            const int octets = 64 << 10;
            (void)::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
            if (::bind(descriptor, reinterpret_cast<sockaddr*>(&bound), size) != 0 || ::listen(descriptor, 16) != 0 ||
                ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0)
                throw std::runtime_error{"no listening socket"};
            port = ntohs(bound.sin_port);
        }
        ~listening_socket() { ::close(descriptor); }
        int descriptor;
        std::uint16_t port = 0;
    };

    [[nodiscard]] static bool is_readable(int descriptor)
    {
        pollfd watched{descriptor, POLLIN, 0};
        return ::poll(&watched, 1, 10) > 0;
    }

    void carry_all()
    {
        while (!is_over_) {
            if (!is_readable(listener_.descriptor))
                continue;
            const int client = ::accept(listener_.descriptor, nullptr, nullptr);
            ++connections_;
            carry(client);
            ::close(client);
        }
    }

    void carry(int client)
    {
        const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(port_);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) {
            bool has_kept = false;
            while (!is_over_) {
                pollfd watched[2]{{client, POLLIN, 0}, {has_kept ? -1 : server, POLLIN, 0}};
                if (::poll(watched, 2, 10) <= 0 && !has_kept)
                    continue;
                if (watched[0].revents != 0 && !forward(client, server))
                    break;
                const bool is_keeping = is_keeping_;
                if (has_kept && !is_keeping)
                    break;
                if (watched[1].revents != 0 && is_keeping)
                    has_kept = true;
                else if (watched[1].revents != 0) {
                    if (is_to_lose_.exchange(false))
                        break;
                    const bool is_last = is_to_stall_.exchange(false);
                    is_stalled_ = is_last;
                    if (!forward(server, client))
                        break;
                    if (is_last) {
                        stall(client);
                        break;
                    }
                }
            }
        }
        ::close(server);
    }

    void stall(int client)
    {
        while (is_stalled_ && !is_over_) {
            (void)is_readable(client);
            int count = 0;
            if (::ioctl(client, FIONREAD, &count) == 0 && count > 0)
                has_held_up_ = true;
        }
    }

    static bool forward(int from, int to)
    {
        char octets[1 << 16];
        const ::ssize_t count = ::recv(from, octets, sizeof octets, 0);
        return count > 0 && ::send(to, octets, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
    }

    const std::uint16_t port_;
    const listening_socket listener_;
    std::atomic<bool> is_over_{false};
    std::atomic<bool> is_to_lose_{false};
    std::atomic<bool> is_to_stall_{false};
    std::atomic<bool> is_keeping_{false};
    std::atomic<bool> is_stalled_{false};
    std::atomic<bool> has_held_up_{false};
    std::atomic<int> connections_{0};
    std::thread thread_;
};

/// A server with the queue "tasks", and a client of it in a loop that the test runs.
struct connected {
    explicit connected(async_client_options options = short_limits(), queue_options queue = {}, server_options serving = {})
        : server{std::move(serving), queue}, client{io, {"127.0.0.1", server.port()}, "abc", options}
    {
    }
    template <class T = int>
    [[nodiscard]] async_queue<T> queue() const
    {
        return {client, "tasks"};
    }

    server_testing::test_server server;
    asio::io_context io;
    async_client client;
};

/// As connected, over a path that can be cut.
struct connected_by_path {
    explicit connected_by_path(const async_client_options& options = short_limits())
        : path{server.port()}, client{io, path.address(), "abc", options}, queue{client, "tasks"}
    {
    }

    server_testing::test_server server;
    cuttable_path path;
    asio::io_context io;
    async_client client;
    async_queue<int> queue;
};

/// What kind of error `failed` is: "queue_empty", "aborted", "lost, maybe executed", ...; "" if none.
inline std::string kind_of(const std::exception_ptr& failed)
{
    if (!failed)
        return "";
    try {
        std::rethrow_exception(failed);
    } catch (const queue_empty&) {
        return "queue_empty";
    } catch (const queue_full&) {
        return "queue_full";
    } catch (const queue_shut_down&) {
        return "queue_shut_down";
    } catch (const connection_lost& lost) {
        return lost.may_have_executed() ? "lost, maybe executed" : "lost, not executed";
    } catch (const deadline_exceeded&) {
        return "deadline_exceeded";
    } catch (const too_many_under_way&) {
        return "too_many_under_way";
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted ? "aborted" : error.what();
    } catch (const std::exception& error) {
        return error.what();
    }
}

/// What kind of error an operation of a coroutine comes to. (The macros of the tests would start twice what they hold.)
template <class T>
asio::awaitable<std::string> failure_of(asio::awaitable<T> operation)
{
    std::exception_ptr failed;
    try {
        (void)co_await std::move(operation);
    } catch (...) {
        failed = std::current_exception();
    }
    co_return kind_of(failed);
}
inline asio::awaitable<std::string> failure_of(asio::awaitable<void> operation)
{
    std::exception_ptr failed;
    try {
        co_await std::move(operation);
    } catch (...) {
        failed = std::current_exception();
    }
    co_return kind_of(failed);
}

/// 0 to `count`, exclusively.
inline std::vector<int> numbers_to(int count)
{
    std::vector<int> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

inline bool is_aborted(const boost::system::system_error& error)
{
    return error.code() == asio::error::operation_aborted;
}

}  // namespace async_testing
