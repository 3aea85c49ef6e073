#include "core/queue_referent.hpp"

#include "core/signature.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/value.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::size_t parameter_count_max = 3;

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

struct queue_referent::invocation {
    time_point now;
    std::array<codec::payload*, parameter_count_max> bound;
    waiter& caller;
    completions& fulfilled;
};

struct queue_referent::method {
    std::string_view name;
    signature takes;
    outcome (queue_referent::*run)(invocation&);
};

struct queue_referent::method_table {
    // By name, sorted: exposed() gives them out in this order, and invoke() searches by it. The signatures say Queue for
    // every kind, as CPython's messages do: the subclasses inherit these methods.
    static constexpr std::array<method, 10> methods{{
        {"empty", {"Queue.empty", {}}, &queue_referent::empty},
        {"full", {"Queue.full", {}}, &queue_referent::full},
        {"get", {"Queue.get", get_parameters}, &queue_referent::get},
        {"get_nowait", {"Queue.get_nowait", {}}, &queue_referent::get_nowait},
        {"join", {"Queue.join", {}}, &queue_referent::join},
        {"put", {"Queue.put", put_parameters}, &queue_referent::put},
        {"put_nowait", {"Queue.put_nowait", put_nowait_parameters}, &queue_referent::put_nowait},
        {"qsize", {"Queue.qsize", {}}, &queue_referent::qsize},
        {"shutdown", {"Queue.shutdown", shutdown_parameters}, &queue_referent::shutdown},
        {"task_done", {"Queue.task_done", {}}, &queue_referent::task_done},
    }};
    static constexpr auto names = [] {
        std::array<std::string_view, methods.size()> all{};
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i] = methods[i].name;
        return all;
    }();
    static_assert(std::is_sorted(names.begin(), names.end()));

    static const method* find(std::string_view name) noexcept
    {
        const auto found = std::lower_bound(methods.begin(), methods.end(), name,
                                            [](const method& each, std::string_view sought) { return each.name < sought; });
        return found != methods.end() && found->name == name ? &*found : nullptr;
    }
};

queue_referent::queue_referent(std::string name, queue_kind kind, std::int64_t maxsize, const codec::pickle_limits& limits)
    : name_{std::move(name)}, queue_{*this, kind, maxsize, limits}
{
}

std::span<const std::string_view> queue_referent::exposed() const noexcept
{
    return method_table::names;
}

outcome queue_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    const method* const called = method_table::find(request.method);
    if (called == nullptr) {
        return raised{exception_type::attribute_error,
                      "'Queue' object has no attribute '" + std::string{request.method} + "'"};
    }
    invocation arguments{request.now, {}, caller, fulfilled};
    const auto bound = std::span{arguments.bound}.first(called->takes.parameters.size());
    if (auto misfit = bind_arguments(called->takes, request, bound))
        return *std::move(misfit);
    try {
        return (this->*called->run)(arguments);
    } catch (const pickle_error& unreadable) {
        // Arguments are read before anything is changed, so nothing has happened to the queue.
        return raised{exception_type::value_error, unreadable.what()};
    }
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
        auto read = read_timeout(called.bound[1], called.now);
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
        auto read = read_timeout(called.bound[2], called.now);
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
