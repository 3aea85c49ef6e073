// namespace_proxy: named attributes that live in a server.
#pragma once

#include <quaymaster/proxy.hpp>

#include <string_view>
#include <utility>

namespace quaymaster {

/// A remote Namespace: an object with whatever attributes programs give it (managers.py: NamespaceProxy).
/// Python's proxy keeps names that begin with '_' to itself, so Python programs do not see those in the server.
/// Thread safety, lifetime and errors: as proxy; an attribute that is not there is remote_error (AttributeError), one that does
/// not fit the type asked for conversion_error.
class namespace_proxy : public proxy {
public:
    explicit namespace_proxy(proxy object) noexcept : proxy{std::move(object)} {}
    [[nodiscard]] value pickled() const { return pickled_as("NamespaceProxy"); }  // see proxy::pickled()

    /// `namespace.get<int>("x")`; converted as conversion.hpp says.
    template <class T = value>
    [[nodiscard]] T get(std::string_view name) const
    {
        return call<T>("__getattribute__", name);
    }
    template <class T>
    void set(std::string_view name, const T& attribute) const
    {
        call<void>("__setattr__", name, attribute);
    }
    [[nodiscard]] bool contains(std::string_view name) const;
    /// False if there was no such attribute.
    bool erase(std::string_view name) const;
};

}  // namespace quaymaster
