#include <quaymaster/get_any.hpp>

#include "net/client_reply.hpp"
#include "net/remote_object.hpp"
#include "net/wait_in_slices.hpp"

#include <quaymaster/errors.hpp>

#include <array>
#include <stdexcept>
#include <string_view>

namespace quaymaster {
namespace {

using net::in_seconds;
using net::wait_in_slices;
using std::chrono::milliseconds;

/// The object of each quaymaster server that can do it, by its stable ident.
constexpr std::string_view select_ident = "quaymaster_select";

codec::payload ask(net::object_channel& channel, const std::vector<codec::payload>& arguments, milliseconds patience)
{
    wire::reply reply =
        channel.call_object(select_ident, {"get_any", arguments, {}}, {channel.options().call_deadline + patience, nullptr});
    if (net::says_unknown_ident(reply, select_ident)) {
        throw error{"get_any(): the server at " + channel.server().to_string() +
                    " cannot wait for several queues at once: it is CPython's, or an older quaymaster. Serve the queues with "
                    "quaymaster, or ask each in turn with get(0ms)"};
    }
    return net::take_result(std::move(reply));
}

value idents_of(std::span<net::remote_object* const> queues)
{
    std::vector<value> idents;
    for (const net::remote_object* each : queues)
        idents.emplace_back(each->ident());
    return value::list(idents);
}

/// What get_any() of the server returns to `rest`, its arguments after the queues.
value call_get_any(std::span<net::remote_object* const> queues, const std::vector<value>& rest, milliseconds patience)
{
    net::object_channel& channel = queues.front()->channel();
    const auto attempt = [&] {
        std::vector<codec::payload> arguments{idents_of(queues)};
        arguments.insert(arguments.end(), rest.begin(), rest.end());
        return ask(channel, arguments, patience).to_value(channel.limits());
    };
    try {
        return attempt();
    } catch (const remote_error& raised) {
        if (!detail::was_raised_by_method(raised, "KeyError"))
            throw;
    }
    // An ident is not known any more. After a restart any call of a queue makes its proxy find it again, or says what is wrong.
    for (net::remote_object* each : queues)
        each->call({"qsize", {}, {}}, {channel.options().call_deadline, nullptr});
    return attempt();
}

}  // namespace

std::pair<std::size_t, value> detail::get_any_value(std::span<const queue_proxy_base* const> queues,
                                                    std::optional<milliseconds> timeout)
{
    if (queues.empty())
        throw std::invalid_argument{"get_any() needs at least one queue"};
    std::vector<net::remote_object*> objects;
    for (const queue_proxy_base* each : queues)
        objects.push_back(&each->object());
    const net::object_channel& channel = objects.front()->channel();
    for (net::remote_object* each : objects) {
        if (each->channel().server() != channel.server()) {
            throw std::invalid_argument{"get_any() needs queues of one server, not of " + channel.server().to_string() + " and " +
                                        each->channel().server().to_string() + ": wait for each server's on a thread of its own"};
        }
    }
    const auto answer = [&]() -> value {
        if (timeout && timeout->count() == 0)
            return call_get_any(objects, {value{false}}, milliseconds::zero());
        if (timeout && timeout->count() < 0)  // raises ValueError, as in Python
            return call_get_any(objects, {value{true}, value{in_seconds(*timeout)}}, milliseconds::zero());
        return wait_in_slices<queue_empty>(timeout, channel.options().wait_slice, [&](milliseconds slice) {
            return call_get_any(objects, {value{true}, value{in_seconds(slice)}}, slice);
        });
    }();
    const auto index = answer.kind() == value_kind::tuple && answer.size() == 2 ? answer[0].to_uint64() : std::nullopt;
    if (!index || *index >= objects.size())
        throw error{"get_any(): the server's answer is no (index, item): " + answer.repr(100)};
    return {static_cast<std::size_t>(*index), answer[1]};
}

}  // namespace quaymaster
