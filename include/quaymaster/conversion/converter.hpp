// converter: what the conversions of all families share. Include <quaymaster/conversion.hpp>.
#pragma once

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/pickle_encoder.hpp>
#include <quaymaster/value.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quaymaster {

/// How T looks in Python.
///
///     C++                                    written as          read from
///     bool                                   bool                bool
///     signed and unsigned integers           int                 int, bool; within range
///     float, double, long double             float               float, int, bool
///     (each of these                                             a numpy scalar that holds one, such as numpy.int64(5), too)
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
///     ndarray, ndarray_view                  numpy.ndarray       numpy.ndarray: see ndarray.hpp
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
/// The number that a numpy scalar holds, such as numpy.float64(1.5): a bool, an int or a float. nullopt for anything else.
[[nodiscard]] std::optional<value> numpy_scalar(const value& found);
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

/// `read(found)`, or of the number inside a numpy scalar, which takes a number's place in programs that compute with numpy.
template <class Read>
[[nodiscard]] auto read_number(const value& found, Read&& read)
{
    if (found.kind() == value_kind::object)
        if (const std::optional<value> number = numpy_scalar(found))
            return read(*number);
    return read(found);
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

}  // namespace quaymaster
