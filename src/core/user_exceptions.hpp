// user_exceptions: what a C++ exception is in Python.
#pragma once

#include "core/call.hpp"

#include <exception>

namespace quaymaster::core {

/// The Python exception for what a method of a registered class has thrown: see class_definition. RuntimeError for what
/// is no std::exception.
[[nodiscard]] raised raised_by(const std::exception_ptr& thrown) noexcept;

}  // namespace quaymaster::core
