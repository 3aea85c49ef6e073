// async_operation: how an asynchronous operation of any completion token meets the connection. For async_client and
// async_queue; a program need not know it.
#pragma once

#include <quaymaster/pickle_limits.hpp>
#include <quaymaster/value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_context.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace quaymaster::codec {
class item;
}  // namespace quaymaster::codec

namespace quaymaster::net {
class async_core;
class async_object;
class async_stream;
}  // namespace quaymaster::net

namespace quaymaster::detail {

/// An item (src/codec/item.hpp), for headers that do not know its class: a share of opcodes that never change.
/// Thread safety: as a std::shared_ptr.
class encoded_item {
public:
    encoded_item() noexcept;
    explicit encoded_item(codec::item content) noexcept;
    encoded_item(const encoded_item& other) noexcept;
    encoded_item(encoded_item&& other) noexcept;
    encoded_item& operator=(encoded_item other) noexcept;
    ~encoded_item();

    [[nodiscard]] const codec::item& content() const noexcept;
    /// Throws pickle_error if it is none, or goes beyond `limits`.
    [[nodiscard]] value decoded(const pickle_limits& limits) const;

private:
    void* block_[1];  // where a codec::item is
};

/// What is asked for.
struct async_request {
    enum class kind : std::uint8_t { connect, open, call, put, put_many, get, get_many, put_back, next, stop };

    kind what = kind::connect;
    /// What it is about; of connect, the client. Keeps the connection alive.
    std::shared_ptr<net::async_object> object;
    /// next, stop.
    std::shared_ptr<net::async_stream> stream;
    std::optional<std::chrono::milliseconds> timeout;
    /// put.
    encoded_item item;
    /// put_many, put_back.
    std::vector<encoded_item> items;
    /// get_many.
    std::size_t count_max = 0;
    /// call: a literal.
    std::string_view method;
};

/// What it has come to.
struct async_result {
    /// Null: it succeeded.
    std::exception_ptr error;
    /// put_many, also with an error.
    std::size_t count = 0;
    /// get, next, call.
    encoded_item item;
    /// get_many.
    std::vector<encoded_item> items;
    pickle_limits limits;
};

/// An operation that has begun. It belongs to the connection until one of the two last members below is called.
class async_operation : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
                        public boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
public:
    using time_point = std::chrono::steady_clock::time_point;
    enum class place : std::uint8_t { inbox, room, waiting, sent };

    explicit async_operation(async_request&& wanted) noexcept : request{std::move(wanted)} {}
    async_operation(const async_operation&) = delete;
    async_operation& operator=(const async_operation&) = delete;

    /// Ends the operation: has its handler called, through its executor and never from within this. Destroys it.
    virtual void complete(async_result&& result) = 0;
    /// Ends it without a word, because the execution context ends.
    virtual void destroy() noexcept = 0;

    async_request request;

    // ---- the connection's notes, on its strand

    /// What cancel() knows it by; 0: it cannot be cancelled.
    std::uint64_t number = 0;
    time_point started{};
    /// When the server must have answered, or, until it is sent, must have taken it.
    time_point due{};
    /// sent: how many octets had been appended when its request was whole.
    std::uint64_t sent_until = 0;
    /// put, put_many: its number among this client's, of the first item; 0: none.
    std::uint64_t put_number = 0;
    /// put_many: how many items are in.
    std::size_t progress = 0;
    /// put, put_many: how many of its items have been sent, those that are in among them.
    std::size_t items_sent = 0;
    /// put, put_many: how many items of this client's had come to their end when the first that is not in was sent.
    std::uint64_t items_over_before = 0;
    /// put_many, put_back: how many of its items were sent last.
    std::size_t batch_count = 0;
    /// sent: the id of its request.
    std::uint32_t id = 0;
    /// Which attempt to open its object it was sent behind, which may come to nothing; 0: none. Until it is answered, by anything
    /// but a refusal for that, or is sent anew.
    std::uint32_t along_with = 0;
    std::uint8_t resends = 0;
    place where = place::inbox;
    bool is_counted = false;
    bool is_cancelled = false;
    bool may_have_executed = false;

protected:
    ~async_operation() = default;
};

// Any thread.
[[nodiscard]] boost::asio::any_io_executor executor_of(const async_request& request) noexcept;
[[nodiscard]] std::uint64_t next_operation_number(const async_request& request) noexcept;
/// Takes over `started`. If it throws, std::bad_alloc, it has destroyed it.
void submit(async_operation& started);

/// What a cancellation slot calls.
class async_canceller {
public:
    explicit async_canceller(async_operation& cancelled);
    void operator()(boost::asio::cancellation_type types) const;

private:
    std::weak_ptr<net::async_core> core_;
    std::uint64_t number_;
};

/// The call of a handler with its result. `Read` makes the arguments.
template <class Handler, class Read>
class async_completion {
public:
    using allocator_type = boost::asio::associated_allocator_t<Handler>;

    async_completion(Handler&& handler, async_result&& result) : handler_{std::move(handler)}, result_{std::move(result)} {}

    [[nodiscard]] allocator_type get_allocator() const noexcept { return boost::asio::get_associated_allocator(handler_); }
    void operator()() { Read::finish(std::move(handler_), std::move(result_)); }

private:
    Handler handler_;
    async_result result_;
};

template <class Executor>
[[nodiscard]] bool is_on_system_context(const Executor& executor) noexcept
{
    const boost::asio::execution_context& context = boost::asio::query(executor, boost::asio::execution::context);
    return &context == &boost::asio::query(boost::asio::system_executor{}, boost::asio::execution::context);
}

/// An operation with its handler, in memory of the handler's allocator.
template <class Handler, class Read>
class pending_operation final : public async_operation {
public:
    static pending_operation& make(Handler&& handler, async_request&& wanted)
    {
        allocator_type allocator{boost::asio::get_associated_allocator(handler)};
        pending_operation* const memory = traits::allocate(allocator, 1);
        try {
            return *::new (static_cast<void*>(memory)) pending_operation{std::move(handler), std::move(wanted)};
        } catch (...) {
            traits::deallocate(allocator, memory, 1);
            throw;
        }
    }

    void complete(async_result&& result) override
    {
        // The memory is given back before the handler is called, so that the next operation can have it.
        const executor_type executor{std::move(executor_)};
        const auto work{std::move(work_)};
        allocator_type allocator{boost::asio::get_associated_allocator(handler_)};
        async_completion<Handler, Read> completion{std::move(handler_), std::move(result)};
        end(allocator);
        // To have it called by a thread of the system's own would only cost a hand-over: it belongs nowhere, as the handlers of
        // use_future do. Others are never called from here, so that what they take their time for holds up nobody else's reply.
        if (is_on_system_context(executor))
            boost::asio::dispatch(executor, std::move(completion));
        else
            boost::asio::defer(executor, std::move(completion));
    }
    void destroy() noexcept override
    {
        allocator_type allocator{boost::asio::get_associated_allocator(handler_)};
        const Handler last{std::move(handler_)};  // it may own what this is about
        end(allocator);
    }

private:
    using executor_type = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;
    using allocator_type =
        typename std::allocator_traits<boost::asio::associated_allocator_t<Handler>>::template rebind_alloc<pending_operation>;
    using traits = std::allocator_traits<allocator_type>;

    pending_operation(Handler&& handler, async_request&& wanted)
        : async_operation{std::move(wanted)},
          executor_{boost::asio::get_associated_executor(handler, executor_of(request))},
          handler_{std::move(handler)}
    {
        // The connection keeps its own context at work as long as anything is under way.
        if (!is_own_executor())
            work_.emplace(executor_);
    }
    ~pending_operation() = default;

    void end(allocator_type allocator) noexcept
    {
        this->~pending_operation();
        traits::deallocate(allocator, this, 1);
    }
    [[nodiscard]] bool is_own_executor() const noexcept
    {
        if constexpr (std::same_as<executor_type, boost::asio::any_io_executor>)
            return executor_ == executor_of(request);
        else
            return false;
    }

    executor_type executor_;
    std::optional<boost::asio::executor_work_guard<executor_type>> work_;
    Handler handler_;
};

/// What async_initiate() calls.
template <class Read>
struct initiate_operation {
    template <class Handler>
    void operator()(Handler&& handler, async_request request) const
    {
        using handler_type = std::decay_t<Handler>;
        const auto slot = boost::asio::get_associated_cancellation_slot(handler);
        handler_type owned(std::forward<Handler>(handler));
        auto& started = pending_operation<handler_type, Read>::make(std::move(owned), std::move(request));
        if (slot.is_connected()) {
            try {
                started.number = next_operation_number(started.request);
                auto assigned = slot;
                assigned.template emplace<async_canceller>(started);
            } catch (...) {
                started.destroy();
                throw;
            }
        }
        submit(started);
    }
};

// ---- what handlers are given ------------------------------------------------------------------------------------------

/// void(std::exception_ptr).
struct read_nothing {
    using signature = void(std::exception_ptr);
    template <class Handler>
    static void finish(Handler&& handler, async_result&& result)
    {
        std::forward<Handler>(handler)(std::move(result.error));
    }
};

/// void(std::exception_ptr, std::size_t).
struct read_count {
    using signature = void(std::exception_ptr, std::size_t);
    template <class Handler>
    static void finish(Handler&& handler, async_result&& result)
    {
        std::forward<Handler>(handler)(std::move(result.error), result.count);
    }
};

/// void(std::exception_ptr, T).
template <class T, class Codec>
struct read_item {
    using signature = void(std::exception_ptr, T);
    template <class Handler>
    static void finish(Handler&& handler, async_result&& result)
    {
        std::optional<T> item;
        if (!result.error) {
            try {
                item.emplace(Codec::template decode<T>(result.item.decoded(result.limits)));
            } catch (...) {
                result.error = std::current_exception();
            }
        }
        if (!item)
            item.emplace();
        std::forward<Handler>(handler)(std::move(result.error), *std::move(item));
    }
};

/// void(std::exception_ptr, std::vector<T>).
template <class T, class Codec>
struct read_items {
    using signature = void(std::exception_ptr, std::vector<T>);
    template <class Handler>
    static void finish(Handler&& handler, async_result&& result)
    {
        std::vector<T> items;
        if (!result.error) {
            try {
                items.reserve(result.items.size());
                for (const encoded_item& each : result.items)
                    items.push_back(Codec::template decode<T>(each.decoded(result.limits)));
            } catch (...) {
                result.error = std::current_exception();
            }
        }
        std::forward<Handler>(handler)(std::move(result.error), std::move(items));
    }
};

}  // namespace quaymaster::detail
