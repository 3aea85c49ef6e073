// local_calls: calls of objects by the program that serves them: python_calls without pickles and frames.
#pragma once

#include "codec/pickle_limits.hpp"
#include "core/call.hpp"
#include "core/registry.hpp"
#include "core/waiter.hpp"
#include "session/data_proxies.hpp"
#include "session/owned_objects.hpp"
#include "session/service.hpp"
#include "wire/python_dialect.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <variant>

namespace quaymaster::session {

/// The calls of one thread of the server's own program, one at a time. Their replies are those that a client would get.
/// Thread safety: none. Lifetime: `caller`, whose calls these are, outlives it.
class local_calls {
public:
    /// Where a call waits, and what its outcome is to be taken for.
    struct wait {
        std::shared_ptr<core::referent> place;
        std::optional<holds> creating{};  // what the arguments hold, if it is a create
    };
    using answer = std::variant<wire::reply, wait>;

    local_calls(const codec::pickle_limits& limits, core::waiter& caller) noexcept : limits_{limits}, caller_{&caller} {}
    local_calls(const local_calls&) = delete;
    local_calls& operator=(const local_calls&) = delete;

    /// Calls `request.method` of the object `ident`, or has `waiting` wait.
    answer call_method(service& server, std::string_view ident, core::call& request, core::waiter& waiting);
    /// create, incref, get_methods, number_of_objects, debug_info or dummy; `name` is the argument before the others, a typeid
    /// or ident.
    answer call_function(service& server, std::optional<std::string_view> name, core::call& request, core::waiter& waiting);
    /// The reply to a call that has waited and come to `result`.
    wire::reply finish(service& server, const wait& waited, core::outcome result);
    /// Releases what the thread owns.
    void end(service& server);

private:
    template <class Act>
    answer guarded(Act&& act);
    answer create(service& server, std::string_view typeid_name, core::call& request, core::waiter& waiting);
    wire::reply created(service& server, core::outcome result, const holds& held);
    wire::reply reply_to(service& server, core::outcome result);
    wire::reply call_fallback(service& server, core::referent& object, std::string_view method);

    const codec::pickle_limits limits_;
    core::waiter* caller_;
    owned_objects owned_;
};

}  // namespace quaymaster::session
