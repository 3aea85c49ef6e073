// queue_factories: the ways in which a typeid makes or finds a queue.
#pragma once

#include "core/queue_referent.hpp"
#include "core/registry.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace quaymaster::core {

/// What queue_by_name() accepts from clients.
struct named_queue_limits {
    /// How many queues one typeid makes; they live as long as the server.
    std::size_t named_queues_max = 10'000;
    /// Octets of one name.
    std::size_t queue_name_size_max = 255;
    /// For the items of each.
    codec::pickle_limits items;
};

/// Registers `typeid_name` (such as "get_task_queue") with one queue that exists at once, whose ident is the typeid, and
/// that every create() gives: Python's `register('get_task_queue', callable=lambda: task_queue)`. It takes no arguments.
/// Throws as register_typeid() and declare_stable(). Returns the queue.
std::shared_ptr<queue_referent> register_named_queue(registry& where, std::string typeid_name,
                                                     queue_kind kind = queue_kind::fifo, std::int64_t maxsize = 0,
                                                     const codec::pickle_limits& limits = {});

/// The factory behind register_named_queue(): always the same `queue`, by the ident `typeid_name`.
[[nodiscard]] factory named_queue(std::string typeid_name, std::shared_ptr<queue_referent> queue);

/// `get_queue(name, maxsize=0)`: the queue of that name, made at its first mention; maxsize counts only then. Its ident is
/// `typeid_name` + "/" + name. type_error for a name that is no text, value_error for one beyond queue_name_size_max,
/// runtime_error for one queue more than named_queues_max.
[[nodiscard]] factory queue_by_name(std::string typeid_name, queue_kind kind = queue_kind::fifo,
                                    named_queue_limits limits = {});

/// `Queue(maxsize=0)`, `LifoQueue(maxsize=0)`, `PriorityQueue(maxsize=0)` of SyncManager: each create() makes a new one.
[[nodiscard]] factory fresh_queue(queue_kind kind = queue_kind::fifo, const codec::pickle_limits& limits = {});

}  // namespace quaymaster::core
