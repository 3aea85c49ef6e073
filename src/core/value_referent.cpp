#include "core/value_referent.hpp"

#include "core/entries.hpp"
#include "core/value_builder.hpp"

#include <quaymaster/errors.hpp>

#include <array>
#include <memory>
#include <utility>
#include <variant>

namespace quaymaster::core {
namespace {

constexpr std::array<parameter, 1> set_parameters{{{"value"}}};
constexpr std::array<parameter, 3> constructor_parameters{{{"typecode"}, {"value"}, {"lock", false}}};
constexpr signature constructor{"Value.__init__", constructor_parameters};

}  // namespace

struct value_referent::methods {
    template <outcome (value_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<value_referent, Member>;

    static constexpr method_table table{std::array{
        method{"get", {"Value.get"}, run<&value_referent::get>},
        method{"set", {"Value.set", set_parameters}, run<&value_referent::set>},
    }};
};

value_referent::value_referent(codec::payload typecode, codec::payload initial, const codec::pickle_limits& limits)
    : limits_{limits}, typecode_{kept(std::move(typecode))}, value_{kept(std::move(initial))}
{
}

std::span<const std::string_view> value_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome value_referent::invoke(core::call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "Value", *this, request, caller, fulfilled);
}

std::string value_referent::text() const
{
    try {
        return "Value(" + typecode_.to_value(limits_).repr() + ", " + value_.to_value(limits_).repr() + ")";
    } catch (const pickle_error& unreadable) {
        return std::string{"<Value: "} + unreadable.what() + ">";
    }
}

std::optional<value> value_referent::by_value() const
{
    try {
        value_builder made{limits_};
        const auto typecode_name = made.text("_typecode");
        const auto typecode = made.add(typecode_);
        const auto value_name = made.text("_value");
        const auto held = made.add(value_);
        const auto root = made.instance("multiprocessing.managers", "Value", {typecode_name, typecode, value_name, held});
        return std::move(made).finish(root);
    } catch (const pickle_error&) {
        return std::nullopt;
    }
}

outcome value_referent::get(invocation&)
{
    return returned{value_};
}

outcome value_referent::set(invocation& called)
{
    value_ = kept(std::move(*called.bound[0]));
    return returned{};
}

factory fresh_value(const codec::pickle_limits& limits)
{
    return [limits](core::call& arguments) -> std::variant<made_object, raised> {
        std::array<codec::payload*, constructor_parameters.size()> bound{};
        if (auto misfit = bind_arguments(constructor, arguments, bound))
            return *std::move(misfit);
        return made_object{std::make_shared<value_referent>(std::move(*bound[0]), std::move(*bound[1]), limits), {}};
    };
}

}  // namespace quaymaster::core
