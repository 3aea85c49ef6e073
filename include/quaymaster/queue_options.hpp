// queue_options: what kind of queue a server makes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quaymaster {

/// In which order a queue hands out its items: queue.Queue, queue.LifoQueue and queue.PriorityQueue.
enum class queue_kind : std::uint8_t { fifo, lifo, priority };

struct queue_options {
    queue_kind kind = queue_kind::fifo;
    /// How many items it holds before put() waits; 0 means unbounded.
    std::size_t maxsize = 0;
};

}  // namespace quaymaster
