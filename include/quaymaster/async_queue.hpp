// async_queue: a queue that lives in a server, used by asynchronous operations.
#pragma once

#include <quaymaster/async_client.hpp>
#include <quaymaster/async_operation.hpp>
#include <quaymaster/pickle_codec.hpp>
#include <quaymaster/pickle_encoder.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster {

/// Everything about an asynchronous queue that does not depend on the type of its items. Use async_queue.
class async_queue_base {
public:
    /// The name it was made with.
    [[nodiscard]] const std::string& typeid_name() const noexcept;
    [[nodiscard]] async_client::executor_type get_executor() const noexcept;

    /// Finds or makes the queue in the server: `void(std::exception_ptr)`. Need not be called; it says early what is wrong.
    template <boost::asio::completion_token_for<void(std::exception_ptr)> Token = default_async_token>
    auto async_open(Token&& token = {}) const
    {
        return initiate<detail::read_nothing>(request(detail::async_request::kind::open), std::forward<Token>(token));
    }
    /// How many items are in the queue: `void(std::exception_ptr, std::size_t)`. Others may change it before you look.
    template <boost::asio::completion_token_for<void(std::exception_ptr, std::size_t)> Token = default_async_token>
    auto async_qsize(Token&& token = {}) const
    {
        return call<detail::read_item<std::size_t, pickle_codec>>("qsize", std::forward<Token>(token));
    }
    /// Says that one item that was got has been dealt with: `void(std::exception_ptr)`. remote_error (ValueError) if there were
    /// not so many.
    template <boost::asio::completion_token_for<void(std::exception_ptr)> Token = default_async_token>
    auto async_task_done(Token&& token = {}) const
    {
        return call<detail::read_nothing>("task_done", std::forward<Token>(token));
    }

protected:
    using timeout_type = std::optional<std::chrono::milliseconds>;

    async_queue_base(const async_client& client, std::string typeid_name, std::vector<value> arguments);

    [[nodiscard]] detail::async_request request(detail::async_request::kind what, timeout_type timeout = std::nullopt) const
    {
        detail::async_request wanted;
        wanted.what = what;
        wanted.object = object_;
        wanted.timeout = timeout;
        return wanted;
    }
    template <class Read, class Token>
    static auto initiate(detail::async_request&& wanted, Token&& token)
    {
        return boost::asio::async_initiate<Token, typename Read::signature>(detail::initiate_operation<Read>{}, token,
                                                                            std::move(wanted));
    }
    template <class Read, class Token>
    auto call(std::string_view method, Token&& token) const
    {
        detail::async_request wanted = request(detail::async_request::kind::call);
        wanted.method = method;
        return initiate<Read>(std::move(wanted), std::forward<Token>(token));
    }
    template <class Codec, class T>
    [[nodiscard]] static detail::encoded_item encode(const T& item)
    {
        pickle_encoder encoder = spare_encoder();
        Codec::encode(encoder, item);
        return take(std::move(encoder));
    }
    [[nodiscard]] static std::size_t checked_count(std::size_t count_max);
    [[nodiscard]] std::shared_ptr<net::async_stream> make_stream(std::size_t window) const;

private:
    /// An empty one, with memory that this thread has kept.
    [[nodiscard]] static pickle_encoder spare_encoder();
    /// What it holds; its memory is kept.
    [[nodiscard]] static detail::encoded_item take(pickle_encoder&& encoder);

    std::shared_ptr<net::async_object> object_;
};

/// Gets the items of a queue one after the other, and has the next ones sent ahead. Made by async_queue::consume(). Up to
/// `window` items are here that nobody has asked for yet. When it ends, or the last copy of it does, they are given back to the
/// front of the queue, in their order; if their connection is lost by then, to its end, as items that are put anew: join() waits for
/// as many more task_done(), as it does for those that a lost connection took along. Where they cannot be given back
/// (the server stays away, or the queue is shut down) they are lost: async_stop() tells of that, the end of the last copy cannot.
/// When its connection is lost, items that were on their way to it may be lost, too. Where that may be what has come is handed
/// out, then async_next() fails with connection_lost, once, and the next call has items sent over a new connection; or
/// async_stop() fails with it, if that comes first.
/// Thread safety, cancellation and errors: as async_client; async_stop() is not cancelled. Lifetime: keeps its queue and the connection.
template <class T, class Codec = pickle_codec>
class async_consumer {
public:
    using value_type = T;

    explicit async_consumer(std::shared_ptr<net::async_stream> stream, std::shared_ptr<net::async_object> object) noexcept
        : object_{std::move(object)}, stream_{std::move(stream)}
    {
    }

    /// The next item: `void(std::exception_ptr, T)`. Waits without limit; several that wait are served in their order. Does not
    /// count as under way. After queue_shut_down, connection_lost or another error the next call tries again.
    template <boost::asio::completion_token_for<void(std::exception_ptr, T)> Token = default_async_token>
    auto async_next(Token&& token = {}) const
    {
        return start<detail::read_item<T, Codec>>(detail::async_request::kind::next, std::forward<Token>(token));
    }
    /// Ends it, and completes when what was sent ahead is back in the queue, or with the error because of which not all is:
    /// `void(std::exception_ptr)`. Those that wait for the next item, and who asks for one later, get operation_aborted.
    template <boost::asio::completion_token_for<void(std::exception_ptr)> Token = default_async_token>
    auto async_stop(Token&& token = {}) const
    {
        return start<detail::read_nothing>(detail::async_request::kind::stop, std::forward<Token>(token));
    }

private:
    template <class Read, class Token>
    auto start(detail::async_request::kind what, Token&& token) const
    {
        detail::async_request wanted;
        wanted.what = what;
        wanted.object = object_;
        wanted.stream = stream_;
        return boost::asio::async_initiate<Token, typename Read::signature>(detail::initiate_operation<Read>{}, token,
                                                                            std::move(wanted));
    }

    std::shared_ptr<net::async_object> object_;
    std::shared_ptr<net::async_stream> stream_;
};

/// A remote queue.Queue of items of type `T`, which `Codec` turns into Python objects and back, as queue_proxy<T> does. `T` is
/// default constructible, because a handler is given one with an error, too.
/// Timeouts: nullopt waits without limit, zero not at all. They count from the call; while the client is not connected they may
/// be exceeded by what connecting takes, and while as many operations as may be are under way, by what those take: one that could not
/// be sent by call_deadline after its timeout fails with deadline_exceeded then, or, if a part of a frame has moved within
/// call_deadline before, once none has for so long.
/// Thread safety, lifetime, cancellation and errors: as async_client. A copy is another handle to the same queue.
template <class T, class Codec = pickle_codec>
class async_queue : public async_queue_base {
public:
    using value_type = T;

    /// The queue that `client`'s server makes or finds by `typeid_name` with `arguments`, at the first operation. A server that
    /// does not know it fails that with remote_error.
    async_queue(const async_client& client, std::string typeid_name, std::vector<value> arguments = {})
        : async_queue_base{client, std::move(typeid_name), std::move(arguments)}
    {
    }

    /// Appends `item`, waiting up to `timeout` for room: `void(std::exception_ptr)`, queue_full if none came in time. The item
    /// is encoded at once: what Codec::encode throws is thrown by the call.
    template <boost::asio::completion_token_for<void(std::exception_ptr)> Token = default_async_token>
    auto async_put(const T& item, timeout_type timeout = std::nullopt, Token&& token = {}) const
    {
        detail::async_request wanted = request(detail::async_request::kind::put, timeout);
        wanted.item = encode<Codec>(item);
        return initiate<detail::read_nothing>(std::move(wanted), std::forward<Token>(token));
    }
    template <boost::asio::completion_token_for<void(std::exception_ptr)> Token>
    auto async_put(const T& item, Token&& token) const
    {
        return async_put(item, std::nullopt, std::forward<Token>(token));
    }

    /// Appends all of `items` in their order, waiting up to `timeout` for room: `void(std::exception_ptr, std::size_t)`. The
    /// count says how many are in; fewer than all if there was no more room in time, and also with an error. queue_full if none
    /// is. Cancelled half-way it succeeds with the count so far. Of no items it completes with 0, and asks the server nothing.
    /// All are encoded at once, as by async_put().
    template <std::ranges::input_range Range,
              boost::asio::completion_token_for<void(std::exception_ptr, std::size_t)> Token = default_async_token>
    auto async_put_many(const Range& items, timeout_type timeout = std::nullopt, Token&& token = {}) const
    {
        detail::async_request wanted = request(detail::async_request::kind::put_many, timeout);
        for (const T& item : items)
            wanted.items.push_back(encode<Codec>(item));
        return initiate<detail::read_count>(std::move(wanted), std::forward<Token>(token));
    }
    template <std::ranges::input_range Range, boost::asio::completion_token_for<void(std::exception_ptr, std::size_t)> Token>
    auto async_put_many(const Range& items, Token&& token) const
    {
        return async_put_many(items, std::nullopt, std::forward<Token>(token));
    }

    /// Takes the next item, waiting up to `timeout` for one: `void(std::exception_ptr, T)`, queue_empty if none came in time;
    /// conversion_error if it is no T: it has left the queue by then. After connection_lost with may_have_executed() an item
    /// may have been taken out and lost on the way.
    template <boost::asio::completion_token_for<void(std::exception_ptr, T)> Token = default_async_token>
    auto async_get(timeout_type timeout = std::nullopt, Token&& token = {}) const
    {
        return initiate<detail::read_item<T, Codec>>(request(detail::async_request::kind::get, timeout),
                                                     std::forward<Token>(token));
    }
    template <boost::asio::completion_token_for<void(std::exception_ptr, T)> Token>
    requires(!std::convertible_to<Token, timeout_type>) auto async_get(Token&& token) const
    {
        return async_get(std::nullopt, std::forward<Token>(token));
    }

    /// Takes what is there, one item at least and `count_max` at most, waiting up to `timeout` for the first:
    /// `void(std::exception_ptr, std::vector<T>)`, queue_empty if none came in time. A server sends some megabytes at most, and
    /// 65,535 items. If one of them is no T all are lost: take async_get() where that may be. The call throws
    /// std::invalid_argument if `count_max` is 0.
    template <boost::asio::completion_token_for<void(std::exception_ptr, std::vector<T>)> Token = default_async_token>
    auto async_get_many(std::size_t count_max, timeout_type timeout = std::nullopt, Token&& token = {}) const
    {
        detail::async_request wanted = request(detail::async_request::kind::get_many, timeout);
        wanted.count_max = checked_count(count_max);
        return initiate<detail::read_items<T, Codec>>(std::move(wanted), std::forward<Token>(token));
    }
    template <boost::asio::completion_token_for<void(std::exception_ptr, std::vector<T>)> Token>
    requires(!std::convertible_to<Token, timeout_type>) auto async_get_many(std::size_t count_max, Token&& token) const
    {
        return async_get_many(count_max, std::nullopt, std::forward<Token>(token));
    }

    /// Gets items one after the other, with up to `window` sent ahead: for one who takes whatever comes. Throws
    /// std::invalid_argument for a window of 0 or above 65,535.
    [[nodiscard]] async_consumer<T, Codec> consume(std::size_t window) const
    {
        auto stream = make_stream(window);
        return async_consumer<T, Codec>{std::move(stream), request(detail::async_request::kind::next).object};
    }
};

}  // namespace quaymaster
