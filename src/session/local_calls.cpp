#include "session/local_calls.hpp"

#include "codec/object_graph.hpp"
#include "session/exception_names.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace quaymaster::session {
namespace {

using wire::builtin_exception;
using wire::python_exception;
using wire::reply;

/// The program reads what Python 3 writes.
constexpr codec::reader_dialect own_dialect{};

reply failure(const python_exception& error)
{
    return wire::traceback_reply{wire::failure_text(own_dialect, error)};
}

reply unknown_ident(std::string_view ident)
{
    return failure(builtin_exception("KeyError", std::string{ident}));
}

std::vector<value> names_of(const core::referent& object)
{
    std::vector<value> names;
    for (const std::string_view each : object.exposed())
        names.emplace_back(each);
    return names;
}

/// As it would have come over a connection: a scalar decoded, anything else as its item.
void settle(codec::payload& argument)
{
    const value* const known = argument.known();
    if (known != nullptr && codec::object_graph::graph_of(*known) != nullptr)
        argument = std::move(argument).to_item();
}

void settle(core::call& request)
{
    for (codec::payload& argument : request.positional)
        settle(argument);
    for (auto& [name, argument] : request.keywords)
        settle(argument);
}

reply answer_incref(service& server, std::string_view ident, core::call&, const codec::pickle_limits&)
{
    return server.incref(ident) ? reply{wire::returned_reply{}} : unknown_ident(ident);
}

reply answer_get_methods(service& server, std::string_view, core::call& request, const codec::pickle_limits& limits)
{
    const auto ident =
        request.positional.empty() ? std::nullopt : wire::ident_of_token(request.positional.front().to_value(limits));
    if (!ident)
        return failure(builtin_exception("AttributeError", "get_methods() takes a Token"));
    const auto object = server.find(*ident);
    return object != nullptr ? reply{wire::returned_reply{value::tuple(names_of(*object))}} : unknown_ident(*ident);
}

reply answer_number_of_objects(service& server, std::string_view, core::call&, const codec::pickle_limits&)
{
    return wire::returned_reply{value{static_cast<std::int64_t>(server.number_of_objects())}};
}

reply answer_debug_info(service& server, std::string_view, core::call&, const codec::pickle_limits&)
{
    return wire::returned_reply{value{server.debug_info()}};
}

reply answer_dummy(service&, std::string_view, core::call&, const codec::pickle_limits&)
{
    return wire::returned_reply{};
}

struct function_row {
    std::string_view name;
    reply (*answer)(service&, std::string_view name, core::call&, const codec::pickle_limits&);
};

constexpr std::array functions{
    function_row{"debug_info", answer_debug_info},
    function_row{"dummy", answer_dummy},
    function_row{"get_methods", answer_get_methods},
    function_row{"incref", answer_incref},
    function_row{"number_of_objects", answer_number_of_objects},
};

}  // namespace

template <class Act>
local_calls::answer local_calls::guarded(Act&& act)
{
    try {
        return std::forward<Act>(act)();
    } catch (const pickle_error& error) {
        // An argument that had to be decoded, and is within the bounds of a pickle but not of an object.
        return failure({"_pickle", "cPickle", "UnpicklingError", error.what()});
    }
}

local_calls::answer local_calls::call_method(service& server, std::string_view ident, core::call& request,
                                             core::waiter& waiting)
{
    return guarded([&]() -> answer {
        auto object = server.find(ident);
        if (object == nullptr)
            return unknown_ident(ident);
        const auto exposed = object->exposed();
        if (!std::binary_search(exposed.begin(), exposed.end(), request.method))
            return call_fallback(server, *object, request.method);
        owned_.note(object);
        settle(request);
        for (std::size_t i = 0; i < request.positional.size(); ++i)
            if (request.positional[i].has_proxies() && object->reads_argument(request, i))
                replace_proxy(server, request.positional[i], limits_);
        hold_arguments(server, *caller_, ident, request, limits_);
        core::outcome result = server.invoke(*object, request, waiting);
        if (auto* const elsewhere = std::get_if<core::parked>(&result))
            return wait{elsewhere->place != nullptr ? std::move(elsewhere->place) : std::move(object)};
        return reply_to(server, std::move(result));
    });
}

local_calls::answer local_calls::call_function(service& server, std::optional<std::string_view> name, core::call& request,
                                               core::waiter& waiting)
{
    return guarded([&]() -> answer {
        if (request.method == "create" && name)
            return create(server, *name, request, waiting);
        const auto function = std::find_if(functions.begin(), functions.end(),
                                           [&](const function_row& row) { return row.name == request.method; });
        if (function == functions.end())
            return failure(builtin_exception("AssertionError", std::string{request.method} + " unrecognized"));
        return function->answer(server, name.value_or(std::string_view{}), request, limits_);
    });
}

local_calls::answer local_calls::create(service& server, std::string_view typeid_name, core::call& request,
                                        core::waiter& waiting)
{
    request.method = typeid_name;
    settle(request);
    if (server.reads_arguments(typeid_name))
        for (codec::payload& argument : request.positional)
            replace_proxy(server, argument, limits_);
    holds held = hold_arguments(server, *caller_, {}, request, limits_);
    if (auto constructor = server.find_constructor(typeid_name)) {
        core::outcome result = server.invoke(*constructor, request, waiting);
        if (std::holds_alternative<core::parked>(result))
            return wait{std::move(constructor), std::move(held)};
        return created(server, std::move(result), held);
    }
    auto made = server.create(typeid_name, request);
    if (auto* const error = std::get_if<core::raised>(&made))
        return failure(to_python(std::move(*error), true));
    const auto& object = std::get<core::created>(made);
    for (const auto& each : held)
        server.move_hold(*each, object.ident);
    return wire::returned_reply{value::tuple({value{object.ident}, value::tuple(names_of(*object.object))})};
}

/// What a constructor has come to.
wire::reply local_calls::created(service& server, core::outcome result, const holds& held)
{
    if (auto* const made = std::get_if<core::made_proxy>(&result)) {
        auto known = server.adopt(std::move(*made));
        if (const auto* const object = std::get_if<core::created>(&known)) {
            for (const auto& each : held)
                server.move_hold(*each, object->ident);
            return wire::returned_reply{value::tuple({value{object->ident}, value::tuple(names_of(*object->object))})};
        }
        result = std::move(std::get<core::raised>(known));
    }
    return failure(to_python(std::move(std::get<core::raised>(result)), true));
}

wire::reply local_calls::finish(service& server, const wait& waited, core::outcome result)
{
    return waited.creating ? created(server, std::move(result), *waited.creating) : reply_to(server, std::move(result));
}

wire::reply local_calls::reply_to(service& server, core::outcome result)
{
    if (auto* const object = std::get_if<core::made_proxy>(&result)) {
        const std::string typeid_name{object->typeid_name};
        auto made = server.adopt(std::move(*object));
        if (const auto* const known = std::get_if<core::created>(&made)) {
            const auto exposed = known->object->exposed();
            return wire::proxy_reply{typeid_name, known->ident, {exposed.begin(), exposed.end()}};
        }
        result = std::move(std::get<core::raised>(made));
    }
    if (auto* const error = std::get_if<core::raised>(&result))
        return wire::to_exception_reply(to_python(std::move(*error), true));
    try {
        return wire::returned_reply{
            hand_over(server, *caller_, std::move(std::get<core::returned>(result).result), own_dialect, limits_)};
    } catch (const pickle_error& error) {
        return wire::unserializable_reply{
            wire::failure_text(own_dialect, {"_pickle", "cPickle", "PicklingError", error.what()})};
    }
}

/// The methods that work on every object though never exposed.
wire::reply local_calls::call_fallback(service& server, core::referent& object, std::string_view method)
{
    if (method == "__str__" || method == "__repr__")
        return wire::returned_reply{value{server.text(object)}};
    if (method != "#GETVALUE")
        return failure(not_exposed(method, object.exposed()));
    if (auto copy = server.by_value(object))
        return wire::returned_reply{hand_over(server, *caller_, *std::move(copy), own_dialect, limits_)};
    return wire::unserializable_reply{
        wire::failure_text(own_dialect, builtin_exception("TypeError", "cannot pickle " + server.text(object)))};
}

void local_calls::end(service& server)
{
    owned_.release(server, *caller_);
}

}  // namespace quaymaster::session
