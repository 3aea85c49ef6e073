// sync_factory: what the constructors of locks, semaphores, conditions, events and barriers share.
#pragma once

#include "core/method_table.hpp"
#include "core/registry.hpp"
#include "core/signature.hpp"

#include <quaymaster/errors.hpp>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>

namespace quaymaster::core {

/// What a constructor comes to: an object without an ident of its own, or an exception.
using constructed = std::variant<std::shared_ptr<referent>, raised>;

/// A factory that makes a new object at each call: binds the arguments to `expected`, then calls `make(bound)`, which is a
/// constructed(std::span<codec::payload*>). An argument that cannot be decoded is a value_error.
template <class Make>
[[nodiscard]] factory constructor(const signature& expected, Make make)
{
    return [expected, make = std::move(make)](call& arguments) -> std::variant<made_object, raised> {
        std::array<codec::payload*, parameter_count_max> places{};
        const auto bound = std::span{places}.first(expected.parameters.size());
        if (auto misfit = bind_arguments(expected, arguments, bound))
            return *std::move(misfit);
        try {
            constructed made = make(bound);
            if (auto* const wrong = std::get_if<raised>(&made))
                return std::move(*wrong);
            return made_object{std::get<std::shared_ptr<referent>>(std::move(made)), {}};
        } catch (const pickle_error& unreadable) {
            return raised{exception_type::value_error, unreadable.what()};
        }
    };
}

}  // namespace quaymaster::core
