// queue_proxy: a queue that lives in a server, used as if it were here.
#pragma once

#include <quaymaster/pickle_codec.hpp>
#include <quaymaster/pickle_encoder.hpp>
#include <quaymaster/proxy.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

namespace quaymaster {

class queue_proxy_base;

namespace detail {

/// See get_any().
[[nodiscard]] std::pair<std::size_t, value> get_any_value(std::span<const queue_proxy_base* const> queues,
                                                          std::optional<std::chrono::milliseconds> timeout);

}  // namespace detail

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
    /// client_options::wait_slice asks, on another connection, whether the server lives.
    void join() const;
    /// Refuses items from now on: put() throws queue_shut_down, and get() too once the queue is empty, or at once with
    /// `immediate`, which drops the items. A CPython server knows it from 3.13 on.
    void shutdown(bool immediate = false) const;

protected:
    using timeout_type = std::optional<std::chrono::milliseconds>;

    /// An empty encoder, with the memory that this thread's last put() used.
    [[nodiscard]] static pickle_encoder spare_encoder();
    void put_encoded(pickle_encoder&& encoded, timeout_type timeout) const;
    void put_nowait_encoded(pickle_encoder&& encoded) const;
    [[nodiscard]] value get_value(timeout_type timeout) const;
    [[nodiscard]] value get_value_nowait() const;

private:
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
        return Codec::template decode<T>(get_value(timeout));
    }
    /// get() that does not wait.
    [[nodiscard]] T get_nowait() const { return Codec::template decode<T>(get_value_nowait()); }

private:
    static pickle_encoder encode(const T& item)
    {
        pickle_encoder encoder = spare_encoder();
        Codec::encode(encoder, item);
        return encoder;
    }
};

}  // namespace quaymaster
