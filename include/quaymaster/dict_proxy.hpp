// dict_proxy: a dict that lives in a server, used as if it were here.
#pragma once

#include <quaymaster/errors.hpp>
#include <quaymaster/iteration.hpp>
#include <quaymaster/proxy.hpp>
#include <quaymaster/remote_element.hpp>

#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace quaymaster {

/// A remote dict from `Key` to `T`, converted as conversion.hpp says; quaymaster::value takes any object (managers.py:
/// DictProxy). Each call is one request, and whole in itself: what others do comes before it or after it.
/// Entries are in the order in which their keys were first set (from Python 3.7 on).
/// Thread safety and lifetime: as proxy. Errors: as proxy; a key that is not there is remote_error (KeyError), one that Python
/// cannot hash remote_error (TypeError), an entry that does not fit the types conversion_error.
template <class Key, class T>
class dict_proxy : public proxy {
public:
    using key_type = Key;
    using mapped_type = T;
    using value_type = std::pair<Key, T>;
    using element = remote_element<dict_proxy, Key, T>;

    explicit dict_proxy(proxy object) noexcept : proxy{std::move(object)} {}
    [[nodiscard]] value pickled() const { return pickled_as("DictProxy"); }  // see proxy::pickled()

    [[nodiscard]] std::size_t size() const { return call<std::size_t>("__len__"); }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] bool contains(const Key& key) const { return call<bool>("__contains__", key); }

    [[nodiscard]] T at(const Key& key) const { return call<T>("__getitem__", key); }
    /// nullopt if the key is not there.
    [[nodiscard]] std::optional<T> get(const Key& key) const
    {
        try {
            return at(key);
        } catch (const remote_error& raised) {
            if (!detail::was_raised_by_method(raised, "KeyError"))
                throw;
            return std::nullopt;
        }
    }
    void set(const Key& key, const T& item) const { call<void>("__setitem__", key, item); }
    /// `dict[key] = item` and `T item = dict[key]`, which, unlike in std::map, adds nothing.
    [[nodiscard]] element operator[](const Key& key) const { return {*this, key}; }
    /// The item under `key`; if there is none, sets it to `item` first.
    T setdefault(const Key& key, const T& item) const { return call<T>("setdefault", key, item); }
    /// Sets every entry of `entries`, a std::map or its like, in one request.
    template <class Entries>
    void update(const Entries& entries) const
    {
        call<void>("update", entries);
    }

    /// False if the key was not there.
    bool erase(const Key& key) const
    {
        try {
            call<void>("__delitem__", key);
            return true;
        } catch (const remote_error& raised) {
            if (!detail::was_raised_by_method(raised, "KeyError"))
                throw;
            return false;
        }
    }
    /// Removes the entry and returns its item. If that does not fit `T`, it is gone.
    T pop(const Key& key) const { return call<T>("pop", key); }
    /// The same, or `otherwise` if the key is not there.
    T pop(const Key& key, const T& otherwise) const { return call<T>("pop", key, otherwise); }
    /// Removes the last entry and returns it; remote_error (KeyError) if there is none.
    value_type popitem() const { return call<value_type>("popitem"); }
    void clear() const { call<void>("clear"); }

    [[nodiscard]] std::vector<Key> keys() const { return call<std::vector<Key>>("keys"); }
    [[nodiscard]] std::vector<T> values() const { return call<std::vector<T>>("values"); }
    /// A copy of all entries, of one moment.
    [[nodiscard]] std::vector<value_type> items() const { return call<std::vector<value_type>>("items"); }
    /// The same as a `Map`: to_map<std::unordered_map<std::string, int>>().
    template <class Map = std::map<Key, T>>
    [[nodiscard]] Map to_map() const
    {
        return call<Map>("copy");
    }

    /// Entries as pairs, in a copy of one moment: `for (const auto& [key, item] : dict)`.
    [[nodiscard]] remote_iterator<value_type> begin() const
    {
        return remote_iterator<value_type>{[dict = *this, fetched = false]() mutable {
            std::deque<value_type> entries;
            if (!std::exchange(fetched, true))
                entries = dict.template call<std::deque<value_type>>("items");
            return entries;
        }};
    }
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }
};

}  // namespace quaymaster
