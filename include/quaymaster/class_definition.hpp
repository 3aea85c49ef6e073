// class_definition: which members of a C++ class programs elsewhere, in Python or C++, may call.
#pragma once

#include <quaymaster/class_description.hpp>
#include <quaymaster/conversion.hpp>
#include <quaymaster/errors.hpp>

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace quaymaster {

namespace detail {

/// What an argument is decoded to: a view or reference needs something to refer to.
template <class T>
struct stored_argument {
    using type = std::remove_cvref_t<T>;
};
template <class T>
requires std::same_as<std::remove_cvref_t<T>, std::string_view>
struct stored_argument<T> {
    using type = std::string;
};
template <class T>
requires std::same_as<std::remove_cvref_t<T>, bytes_view>
struct stored_argument<T> {
    using type = bytes;
};

template <class T>
inline constexpr bool is_owner = false;
template <class T>
inline constexpr bool is_owner<std::shared_ptr<T>> = true;
template <class T, class Deleter>
inline constexpr bool is_owner<std::unique_ptr<T, Deleter>> = true;

/// A C++ result as one for the caller: an owner's object stays here.
template <class Result>
[[nodiscard]] call_result result_of(Result&& result)
{
    using plain = std::remove_cvref_t<Result>;
    if constexpr (is_owner<plain>) {
        using element = typename plain::element_type;
        if (result == nullptr)
            return value{};
        return object_result{std::shared_ptr<void>{std::shared_ptr<element>{std::forward<Result>(result)}}, typeid(element)};
    } else {
        return quaymaster::to_value(static_cast<const plain&>(result));
    }
}

/// "argument 2" or "argument 'by'", for messages.
[[nodiscard]] inline std::string argument_step(const parameters& takes, std::size_t index)
{
    const std::string& name = takes[index].name;
    return name.empty() ? "argument " + std::to_string(index + 1) : "argument '" + name + "'";
}

/// Parameters for a function of `count` arguments: as given, or so many without names. Throws std::invalid_argument if there are
/// others.
[[nodiscard]] inline parameters complete(parameters given, std::size_t count, std::string_view name)
{
    if (given.empty())
        return parameters(count, parameter{""});
    if (given.size() != count)
        throw std::invalid_argument{"'" + std::string{name} + "' takes " + std::to_string(count) + " arguments, and " +
                                    std::to_string(given.size()) + " parameters are named"};
    const auto required_later = [](const parameter& before, const parameter& after) {
        return before.otherwise && !after.otherwise;
    };
    if (std::adjacent_find(given.begin(), given.end(), required_later) != given.end())
        throw std::invalid_argument{"'" + std::string{name} + "': a parameter without a default follows one with a default"};
    return given;
}

/// `call(decoded arguments...)` as a description's run.
template <class... Arguments>
struct argument_pack {
    /// complete(), and each default must be what the function takes.
    [[nodiscard]] static parameters complete(parameters given, std::string_view name)
    {
        parameters takes = detail::complete(std::move(given), sizeof...(Arguments), name);
        try {
            require_defaults(takes, std::index_sequence_for<Arguments...>{});
        } catch (const conversion_error& misfit) {
            throw std::invalid_argument{"'" + std::string{name} + "': a default does not fit: " + misfit.what()};
        }
        return takes;
    }

    template <class Call>
    static call_result apply(const parameters& takes, std::span<const value> given, Call&& call)
    {
        return apply(takes, given, std::forward<Call>(call), std::index_sequence_for<Arguments...>{});
    }

private:
    template <std::size_t... Index>
    static void require_defaults([[maybe_unused]] const parameters& takes, std::index_sequence<Index...>)
    {
        (require_default<typename stored_argument<Arguments>::type>(takes, Index), ...);
    }
    template <class T>
    static void require_default(const parameters& takes, std::size_t index)
    {
        if (takes[index].otherwise)
            (void)decode_below<T>(*takes[index].otherwise, [&] { return argument_step(takes, index); });
    }

    template <class Call, std::size_t... Index>
    static call_result apply([[maybe_unused]] const parameters& takes, [[maybe_unused]] std::span<const value> given,
                             Call&& call, std::index_sequence<Index...>)
    {
        // In braces, which are evaluated from the left.
        std::tuple<typename stored_argument<Arguments>::type...> decoded{
            decode_below<typename stored_argument<Arguments>::type>(given[Index],
                                                                    [&] { return argument_step(takes, Index); })...};
        if constexpr (std::is_void_v<decltype(call(static_cast<Arguments&&>(std::get<Index>(decoded))...))>) {
            call(static_cast<Arguments&&>(std::get<Index>(decoded))...);
            return value{};
        } else {
            return result_of(call(static_cast<Arguments&&>(std::get<Index>(decoded))...));
        }
    }
};

/// The argument types of a callable object or function pointer.
template <class F>
struct callable_traits : callable_traits<decltype(&std::remove_cvref_t<F>::operator())> {
};
template <class R, class... A>
struct callable_traits<R (*)(A...)> {
    template <template <class...> class Into>
    using arguments = Into<A...>;
};
template <class R, class... A>
struct callable_traits<R (*)(A...) noexcept> : callable_traits<R (*)(A...)> {
};
template <class R, class C, class... A>
struct callable_traits<R (C::*)(A...)> : callable_traits<R (*)(A...)> {
};
template <class R, class C, class... A>
struct callable_traits<R (C::*)(A...) const> : callable_traits<R (*)(A...)> {
};
template <class R, class C, class... A>
struct callable_traits<R (C::*)(A...) noexcept> : callable_traits<R (*)(A...)> {
};
template <class R, class C, class... A>
struct callable_traits<R (C::*)(A...) const noexcept> : callable_traits<R (*)(A...)> {
};

template <class First, class... Rest>
struct rest_of {
    using first = First;
    template <class... More>
    using pack = argument_pack<Rest...>;
};

}  // namespace detail

/// Describes class `T` to base_manager::register_type() and server::register_type():
///
///     class_definition<counter>{}
///         .constructor<int>({{"start", 0}})
///         .method("increment", &counter::increment, {{"by", 1}})
///         .method("value", &counter::value)
///
/// Arguments and results convert as conversion.hpp says. Parameters that are named may be given by name, those with a
/// default left out. Two methods of one name are told apart by how many arguments they take, and which names. What cannot be
/// called throws std::invalid_argument where it is listed, or, if it is listed twice, where the class is registered.
/// A result that is a std::shared_ptr or std::unique_ptr of a registered class stays in the server, and the caller gets a
/// proxy of it; so does what a method makes that way.
/// What a method throws is raised in the caller: std::invalid_argument and std::domain_error as ValueError, std::out_of_range as
/// IndexError, std::range_error and std::overflow_error as OverflowError, std::bad_alloc as MemoryError, conversion_error as TypeError,
/// python_error as what it names, any other std::exception as RuntimeError, each with its what().
/// Calls run on the server's workers, so a method may block or compute, unless calls_are_quick(); one call at a time per object,
/// unless calls_may_overlap(). No more than server_options::workers_max run at a time: methods that wait for each other need as many.
/// A server that stops answers the calls that end within server_options::stop_grace; it ends when those that run have ended.
template <class T>
class class_definition {
public:
    class_definition() { description_.type = typeid(T); }

    /// T(Arguments...). Without any constructor() or factory() a class that can be made from nothing is.
    template <class... Arguments>
    class_definition& constructor(parameters takes = {})
    {
        return factory([](Arguments... arguments) { return std::make_shared<T>(std::forward<Arguments>(arguments)...); },
                       std::move(takes));
    }
    /// `make` returns a std::shared_ptr<T>, or a std::unique_ptr<T>.
    template <class Make>
    class_definition& factory(Make make, parameters takes = {})
    {
        using traits = detail::callable_traits<Make>;
        using pack = typename traits::template arguments<detail::argument_pack>;
        callable_description described{"", pack::complete(std::move(takes), "constructor"), {}};
        described.run = [make = std::move(make), takes = described.takes](void*, std::span<const value> given) {
            return pack::apply(takes, given, make);
        };
        description_.constructors.push_back(std::move(described));
        return *this;
    }
    /// Every create gives `only`.
    class_definition& instance(std::shared_ptr<T> only)
    {
        description_.instance = std::move(only);
        return *this;
    }

    /// A member function, or a function object whose first parameter is a T&.
    template <class Method>
    class_definition& method(std::string name, Method called, parameters takes = {})
    {
        if constexpr (std::is_member_function_pointer_v<Method>) {
            using traits = detail::callable_traits<Method>;
            using pack = typename traits::template arguments<detail::argument_pack>;
            return add<pack>(
                std::move(name),
                [called](T& object) {
                    return [called, &object](auto&&... given) -> decltype(auto) {
                        return std::invoke(called, object, std::forward<decltype(given)>(given)...);
                    };
                },
                std::move(takes));
        } else {
            using rest = typename detail::callable_traits<Method>::template arguments<detail::rest_of>;
            using pack = typename rest::template pack<>;
            return add<pack>(
                std::move(name),
                [called](T& object) {
                    return [called, &object](auto&&... given) -> decltype(auto) {
                        return called(object, std::forward<decltype(given)>(given)...);
                    };
                },
                std::move(takes));
        }
    }
    /// A data member, read by calling `name()`.
    template <class Member>
    class_definition& property(std::string name, Member T::*member)
    {
        return method(std::move(name), [member](T& object) -> std::remove_cvref_t<Member> { return object.*member; });
    }
    /// `for x in proxy`: the elements between begin() and end() as of then.
    class_definition& iterable()
    {
        callable_description described{"__iter__", {}, [](void* object, std::span<const value>) -> call_result {
                                           sequence_result all;
                                           for (const auto& each : *static_cast<T*>(object))
                                               all.items.push_back(quaymaster::to_value(each));
                                           return all;
                                       }};
        description_.methods.push_back(std::move(described));
        return *this;
    }
    /// What BOOST_DESCRIBE_CLASS or BOOST_DESCRIBE_STRUCT lists: public member functions as methods, public data as properties.
    class_definition& described()
    {
        using functions = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_function>;
        boost::mp11::mp_for_each<functions>([this](auto member) { method(member.name, member.pointer); });
        using data = boost::describe::describe_members<T, boost::describe::mod_public>;
        boost::mp11::mp_for_each<data>([this](auto member) { property(member.name, member.pointer); });
        return *this;
    }
    /// Of what has been listed so far, only these may be called. Throws std::invalid_argument for a name that is not listed.
    class_definition& expose(const std::vector<std::string>& names)
    {
        auto& methods = description_.methods;
        for (const std::string& name : names) {
            if (std::none_of(methods.begin(), methods.end(), [&](const auto& each) { return each.name == name; }))
                throw std::invalid_argument{"expose: there is no method '" + name + "'"};
        }
        std::erase_if(methods, [&](const callable_description& each) {
            return std::find(names.begin(), names.end(), each.name) == names.end();
        });
        return *this;
    }
    /// The class is safe for calls from several threads at a time.
    class_definition& calls_may_overlap(bool may = true)
    {
        description_.calls_may_overlap = may;
        return *this;
    }

    /// No call, and no making of an object, waits or computes for longer than it takes to hand it to a worker, some microseconds:
    /// then calls run on the thread that serves the network, several times faster, one at a time per object whatever
    /// calls_may_overlap() says. Everybody else waits meanwhile; a method that calls this very server never returns.
    class_definition& calls_are_quick(bool are = true)
    {
        description_.calls_are_quick = are;
        return *this;
    }

    [[nodiscard]] class_description description() const
    {
        class_description complete = description_;
        if constexpr (std::is_default_constructible_v<T>) {
            if (complete.constructors.empty() && complete.instance == nullptr)
                complete.constructors = class_definition{}.template constructor<>().description_.constructors;
        }
        return complete;
    }

private:
    template <class Pack, class Bind>
    class_definition& add(std::string name, Bind bind, parameters takes)
    {
        callable_description described{name, Pack::complete(std::move(takes), name), {}};
        described.run = [bind = std::move(bind), takes = described.takes](void* object, std::span<const value> given) {
            return Pack::apply(takes, given, bind(*static_cast<T*>(object)));
        };
        description_.methods.push_back(std::move(described));
        return *this;
    }

    class_description description_;
};

/// A free function, or a function object, to be called by name: base_manager::register_function().
template <class Function>
[[nodiscard]] callable_description function_description(std::string name, Function called, parameters takes = {})
{
    using traits = detail::callable_traits<Function>;
    using pack = typename traits::template arguments<detail::argument_pack>;
    callable_description described{name, pack::complete(std::move(takes), name), {}};
    described.run = [called = std::move(called), takes = described.takes](void*, std::span<const value> given) {
        return pack::apply(takes, given, called);
    };
    return described;
}

}  // namespace quaymaster
