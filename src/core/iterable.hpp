// iterable: what Python's iter() gives of an object, as far as that can be known without running Python.
#pragma once

#include "core/call.hpp"

#include <quaymaster/value.hpp>

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace quaymaster::core {

/// How many items are made of an object that does not hold them as objects: a range takes a few octets of a pickle however
/// many numbers it stands for, and a str or bytes one octet for each. CPython has no such limit but its memory.
inline constexpr std::size_t iterated_items_max = std::size_t{1} << 24;

/// The items that iterating `iterable` gives, in order: of a list, tuple, set or frozenset its items, of a dict its keys, of
/// a str its characters (of Python 2's str its octets as such), of bytes and bytearray ints, of a range or xrange its
/// numbers, of the iterator of a list what is left of it, of a deque, OrderedDict, Counter, defaultdict or array.array
/// what those hold.
/// Items share the graph of `iterable`. What a forged pickle enters twice into a set or dict comes twice.
/// type_error ("'int' object is not iterable") for everything else, an instance of an unknown class among it: only its
/// class knows whether it can be iterated. memory_error beyond iterated_items_max of a range, str or bytes; overflow_error
/// for a range with numbers beyond 64 bits.
[[nodiscard]] std::variant<std::vector<value>, raised> items_of(const value& iterable);

/// `part` in a graph of its own if the one that it belongs to is large, as that of an item of a large list is: to write a
/// value out takes time and memory in the size of its graph. What keeps the objects of its proxies alive goes along.
[[nodiscard]] value detached(const value& part);

/// What CPython's messages call the class of `instance`: "int", "NoneType", and of other classes the name without the module.
[[nodiscard]] std::string class_name_of(const value& instance);

}  // namespace quaymaster::core
