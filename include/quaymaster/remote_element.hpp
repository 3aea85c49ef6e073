// remote_element: what `list[3]` and `dict["key"]` are when the container lives in a server.
#pragma once

#include <utility>

namespace quaymaster {

/// A place in a remote container: reading it is a request, assigning to it another.
/// It is a handle, so `auto x = list[3]` copies no item: write `int x = list[3]` or list.at(3). There is no `+=`: another
/// program could come between.
/// Thread safety, lifetime and errors: as Container, a proxy with at() and set().
template <class Container, class Key, class T>
class remote_element {
public:
    remote_element(Container container, Key key) : container_{std::move(container)}, key_{std::move(key)} {}
    remote_element(const remote_element&) = default;
    ~remote_element() = default;

    [[nodiscard]] T get() const { return container_.at(key_); }
    operator T() const { return get(); }
    const remote_element& operator=(const T& item) const
    {
        container_.set(key_, item);
        return *this;
    }
    /// Copies the item, not the handle.
    remote_element& operator=(const remote_element& other)
    {
        if (this != &other)
            container_.set(key_, other.get());
        return *this;
    }

    friend bool operator==(const remote_element& element, const T& item) { return element.get() == item; }

private:
    Container container_;
    Key key_;
};

}  // namespace quaymaster
