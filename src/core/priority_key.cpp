#include "core/priority_key.hpp"

#include <algorithm>

namespace quaymaster::core {

priority_key::priority_key(const value& item)
{
    switch (item.kind()) {
    case value_kind::tuple: shape_ = shape::tuple; break;
    case value_kind::list: shape_ = shape::list; break;
    default:
        if (add(item))
            shape_ = shape::number;
        return;
    }
    const std::size_t size = item.size();
    for (std::size_t i = 0; i < std::min(size, numbers_max); ++i) {
        if (!add(item[i]))
            return;
    }
    is_whole_ = size == count_;
}

std::optional<bool> priority_key::less(const priority_key& left, const priority_key& right)
{
    if (left.shape_ != right.shape_ || left.shape_ == shape::other)
        return std::nullopt;
    if (left.shape_ == shape::number)
        return value::less(left.number(0), right.number(0));
    const std::size_t shared = std::min(left.count_, right.count_);
    for (std::size_t i = 0; i < shared; ++i) {
        const value a = left.number(i);
        const value b = right.number(i);
        if (!(a == b))
            return value::less(a, b);
    }
    // Equal so far: of two sequences the one that ends here is the smaller.
    if (right.is_whole_ && right.count_ == shared)
        return false;
    if (left.is_whole_ && left.count_ == shared)
        return true;
    return std::nullopt;
}

// False if `number` is none, or too large to be kept here.
bool priority_key::add(const value& number) noexcept
{
    if (number.kind() == value_kind::floating) {
        numbers_[count_].floating = *number.to_double();
        is_floating_[count_] = true;
    } else if (const auto integer = number.to_int64()) {
        numbers_[count_].integer = *integer;
    } else {
        return false;
    }
    ++count_;
    return true;
}

value priority_key::number(std::size_t index) const noexcept
{
    return is_floating_[index] ? value{numbers_[index].floating} : value{numbers_[index].integer};
}

}  // namespace quaymaster::core
