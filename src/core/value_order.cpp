#include "core/value_order.hpp"

#include "codec/value_compare.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace quaymaster::core {
namespace {

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
    // One pass: to look for the pair level by level, comparing what is below each time, would cost the depth times the size.
    const auto [a, b] = codec::unordered_pair(left, right).value_or(std::pair{left, right});
    return {exception_type::type_error,
            "'<' not supported between instances of '" + class_name(a) + "' and '" + class_name(b) + "'"};
}

}  // namespace quaymaster::core
