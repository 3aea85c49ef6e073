#include "codec/ndarray_layout.hpp"

#include <algorithm>
#include <cstdint>

namespace quaymaster::codec {

std::optional<std::size_t> array_octets(std::span<const std::size_t> shape, std::size_t item_size) noexcept
{
    constexpr auto octets_max = static_cast<std::size_t>(PTRDIFF_MAX);
    std::size_t octets = std::max<std::size_t>(item_size, 1);
    if (octets > octets_max)
        return std::nullopt;
    bool is_empty = item_size == 0;
    for (const std::size_t extent : shape) {
        is_empty = is_empty || extent == 0;
        if (extent > 1 && octets > octets_max / extent)
            return std::nullopt;
        octets *= std::max<std::size_t>(extent, 1);
    }
    return is_empty ? 0 : octets;
}

std::vector<std::size_t> c_strides(std::span<const std::size_t> shape)
{
    std::vector<std::size_t> strides(shape.size());
    std::size_t stride = 1;
    for (std::size_t dimension = shape.size(); dimension-- > 0;) {
        strides[dimension] = stride;
        stride *= std::max<std::size_t>(shape[dimension], 1);
    }
    return strides;
}

std::vector<std::size_t> fortran_strides(std::span<const std::size_t> shape)
{
    std::vector<std::size_t> strides(shape.size());
    std::size_t stride = 1;
    for (std::size_t dimension = 0; dimension < shape.size(); ++dimension) {
        strides[dimension] = stride;
        stride *= std::max<std::size_t>(shape[dimension], 1);
    }
    return strides;
}

std::string shape_text(std::span<const std::size_t> shape)
{
    std::string text = "(";
    for (const std::size_t extent : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace quaymaster::codec
