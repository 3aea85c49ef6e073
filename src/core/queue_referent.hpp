// queue_referent: a shared queue under the method names of queue.Queue.
#pragma once

#include "core/method_table.hpp"
#include "core/queue.hpp"
#include "core/referent.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

/// queue.Queue, LifoQueue or PriorityQueue of CPython 3.13 as a proxy sees it: names, arguments and defaults here, all
/// behaviour in shared_queue. As in CPython `timeout` is looked at only by a call that may wait: not when `block` is
/// false, and by put() only if there is a maxsize.
/// Beyond shared_queue's errors: type_error for arguments that do not fit, with CPython's wording; value_error for a
/// negative timeout and for an argument that cannot be read.
class queue_referent final : public referent {
public:
    /// `name` is for text() only; empty for a queue without one. `maxsize` and `limits` as for shared_queue.
    explicit queue_referent(std::string name = {}, queue_kind kind = queue_kind::fifo, std::int64_t maxsize = 0,
                            const codec::pickle_limits& limits = {});

    [[nodiscard]] std::span<const std::string_view> exposed() const noexcept override;
    outcome invoke(call& request, waiter& caller, completions& fulfilled) override;
    outcome expire(waiter& late, completions& fulfilled) override;
    void withdraw(waiter& gone, completions& fulfilled) override;
    /// "<queue.Queue 'get_task_queue' qsize=3>", with "maxsize=N" added where there is one.
    [[nodiscard]] std::string text() const override;
    [[nodiscard]] shared_queue* as_queue() noexcept override { return &queue_; }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The queue itself, for callers that hold typed arguments.
    [[nodiscard]] shared_queue& queue() noexcept { return queue_; }
    [[nodiscard]] const shared_queue& queue() const noexcept { return queue_; }

private:
    struct methods;

    outcome empty(invocation& called);
    outcome full(invocation& called);
    outcome get(invocation& called);
    outcome get_nowait(invocation& called);
    outcome join(invocation& called);
    outcome put(invocation& called);
    outcome put_nowait(invocation& called);
    outcome qsize(invocation& called);
    outcome shutdown(invocation& called);
    outcome task_done(invocation& called);

    std::string name_;
    shared_queue queue_;
};

}  // namespace quaymaster::core
