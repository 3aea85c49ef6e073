// value: any Python object as C++ sees it. Immutable, cheap to copy, never runs anything.
#pragma once

#include <quaymaster/bytes.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster {

namespace codec {
class object_graph;
}

// GCC 12 takes the enumerators of a scoped enumeration for declarations that shadow, here quaymaster::bytes.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
/// What a value is. `byte_string` is Python 2's `str`: text to some programs, bytes to others.
/// `object` is an instance of a class that we do not know, kept by its pickled structure; `global` names a class or function.
enum class value_kind : std::uint8_t {
    none, boolean, integer, floating, complex, str, bytes, bytearray, byte_string,
    tuple, list, dict, set, frozenset, global, object,
};
#pragma GCC diagnostic pop

/// The Python word for a kind: "None", "bool", "int", "float", ..., for messages.
[[nodiscard]] std::string_view to_string(value_kind kind) noexcept;

/// One Python object, of any type. An immutable handle on a shared object graph: a copy is a count, children share
/// the graph with their parent, and an object may contain itself.
/// Equality, ordering, hashing and repr are Python's: 1 == 1.0 == True, text never equals bytes, tuples compare by item.
/// Objects of unknown classes are equal when their pickled structures are. A byte_string equals the same text if it is
/// ASCII, as in Python 2, and never bytes. Structures that contain themselves are equal unless a difference can be reached
/// (Python gives up on most of them). No operation recurses, and shared structure costs each of them once, not once per
/// way to it.
/// Thread safety: immutable; use from any thread.
class value {
public:
    /// None.
    value() noexcept = default;
    value(std::nullptr_t) noexcept {}
    value(bool boolean) noexcept : kind_{value_kind::boolean} { scalar_.integer = boolean; }
    value(int integer) noexcept : value{static_cast<std::int64_t>(integer)} {}
    value(unsigned integer) noexcept : value{static_cast<std::int64_t>(integer)} {}
    value(long integer) noexcept : kind_{value_kind::integer} { scalar_.integer = integer; }
    value(long long integer) noexcept : kind_{value_kind::integer} { scalar_.integer = integer; }
    value(unsigned long integer);
    value(unsigned long long integer);
    value(double floating) noexcept : kind_{value_kind::floating} { scalar_.floating = floating; }
    /// A Python str; `utf8` is copied. Throws std::invalid_argument if it is not UTF-8 (lone surrogates, as Python
    /// pickles them with surrogatepass, are accepted).
    value(std::string_view utf8);
    value(const std::string& utf8) : value{std::string_view{utf8}} {}
    value(const char* utf8) : value{std::string_view{utf8}} {}
    /// A Python bytes.
    value(bytes_view octets);
    value(const bytes& octets) : value{bytes_view{octets}} {}

    // Items are copied into the new container's graph: what the same value stands for twice stays one object.
    [[nodiscard]] static value complex(double real, double imaginary);
    [[nodiscard]] static value bytearray(bytes_view octets);
    [[nodiscard]] static value tuple(const std::vector<value>& items);
    [[nodiscard]] static value list(const std::vector<value>& items);
    /// Equal items once. As for the keys of dict(), an unhashable item throws std::invalid_argument.
    [[nodiscard]] static value set(const std::vector<value>& items);
    [[nodiscard]] static value frozenset(const std::vector<value>& items);
    /// Keys in the order given; of equal keys the first stays, with the last one's value, as in Python.
    [[nodiscard]] static value dict(const std::vector<std::pair<value, value>>& entries);
    /// The integer written in decimal, of any size, with an optional sign. Throws std::invalid_argument.
    [[nodiscard]] static value integer_from_decimal(std::string_view digits);
    /// A class or function by its path, such as ("builtins", "ValueError").
    [[nodiscard]] static value global(std::string_view module, std::string_view qualified_name);
    /// `callable(*arguments)`, kept inert: what REDUCE would have built.
    [[nodiscard]] static value object(const value& callable, const std::vector<value>& arguments);

    [[nodiscard]] value_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_none() const noexcept { return kind_ == value_kind::none; }

    /// bool(x) as Python computes it for the kinds we know; objects count as true.
    [[nodiscard]] bool truth() const;
    /// bool or int within 64 bits; nullopt otherwise.
    [[nodiscard]] std::optional<std::int64_t> to_int64() const noexcept;
    [[nodiscard]] std::optional<std::uint64_t> to_uint64() const noexcept;
    /// int or float or bool as double; nullopt for other kinds and for integers beyond double's range.
    [[nodiscard]] std::optional<double> to_double() const;
    /// The text of a str (UTF-8) or the octets of a byte_string; borrowed from this value. Empty for other kinds.
    [[nodiscard]] std::string_view text() const noexcept;
    /// The octets of bytes, bytearray or byte_string; borrowed from this value. Empty for other kinds.
    [[nodiscard]] bytes_view octets() const noexcept;

    /// How many children: items of a sequence or set, entries of a dict; 0 for other kinds.
    [[nodiscard]] std::size_t size() const noexcept;
    /// The `index`-th item of a tuple, list, set or frozenset (in pickled order). Throws std::out_of_range.
    [[nodiscard]] value operator[](std::size_t index) const;
    /// The `index`-th entry of a dict, in the order of its pickle, which may hold a key twice. Throws std::out_of_range.
    [[nodiscard]] std::pair<value, value> entry(std::size_t index) const;
    /// The dict's value under `key`; nullopt if there is none or this is no dict. Linear in size().
    [[nodiscard]] std::optional<value> find(const value& key) const;

    /// global: its module and qualified name. object: those of its class or callable. Empty otherwise.
    [[nodiscard]] std::string_view module_name() const noexcept;
    [[nodiscard]] std::string_view qualified_name() const noexcept;
    /// object: the arguments its callable was given (a tuple), and the state that BUILD set (None if none).
    [[nodiscard]] value arguments() const;
    [[nodiscard]] value state() const;

    /// Python's repr(), cycles shown as [...]; at most `size_max` octets, then cut with "...". An int beyond 4,300 digits, which
    /// Python refuses to print, is shown in hexadecimal. An object shows how it was pickled: `decimal.Decimal('1.5')`,
    /// `module.Class(1, x=2)`; that is often, not always, what its class would print.
    [[nodiscard]] std::string repr(std::size_t size_max = 1 << 20) const;
    /// Python's hash contract: equal values hash alike. nullopt for unhashable kinds (list, dict, set, bytearray).
    [[nodiscard]] std::optional<std::size_t> hash() const;

    /// Python's ==.
    friend bool operator==(const value& left, const value& right);
    /// Python's <. nullopt where Python raises TypeError ("'<' not supported between instances of 'str' and 'int'").
    [[nodiscard]] static std::optional<bool> less(const value& left, const value& right);
    /// The name Python would print for type(x): "int", "str", "queue.Empty"...
    [[nodiscard]] std::string type_name() const;

private:
    friend class codec::object_graph;
    union scalar {
        std::int64_t integer = 0;
        double floating;
    };
    value(std::shared_ptr<const codec::object_graph> graph, std::uint32_t node) noexcept;

    value_kind kind_ = value_kind::none;
    std::uint32_t node_ = 0;  // index in *graph_; unused for scalars
    scalar scalar_;           // boolean, integer within 64 bits, floating
    std::shared_ptr<const codec::object_graph> graph_;  // null for scalars
};

}  // namespace quaymaster

/// hash() for the standard containers. Throws std::invalid_argument for a value that is unhashable in Python.
template <>
struct std::hash<quaymaster::value> {
    std::size_t operator()(const quaymaster::value& known) const;
};
