#include "core/value_order.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace quaymaster::core {
namespace {

// A list may contain itself; no message is worth following it further than this.
constexpr int depth_max = 1000;

bool compares_by_item(const value& left, const value& right)
{
    return left.kind() == right.kind() && (left.kind() == value_kind::tuple || left.kind() == value_kind::list);
}

// CPython names a class in this message without its module.
std::string class_name(const value& instance)
{
    std::string name = instance.type_name();
    if (const std::size_t dot = name.rfind('.'); dot != std::string::npos)
        name.erase(0, dot + 1);
    return name;
}

}  // namespace

raised unordered_error(const value& left, const value& right)
{
    value a = left;
    value b = right;
    for (int depth = 0; depth < depth_max && compares_by_item(a, b); ++depth) {
        const std::size_t shared = std::min(a.size(), b.size());
        std::size_t index = 0;
        while (index < shared && a[index] == b[index])
            ++index;
        if (index == shared)
            break;
        value inner_a = a[index];
        value inner_b = b[index];
        a = std::move(inner_a);
        b = std::move(inner_b);
    }
    return {exception_type::type_error,
            "'<' not supported between instances of '" + class_name(a) + "' and '" + class_name(b) + "'"};
}

}  // namespace quaymaster::core
