// queue_manager.hpp: what task_master and task_worker share, as in Python both share the class QueueManager.
#pragma once

#include <quaymaster/quaymaster.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

namespace qm = quaymaster;

/// A number to square; None tells a worker to leave.
using task = std::optional<std::int64_t>;
/// The number, its square, and who squared it.
using result = std::tuple<std::int64_t, std::int64_t, std::string>;

struct queue_manager : qm::base_manager {
    using base_manager::base_manager;
    auto get_task_queue() { return create<qm::queue_proxy<task>>("get_task_queue"); }
    auto get_result_queue() { return create<qm::queue_proxy<result>>("get_result_queue"); }
};
