// containers: optional, variant, tuples, sequences, sets and maps. Include <quaymaster/conversion.hpp>.
#pragma once

#include <quaymaster/conversion/converter.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster {

// --- optional and variant ---

template <class T>
struct converter<std::optional<T>> {
    static void encode(pickle_encoder& output, const std::optional<T>& known)
    {
        if (known)
            quaymaster::encode(output, *known);
        else
            output.none();
    }
    static std::optional<T> decode(const value& found)
    {
        if (found.is_none())
            return std::nullopt;
        return quaymaster::decode<T>(found);
    }
    static std::string expected() { return detail::expected_of<T>() + " or None"; }
    static bool is_native(value_kind kind) { return kind == value_kind::none || detail::is_native_kind<T>(kind); }
};

template <class... Alternatives>
struct converter<std::variant<Alternatives...>> {
    using variant = std::variant<Alternatives...>;
    static void encode(pickle_encoder& output, const variant& known)
    {
        std::visit([&](const auto& held) { quaymaster::encode(output, held); }, known);
    }
    static variant decode(const value& found)
    {
        // Each alternative is tried once, in one of two rounds: trying twice would double the work at every level of a
        // recursive variant.
        std::optional<variant> made;
        const bool native = (try_as<Alternatives>(found, true, made) || ...);
        const bool any = native || (try_as<Alternatives>(found, false, made) || ...);
        if (!any)
            detail::fail(expected(), found);
        return *std::move(made);
    }
    static std::string expected()
    {
        std::string text;
        ((text += (text.empty() ? "" : " or ") + detail::expected_of<Alternatives>()), ...);
        return text;
    }
    static bool is_native(value_kind kind) { return (detail::is_native_kind<Alternatives>(kind) || ...); }

private:
    template <class T>
    static bool try_as(const value& found, bool native_round, std::optional<variant>& made)
    {
        if (detail::is_native_kind<T>(found.kind()) != native_round)
            return false;
        try {
            made.emplace(quaymaster::decode<T>(found));
            return true;
        } catch (const conversion_error&) {
            return false;
        }
    }
};

// --- tuples ---

namespace detail {

template <class Tuple>
struct tuple_converter {
    static constexpr std::size_t size = std::tuple_size_v<Tuple>;
    static void encode(pickle_encoder& output, const Tuple& known)
    {
        output.begin_tuple(size);
        std::apply([&](const auto&... items) { (quaymaster::encode(output, items), ...); }, known);
        output.end_tuple(size);
    }
    static Tuple decode(const value& found)
    {
        const nesting guard{found};
        const value& sequence = expect_kind(found, value_kind::tuple, value_kind::list, expected());
        expect_size(sequence, size);
        return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            // Braces, unlike parentheses, evaluate from left to right: the first wrong item is the one reported.
            return Tuple{decode_below<std::tuple_element_t<Index, Tuple>>(sequence[Index],
                                                                          [] { return index_step(Index); })...};
        }(std::make_index_sequence<size>{});
    }
    static std::string expected() { return "tuple of " + std::to_string(size) + (size == 1 ? " item" : " items"); }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::tuple; }
};

}  // namespace detail

template <class... Items>
struct converter<std::tuple<Items...>> : detail::tuple_converter<std::tuple<Items...>> {};

template <class First, class Second>
struct converter<std::pair<First, Second>> : detail::tuple_converter<std::pair<First, Second>> {};

template <class T, std::size_t Size>
struct converter<std::array<T, Size>> {
    static void encode(pickle_encoder& output, const std::array<T, Size>& known)
    {
        output.begin_tuple(Size);
        for (const T& item : known)
            quaymaster::encode(output, item);
        output.end_tuple(Size);
    }
    static std::array<T, Size> decode(const value& found)
    {
        const detail::nesting guard{found};
        const value& sequence = detail::expect_kind(found, value_kind::tuple, value_kind::list, expected());
        detail::expect_size(sequence, Size);
        return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            return std::array<T, Size>{
                detail::decode_below<T>(sequence[Index], [] { return detail::index_step(Index); })...};
        }(std::make_index_sequence<Size>{});
    }
    static std::string expected() { return "tuple of " + std::to_string(Size) + (Size == 1 ? " item" : " items"); }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::tuple; }
};

// --- sequences, sets, maps ---

namespace detail {

template <class Sequence>
struct sequence_converter {
    using item = typename Sequence::value_type;
    static void encode(pickle_encoder& output, const Sequence& known)
    {
        output.begin_list();
        for (const auto& element : known) {
            if constexpr (std::is_same_v<item, bool>)
                output.boolean(element);  // std::vector<bool>'s reference type is no bool
            else
                quaymaster::encode<item>(output, element);
        }
        output.end_list();
    }
    static Sequence decode(const value& found)
    {
        const nesting guard{found};
        const value& sequence = expect_kind(found, value_kind::list, value_kind::tuple, expected());
        Sequence made;
        const std::size_t size = sequence.size();
        if constexpr (requires { made.reserve(size); })
            made.reserve(size);
        for (std::size_t i = 0; i < size; ++i)
            made.push_back(decode_below<item>(sequence[i], [i] { return index_step(i); }));
        return made;
    }
    static std::string expected() { return "list"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::list; }
};

template <class Set>
struct set_converter {
    using item = typename Set::value_type;
    static void encode(pickle_encoder& output, const Set& known)
    {
        output.begin_set();
        for (const item& element : known)
            quaymaster::encode(output, element);
        output.end_set();
    }
    static Set decode(const value& found)
    {
        const nesting guard{found};
        const value& items = expect_kind(found, value_kind::set, value_kind::frozenset, expected());
        Set made;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const value element = items[i];
            made.insert(decode_below<item>(element, [&] { return key_step(element); }));
        }
        return made;
    }
    static std::string expected() { return "set"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::set || kind == value_kind::frozenset; }
};

template <class Map>
struct map_converter {
    using key_type = typename Map::key_type;
    using mapped_type = typename Map::mapped_type;
    static void encode(pickle_encoder& output, const Map& known)
    {
        output.begin_dict();
        for (const auto& [key, mapped] : known) {
            quaymaster::encode(output, key);
            quaymaster::encode(output, mapped);
        }
        output.end_dict();
    }
    static Map decode(const value& found)
    {
        const nesting guard{found};
        const value& entries = expect_kind(found, value_kind::dict, value_kind::dict, expected());
        Map made;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto [key, mapped] = entries.entry(i);
            const value& at = key;  // a structured binding cannot be captured before C++20's clang 16
            const auto step = [&at] { return key_step(at); };
            made.insert_or_assign(decode_below<key_type>(key, step), decode_below<mapped_type>(mapped, step));
        }
        return made;
    }
    static std::string expected() { return "dict"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::dict; }
};

}  // namespace detail

template <class T, class Allocator>
struct converter<std::vector<T, Allocator>> : detail::sequence_converter<std::vector<T, Allocator>> {};
template <class T, class Allocator>
struct converter<std::deque<T, Allocator>> : detail::sequence_converter<std::deque<T, Allocator>> {};
template <class T, class Allocator>
struct converter<std::list<T, Allocator>> : detail::sequence_converter<std::list<T, Allocator>> {};

template <class T, class Compare, class Allocator>
struct converter<std::set<T, Compare, Allocator>> : detail::set_converter<std::set<T, Compare, Allocator>> {};
template <class T, class Hash, class Equal, class Allocator>
struct converter<std::unordered_set<T, Hash, Equal, Allocator>>
    : detail::set_converter<std::unordered_set<T, Hash, Equal, Allocator>> {};

template <class Key, class T, class Compare, class Allocator>
struct converter<std::map<Key, T, Compare, Allocator>> : detail::map_converter<std::map<Key, T, Compare, Allocator>> {};
template <class Key, class T, class Hash, class Equal, class Allocator>
struct converter<std::unordered_map<Key, T, Hash, Equal, Allocator>>
    : detail::map_converter<std::unordered_map<Key, T, Hash, Equal, Allocator>> {};

}  // namespace quaymaster
