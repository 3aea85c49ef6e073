// list_proxy: a list that lives in a server, used as if it were here.
#pragma once

#include <quaymaster/iteration.hpp>
#include <quaymaster/proxy.hpp>
#include <quaymaster/remote_element.hpp>

#include <cstddef>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace quaymaster {

namespace detail {

/// Python's slice(first, last), for `__getitem__` and its like; nullopt is None.
[[nodiscard]] value make_slice(std::optional<std::ptrdiff_t> first, std::optional<std::ptrdiff_t> last);

}  // namespace detail

/// A remote list of items of type `T`, converted as conversion.hpp says; quaymaster::value takes any object (managers.py:
/// ListProxy). Each call is one request, and whole in itself: what others do comes before it or after it.
/// An index below zero counts from the end, as in Python.
/// Thread safety and lifetime: as proxy. Errors: as proxy; what is not there is remote_error (IndexError, or ValueError where
/// an item is looked for); an item that does not fit `T` conversion_error.
template <class T>
class list_proxy : public proxy {
public:
    using value_type = T;
    using element = remote_element<list_proxy, std::ptrdiff_t, T>;

    explicit list_proxy(proxy object) noexcept : proxy{std::move(object)} {}
    [[nodiscard]] value pickled() const { return pickled_as("ListProxy"); }  // see proxy::pickled()

    [[nodiscard]] std::size_t size() const { return call<std::size_t>("__len__"); }
    [[nodiscard]] bool empty() const { return size() == 0; }

    [[nodiscard]] T at(std::ptrdiff_t index) const { return call<T>("__getitem__", index); }
    void set(std::ptrdiff_t index, const T& item) const { call<void>("__setitem__", index, item); }
    /// `list[i] = item` and `T item = list[i]`.
    [[nodiscard]] element operator[](std::ptrdiff_t index) const { return {*this, index}; }

    void push_back(const T& item) const { call<void>("append", item); }
    /// Appends all of `items`, a container that becomes a Python list, in one request.
    template <class Items>
    void extend(const Items& items) const
    {
        call<void>("extend", items);
    }
    /// Inserts before `index`; beyond either end at that end.
    void insert(std::ptrdiff_t index, const T& item) const { call<void>("insert", index, item); }
    void erase(std::ptrdiff_t index) const { call<void>("__delitem__", index); }
    /// Removes the item at `index`, the last one unless said otherwise, and returns it. If it does not fit `T`, it is gone.
    T pop(std::ptrdiff_t index = -1) const { return call<T>("pop", index); }
    /// Removes the first item equal to `item`.
    void remove(const T& item) const { call<void>("remove", item); }
    void clear() const { call<void>("__delitem__", detail::make_slice(std::nullopt, std::nullopt)); }

    /// Stable; remote_error (TypeError) for items that Python cannot order.
    void sort() const { call<void>("sort"); }
    void sort_descending() const { call<void>("sort", kw("reverse", true)); }
    void reverse() const { call<void>("reverse"); }

    [[nodiscard]] bool contains(const T& item) const { return call<bool>("__contains__", item); }
    [[nodiscard]] std::size_t count(const T& item) const { return call<std::size_t>("count", item); }
    /// Where the first item equal to `item` is.
    [[nodiscard]] std::size_t index(const T& item) const { return call<std::size_t>("index", item); }

    /// A copy of all items, of one moment.
    [[nodiscard]] std::vector<T> to_vector() const
    {
        return call<std::vector<T>>("__getitem__", detail::make_slice(std::nullopt, std::nullopt));
    }

    /// Items from the first to the last, fetched many at a time; those that others add or remove meanwhile may be met or not.
    [[nodiscard]] remote_iterator<T> begin() const
    {
        return remote_iterator<T>{[list = *this, next = std::ptrdiff_t{0}]() mutable {
            constexpr std::ptrdiff_t page_size = 64;
            std::deque<T> page = list.template call<std::deque<T>>("__getitem__", detail::make_slice(next, next + page_size));
            next += page_size;
            return page;
        }};
    }
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }
};

}  // namespace quaymaster
