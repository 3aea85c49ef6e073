// ndarray: what arrays look like in C++. How numpy pickles them is in ndarray_pickle.cpp.
#include <quaymaster/ndarray.hpp>

#include "codec/ndarray_layout.hpp"
#include "codec/ndarray_pickle.hpp"

#include <algorithm>
#include <array>

namespace quaymaster {

namespace {

/// Copies `count` elements that are `stride` octets apart. A size known to the compiler makes each a plain load and store.
template <std::size_t Size>
std::byte* copy_row(const std::byte* from, std::size_t stride, std::size_t count, std::byte* to)
{
    for (; count > 0; --count, from += stride, to += Size)
        std::memcpy(to, from, Size);
    return to;
}

std::byte* copy_row_of_any(const std::byte* from, std::size_t stride, std::size_t count, std::byte* to, std::size_t size)
{
    switch (size) {
    case 1: return copy_row<1>(from, stride, count, to);
    case 2: return copy_row<2>(from, stride, count, to);
    case 4: return copy_row<4>(from, stride, count, to);
    case 8: return copy_row<8>(from, stride, count, to);
    case 16: return copy_row<16>(from, stride, count, to);
    default: break;
    }
    for (; count > 0; --count, from += stride, to += size)
        std::memcpy(to, from, size);
    return to;
}

void copy_strided(const array_info& from, std::byte* to)
{
    // What is not C-contiguous has two dimensions at least, and elements.
    const std::size_t item_size = from.type.item_size;
    const std::size_t inner = from.shape.size() - 1;
    std::array<std::size_t, codec::array_rank_max> index{};
    const std::byte* row = from.octets.data();
    for (;;) {
        to = copy_row_of_any(row, from.strides[inner] * item_size, from.shape[inner], to, item_size);
        std::size_t dimension = inner;
        for (;;) {
            if (dimension == 0)
                return;
            --dimension;
            row += from.strides[dimension] * item_size;
            if (++index[dimension] < from.shape[dimension])
                break;
            row -= from.shape[dimension] * from.strides[dimension] * item_size;
            index[dimension] = 0;
        }
    }
}

/// How many octets form one number in an element; each such run is in the type's byte order.
std::size_t number_size(const dtype& type)
{
    switch (type.kind) {
    case dtype_kind::complex: return type.item_size / 2;
    case dtype_kind::text: return sizeof(char32_t);
    default: return type.item_size;
    }
}

bool is_contiguous(const array_info& array, bool last_first) noexcept
{
    const std::size_t rank = array.shape.size();
    std::size_t stride = 1;
    for (std::size_t i = 0; i < rank; ++i) {
        const std::size_t dimension = last_first ? rank - 1 - i : i;
        // Along a dimension of one element nobody steps, and without elements nobody does at all.
        if (array.shape[dimension] == 0)
            return true;
        if (array.shape[dimension] > 1 && array.strides[dimension] != stride)
            return array.size() == 0;
        stride *= array.shape[dimension];
    }
    return true;
}

std::string array_text(const array_info& array)
{
    return "ndarray of " + array.type.name() + " with shape " + codec::shape_text(array.shape);
}

}  // namespace

std::string dtype::name() const
{
    const std::size_t bits = item_size * 8;
    if (byte_order == std::endian::native) {
        switch (kind) {
        case dtype_kind::boolean: return "bool";
        case dtype_kind::signed_integer: return "int" + std::to_string(bits);
        case dtype_kind::unsigned_integer: return "uint" + std::to_string(bits);
        case dtype_kind::floating: return "float" + std::to_string(bits);
        case dtype_kind::complex: return "complex" + std::to_string(bits);
        case dtype_kind::timedelta: return "timedelta64";
        case dtype_kind::datetime: return "datetime64";
        case dtype_kind::structure: return "a structured dtype of " + std::to_string(item_size) + " octets";
        case dtype_kind::octets:
        case dtype_kind::raw: return "|" + codec::dtype_code(*this);
        case dtype_kind::text: break;
        }
    }
    return (byte_order == std::endian::big ? ">" : "<") + codec::dtype_code(*this);
}

array_info::array_info() : array_info{dtype::of<std::uint8_t>(), {0}, {}} {}

array_info::array_info(const value& found) : array_info{codec::read_array(found, "ndarray")} {}

array_info::array_info(dtype element_type, std::vector<std::size_t> extents, bytes_view elements)
    : type{element_type}, shape{std::move(extents)}, octets{elements}
{
    if (shape.size() > codec::array_rank_max)
        throw std::invalid_argument{"an array has at most " + std::to_string(codec::array_rank_max) + " dimensions, not " +
                                    std::to_string(shape.size())};
    if (codec::array_octets(shape, type.item_size) != octets.size())
        throw std::invalid_argument{std::to_string(octets.size()) + " octets are no array of " + type.name() + " with shape " +
                                    codec::shape_text(shape)};
    strides = codec::c_strides(shape);
}

std::size_t array_info::size() const noexcept
{
    std::size_t count = 1;
    for (const std::size_t extent : shape)
        if (extent == 0)
            return 0;
    for (const std::size_t extent : shape)
        count *= extent;
    return count;
}

bool array_info::is_c_contiguous() const noexcept
{
    return is_contiguous(*this, true);
}

bool array_info::is_fortran_contiguous() const noexcept
{
    return is_contiguous(*this, false);
}

namespace detail {

array_info array_of(const value& found, dtype wanted, accepted_order order)
{
    const std::string expected = expected_array(wanted);
    array_info array = codec::read_array(found, expected);
    const bool is_foreign = array.type.byte_order != std::endian::native;
    if (array.type.kind == wanted.kind && array.type.item_size == wanted.item_size &&
        (!is_foreign || order == accepted_order::any))
        return array;
    throw conversion_error{"", is_foreign ? expected + " in this machine's byte order" : expected, array_text(array)};
}

array_info array_of_octets(const value& found)
{
    const std::string expected = expected_array_of<std::byte>();
    array_info array = codec::read_array(found, expected);
    if (array.type.item_size != 1 || array.type.kind == dtype_kind::structure)
        throw conversion_error{"", expected, array_text(array)};
    return array;
}

std::string expected_array(dtype wanted)
{
    return "ndarray of " + wanted.name();
}

void fail_span(const array_info& array)
{
    const bool in_order = array.is_c_contiguous();
    throw conversion_error{"", "ndarray in C order whose elements are aligned in memory (contiguous() takes any)",
                           array_text(array) + (in_order ? ", not aligned" : ", in another order")};
}

void fail_index(const std::vector<std::size_t>& shape, std::size_t given)
{
    if (given != shape.size())
        throw std::out_of_range{std::to_string(given) + " indices for an array with shape " + codec::shape_text(shape)};
    throw std::out_of_range{"an index beyond an array with shape " + codec::shape_text(shape)};
}

std::size_t element_count(const std::vector<std::size_t>& shape, std::size_t item_size)
{
    const std::optional<std::size_t> octets = codec::array_octets(shape, item_size);
    if (!octets || shape.size() > codec::array_rank_max)
        throw std::length_error{"an array with shape " + codec::shape_text(shape) + " is too large"};
    return *octets / item_size;
}

void copy_elements(const array_info& from, std::byte* to)
{
    if (from.octets.empty())
        return;
    if (from.is_c_contiguous())
        std::memcpy(to, from.octets.data(), from.octets.size());
    else
        copy_strided(from, to);
    if (from.type.byte_order == std::endian::native)
        return;
    const std::size_t width = number_size(from.type);
    for (std::size_t at = 0; at < from.octets.size(); at += width)
        std::reverse(to + at, to + at + width);
}

}  // namespace detail

}  // namespace quaymaster
