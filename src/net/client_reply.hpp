// client_reply: what a server's answer means to the program that asked.
#pragma once

#include "codec/payload.hpp"
#include "wire/python_dialect.hpp"

#include <string_view>

namespace quaymaster::net {

/// The value that was returned. Any other reply throws: queue_empty, queue_full and queue_shut_down for the exceptions that
/// queues raise, remote_error for others and for tracebacks, `error` for a proxy and for what is no reply to such a call.
codec::payload take_result(wire::reply&& reply);

/// What the method raised: queue_empty, queue_full, queue_shut_down or remote_error.
[[noreturn]] void throw_exception(wire::exception_reply&& raised);

/// True if the server says that it has no object `ident`: a traceback that ends in that KeyError.
[[nodiscard]] bool says_unknown_ident(const wire::reply& reply, std::string_view ident);

}  // namespace quaymaster::net
