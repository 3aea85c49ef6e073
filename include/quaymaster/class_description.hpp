// class_description: a C++ class or function as programs elsewhere call it, its types taken away. See class_definition.
#pragma once

#include <quaymaster/value.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <typeindex>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster {

/// A parameter of a method. Without a name it is given by place only; with `otherwise` it may be left out.
struct parameter {
    parameter(std::string named) : name{std::move(named)} {}
    parameter(const char* named) : name{named} {}
    parameter(std::string named, value by_default) : name{std::move(named)}, otherwise{std::move(by_default)} {}

    std::string name;
    std::optional<value> otherwise;
};
using parameters = std::vector<parameter>;

/// A result that stays in the server: its caller gets a proxy.
struct object_result {
    std::shared_ptr<void> object;
    std::type_index type;
};
/// What `__iter__` returns: its caller gets a proxy of an iterator over these.
struct sequence_result {
    std::vector<value> items;
};
using call_result = std::variant<value, object_result, sequence_result>;

/// One way to call a method; several of one name are tried in order until the arguments fit in number and name.
struct callable_description {
    std::string name;
    parameters takes;
    /// `object` is null for a constructor or a function. The arguments are as many as parameters, defaults filled in.
    /// Throws conversion_error for one that is of the wrong type, and whatever the C++ function throws.
    std::function<call_result(void* object, std::span<const value> arguments)> run;
};

/// Lifetime: shared by all objects of the class. Constant once registered.
struct class_description {
    std::type_index type{typeid(void)};
    std::vector<callable_description> constructors;
    std::vector<callable_description> methods;
    /// False: one call at a time per object. True: the class takes care of that itself.
    bool calls_may_overlap = false;
    /// True: no call blocks or computes for long, so that the thread that serves the network may run it.
    bool calls_are_quick = false;
    /// If set, every create gives this one object.
    std::shared_ptr<void> instance;
};

}  // namespace quaymaster
