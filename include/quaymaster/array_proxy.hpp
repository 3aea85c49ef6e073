// array_proxy: an array of numbers that lives in a server.
#pragma once

#include <quaymaster/iteration.hpp>
#include <quaymaster/list_proxy.hpp>
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

/// The numbers of a pickled array.array, as a list: array(typecode, octets), as a server of this kind of machine has them, or
/// array(typecode, list). A list or tuple as it is. Throws conversion_error for anything else, arrays of characters included.
[[nodiscard]] value items_of_array(const value& found);

}  // namespace detail

/// A remote array.array of numbers, as Python's `manager.Array(typecode, numbers)` makes it; its size is fixed (managers.py:
/// ArrayProxy). An index below zero counts from the end, as in Python.
/// Thread safety and lifetime: as proxy. Errors: as proxy; remote_error (IndexError) for an index that is not there,
/// (OverflowError, TypeError) for a number that the array's typecode cannot hold; conversion_error for one that is no `T`.
template <class T>
class array_proxy : public proxy {
public:
    using value_type = T;
    using element = remote_element<array_proxy, std::ptrdiff_t, T>;

    explicit array_proxy(proxy object) noexcept : proxy{std::move(object)} {}
    [[nodiscard]] value pickled() const { return pickled_as("ArrayProxy"); }  // see proxy::pickled()

    [[nodiscard]] std::size_t size() const { return call<std::size_t>("__len__"); }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] T at(std::ptrdiff_t index) const { return call<T>("__getitem__", index); }
    void set(std::ptrdiff_t index, T item) const { call<void>("__setitem__", index, item); }
    /// `array[i] = item` and `T item = array[i]`.
    [[nodiscard]] element operator[](std::ptrdiff_t index) const { return {*this, index}; }
    /// A copy of all items, of one moment.
    [[nodiscard]] std::vector<T> to_vector() const { return decode<std::vector<T>>(slice(std::nullopt, std::nullopt)); }

    /// Items from the first to the last, fetched many at a time.
    [[nodiscard]] remote_iterator<T> begin() const
    {
        return remote_iterator<T>{[array = *this, next = std::ptrdiff_t{0}]() mutable {
            constexpr std::ptrdiff_t page_size = 1024;
            std::deque<T> page = decode<std::deque<T>>(array.slice(next, next + page_size));
            next += page_size;
            return page;
        }};
    }
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }

private:
    [[nodiscard]] value slice(std::optional<std::ptrdiff_t> first, std::optional<std::ptrdiff_t> last) const
    {
        return detail::items_of_array(call<value>("__getitem__", detail::make_slice(first, last)));
    }
};

}  // namespace quaymaster
