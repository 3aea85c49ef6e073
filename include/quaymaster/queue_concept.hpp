// queue_concept: what a local and a remote queue have in common.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>

namespace quaymaster {

/// A queue of T that many threads or programs share: blocking_queue<T> in one program, queue_proxy<T> between programs.
/// Write workers as templates over it and they serve both.
/// Semantics: those of CPython 3.13's queue.Queue. A timeout of nullopt waits without limit, one of zero not at all.
/// put throws queue_full and get queue_empty if their time runs out, both queue_shut_down after shutdown; a remote queue
/// may also throw connection_lost, deadline_exceeded, conversion_error and remote_error.
template <class Queue, class T>
concept shared_queue_of = requires(Queue& queue, const T& item, std::optional<std::chrono::milliseconds> timeout) {
    queue.put(item);
    queue.put(item, timeout);
    queue.put_nowait(item);
    { queue.get() } -> std::same_as<T>;
    { queue.get(timeout) } -> std::same_as<T>;
    { queue.get_nowait() } -> std::same_as<T>;
    { queue.qsize() } -> std::convertible_to<std::size_t>;
    { queue.empty() } -> std::convertible_to<bool>;
    { queue.full() } -> std::convertible_to<bool>;
    queue.task_done();
    queue.join();
    queue.shutdown();
    queue.shutdown(true);
};

}  // namespace quaymaster
