// exception_names: how Python programs know the exceptions that referents raise.
#pragma once

#include "core/call.hpp"
#include "wire/python_dialect.hpp"

#include <span>
#include <string_view>

namespace quaymaster::session {

/// `error` as an exception that the peer can import. `knows_shut_down`: the peer may be Python 3.13, which has
/// queue.ShutDown. All that the handshake tells is whether it is 3.12 or later; 3.11 and older get a ValueError, which is
/// what their multiprocessing.Queue raises when it is closed. (3.12 cannot import the class and says so by an
/// AttributeError that names it; its connection stays usable.)
[[nodiscard]] wire::python_exception to_python(core::raised&& error, bool knows_shut_down);

/// What calling `method` raises of an object that has only `exposed`.
[[nodiscard]] wire::python_exception not_exposed(std::string_view method, std::span<const std::string_view> exposed);

}  // namespace quaymaster::session
