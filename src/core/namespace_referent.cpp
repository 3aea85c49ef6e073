#include "core/namespace_referent.hpp"

#include "core/detacher.hpp"
#include "core/entries.hpp"
#include "core/iterable.hpp"
#include "core/value_builder.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace quaymaster::core {
namespace {

using codec::node_id;
using codec::node_kind;

constexpr std::string_view module_name = "multiprocessing.managers";
constexpr std::string_view class_name = "Namespace";

/// Octets of text() after which it shows no other attribute.
constexpr std::size_t text_size_max = std::size_t{1} << 20;

constexpr std::array<parameter, 1> name_parameters{{{"name"}}};
constexpr std::array<parameter, 2> assignment_parameters{{{"name"}, {"value"}}};

constexpr signature builtin(std::string_view name, std::span<const parameter> parameters)
{
    return {name, parameters, signature::style::builtin};
}

bool is_text(const value& name) noexcept
{
    return name.kind() == value_kind::str || name.kind() == value_kind::byte_string;
}

raised no_attribute(const value& name)
{
    return {exception_type::attribute_error,
            "'" + std::string{class_name} + "' object has no attribute '" + std::string{name.text()} + "'"};
}

std::vector<node_id> add_entries(value_builder& made, const value_table& table)
{
    std::vector<node_id> children;
    children.reserve(2 * table.size());
    for (const value_table::entry& each : table.entries()) {
        children.push_back(made.add(each.key));
        children.push_back(made.add(each.mapped));
    }
    return children;
}

}  // namespace

struct namespace_referent::methods {
    template <outcome (namespace_referent::*Member)(invocation&)>
    static constexpr auto run = &run_member<namespace_referent, Member>;

    static constexpr method_table table{std::array{
        method{"__delattr__", builtin("Namespace.__delattr__", name_parameters), run<&namespace_referent::delete_attribute>},
        method{"__getattribute__", builtin("Namespace.__getattribute__", name_parameters),
               run<&namespace_referent::get_attribute>},
        method{"__setattr__", builtin("Namespace.__setattr__", assignment_parameters), run<&namespace_referent::set_attribute>},
    }};
};

std::span<const std::string_view> namespace_referent::exposed() const noexcept
{
    return methods::table.names;
}

outcome namespace_referent::invoke(core::call& request, waiter& caller, completions& fulfilled)
{
    return invoke_method(methods::table.methods, class_name, *this, request, caller, fulfilled);
}

std::string namespace_referent::text() const
{
    std::vector<std::pair<std::string, const codec::payload*>> shown;
    std::string all{class_name};
    try {
        for (const value_table::entry& each : table_.entries()) {
            const value name = each.key.to_value(table_.limits());
            if (!name.text().starts_with('_'))
                shown.emplace_back(std::string{name.text()} + "=", &each.mapped);
        }
        std::sort(shown.begin(), shown.end());
        std::string_view separator = "(";
        for (const auto& [name, mapped] : shown) {
            all.append(separator).append(name).append(mapped->to_value(table_.limits()).repr(text_size_max));
            separator = ", ";
            // Many attributes may be one large object.
            if (all.size() > text_size_max)
                return all + "...";
        }
    } catch (const pickle_error& unreadable) {
        return "<Namespace of " + std::to_string(table_.size()) + " attributes: " + unreadable.what() + ">";
    }
    return all + (shown.empty() ? "()" : ")");
}

std::optional<value> namespace_referent::by_value() const
{
    try {
        value_builder made{table_.limits()};
        const auto entries = add_entries(made, table_);
        const node_id root = made.instance(module_name, class_name, entries);
        return std::move(made).finish(root);
    } catch (const pickle_error&) {
        return std::nullopt;
    }
}

std::optional<raised> namespace_referent::construct(core::call& arguments)
{
    if (!arguments.positional.empty()) {
        return raised{exception_type::type_error, "Namespace.__init__() takes 1 positional argument but " +
                                                      std::to_string(arguments.positional.size() + 1) + " were given"};
    }
    for (auto& [name, mapped] : arguments.keywords) {
        const auto known = keyword_value(name);
        if (!known)
            return raised{exception_type::type_error, "keywords must be text"};
        const auto key = table_.make_key(*known);
        if (const auto* const wrong = std::get_if<raised>(&key))
            return *wrong;
        const auto& sought = std::get<table_key>(key);
        if (const auto found = table_.find(sought); found != value_table::none)
            table_.assign(found, kept(std::move(mapped)));
        else
            table_.insert(sought.hash, kept(*known), kept(std::move(mapped)));
    }
    return std::nullopt;
}

std::variant<value, raised> namespace_referent::read_name(const codec::payload& argument) const
{
    value name = argument.to_value(table_.limits());
    if (!is_text(name))
        return raised{exception_type::type_error, "attribute name must be string, not '" + class_name_of(name) + "'"};
    return name;
}

value namespace_referent::attributes() const
{
    value_builder made{table_.limits()};
    const auto entries = add_entries(made, table_);
    const node_id root = made.container(node_kind::dict, entries);
    return std::move(made).finish(root);
}

outcome namespace_referent::get_attribute(invocation& called)
{
    const auto read = read_name(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const value& name = std::get<value>(read);
    // These two an attribute of the same name does not hide.
    if (name.text() == "__dict__")
        return returned{attributes()};
    if (name.text() == "__class__")
        return returned{value::global(module_name, class_name)};
    const auto key = table_.make_key(name);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    if (const auto found = table_.find(std::get<table_key>(key)); found != value_table::none)
        return returned{table_[found].mapped};
    if (name.text() == "__doc__")
        return returned{};
    if (name.text() == "__module__")
        return returned{value{module_name}};
    return no_attribute(name);
}

outcome namespace_referent::set_attribute(invocation& called)
{
    const auto read = read_name(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const value& name = std::get<value>(read);
    if (name.text() == "__dict__") {
        if (auto wrong = replace_all(*called.bound[1]))
            return *std::move(wrong);
        return returned{};
    }
    if (name.text() == "__class__")
        return raised{exception_type::type_error, "__class__ of a Namespace cannot be set here"};
    if (name.text() == "__weakref__") {
        return raised{exception_type::attribute_error, "attribute '__weakref__' of 'Namespace' objects is not writable"};
    }
    const auto key = table_.make_key(name);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto& sought = std::get<table_key>(key);
    codec::payload mapped = kept(std::move(*called.bound[1]));
    if (const auto found = table_.find(sought); found != value_table::none)
        table_.assign(found, std::move(mapped));
    else
        table_.insert(sought.hash, kept(std::move(*called.bound[0])), std::move(mapped));
    return returned{};
}

outcome namespace_referent::delete_attribute(invocation& called)
{
    const auto read = read_name(*called.bound[0]);
    if (const auto* const wrong = std::get_if<raised>(&read))
        return *wrong;
    const value& name = std::get<value>(read);
    if (name.text() == "__dict__") {
        table_.clear();
        return returned{};
    }
    if (name.text() == "__class__")
        return raised{exception_type::type_error, "can't delete __class__ attribute"};
    const auto key = table_.make_key(name);
    if (const auto* const wrong = std::get_if<raised>(&key))
        return *wrong;
    const auto found = table_.find(std::get<table_key>(key));
    if (found == value_table::none)
        return no_attribute(name);
    static_cast<void>(table_.take(found));
    return returned{};
}

// `namespace.__dict__ = argument`.
std::optional<raised> namespace_referent::replace_all(const codec::payload& argument)
{
    const value entries = argument.to_value(table_.limits());
    if (!is_mapping(entries)) {
        return raised{exception_type::type_error,
                      "__dict__ must be set to a dictionary, not a '" + class_name_of(entries) + "'"};
    }
    value_table fresh{table_.seed(), table_.limits()};
    staged_entries staged{fresh};
    if (auto wrong = staged.add_entries(entries))
        return wrong;
    for (const value_table::entry& each : staged.table().entries()) {
        if (!is_text(*each.key.known()))
            return raised{exception_type::type_error, "attribute names must be strings"};
    }
    staged.commit(room_for(argument));
    table_ = std::move(fresh);
    return std::nullopt;
}

factory fresh_namespace(const codec::pickle_limits& limits, const hash_seed& seed)
{
    return [limits, seed](core::call& arguments) -> std::variant<made_object, raised> {
        try {
            auto made = std::make_shared<namespace_referent>(limits, seed);
            if (auto wrong = made->construct(arguments))
                return *std::move(wrong);
            return made_object{std::move(made), {}};
        } catch (const pickle_error& unreadable) {
            return raised{exception_type::value_error, unreadable.what()};
        }
    };
}

}  // namespace quaymaster::core
