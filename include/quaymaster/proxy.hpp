// proxy: a handle to an object that lives in a server, of whatever type.
#pragma once

#include <quaymaster/value.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster {

namespace net {
class remote_object;
}

/// Calls the methods of one remote object: CPython's BaseProxy. Typed proxies, such as queue_proxy, stand on it.
/// A copy is another handle to the same object; the server hears of the first handle and of the end of the last.
/// Thread safety: use one proxy from any number of threads. As in CPython each thread talks to the server over a
/// connection of its own, so a call that blocks holds up no other; it closes when the thread ends.
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
    /// The names of its methods, as the server told when it was created.
    [[nodiscard]] std::vector<std::string> exposed() const;

    using keywords = std::vector<std::pair<std::string, value>>;
    /// `object.method(*positional, **named)` in the server. Waits at most client_options::call_deadline: a method that
    /// blocks longer must be given a timeout of its own below that.
    value call(std::string_view method, const std::vector<value>& positional = {}, const keywords& named = {}) const;
    /// str(object), computed by the server.
    [[nodiscard]] std::string text() const;

protected:
    [[nodiscard]] net::remote_object& object() const noexcept { return *object_; }

private:
    std::shared_ptr<net::remote_object> object_;  // null only after a move
};

}  // namespace quaymaster
