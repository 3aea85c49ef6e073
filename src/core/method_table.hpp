// method_table: the methods of a referent by name, with how their arguments bind.
#pragma once

#include "core/referent.hpp"
#include "core/signature.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace quaymaster::core {

/// Parameters of the longest signature.
inline constexpr std::size_t parameter_count_max = 4;

/// One call with its arguments bound: `bound[i]` is the one for the method's i-th parameter, null where the default holds.
struct invocation {
    std::array<codec::payload*, parameter_count_max> bound;
    call& request;  // for its time, and for the arguments of a method that binds them itself
    waiter& caller;
    completions& fulfilled;
};

/// `run` may throw pickle_error for an argument that cannot be read, before it has changed anything.
struct method {
    std::string_view name;
    signature takes;
    outcome (*run)(referent& object, invocation& called);
};

template <class Referent, outcome (Referent::*Member)(invocation&)>
outcome run_member(referent& object, invocation& called)
{
    return (static_cast<Referent&>(object).*Member)(called);
}

/// A referent's methods, made at compile time: `static constexpr method_table table{std::array{method{...}, ...}};`
template <std::size_t Count>
struct method_table {
    /// Sorted by name, as exposed() and find_method() need it; a compile-time error if it is not.
    consteval explicit method_table(const std::array<method, Count>& sorted) : methods{sorted}
    {
        for (std::size_t i = 0; i < Count; ++i) {
            names[i] = methods[i].name;
            if (i != 0 && names[i] <= names[i - 1])
                throw "the methods are not sorted by name";
            if (methods[i].takes.parameters.size() > parameter_count_max)
                throw "more parameters than an invocation binds";
        }
    }

    std::array<method, Count> methods;
    std::array<std::string_view, Count> names{};
};

/// The method called `name`; null if there is none. Precondition: `methods` are sorted by name.
[[nodiscard]] const method* find_method(std::span<const method> methods, std::string_view name) noexcept;

/// referent::invoke() by way of a table: finds the method, binds the arguments, runs it. `class_name` ("list") is for the
/// attribute_error of an unknown method; an argument that cannot be read is a value_error.
[[nodiscard]] outcome invoke_method(std::span<const method> methods, std::string_view class_name, referent& object,
                                    call& request, waiter& caller, completions& fulfilled);

}  // namespace quaymaster::core
