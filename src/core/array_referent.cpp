#include "core/array_referent.hpp"

#include "core/iterable.hpp"

#include <quaymaster/errors.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

namespace quaymaster::core {
namespace {

constexpr std::size_t text_size_max = std::size_t{1} << 20;

constexpr std::array<parameter, 1> key_parameter{{{"key"}}};
constexpr std::array<parameter, 2> key_and_value_parameters{{{"key"}, {"value"}}};
constexpr std::array<parameter, 2> slice_parameters{{{"i"}, {"j"}}};
constexpr std::array<parameter, 3> slice_and_items_parameters{{{"i"}, {"j"}, {"array"}}};
constexpr std::array<parameter, 3> constructor_parameters{{{"typecode"}, {"sequence"}, {"lock", false}}};

constexpr subscript_texts reading_texts{"array index out of range", "array indices must be integers", false};
constexpr subscript_texts writing_texts{"array assignment index out of range", "array indices must be integers", false};

}  // namespace

struct array_referent::methods {
    template <outcome (array_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<array_referent, Member>;
    static constexpr auto builtin = signature::style::builtin;

    static constexpr method_table table{std::array{
        method{"__getitem__", {"__getitem__", key_parameter, builtin}, run<&array_referent::getitem>},
        method{"__getslice__", {"__getslice__", slice_parameters, builtin}, run<&array_referent::getslice>},
        method{"__len__", {"__len__", {}, builtin}, run<&array_referent::len>},
        method{"__setitem__", {"__setitem__", key_and_value_parameters, builtin}, run<&array_referent::setitem>},
        method{"__setslice__", {"__setslice__", slice_and_items_parameters, builtin}, run<&array_referent::setslice>},
    }};
};

array_referent::array_referent(array_data content, const pickle_limits& limits) : content_{std::move(content)}, limits_{limits}
{
}

std::span<const std::string_view> array_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome array_referent::invoke(call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, "array.array", *this, request, caller, fulfilled);
}

std::string array_referent::text() const
{
    return content_.repr(text_size_max);
}

std::optional<value> array_referent::by_value() const
{
    return content_.to_value();
}

outcome array_referent::getitem(invocation& called)
{
    auto which = read_subscript(decoded(*called.bound[0]), content_.size(), reading_texts);
    if (auto* const wrong = std::get_if<raised>(&which))
        return std::move(*wrong);
    if (const auto* const range = std::get_if<slice_range>(&which))
        return returned{content_.slice(*range).to_value()};
    auto item = content_[std::get<std::size_t>(which)];
    if (auto* const wrong = std::get_if<raised>(&item))
        return std::move(*wrong);
    return returned{std::get<value>(std::move(item))};
}

outcome array_referent::getslice(invocation& called)
{
    auto range = read_plain_slice(called);
    if (auto* const wrong = std::get_if<raised>(&range))
        return std::move(*wrong);
    return returned{content_.slice(std::get<slice_range>(range)).to_value()};
}

outcome array_referent::len(invocation&)
{
    return returned{value{static_cast<std::int64_t>(content_.size())}};
}

outcome array_referent::setitem(invocation& called)
{
    auto which = read_subscript(decoded(*called.bound[0]), content_.size(), writing_texts);
    if (auto* const wrong = std::get_if<raised>(&which))
        return std::move(*wrong);
    const value given = decoded(*called.bound[1]);
    if (const auto* const range = std::get_if<slice_range>(&which))
        return assign(*range, given);
    if (auto wrong = content_.set(std::get<std::size_t>(which), given))
        return *std::move(wrong);
    return returned{};
}

outcome array_referent::setslice(invocation& called)
{
    auto range = read_plain_slice(called);
    if (auto* const wrong = std::get_if<raised>(&range))
        return std::move(*wrong);
    return assign(std::get<slice_range>(range), decoded(*called.bound[2]));
}

std::variant<slice_range, raised> array_referent::read_plain_slice(const invocation& called) const
{
    return core::read_plain_slice(decoded(*called.bound[0]), decoded(*called.bound[1]), content_.size());
}

outcome array_referent::assign(const slice_range& range, const value& items)
{
    if (!array_data::is_array(items)) {
        return raised{exception_type::type_error,
                      "can only assign array (not \"" + class_name_of(items) + "\") to array slice"};
    }
    auto read = array_data::read(items);
    if (auto* const wrong = std::get_if<raised>(&read))
        return std::move(*wrong);
    const auto& array = std::get<array_data>(read);
    if (array.typecode() != content_.typecode())
        return raised{exception_type::type_error, "bad argument type for built-in operation"};
    if (auto wrong = content_.assign(range, array))
        return *std::move(wrong);
    return returned{};
}

factory fresh_array(const pickle_limits& limits)
{
    return [limits](call& arguments) -> std::variant<made_object, raised> {
        constexpr signature constructor{"Array", constructor_parameters, signature::style::function};
        std::array<codec::payload*, constructor_parameters.size()> bound{};
        if (auto misfit = bind_arguments(constructor, arguments, bound))
            return *std::move(misfit);
        try {
            auto made = array_data::make(bound[0]->to_value(limits));
            if (auto* const wrong = std::get_if<raised>(&made))
                return std::move(*wrong);
            auto& array = std::get<array_data>(made);
            if (auto wrong = array.append_all(bound[1]->to_value(limits)))
                return *std::move(wrong);
            return made_object{std::make_shared<array_referent>(std::move(array), limits), {}};
        } catch (const pickle_error& unreadable) {
            return raised{exception_type::value_error, unreadable.what()};
        }
    };
}

}  // namespace quaymaster::core
