#include "core/method_table.hpp"

#include <quaymaster/errors.hpp>

#include <string>
#include <utility>

namespace quaymaster::core {

const method* find_method(std::span<const method> methods, std::string_view name) noexcept
{
    const auto found = std::lower_bound(methods.begin(), methods.end(), name,
                                        [](const method& each, std::string_view sought) { return each.name < sought; });
    return found != methods.end() && found->name == name ? &*found : nullptr;
}

outcome invoke_method(std::span<const method> methods, std::string_view class_name, referent& object, call& request,
                      waiter& caller, completions& fulfilled)
{
    const method* const called = find_method(methods, request.method);
    if (called == nullptr) {
        return raised{exception_type::attribute_error,
                      "'" + std::string{class_name} + "' object has no attribute '" + std::string{request.method} + "'"};
    }
    invocation arguments{{}, request, caller, fulfilled};
    const auto bound = std::span{arguments.bound}.first(called->takes.parameters.size());
    if (called->takes.style != signature::style::raw) {
        if (auto misfit = bind_arguments(called->takes, request, bound))
            return *std::move(misfit);
    }
    try {
        return called->run(object, arguments);
    } catch (const pickle_error& unreadable) {
        // Arguments are read before anything is changed, so nothing has happened to the object.
        return raised{exception_type::value_error, unreadable.what()};
    }
}

}  // namespace quaymaster::core
