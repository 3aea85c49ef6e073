// queue_proxy: a queue that lives in a server, used as if it were here.
#pragma once

#include <quaymaster/pickle_codec.hpp>
#include <quaymaster/pickle_encoder.hpp>
#include <quaymaster/proxy.hpp>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

namespace quaymaster {

class queue_proxy_base;

namespace detail {

/// See get_any().
[[nodiscard]] std::pair<std::size_t, value> get_any_value(std::span<const queue_proxy_base* const> queues,
                                                          std::optional<std::chrono::milliseconds> timeout);

}  // namespace detail

namespace detail {

/// Sets `item` to what `opcodes` are, if `Codec` reads that off them. False: they are to become a value.
template <class Codec, class T>
[[nodiscard]] bool read_directly([[maybe_unused]] bytes_view opcodes, [[maybe_unused]] std::optional<T>& item)
{
    if constexpr (requires { Codec::template decode_opcodes<T>(opcodes); })
        return (item = Codec::template decode_opcodes<T>(opcodes)).has_value();
    else
        return false;
}

/// What put_many() has yet to send, and what has come of the rest.
class put_batch {
public:
    put_batch(const queue_proxy_base& queue, std::optional<std::chrono::milliseconds> timeout);
    ~put_batch();
    put_batch(const put_batch&) = delete;
    put_batch& operator=(const put_batch&) = delete;

    /// Empty; takes the next item.
    [[nodiscard]] pickle_encoder& encoder() noexcept;
    /// Adds what encoder() holds. False once the queue has had no room in time.
    bool add();
    /// Sends what is left. Returns how many items are in; throws queue_full if none is, and there were some.
    std::size_t finish();

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// What get_many() has got.
class got_items {
public:
    got_items(got_items&&) noexcept;
    got_items& operator=(got_items&&) noexcept;
    ~got_items();

    [[nodiscard]] std::size_t size() const noexcept;
    /// The next one; nullopt if `direct` has read it off its opcodes. Precondition: size() calls at most.
    [[nodiscard]] std::optional<value> next(opcode_reader direct);

private:
    friend class quaymaster::queue_proxy_base;
    struct state;
    got_items();
    std::unique_ptr<state> state_;
};

/// Where consume() takes its items from.
class item_source {
public:
    item_source(const queue_proxy_base& queue, std::size_t window);
    item_source(item_source&&) noexcept;
    item_source& operator=(item_source&&) noexcept;
    ~item_source();

    /// Waits for the next item. nullopt if `direct` has read it off its opcodes, or the queue is shut down and empty.
    [[nodiscard]] std::optional<value> next(opcode_reader direct);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace detail

/// The items of a queue as a range that ends when the queue is shut down and empty: see queue_proxy::consume().
/// Thread safety: none. Lifetime: keeps the queue's proxy. Not copyable; begin() is called once.
template <class T, class Codec>
class consumed_items {
public:
    class iterator {
    public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;

        iterator() = default;
        explicit iterator(consumed_items& range) : range_{&range} {}
        [[nodiscard]] T& operator*() const noexcept { return *range_->current_; }
        [[nodiscard]] T* operator->() const noexcept { return &*range_->current_; }
        iterator& operator++()
        {
            range_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }
        [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return !range_->current_; }

    private:
        consumed_items* range_ = nullptr;
    };

    explicit consumed_items(detail::item_source source) : source_{std::move(source)} {}

    /// Waits for the first item.
    [[nodiscard]] iterator begin()
    {
        advance();
        return iterator{*this};
    }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

private:
    void advance()
    {
        current_.reset();
        auto read = [this](bytes_view opcodes) { return detail::read_directly<Codec>(opcodes, current_); };
        if (const std::optional<value> found = source_.next(read))
            current_.emplace(Codec::template decode<T>(*found));
    }

    detail::item_source source_;
    std::optional<T> current_;
};

/// Everything about a remote queue that does not depend on the type of its items. Use queue_proxy.
class queue_proxy_base : public proxy {
public:
    explicit queue_proxy_base(proxy object) noexcept : proxy{std::move(object)} {}

    /// How many items are in the queue. Others may change it before you look.
    [[nodiscard]] std::size_t qsize() const;
    [[nodiscard]] bool empty() const;
    [[nodiscard]] bool full() const;
    /// Says that one item that get() returned has been dealt with. remote_error (ValueError) if there were not so many.
    void task_done() const;
    /// Waits until every item put has been dealt with. Without limit, but not on a server that is frozen or gone: every
    /// client_options::wait_slice asks whether the server lives.
    void join() const;
    /// Refuses items from now on: put() throws queue_shut_down, and get() too once the queue is empty, or at once with
    /// `immediate`, which drops the items. A CPython server knows it from 3.13 on.
    void shutdown(bool immediate = false) const;

protected:
    using timeout_type = std::optional<std::chrono::milliseconds>;

    /// An empty encoder, with the memory that this thread's last put() used.
    [[nodiscard]] static pickle_encoder spare_encoder();
    /// Keeps the memory of an encoder for the next spare_encoder() of this thread, unless it is a giant's.
    static void keep(pickle_encoder&& encoded) noexcept;
    [[nodiscard]] detail::got_items get_items(std::size_t items_max, timeout_type timeout) const;
    void put_encoded(pickle_encoder&& encoded, timeout_type timeout) const;
    void put_nowait_encoded(pickle_encoder&& encoded) const;
    [[nodiscard]] value get_value(timeout_type timeout) const;
    [[nodiscard]] value get_value_nowait() const;
    /// nullopt if `direct` has read the item off its opcodes.
    [[nodiscard]] std::optional<value> get_value(timeout_type timeout, detail::opcode_reader direct) const;

private:
    friend class detail::put_batch;
    friend class detail::item_source;
    friend std::pair<std::size_t, value> detail::get_any_value(std::span<const queue_proxy_base* const> queues,
                                                               timeout_type timeout);
};

/// A remote queue.Queue of items of type `T`, which `Codec` turns into Python objects and back (pickle_codec: a number is
/// a Python number, a std::string a str, a struct a dict, ...; see conversion.hpp). quaymaster::value takes any object.
/// It has the members of blocking_queue<T>, so that a function template can serve a local and a remote queue alike.
/// Thread safety, lifetime and further errors: as proxy. An item that does not fit `T` throws conversion_error; it has
/// left the queue by then.
template <class T, class Codec = pickle_codec>
class queue_proxy : public queue_proxy_base {
public:
    using value_type = T;
    using queue_proxy_base::queue_proxy_base;

    /// Appends `item`, waiting up to `timeout` for room: nullopt waits without limit, zero not at all.
    /// Throws queue_full if no room came in time. A wait without limit still ends if the server freezes, with
    /// deadline_exceeded. After connection_lost with may_have_executed(), the item may or may not be in the queue.
    void put(const T& item, std::optional<std::chrono::milliseconds> timeout = std::nullopt) const
    {
        put_encoded(encode(item), timeout);
    }
    /// put() that does not wait.
    void put_nowait(const T& item) const { put_nowait_encoded(encode(item)); }

    /// Returns the next item, waiting as put() does. Throws queue_empty if none came in time. After connection_lost
    /// with may_have_executed() an item may have been taken out and lost on the way.
    [[nodiscard]] T get(std::optional<std::chrono::milliseconds> timeout = std::nullopt) const
    {
        std::optional<T> item;
        auto read = [&item](bytes_view opcodes) { return detail::read_directly<Codec>(opcodes, item); };
        const std::optional<value> found = get_value(timeout, read);
        return found ? Codec::template decode<T>(*found) : *std::move(item);
    }
    /// get() that does not wait.
    [[nodiscard]] T get_nowait() const { return Codec::template decode<T>(get_value_nowait()); }

    /// Appends all of `items`, in their order, in as few requests as they need, waiting up to `timeout` in all for room. Returns how
    /// many are in: fewer than all only if no room came in time for the next. Throws queue_full if not even the first is. Of no
    /// items it returns 0, whatever the queue is like. After any other error, such as queue_shut_down or connection_lost, the first of them
    /// may be in. Others' items may come between two requests.
    template <std::ranges::input_range Items>
    std::size_t put_many(Items&& items, std::optional<std::chrono::milliseconds> timeout = std::nullopt) const
    {
        detail::put_batch batch{*this, timeout};
        for (auto&& item : items) {
            const T& fitting = item;
            Codec::encode(batch.encoder(), fitting);
            if (!batch.add())
                break;
        }
        return batch.finish();
    }
    /// Returns the next items, as many as there are but at most `items_max`, waiting up to `timeout` for the first. Throws queue_empty
    /// if none came in time, std::invalid_argument if `items_max` is 0. conversion_error: all of them have left the queue. What goes wrong
    /// once there are some is no error of theirs: they are returned, and if another item may be lost by it, the next get_many() of this
    /// proxy or a copy of it throws that error.
    [[nodiscard]] std::vector<T> get_many(std::size_t items_max, std::optional<std::chrono::milliseconds> timeout = std::nullopt) const
    {
        detail::got_items got = get_items(items_max, timeout);
        std::vector<T> items;
        items.reserve(got.size());
        std::optional<T> item;
        auto read = [&item](bytes_view opcodes) { return detail::read_directly<Codec>(opcodes, item); };
        while (items.size() < got.size()) {
            const std::optional<value> found = got.next(read);
            items.push_back(found ? Codec::template decode<T>(*found) : *std::move(item));
        }
        return items;
    }

    /// Takes items as they come: `for (auto& item : queue.consume(256))`. Up to `window` of them are fetched ahead, so that the loop does
    /// not wait for the network; when it ends early, those that it has not seen go back to the front of the queue. (If the program dies
    /// or the connection is lost, they are lost, as an item on its way from get() is.) The loop may take any time for an item. The range
    /// has a connection of its own. After fork() the child's range goes on over another, with items of its own: those that were fetched
    /// ahead are the parent's.
    /// Throws std::invalid_argument for a window of 0 or above 65,535. Without the native dialect each item is one get().
    [[nodiscard]] consumed_items<T, Codec> consume(std::size_t window) const
    {
        return consumed_items<T, Codec>{detail::item_source{*this, window}};
    }

private:
    static pickle_encoder encode(const T& item)
    {
        pickle_encoder encoder = spare_encoder();
        Codec::encode(encoder, item);
        return encoder;
    }
};

}  // namespace quaymaster
