#include "core/queue_referent.hpp"

#include <quaymaster/value.hpp>

#include <array>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::array<parameter, 2> get_parameters{{{"block", false}, {"timeout", false}}};
constexpr std::array<parameter, 3> put_parameters{{{"item"}, {"block", false}, {"timeout", false}}};
constexpr std::array<parameter, 1> put_nowait_parameters{{{"item"}}};
constexpr std::array<parameter, 1> shutdown_parameters{{{"immediate", false}}};

std::string_view class_name(queue_kind kind) noexcept
{
    switch (kind) {
    case queue_kind::fifo: return "queue.Queue";
    case queue_kind::lifo: return "queue.LifoQueue";
    case queue_kind::priority: return "queue.PriorityQueue";
    }
    return "queue.Queue";
}

}  // namespace

struct queue_referent::methods {
    template <outcome (queue_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<queue_referent, Member>;

    // The signatures say Queue for every kind, as CPython's messages do: the subclasses inherit these methods.
    static constexpr method_table table{std::array{
        method{"empty", {"Queue.empty"}, run<&queue_referent::empty>},
        method{"full", {"Queue.full"}, run<&queue_referent::full>},
        method{"get", {"Queue.get", get_parameters}, run<&queue_referent::get>},
        method{"get_nowait", {"Queue.get_nowait"}, run<&queue_referent::get_nowait>},
        method{"join", {"Queue.join"}, run<&queue_referent::join>},
        method{"put", {"Queue.put", put_parameters}, run<&queue_referent::put>},
        method{"put_nowait", {"Queue.put_nowait", put_nowait_parameters}, run<&queue_referent::put_nowait>},
        method{"qsize", {"Queue.qsize"}, run<&queue_referent::qsize>},
        method{"shutdown", {"Queue.shutdown", shutdown_parameters}, run<&queue_referent::shutdown>},
        method{"task_done", {"Queue.task_done"}, run<&queue_referent::task_done>},
    }};
};

queue_referent::queue_referent(std::string name, queue_kind kind, std::int64_t maxsize, const codec::pickle_limits& limits)
    : name_{std::move(name)}, queue_{*this, kind, maxsize, limits}
{
}

std::span<const std::string_view> queue_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome queue_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "Queue", *this, request, caller, fulfilled);
}

outcome queue_referent::expire(waiter& late, completions&)
{
    return queue_.expire(late);
}

void queue_referent::withdraw(waiter& gone, completions& fulfilled)
{
    queue_.withdraw(gone, fulfilled);
}

std::string queue_referent::text() const
{
    std::string shown = "<" + std::string{class_name(queue_.kind())};
    if (!name_.empty())
        shown += " '" + name_ + "'";
    shown += " qsize=" + std::to_string(queue_.qsize());
    if (queue_.maxsize() > 0)
        shown += " maxsize=" + std::to_string(queue_.maxsize());
    return shown + ">";
}

outcome queue_referent::empty(invocation&)
{
    return returned{value{queue_.empty()}};
}

outcome queue_referent::full(invocation&)
{
    return returned{value{queue_.full()}};
}

outcome queue_referent::get(invocation& called)
{
    // Like queue.py, ask first whether the queue is over: then a wrong timeout is not complained of.
    const bool is_over = queue_.is_shut_down() && queue_.empty();
    wait_limit limit;
    if (!is_over && read_flag(called.bound[0], true)) {
        auto read = read_timeout(called.bound[1], called.request.now);
        if (auto* const wrong = std::get_if<raised>(&read))
            return std::move(*wrong);
        limit = std::get<wait_limit>(read);
    }
    return queue_.get(limit, called.caller, called.fulfilled);
}

outcome queue_referent::get_nowait(invocation& called)
{
    return queue_.get({}, called.caller, called.fulfilled);
}

outcome queue_referent::join(invocation& called)
{
    return queue_.join(called.caller);
}

outcome queue_referent::put(invocation& called)
{
    wait_limit limit;
    if (!queue_.is_shut_down() && queue_.maxsize() > 0 && read_flag(called.bound[1], true)) {
        auto read = read_timeout(called.bound[2], called.request.now);
        if (auto* const wrong = std::get_if<raised>(&read))
            return std::move(*wrong);
        limit = std::get<wait_limit>(read);
    }
    return queue_.put(std::move(*called.bound[0]), limit, called.caller, called.fulfilled);
}

outcome queue_referent::put_nowait(invocation& called)
{
    return queue_.put(std::move(*called.bound[0]), {}, called.caller, called.fulfilled);
}

outcome queue_referent::qsize(invocation&)
{
    return returned{value{static_cast<std::int64_t>(queue_.qsize())}};
}

outcome queue_referent::shutdown(invocation& called)
{
    return queue_.shutdown(read_flag(called.bound[0], false), called.fulfilled);
}

outcome queue_referent::task_done(invocation& called)
{
    return queue_.task_done(called.fulfilled);
}

}  // namespace quaymaster::core
