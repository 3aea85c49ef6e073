// signature: how the arguments of a call find their parameters, with CPython's rules and CPython's complaints.
#pragma once

#include "core/call.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::core {

struct parameter {
    std::string_view name;
    bool required = true;  // false: the callee has a default
};

/// The parameters of a method or of a plain callable. Required ones come first.
struct signature {
    /// How CPython has it, which decides what may be named and what messages say.
    enum class style : std::uint8_t {
        python_method,  // `def f(self, ...)`: by place or by name; messages count `self`
        function,       // the same without `self`
        builtin,        // written in C: by place only ("list.append() takes exactly one argument (0 given)")
        raw,            // the method looks at the arguments itself: *args, **kwds
    };

    /// What messages begin with: "Queue.put", "get_queue", "list.append".
    std::string_view name;
    /// Without `self`.
    std::span<const parameter> parameters{};
    style style = style::python_method;
};

/// Points `bound[i]` at the argument for `expected.parameters[i]`, or at null where the default holds. The arguments stay
/// in `arguments`. Returns the type_error that CPython raises if they do not fit: an unexpected keyword, a parameter
/// given twice, too many by place, a required one missing; `bound` is then of no use.
/// Precondition: `bound` is as long as the parameters.
[[nodiscard]] std::optional<raised> bind_arguments(const signature& expected, call& arguments,
                                                   std::span<codec::payload*> bound);

}  // namespace quaymaster::core
