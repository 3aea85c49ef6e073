// value_proxy: one object that lives in a server, to be read and set as a whole.
#pragma once

#include <quaymaster/proxy.hpp>

#include <utility>

namespace quaymaster {

/// A remote Value holding a `T`, converted as conversion.hpp says (managers.py: ValueProxy). The server checks no type.
/// There is no `+=`: another program could come between get() and set(). Guard the two with a lock_proxy.
/// Thread safety, lifetime and errors: as proxy; conversion_error for an object that does not fit `T`.
template <class T>
class value_proxy : public proxy {
public:
    using value_type = T;

    explicit value_proxy(proxy object) noexcept : proxy{std::move(object)} {}
    [[nodiscard]] value pickled() const { return pickled_as("ValueProxy"); }  // see proxy::pickled()

    [[nodiscard]] T get() const { return call<T>("get"); }
    void set(const T& item) const { call<void>("set", item); }
};

}  // namespace quaymaster
