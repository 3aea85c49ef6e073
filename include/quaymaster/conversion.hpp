// conversion: C++ types to pickles and back.
#pragma once

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/pickle_encoder.hpp>
#include <quaymaster/value.hpp>

#include <boost/describe/members.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

// Declared, not included: cereal is needed only by programs whose structs use it.
namespace cereal {
class access;
template <class T>
class NameValuePair;
template <class Base>
struct base_class;
template <class Base>
struct virtual_base_class;
namespace detail {
namespace {
struct version_binding_tag;
}
template <class T, class BindingTag>
struct Version;
}  // namespace detail
}  // namespace cereal

namespace quaymaster {

/// How T looks in Python.
///
///     C++                                    written as          read from
///     bool                                   bool                bool
///     signed and unsigned integers           int                 int, bool; within range
///     float, double, long double             float               float, int, bool
///     std::string (string_view, const char*: written only)
///                                            str                 str; Python 2 str that is UTF-8
///     bytes (bytes_view: written only)       bytes               bytes, bytearray, Python 2 str
///     std::nullptr_t, std::monostate         None                None
///     std::optional<T>                       None or T           None or T
///     std::tuple, std::pair, std::array      tuple               tuple or list of that size
///     vector, deque, list                    list                list, tuple
///     set, unordered_set                     set                 set, frozenset
///     map, unordered_map                     dict                dict
///     std::variant                           what it holds       see below
///     enumerations                           int                 int, bool; within the underlying type's range
///     value                                  as it is            anything
///     structs with cereal's serialize(), or described with BOOST_DESCRIBE_STRUCT
///                                            dict                dict, or an instance of a Python class (its attributes)
///
/// Structs. A serialize() must name its fields (CEREAL_NVP, cereal::make_nvp); base classes by cereal::base_class add
/// their fields to the same dict. A class version is kept as "cereal_class_version", as in cereal's JSON. Keys that the
/// struct does not have are ignored; a missing one is a conversion_error unless the field is a std::optional, which
/// becomes empty. To be read, a struct must be default-constructible.
/// Variants. Read as the first alternative whose own Python type is the one found (int for std::int64_t, float for
/// double, list for a vector, dict for a struct) and that accepts it; else as the first that accepts it at all.
/// Recursive types may nest 1,000 deep when read; beyond it, or for a list inside itself, conversion_error.
/// `char` and wide characters are neither numbers nor text and do not convert.
///
/// Specialise converter for a type of your own:
///     template <>
///     struct quaymaster::converter<point> {
///         static void encode(pickle_encoder& output, const point& known);   // writes exactly one object
///         static point decode(const value& found);                          // throws conversion_error
///         static std::string expected() { return "a point"; }               // optional: for messages
///         static bool is_native(value_kind kind) { ... }                    // optional: for variants
///     };
template <class T>
struct converter;

/// Writes `object` as one Python object. Throws std::invalid_argument for text that is not UTF-8.
template <class T>
void encode(pickle_encoder& output, const T& object)
{
    converter<T>::encode(output, object);
}

/// `found` as a T. Throws conversion_error, which says where inside (`[2].width`), what was expected and what was found.
template <class T>
[[nodiscard]] T decode(const value& found)
{
    return converter<T>::decode(found);
}

/// `object` as a value.
template <class T>
[[nodiscard]] value to_value(const T& object);

/// `object` as a complete pickle that Python's pickle.loads() reads.
template <class T>
[[nodiscard]] bytes to_pickle(const T& object, pickle_encoder::dialect reader = pickle_encoder::dialect::python3)
{
    pickle_encoder output{reader};
    encode(output, object);
    return output.to_pickle();
}

/// A complete pickle as a T; nothing in it is run. Throws pickle_error and conversion_error.
template <class T>
[[nodiscard]] T from_pickle(bytes_view pickle);

namespace detail {

/// "int 300", "str 'abc'", "list of 3 items": for the `found` of a conversion_error.
[[nodiscard]] std::string describe(const value& found);
[[noreturn]] void fail(std::string expected, const value& found);
/// Throws `inner` again with `step` before its path: "[2]" + "width" is "[2].width".
[[noreturn]] void fail_below(const std::string& step, const conversion_error& inner);
/// "[2]" and "['key']".
[[nodiscard]] std::string index_step(std::size_t index);
[[nodiscard]] std::string key_step(const value& key);

[[nodiscard]] std::int64_t expect_int64(const value& found, std::int64_t low, std::int64_t high);
[[nodiscard]] std::uint64_t expect_uint64(const value& found, std::uint64_t high);
[[nodiscard]] double expect_double(const value& found);
[[nodiscard]] std::string_view expect_text(const value& found);
[[nodiscard]] bytes_view expect_octets(const value& found, std::string_view expected);
/// `found` itself; throws unless its kind is `first` or `second`.
[[nodiscard]] const value& expect_kind(const value& found, value_kind first, value_kind second, std::string_view expected);
void expect_size(const value& found, std::size_t size);
[[nodiscard]] value value_of(const pickle_encoder& written);
[[nodiscard]] value value_of_pickle(bytes_view pickle);
[[nodiscard]] std::string range_text(std::int64_t low, std::int64_t high);
[[nodiscard]] std::string range_text(std::uint64_t high);

/// Bounds how deep decode() recurses on this thread, because a list may contain itself. Throws conversion_error.
class nesting {
public:
    explicit nesting(const value& found);
    ~nesting();
    nesting(const nesting&) = delete;
    nesting& operator=(const nesting&) = delete;
};

/// The fields of a struct as they are looked up. They mostly come in the order that they were written in, so each search
/// starts behind the last hit.
class field_reader {
public:
    /// `found` is a dict, or an object whose state is one; throws conversion_error otherwise.
    explicit field_reader(const value& found);
    [[nodiscard]] std::optional<value> find(std::string_view name);

private:
    value fields_;
    std::size_t next_ = 0;
};
[[noreturn]] void fail_missing(std::string_view name, std::string expected);

template <class T>
[[nodiscard]] std::string expected_of()
{
    if constexpr (requires { converter<T>::expected(); })
        return converter<T>::expected();
    else
        return "a value that its converter accepts";
}

template <class T>
[[nodiscard]] bool is_native_kind(value_kind kind)
{
    if constexpr (requires { converter<T>::is_native(kind); })
        return converter<T>::is_native(kind);
    else
        return false;
}

/// decode<T>() of what is found at `step` inside something else.
template <class T, class Step>
[[nodiscard]] T decode_below(const value& found, Step&& step)
{
    try {
        return quaymaster::decode<T>(found);
    } catch (const conversion_error& inner) {
        fail_below(step(), inner);
    }
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T, class... Others>
concept one_of = (std::same_as<T, Others> || ...);

template <class T>
concept character = one_of<T, char, wchar_t, char8_t, char16_t, char32_t>;

template <class T>
inline constexpr bool always_false = false;

/// Makes `Type` dependent on T, so that an incomplete class is looked into only once a program has included it.
template <class T, class Type>
struct dependent {
    using type = Type;
};

}  // namespace detail

// --- scalars ---

template <>
struct converter<bool> {
    static void encode(pickle_encoder& output, bool known) { output.boolean(known); }
    static bool decode(const value& found)
    {
        if (found.kind() != value_kind::boolean)
            detail::fail(expected(), found);
        return found.truth();
    }
    static std::string expected() { return "bool"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::boolean; }
};

template <std::signed_integral T>
    requires(!detail::character<T>)
struct converter<T> {
    static_assert(sizeof(T) <= sizeof(std::int64_t));
    static void encode(pickle_encoder& output, T known) { output.integer(known); }
    static T decode(const value& found)
    {
        return static_cast<T>(detail::expect_int64(found, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    }
    static std::string expected()
    {
        return detail::range_text(std::int64_t{std::numeric_limits<T>::min()}, std::int64_t{std::numeric_limits<T>::max()});
    }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::integer; }
};

template <std::unsigned_integral T>
    requires(!detail::character<T> && !std::same_as<T, bool>)
struct converter<T> {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    static void encode(pickle_encoder& output, T known) { output.unsigned_integer(known); }
    static T decode(const value& found)
    {
        return static_cast<T>(detail::expect_uint64(found, std::numeric_limits<T>::max()));
    }
    static std::string expected() { return detail::range_text(std::uint64_t{std::numeric_limits<T>::max()}); }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::integer; }
};

/// float and long double go through double, the precision of Python's float.
template <std::floating_point T>
struct converter<T> {
    static void encode(pickle_encoder& output, T known) { output.floating(static_cast<double>(known)); }
    static T decode(const value& found) { return static_cast<T>(detail::expect_double(found)); }
    static std::string expected() { return "float"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::floating; }
};

template <class T>
    requires std::is_enum_v<T>
struct converter<T> {
    using underlying = std::underlying_type_t<T>;
    // An enum over char is a number all the same.
    using number = std::conditional_t<std::is_same_v<underlying, bool>, bool,
                                      std::conditional_t<std::is_signed_v<underlying>, std::int64_t, std::uint64_t>>;
    static void encode(pickle_encoder& output, T known) { converter<number>::encode(output, static_cast<number>(known)); }
    static T decode(const value& found)
    {
        if constexpr (std::is_same_v<number, bool>)
            return static_cast<T>(converter<bool>::decode(found));
        else if constexpr (std::is_signed_v<underlying>)
            return static_cast<T>(detail::expect_int64(found, std::numeric_limits<underlying>::min(),
                                                       std::numeric_limits<underlying>::max()));
        else
            return static_cast<T>(detail::expect_uint64(found, std::numeric_limits<underlying>::max()));
    }
    static std::string expected() { return "int"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::integer; }
};

template <detail::character T>
struct converter<T> {
    static_assert(detail::always_false<T>,
                  "a character is neither a number nor text in Python: use std::string, std::int8_t or std::uint8_t");
};

template <>
struct converter<std::nullptr_t> {
    static void encode(pickle_encoder& output, std::nullptr_t) { output.none(); }
    static std::nullptr_t decode(const value& found)
    {
        if (!found.is_none())
            detail::fail(expected(), found);
        return nullptr;
    }
    static std::string expected() { return "None"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::none; }
};

template <>
struct converter<std::monostate> {
    static void encode(pickle_encoder& output, std::monostate) { output.none(); }
    static std::monostate decode(const value& found)
    {
        converter<std::nullptr_t>::decode(found);
        return {};
    }
    static std::string expected() { return "None"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::none; }
};

template <>
struct converter<value> {
    static void encode(pickle_encoder& output, const value& known) { output.object(known); }
    static value decode(const value& found) { return found; }
    static std::string expected() { return "any object"; }
    static bool is_native(value_kind) noexcept { return true; }
};

// --- text and octets ---

template <>
struct converter<std::string> {
    static void encode(pickle_encoder& output, const std::string& known) { output.str(known); }
    static std::string decode(const value& found) { return std::string{detail::expect_text(found)}; }
    static std::string expected() { return "str"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::str; }
};

template <>
struct converter<std::string_view> {
    static void encode(pickle_encoder& output, std::string_view known) { output.str(known); }
};

template <>
struct converter<const char*> {
    static void encode(pickle_encoder& output, const char* known) { output.str(known); }
};

template <>
struct converter<char*> : converter<const char*> {};

template <std::size_t Size>
struct converter<char[Size]> : converter<const char*> {};

template <>
struct converter<bytes> {
    static void encode(pickle_encoder& output, const bytes& known) { output.bytes(known); }
    static bytes decode(const value& found) { return to_bytes(detail::expect_octets(found, "bytes")); }
    static std::string expected() { return "bytes"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::bytes || kind == value_kind::bytearray; }
};

template <>
struct converter<bytes_view> {
    static void encode(pickle_encoder& output, bytes_view known) { output.bytes(known); }
};

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

// --- structs ---

/// The key under which a struct's cereal class version stands in its dict, as in cereal's JSON archives.
inline constexpr std::string_view class_version_key = "cereal_class_version";

class pickle_output_archive;
class pickle_input_archive;

namespace detail {

/// The ways in which a type can offer its fields to a cereal archive, in the order that they are tried.
enum class fields_by : std::uint8_t { nothing, member, private_member, function, versioned_member, versioned_function };

template <class Archive, class T>
[[nodiscard]] consteval fields_by how_serialized()
{
    using access = typename dependent<T, cereal::access>::type;
    if constexpr (requires(Archive& archive, T& object) { object.serialize(archive); })
        return fields_by::member;
    else if constexpr (requires(Archive& archive, T& object) { access::member_serialize(archive, object); })
        return fields_by::private_member;
    else if constexpr (requires(Archive& archive, T& object) { serialize(archive, object); })
        return fields_by::function;
    else if constexpr (requires(Archive& archive, T& object) { access::member_serialize(archive, object, std::uint32_t{}); })
        return fields_by::versioned_member;
    else if constexpr (requires(Archive& archive, T& object) { object.serialize(archive, std::uint32_t{}); })
        return fields_by::versioned_member;
    else if constexpr (requires(Archive& archive, T& object) { serialize(archive, object, std::uint32_t{}); })
        return fields_by::versioned_function;
    else
        return fields_by::nothing;
}

template <fields_by How, class Archive, class T>
void visit_fields(Archive& archive, T& object, [[maybe_unused]] std::uint32_t version)
{
    using access = typename dependent<T, cereal::access>::type;
    if constexpr (How == fields_by::member)
        object.serialize(archive);
    else if constexpr (How == fields_by::private_member)
        access::member_serialize(archive, object);
    else if constexpr (How == fields_by::function)
        serialize(archive, object);
    else if constexpr (How == fields_by::versioned_function)
        serialize(archive, object, version);
    else if constexpr (requires { object.serialize(archive, version); })
        object.serialize(archive, version);
    else
        access::member_serialize(archive, object, version);
}

template <class T>
inline constexpr bool is_named_field = false;
template <class T>
inline constexpr bool is_named_field<cereal::NameValuePair<T>> = true;

template <class T>
inline constexpr bool is_base_class = false;
template <class T>
inline constexpr bool is_base_class<cereal::base_class<T>> = true;
template <class T>
inline constexpr bool is_base_class<cereal::virtual_base_class<T>> = true;

}  // namespace detail

/// The cereal archive that a struct is written with: each named field becomes an entry of the dict being written.
class pickle_output_archive {
public:
    using is_saving = std::true_type;
    using is_loading = std::false_type;

    explicit pickle_output_archive(pickle_encoder& output) noexcept : output_{output} {}

    template <class... Fields>
    pickle_output_archive& operator()(Fields&&... fields)
    {
        (process(fields), ...);
        return *this;
    }
    template <class Field>
    pickle_output_archive& operator&(Field&& field)
    {
        process(field);
        return *this;
    }

private:
    template <class Field>
    void process(const Field& field)
    {
        if constexpr (detail::is_named_field<Field>) {
            output_.str(field.name);
            quaymaster::encode<std::remove_cvref_t<decltype(field.value)>>(output_, field.value);
        } else if constexpr (detail::is_base_class<Field>) {
            using base = std::remove_pointer_t<decltype(field.base_ptr)>;
            detail::visit_fields<detail::how_serialized<pickle_output_archive, base>()>(*this, *field.base_ptr, 0);
        } else {
            static_assert(detail::always_false<Field>,
                          "this field has no name, and Python sees a struct as a dict: use CEREAL_NVP or cereal::make_nvp");
        }
    }

    pickle_encoder& output_;
};

/// The cereal archive that a struct is read with: each named field is looked up in the dict that was found.
class pickle_input_archive {
public:
    using is_saving = std::false_type;
    using is_loading = std::true_type;

    explicit pickle_input_archive(const value& found) : fields_{found} {}

    template <class... Fields>
    pickle_input_archive& operator()(Fields&&... fields)
    {
        (process(fields), ...);
        return *this;
    }
    template <class Field>
    pickle_input_archive& operator&(Field&& field)
    {
        process(field);
        return *this;
    }
    /// The class version that was written; 0 if none was.
    [[nodiscard]] std::uint32_t class_version()
    {
        const std::optional<value> found = fields_.find(class_version_key);
        return found ? quaymaster::decode<std::uint32_t>(*found) : 0;
    }
    /// Reads one field; one that is missing is an error unless `field` is a std::optional.
    template <class T>
    void read(std::string_view name, T& field)
    {
        const std::optional<value> found = fields_.find(name);
        if (found)
            field = detail::decode_below<T>(*found, [name] { return std::string{name}; });
        else if constexpr (detail::is_optional<T>)
            field.reset();
        else
            detail::fail_missing(name, detail::expected_of<T>());
    }

private:
    template <class Field>
    void process(Field& field)
    {
        using plain = std::remove_cv_t<Field>;
        if constexpr (detail::is_named_field<plain>) {
            read(field.name, field.value);
        } else if constexpr (detail::is_base_class<plain>) {
            using base = std::remove_pointer_t<decltype(field.base_ptr)>;
            detail::visit_fields<detail::how_serialized<pickle_input_archive, base>()>(*this, *field.base_ptr, 0);
        } else {
            static_assert(detail::always_false<plain>,
                          "this field has no name, and Python sees a struct as a dict: use CEREAL_NVP or cereal::make_nvp");
        }
    }

    detail::field_reader fields_;
};

namespace detail {

template <class T>
concept cereal_struct =
    std::is_class_v<T> && how_serialized<pickle_output_archive, T>() != fields_by::nothing;

template <class T>
concept described_struct =
    std::is_class_v<T> && !cereal_struct<T> && boost::describe::has_describe_members<T>::value;

template <class T>
[[nodiscard]] std::uint32_t class_version_of()
{
    using version = cereal::detail::Version<T, cereal::detail::version_binding_tag>;
    if constexpr (requires { version::version; })
        return version::version;
    else
        return 0;
}

struct struct_converter_base {
    static std::string expected() { return "dict"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::dict || kind == value_kind::object; }
};

}  // namespace detail

template <detail::cereal_struct T>
struct converter<T> : detail::struct_converter_base {
    static constexpr detail::fields_by how_written = detail::how_serialized<pickle_output_archive, T>();
    static constexpr detail::fields_by how_read = detail::how_serialized<pickle_input_archive, T>();
    static constexpr bool is_versioned = how_written == detail::fields_by::versioned_member ||
                                         how_written == detail::fields_by::versioned_function;

    static void encode(pickle_encoder& output, const T& known)
    {
        output.begin_dict();
        std::uint32_t version = 0;
        if constexpr (is_versioned) {
            version = detail::class_version_of<T>();
            output.str(class_version_key);
            output.unsigned_integer(version);
        }
        pickle_output_archive archive{output};
        // serialize() is not const because it also reads; when writing it changes nothing, as cereal itself assumes.
        detail::visit_fields<how_written>(archive, const_cast<T&>(known), version);
        output.end_dict();
    }
    static T decode(const value& found)
    {
        const detail::nesting guard{found};
        T made{};
        pickle_input_archive archive{found};
        const std::uint32_t version = is_versioned ? archive.class_version() : 0;
        detail::visit_fields<how_read>(archive, made, version);
        return made;
    }
};

template <detail::described_struct T>
struct converter<T> : detail::struct_converter_base {
    using members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

    static void encode(pickle_encoder& output, const T& known)
    {
        output.begin_dict();
        for_each_member(members{}, [&]<class Member>(Member) {
            output.str(Member::name);
            quaymaster::encode(output, known.*Member::pointer);
        });
        output.end_dict();
    }
    static T decode(const value& found)
    {
        const detail::nesting guard{found};
        T made{};
        pickle_input_archive archive{found};
        for_each_member(members{}, [&]<class Member>(Member) { archive.read(Member::name, made.*Member::pointer); });
        return made;
    }

private:
    template <template <class...> class List, class... Members, class Visit>
    static void for_each_member(List<Members...>, Visit visit)
    {
        (visit(Members{}), ...);
    }
};

template <class T>
value to_value(const T& object)
{
    pickle_encoder output;
    encode(output, object);
    return detail::value_of(output);
}

template <class T>
T from_pickle(bytes_view pickle)
{
    return decode<T>(detail::value_of_pickle(pickle));
}

}  // namespace quaymaster
