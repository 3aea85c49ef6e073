// iteration: loops over what a server holds, one request at a time.
#pragma once

#include <quaymaster/proxy.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>

namespace quaymaster {

/// An input iterator over items that are fetched from a server as they are needed; its end is std::default_sentinel.
/// A copy shares the place with the original, as an input iterator may. Errors: ++ throws what a call of a proxy throws.
/// Thread safety: none. Lifetime: needs neither the proxy nor the manager that it came from.
template <class T>
class remote_iterator {
public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = const T&;
    using pointer = const T*;
    using iterator_category = std::input_iterator_tag;

    /// Fetches the next items, one or more; none at the end, after which it is not called again.
    using fetch_function = std::function<std::deque<T>()>;

    /// The end.
    remote_iterator() noexcept = default;
    /// Fetches the first items.
    explicit remote_iterator(fetch_function fetch) : place_{std::make_shared<place>(place{std::move(fetch), {}})} { refill(); }

    /// Borrowed until the next ++ of any copy.
    [[nodiscard]] const T& operator*() const noexcept { return place_->fetched.front(); }
    [[nodiscard]] const T* operator->() const noexcept { return &place_->fetched.front(); }
    remote_iterator& operator++()
    {
        place_->fetched.pop_front();
        refill();
        return *this;
    }
    void operator++(int) { ++*this; }

    friend bool operator==(const remote_iterator& iterator, std::default_sentinel_t) noexcept
    {
        return iterator.place_ == nullptr;
    }

private:
    struct place {
        fetch_function fetch;
        std::deque<T> fetched;
    };
    void refill()
    {
        if (!place_->fetched.empty())
            return;
        place_->fetched = place_->fetch();
        if (place_->fetched.empty())
            place_.reset();
    }

    std::shared_ptr<place> place_;  // null at the end
};

/// What iterate() returns: goes through the items once.
template <class T>
class remote_range {
public:
    explicit remote_range(remote_iterator<T> first) noexcept : first_{std::move(first)} {}

    [[nodiscard]] remote_iterator<T> begin() const noexcept { return first_; }
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }

private:
    remote_iterator<T> first_;
};

namespace detail {

/// The next items of what iter(object) goes through in Python, as values.
[[nodiscard]] std::function<std::deque<value>()> python_iteration(const proxy& object);

}  // namespace detail

/// `for (const value& each : iterate(object))` as `for each in object` in Python: through the object itself if it is an
/// iterator (`__next__`), through the one that its `__iter__` answers with, else through `object[0]`, `object[1]`, ... until
/// there is no more. One request for each item; `T` as in proxy::call.
/// Errors: as proxy; `error` if the object exposes none of these.
template <class T = value>
[[nodiscard]] remote_range<T> iterate(const proxy& object)
{
    return remote_range<T>{remote_iterator<T>{[fetch = detail::python_iteration(object)] {
        std::deque<T> items;
        for (const value& each : fetch())
            items.push_back(decode<T>(each));
        return items;
    }}};
}

}  // namespace quaymaster
