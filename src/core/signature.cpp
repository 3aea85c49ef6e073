#include "core/signature.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace quaymaster::core {
namespace {

raised type_error(const signature& expected, const std::string& complaint)
{
    return {exception_type::type_error, std::string{expected.name} + "() " + complaint};
}

std::string quoted(std::string_view name)
{
    return "'" + std::string{name} + "'";
}

// What `def f(...)` without a star says: the count allowed, then the count given.
raised too_many(const signature& expected, std::size_t given)
{
    const std::size_t self = expected.style == signature::style::python_method ? 1 : 0;
    const std::size_t most = expected.parameters.size() + self;
    const std::size_t least = self + static_cast<std::size_t>(std::count_if(
        expected.parameters.begin(), expected.parameters.end(), [](const parameter& each) { return each.required; }));
    std::string allowed = std::to_string(most);
    if (least != most)
        allowed = "from " + std::to_string(least) + " to " + allowed;
    const bool plural = least != most || most != 1;
    return type_error(expected, "takes " + allowed + " positional argument" + (plural ? "s" : "") + " but " +
                                    std::to_string(given + self) + (given + self == 1 ? " was" : " were") + " given");
}

raised missing(const signature& expected, const std::vector<std::string_view>& names)
{
    std::string list;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0)
            list += names.size() == 2 ? " and " : i + 1 == names.size() ? ", and " : ", ";
        list += quoted(names[i]);
    }
    return type_error(expected, "missing " + std::to_string(names.size()) + " required positional argument" +
                                    (names.size() == 1 ? "" : "s") + ": " + list);
}

std::string counted(std::size_t count, std::string_view noun)
{
    return std::to_string(count) + ' ' + std::string{noun} + (count == 1 ? "" : "s");
}

// What a method written in C says, as PyArg_UnpackTuple and the METH_O and METH_NOARGS conventions do.
std::optional<raised> check_builtin(const signature& expected, const call& arguments)
{
    const std::size_t given = arguments.positional.size();
    const std::size_t most = expected.parameters.size();
    const auto least = static_cast<std::size_t>(std::count_if(expected.parameters.begin(), expected.parameters.end(),
                                                              [](const parameter& each) { return each.required; }));
    if (!arguments.keywords.empty())
        return type_error(expected, "takes no keyword arguments");
    if (given >= least && given <= most)
        return std::nullopt;
    if (least == most && most <= 1) {
        return type_error(expected, std::string{"takes "} + (most == 0 ? "no arguments" : "exactly one argument") + " (" +
                                        std::to_string(given) + " given)");
    }
    const std::string_view limit = least == most ? "" : given < least ? "at least " : "at most ";
    // Without the class here, for whatever reason: "pop expected at most 1 argument, got 2".
    const std::string_view name = expected.name.substr(expected.name.rfind('.') + 1);
    return raised{exception_type::type_error, std::string{name} + " expected " + std::string{limit} +
                                                  counted(given < least ? least : most, "argument") + ", got " +
                                                  std::to_string(given)};
}

}  // namespace

std::optional<raised> bind_arguments(const signature& expected, call& arguments, std::span<codec::payload*> bound)
{
    assert(bound.size() == expected.parameters.size());
    std::fill(bound.begin(), bound.end(), nullptr);
    if (expected.style == signature::style::builtin) {
        if (auto misfit = check_builtin(expected, arguments))
            return misfit;
    }
    const std::size_t placed = std::min(arguments.positional.size(), bound.size());
    for (std::size_t i = 0; i < placed; ++i)
        bound[i] = &arguments.positional[i];

    // The order of these three checks is CPython's: a call wrong in two ways gets the complaint that Python would give.
    for (auto& keyword : arguments.keywords) {
        const std::string_view name = keyword.first;
        const auto found = std::find_if(expected.parameters.begin(), expected.parameters.end(),
                                        [name](const parameter& each) { return each.name == name; });
        if (found == expected.parameters.end())
            return type_error(expected, "got an unexpected keyword argument " + quoted(name));
        codec::payload*& place = bound[static_cast<std::size_t>(found - expected.parameters.begin())];
        if (place != nullptr)
            return type_error(expected, "got multiple values for argument " + quoted(name));
        place = &keyword.second;
    }
    if (arguments.positional.size() > bound.size())
        return too_many(expected, arguments.positional.size());
    for (std::size_t i = placed; i < bound.size(); ++i) {
        if (bound[i] != nullptr || !expected.parameters[i].required)
            continue;
        std::vector<std::string_view> names;
        for (std::size_t j = i; j < bound.size(); ++j) {
            if (bound[j] == nullptr && expected.parameters[j].required)
                names.push_back(expected.parameters[j].name);
        }
        return missing(expected, names);
    }
    return std::nullopt;
}

}  // namespace quaymaster::core
