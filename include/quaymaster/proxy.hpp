// proxy: a handle to an object that lives in a server, of whatever type.
#pragma once

#include <quaymaster/conversion.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/pickle_encoder.hpp>
#include <quaymaster/value.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace quaymaster {

namespace net {
class remote_object;
}  // namespace net

/// A keyword argument of a remote call. Use kw().
template <class T>
struct keyword_argument {
    std::string_view name;
    const T& argument;
};

/// `name=argument` in a remote call: `counter.call<int>("increment", kw("by", 5))`.
/// Lifetime: borrows both; write it where the call is.
template <class T>
[[nodiscard]] keyword_argument<T> kw(std::string_view name, const T& argument) noexcept
{
    return {name, argument};
}

namespace detail {

/// True if a method raised `type_name`, and it was not the server that failed to find the object or the method.
[[nodiscard]] bool was_raised_by_method(const remote_error& raised, std::string_view type_name);

/// The arguments of one call, each encoded as conversion.hpp says.
class call_arguments {
public:
    call_arguments();
    ~call_arguments();
    call_arguments(const call_arguments&) = delete;
    call_arguments& operator=(const call_arguments&) = delete;

    template <class T>
    void add(const T& argument)
    {
        add_named(std::nullopt, argument);
    }
    template <class T>
    void add(const keyword_argument<T>& argument)
    {
        add_named(argument.name, argument.argument);
    }

    struct content;
    [[nodiscard]] const content& all() const noexcept { return *content_; }

private:
    template <class T>
    void add_named(std::optional<std::string_view> name, const T& argument)
    {
        // Scalars travel decoded: they cost no allocation, and a request has room for any number of them beside one pickle.
        if constexpr (std::same_as<T, bool> || (std::integral<T> && !character<T>)) {
            add_scalar(name, value{argument});
        } else if constexpr (std::floating_point<T>) {
            add_scalar(name, value{static_cast<double>(argument)});
        } else {
            encode(encoder_, argument);
            add_encoded(name);
        }
    }
    void add_scalar(std::optional<std::string_view> name, value scalar);
    /// Takes what encoder_ holds, and empties it.
    void add_encoded(std::optional<std::string_view> name);

    std::unique_ptr<content> content_;
    pickle_encoder encoder_;
};

}  // namespace detail

/// Calls the methods of one remote object: CPython's BaseProxy. Typed proxies, such as queue_proxy, stand on it.
/// A copy is another handle to the same object; the server hears of the first handle and of the end of the last.
/// Thread safety: use one proxy from any number of threads. As in CPython each thread talks to the server over a
/// connection of its own, so a call that blocks holds up no other; it closes when the thread ends. In the program that serves the
/// object there is no connection: see base_manager.
/// Lifetime: outlives the manager that made it, and a restart of the server if the object is a registered queue. After
/// fork() the child's handles work, over new connections, and leave the counting to the parent's.
/// Errors of every call: remote_error (or the queue_* errors) if the server raised, connection_lost, deadline_exceeded,
/// authentication_error, pickle_error for a result that cannot be read, `error` for a reply that is none.
class proxy {
public:
    /// Takes over `object`. Use base_manager::create.
    explicit proxy(std::shared_ptr<net::remote_object> object) noexcept : object_{std::move(object)} {}

    /// The name it was created by.
    [[nodiscard]] const std::string& typeid_name() const noexcept;
    /// What the server knows the object by now; another after a restart of a CPython server.
    [[nodiscard]] std::string ident() const;
    /// The names of its methods, as the server told when it was created or found.
    [[nodiscard]] std::vector<std::string> exposed() const;

    using keywords = std::vector<std::pair<std::string, value>>;
    /// `object.method(*positional, **named)` in the server. Waits at most client_options::call_deadline: a method that
    /// blocks longer must be given a timeout of its own below that.
    value call(std::string_view method, const std::vector<value>& positional = {}, const keywords& named = {}) const;
    /// The same with arguments of any types that conversion.hpp knows, keyword arguments as kw("name", argument), and the
    /// result as a T: `counter.call<int>("increment", 5)`. `T` may be void, which drops the result, and a proxy, which takes
    /// a result that stays in the server (managers.py: `method_to_typeid`), `call<proxy>("__iter__")`, or that is a proxy. Throws
    /// conversion_error, with the method carried out, if the result does not fit, whose path begins with the method's name; std::invalid_argument for text that is not
    /// UTF-8. A lone std::vector<value> without a T is the list of arguments, as above.
    template <class T = value, class... Arguments>
    T call(std::string_view method, const Arguments&... arguments) const
    {
        detail::call_arguments encoded;
        (encoded.add(arguments), ...);
        if constexpr (std::derived_from<T, proxy>)
            return T{call_for_proxy(method, encoded)};
        else if constexpr (std::is_void_v<T>)
            call_for_nothing(method, encoded);
        else
            return detail::decode_below<T>(call_for_value(method, encoded), [&] { return std::string{method} + "()"; });
    }
    /// The object by value, of those that have one: lists and their like, and what a registered function returned. Python's
    /// `_getvalue()`.
    template <class T = value>
    [[nodiscard]] T by_value() const
    {
        return call<T>("#GETVALUE");
    }
    /// str(object), computed by the server.
    [[nodiscard]] std::string text() const;

    /// This proxy as CPython pickles it, for data that is on its way to the server; proxies among the arguments of call<T>() are
    /// pickled so. It counts for nothing: the proxy must live until the server has it.
    /// Python programs get a proxy of the class that they have for the type of this one, such as AcquirerProxy for a lock_proxy; for
    /// a plain one that of SyncManager for its typeid, or else an AutoProxy.
    [[nodiscard]] value pickled() const { return pickled_as({}); }
    /// The proxy that `found`, part of a result from the same server, stands for: what another program's proxy arrives as.
    /// call<T>() does it where the whole result is one. Throws `error` if it is none, or one of another server; remote_error if
    /// its object is gone by now.
    template <class T = proxy>
    [[nodiscard]] T rebuild(const value& found) const
    {
        return T{rebuild_proxy(found)};
    }

protected:
    [[nodiscard]] net::remote_object& object() const noexcept { return *object_; }
    /// pickled() as `python_class` of managers.py.
    [[nodiscard]] value pickled_as(std::string_view python_class) const;

private:
    void call_for_nothing(std::string_view method, const detail::call_arguments& arguments) const;
    [[nodiscard]] value call_for_value(std::string_view method, const detail::call_arguments& arguments) const;
    [[nodiscard]] proxy call_for_proxy(std::string_view method, const detail::call_arguments& arguments) const;
    [[nodiscard]] proxy rebuild_proxy(const value& found) const;

    std::shared_ptr<net::remote_object> object_;  // null only after a move
};

/// Proxies go into data, in arguments, lists and dicts, as CPython's do. Out of it: proxy::call and proxy::rebuild.
template <std::derived_from<proxy> T>
struct converter<T> {
    static void encode(pickle_encoder& output, const T& known) { output.object(known.pickled()); }
    static T decode(const value&)
    {
        static_assert(detail::always_false<T>, "to make a proxy of data takes another: read a value, and rebuild() it");
    }
};

}  // namespace quaymaster
