#include "core/select_referent.hpp"

#include "core/wait_limit.hpp"

#include <array>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::array<parameter, 3> get_any_parameters{{{"queues"}, {"block", false}, {"timeout", false}}};

/// What `named`, a proxy or an ident, goes by; nullopt for anything else.
std::optional<std::string> ident_of(object_access& others, const value& named)
{
    if (named.kind() == value_kind::str || named.kind() == value_kind::byte_string)
        return std::string{named.text()};
    return others.ident_of(named);
}

}  // namespace

struct select_referent::methods {
    static constexpr method_table table{std::array{
        method{"get_any", {"Server.get_any", get_any_parameters}, &run_member<select_referent, &select_referent::get_any>},
    }};
};

std::span<const std::string_view> select_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome select_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "Server", *this, request, caller, fulfilled);
}

std::string select_referent::text() const
{
    return "<quaymaster select>";
}

outcome select_referent::get_any(invocation& called)
{
    wait_limit limit;
    if (read_flag(called.bound[1], true)) {
        auto read = read_timeout(called.bound[2], called.request.now);
        if (auto* const wrong = std::get_if<raised>(&read))
            return std::move(*wrong);
        limit = std::get<wait_limit>(read);
    }
    auto read = read_choices(*called.bound[0]);
    if (auto* const wrong = std::get_if<raised>(&read))
        return std::move(*wrong);
    const auto& choices = std::get<std::vector<choice>>(read);
    // First without standing in lines, which is all there is to do where work is plentiful.
    outcome seen = look(choices, called);
    const auto* const nothing = std::get_if<raised>(&seen);
    if (nothing == nullptr || nothing->type != exception_type::queue_empty || !limit)
        return seen;
    return std::make_shared<selection>(others_, choices, called.caller)->begin(*limit, called.fulfilled);
}

/// A queue that is named again is left out: its first place in the list is the one that counts.
std::variant<std::vector<choice>, raised> select_referent::read_choices(const codec::payload& argument)
{
    const value named = argument.to_value(limits_);
    if (named.kind() != value_kind::list && named.kind() != value_kind::tuple)
        return raised{exception_type::type_error, "get_any() takes a list of queues, not '" + named.type_name() + "'"};
    if (named.size() == 0)
        return raised{exception_type::value_error, "get_any() takes at least one queue"};
    if (named.size() > queues_max) {
        return raised{exception_type::value_error, "get_any() takes at most " + std::to_string(queues_max) + " queues, not " +
                                                       std::to_string(named.size()) + ": share them among several calls"};
    }
    std::vector<choice> choices;
    std::unordered_set<const referent*> known;
    for (std::size_t i = 0; i < named.size(); ++i) {
        const auto ident = ident_of(others_, named[i]);
        if (!ident) {
            return raised{exception_type::type_error,
                          "get_any() takes proxies of queues, or their idents, not '" + named[i].type_name() + "'"};
        }
        const auto object = others_.find(*ident);
        if (object == nullptr)
            return raised{exception_type::key_error, *ident};
        auto queue = std::dynamic_pointer_cast<queue_referent>(object);
        if (queue == nullptr)
            return raised{exception_type::type_error, "get_any() takes queues, and '" + *ident + "' is none"};
        if (known.insert(queue.get()).second)
            choices.push_back({i, std::move(queue)});
    }
    return choices;
}

/// The item of the first queue that has one, or queue_shut_down if that is what all of them say.
outcome select_referent::look(std::span<const choice> choices, invocation& called)
{
    std::size_t over = 0;
    for (const choice& each : choices) {
        const outcome got = others_.inside(
            *each.queue, [&queue = each.queue->queue(), &called] { return queue.get({}, called.caller, called.fulfilled); });
        const auto* const nothing = std::get_if<raised>(&got);
        if (nothing == nullptr)
            return numbered(others_, each, got, called.fulfilled);
        over += nothing->type == exception_type::queue_shut_down ? 1 : 0;
    }
    return raised{over == choices.size() ? exception_type::queue_shut_down : exception_type::queue_empty, {}};
}

}  // namespace quaymaster::core
