// async_client: a client of any number of operations at once, on an Asio executor.
#pragma once

#include <quaymaster/address.hpp>
#include <quaymaster/async_operation.hpp>
#include <quaymaster/authkey.hpp>
#include <quaymaster/client_options.hpp>
#include <quaymaster/errors.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace quaymaster {

/// The completion token of an operation that is given none: `co_await queue.async_get(5s)`. (Not boost::asio::deferred, which
/// would serve as well and more widely: Boost 1.81 cannot co_await a deferred operation of such a signature.)
using default_async_token = boost::asio::use_awaitable_t<>;

/// What happens to an operation that is started while as many are under way as may be.
enum class when_full : std::uint8_t {
    wait,  ///< it is sent when another has ended, first come, first served
    fail,  ///< it fails with too_many_under_way
};

/// As many operations are under way as async_client_options::in_flight_max allows, or as the server takes beside the consumers.
/// Nothing of this one was sent.
class too_many_under_way : public error {
public:
    using error::error;
};

struct async_client_options {
    /// connect_deadline, reconnect_deadline, handshake_deadline and call_deadline mean what they say there. When nothing has
    /// been heard for wait_slice the server is asked whether it lives. busy_poll means nothing here.
    client_options client;
    /// Operations that may be under way at once: sent or about to be, and not answered. One that waits in the server, as a
    /// get() from an empty queue, is one of them. At least 1. A server that takes fewer at once, which it says when the client
    /// has connected, has its way (ours takes 65,535): those beyond are sent as others complete, whatever `full` is if they had
    /// been let in by then. A consumer that waits for items is one of those that the server takes, and keeps its place: where
    /// consumers take all, there is no room for operations until one of them ends.
    std::size_t in_flight_max = 4096;
    when_full full = when_full::wait;
    /// Each put carries an id. One whose connection is lost is sent again over the next, and the server, which remembers the
    /// ids of a queue's latest 65,536 puts for ten minutes, lets it in once. Without, such a put fails with connection_lost; so
    /// does one that had left when this client had sent more than 65,536 items, it and what was under way with it included, since
    /// it was sent: a queue might no longer know it.
    bool repeat_puts = true;
};

/// One connection to one server of ours, shared by all copies of this and by all queues made with it. It speaks the native
/// dialect: requests overlap, replies come in any order, and what is started in one turn of the loop leaves in one write. A
/// server of CPython or an older one of ours fails the operations with `error`: for those there are the synchronous proxies,
/// see base_manager.
///
/// Connecting begins with the first operation. A lost connection is made anew, with back-off, when an operation needs it; one
/// that had been sent by then fails with connection_lost, whose may_have_executed() is true, unless it is safe to send again
/// (see async_client_options::repeat_puts). One that had not is sent over the new connection, or fails after
/// reconnect_deadline.
///
/// Completion: `void(std::exception_ptr, ...)`, through the handler's associated executor, which is the client's if it has
/// none, and never from within the initiating call. Tokens: callbacks, use_awaitable (the default: `co_await
/// queue.async_get(5s)`), use_future, deferred and all others. Handlers are kept in memory of their associated allocator.
/// Cancellation: per operation, by the associated cancellation slot, of any type. The operation completes with
/// boost::system::system_error of boost::asio::error::operation_aborted, and then has had no effect; or with what it had come
/// to by then: an item that was on its way is not lost. A put that was sent again, and is cancelled or finds no room then, completes with
/// connection_lost, whose may_have_executed() is true: the server may yet let in what was sent first.
/// Errors: connection_lost, deadline_exceeded, authentication_error, remote_error and the queue_* errors, as the synchronous
/// API. Where a server falls silent, what should have been answered fails with deadline_exceeded, and the connection is given up:
/// whatever else is under way, such as a get without limit, fares as with any other lost connection.
///
/// Thread safety: any member from any thread; what happens to the connection happens on a strand of the executor. As Asio has
/// it, a cancellation signal is emitted only where the operation's handler could not run at the same time.
/// Lifetime: the connection ends with the last copy, queue and operation. The executor's context outlives them; when it ends,
/// operations end with it, uncalled. An idle connection keeps the context at work: io_context::run() returns after close(), or
/// after the last copy and queue have gone.
class async_client {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Opens nothing yet. Throws std::invalid_argument for an option out of its range.
    async_client(executor_type executor, address server, const authkey& key, const async_client_options& options = {});
    template <class Context>
    requires std::convertible_to<Context&, boost::asio::execution_context&>
    async_client(Context& context, address server, const authkey& key, const async_client_options& options = {})
        : async_client{executor_type{context.get_executor()}, std::move(server), key, options}
    {
    }

    [[nodiscard]] executor_type get_executor() const noexcept;
    [[nodiscard]] const address& server() const noexcept;

    /// Completes once connected: `void(std::exception_ptr)`. Need not be called; it says early what is wrong.
    template <boost::asio::completion_token_for<void(std::exception_ptr)> Token = default_async_token>
    auto async_connect(Token&& token = {}) const
    {
        using read = detail::read_nothing;
        detail::async_request wanted;
        wanted.object = itself_;
        return boost::asio::async_initiate<Token, read::signature>(detail::initiate_operation<read>{}, token,
                                                                   std::move(wanted));
    }

    /// Ends the connection. What is under way, and what is started later, completes with operation_aborted; whether the server
    /// carries out what it was sent nobody will know.
    void close() const;

private:
    friend class async_queue_base;
    [[nodiscard]] std::shared_ptr<net::async_object> make_object(std::string typeid_name, std::vector<value> arguments) const;

    std::shared_ptr<net::async_object> itself_;
};

}  // namespace quaymaster
