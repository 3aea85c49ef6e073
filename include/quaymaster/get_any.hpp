// get_any: the next item of whichever of several queues has one.
#pragma once

#include <quaymaster/queue_proxy.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace quaymaster {

/// What get_any() took, and from which queue.
template <class T>
struct any_item {
    std::size_t index;  // of the queue in the list
    T item;
};

namespace detail {

template <class T, class Codec>
queue_proxy<T, Codec> queue_type_of(const queue_proxy<T, Codec>&);

template <class Queue>
concept remote_queue = requires(const Queue& queue)
{
    queue_type_of(queue);
};

template <remote_queue Queue>
const Queue* pointer_to(const Queue& queue) noexcept
{
    return std::addressof(queue);
}
template <remote_queue Queue>
const Queue* pointer_to(const Queue* queue) noexcept
{
    return queue;
}

template <class T, class Codec>
any_item<T> get_any(const std::vector<const queue_proxy<T, Codec>*>& queues, std::optional<std::chrono::milliseconds> timeout)
{
    const std::vector<const queue_proxy_base*> untyped{queues.begin(), queues.end()};
    const auto [index, got] = get_any_value(untyped, timeout);
    return {index, Codec::template decode<T>(got)};
}

}  // namespace detail

/// Takes the next item of the first of `queues` that has one: `auto [index, job] = get_any({urgent, normal}, 5s)`.
/// The server does it, so that an item leaves its queue only for a caller that gets it. If none has an item, waits up to `timeout`
/// for the first that comes: nullopt waits without limit, zero not at all. If several have items, the earliest in the list wins; for
/// fairness rotate the list by one each time. Callers of get() and of this stand in one line per queue, first come, first served;
/// a wait beyond client_options::wait_slice joins the lines anew each slice, at their ends.
/// Throws queue_empty if nothing came in time; queue_shut_down if all queues are shut down and empty (one that is, is passed over);
/// std::invalid_argument for no queue and for queues of different servers; remote_error (ValueError) for more than 1024; `error` if
/// the server is another than quaymaster's, such as CPython's, which cannot do this. Further errors as of queue_proxy::get().
/// Queues of items of several types go together as queue_proxy<value>.
template <class T, class Codec>
[[nodiscard]] any_item<T> get_any(std::initializer_list<queue_proxy<T, Codec>> queues,
                                  std::optional<std::chrono::milliseconds> timeout = std::nullopt)
{
    std::vector<const queue_proxy<T, Codec>*> pointers;
    for (const auto& each : queues)
        pointers.push_back(&each);
    return detail::get_any(pointers, timeout);
}

/// The same for a vector or another range of proxies, or of pointers to them.
template <std::ranges::forward_range Queues>
requires requires(const Queues& queues)
{
    detail::pointer_to(*std::ranges::begin(queues));
}
[[nodiscard]] auto get_any(const Queues& queues, std::optional<std::chrono::milliseconds> timeout = std::nullopt)
{
    using queue = std::remove_cvref_t<decltype(*detail::pointer_to(*std::ranges::begin(queues)))>;
    std::vector<const decltype(detail::queue_type_of(std::declval<const queue&>()))*> pointers;
    for (const auto& each : queues)
        pointers.push_back(detail::pointer_to(each));
    return detail::get_any(pointers, timeout);
}

}  // namespace quaymaster
