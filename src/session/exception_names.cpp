#include "session/exception_names.hpp"

#include "wire/python_text.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace quaymaster::session {

namespace {

struct exception_row {
    core::exception_type type;
    std::string_view python3_module;
    std::string_view python2_module;
    std::string_view name;
};

// In the order of core::exception_type. `queue Empty` and not `_queue Empty`, which Python 3.6 and PyPy cannot import.
constexpr std::array exceptions{
    exception_row{core::exception_type::queue_empty, "queue", "Queue", "Empty"},
    exception_row{core::exception_type::queue_full, "queue", "Queue", "Full"},
    exception_row{core::exception_type::queue_shut_down, "queue", "Queue", "ShutDown"},
    exception_row{core::exception_type::attribute_error, "builtins", "exceptions", "AttributeError"},
    exception_row{core::exception_type::index_error, "builtins", "exceptions", "IndexError"},
    exception_row{core::exception_type::key_error, "builtins", "exceptions", "KeyError"},
    exception_row{core::exception_type::overflow_error, "builtins", "exceptions", "OverflowError"},
    exception_row{core::exception_type::runtime_error, "builtins", "exceptions", "RuntimeError"},
    exception_row{core::exception_type::type_error, "builtins", "exceptions", "TypeError"},
    exception_row{core::exception_type::value_error, "builtins", "exceptions", "ValueError"},
    exception_row{core::exception_type::memory_error, "builtins", "exceptions", "MemoryError"},
    exception_row{core::exception_type::stop_iteration, "builtins", "exceptions", "StopIteration"},
    exception_row{core::exception_type::assertion_error, "builtins", "exceptions", "AssertionError"},
    exception_row{core::exception_type::broken_barrier, "threading", "threading", "BrokenBarrierError"},
    exception_row{core::exception_type::not_implemented_error, "builtins", "exceptions", "NotImplementedError"},
    exception_row{core::exception_type::zero_division_error, "builtins", "exceptions", "ZeroDivisionError"},
};

constexpr bool rows_are_in_order()
{
    for (std::size_t i = 0; i < exceptions.size(); ++i) {
        if (static_cast<std::size_t>(exceptions[i].type) != i)
            return false;
    }
    return true;
}
static_assert(rows_are_in_order());

}  // namespace

wire::python_exception to_python(core::raised&& error, bool knows_shut_down)
{
    if (error.type == core::exception_type::queue_shut_down && !knows_shut_down)
        return {"builtins", "exceptions", "ValueError",
                error.text.empty() ? "the queue has been shut down" : std::move(error.text)};
    const exception_row& row = exceptions[static_cast<std::size_t>(error.type)];
    wire::python_exception named{row.python3_module, row.python2_module, row.name, std::move(error.text)};
    if (error.argument != nullptr)
        named.argument = *error.argument;
    return named;
}

wire::python_exception not_exposed(std::string_view method, std::span<const std::string_view> exposed)
{
    std::string text = "method " + wire::quoted(method) + " is not in exposed=(";
    for (std::size_t i = 0; i < exposed.size(); ++i)
        text.append(i == 0 ? "'" : ", '").append(exposed[i]).append("'");
    return wire::builtin_exception("AttributeError", text + ")");
}

}  // namespace quaymaster::session
