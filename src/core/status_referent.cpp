#include "core/status_referent.hpp"

#include "core/signature.hpp"

#include <array>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::array<std::string_view, 1> method_names{"status"};
constexpr signature status_signature{"Server.status", {}};

}  // namespace

status_referent::status_referent(supplier supply) : supply_{std::move(supply)} {}

std::span<const std::string_view> status_referent::exposed() const noexcept
{
    return method_names;
}

outcome status_referent::invoke(call& request, waiter&, completions&)
{
    if (request.method != method_names.front()) {
        return raised{exception_type::attribute_error,
                      "'Server' object has no attribute '" + std::string{request.method} + "'"};
    }
    if (auto misfit = bind_arguments(status_signature, request, {}))
        return *std::move(misfit);
    return returned{supply_()};
}

std::string status_referent::text() const
{
    return "<quaymaster server status>";
}

value to_value(const queue_statistics& shown)
{
    return value::dict({
        {"kind", to_string(shown.kind)},
        {"maxsize", shown.maxsize},
        {"depth", shown.depth},
        {"unfinished", shown.unfinished},
        {"waiting_getters", shown.waiting_getters},
        {"waiting_putters", shown.waiting_putters},
        {"waiting_joiners", shown.waiting_joiners},
        {"puts_total", shown.puts_total},
        {"gets_total", shown.gets_total},
        {"is_shut_down", shown.is_shut_down},
    });
}

}  // namespace quaymaster::core
