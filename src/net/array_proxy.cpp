#include <quaymaster/array_proxy.hpp>

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <cstring>
#include <string_view>

namespace quaymaster {
namespace {

/// The octets of `Number`s in this machine's layout, as a list; None if they do not come out even.
template <class Number>
value list_of(bytes_view octets)
{
    if (octets.size() % sizeof(Number) != 0)
        return {};
    std::vector<Number> numbers(octets.size() / sizeof(Number));
    if (!numbers.empty())
        std::memcpy(numbers.data(), octets.data(), octets.size());
    return to_value(numbers);
}

/// Sizes of C types, as array.array has them; None for a typecode that is no number's.
value numbers_of(std::string_view typecode, bytes_view octets)
{
    switch (typecode.size() == 1 ? typecode.front() : '\0') {
    case 'b': return list_of<signed char>(octets);
    case 'B': return list_of<unsigned char>(octets);
    case 'h': return list_of<short>(octets);
    case 'H': return list_of<unsigned short>(octets);
    case 'i': return list_of<int>(octets);
    case 'I': return list_of<unsigned>(octets);
    case 'l': return list_of<long>(octets);
    case 'L': return list_of<unsigned long>(octets);
    case 'q': return list_of<long long>(octets);
    case 'Q': return list_of<unsigned long long>(octets);
    case 'f': return list_of<float>(octets);
    case 'd': return list_of<double>(octets);
    default: return {};
    }
}

}  // namespace

value detail::items_of_array(const value& found)
{
    if (found.kind() == value_kind::list || found.kind() == value_kind::tuple)
        return found;
    if (found.kind() == value_kind::object && found.module_name() == "array" && found.qualified_name() == "array") {
        const value arguments = found.arguments();
        if (arguments.size() == 1)
            return value::list({});
        if (arguments.size() == 2) {
            value items = arguments[1];
            if (items.kind() == value_kind::list)
                return items;
            if (items.kind() == value_kind::bytes || items.kind() == value_kind::byte_string)
                if (value numbers = numbers_of(arguments[0].text(), items.octets()); !numbers.is_none())
                    return numbers;
        }
    }
    fail("array of numbers", found);
}

}  // namespace quaymaster
