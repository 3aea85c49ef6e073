// ndarray: numpy's arrays without numpy. What a Python program puts as a numpy.ndarray, and what it gets as one.
#pragma once

#include <quaymaster/bytes.hpp>
#include <quaymaster/conversion.hpp>
#include <quaymaster/errors.hpp>
#include <quaymaster/value.hpp>

#include <bit>
#include <cassert>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace quaymaster {

/// What an array's elements are: numpy's dtype.kind. `octets` and `text` are of a fixed size, padded with zeros; `text` is
/// UTF-32.
enum class dtype_kind : std::uint8_t {
    boolean, signed_integer, unsigned_integer, floating, complex, timedelta, datetime, octets, text, raw, structure,
};

/// The types that elements may have in C++. std::byte stands for any element of one octet.
template <class T>
concept array_element = (std::integral<T> && !detail::character<T> && sizeof(T) <= sizeof(std::uint64_t)) ||
                        detail::one_of<T, float, double, std::complex<float>, std::complex<double>, std::byte>;

/// The type of an array's elements: numpy.dtype.
struct dtype {
    dtype_kind kind = dtype_kind::raw;
    std::size_t item_size = 0;                     // octets
    std::endian byte_order = std::endian::native;  // of each number in an element; elements without numbers are native

    /// What numpy calls a T; a std::byte is its uint8.
    template <array_element T>
    [[nodiscard]] static constexpr dtype of() noexcept
    {
        if constexpr (std::same_as<T, bool>)
            return {dtype_kind::boolean, sizeof(T)};
        else if constexpr (std::signed_integral<T>)
            return {dtype_kind::signed_integer, sizeof(T)};
        else if constexpr (std::unsigned_integral<T> || std::same_as<T, std::byte>)
            return {dtype_kind::unsigned_integer, sizeof(T)};
        else if constexpr (std::floating_point<T>)
            return {dtype_kind::floating, sizeof(T)};
        else
            return {dtype_kind::complex, sizeof(T)};
    }
    /// As numpy prints it: "float32", "uint8", "bool", "<U3"; ">f4" for what is not in this machine's byte order.
    [[nodiscard]] std::string name() const;

    friend bool operator==(const dtype&, const dtype&) = default;
};

/// An array as it was found, for who does not know the type of its elements: what they are, and where.
/// Lifetime: shares `owner`, and with it the memory that the array was received in; nothing is copied.
/// Thread safety: as a struct of its members; the octets never change.
struct array_info {
    dtype type;
    std::vector<std::size_t> shape;    // at most 64 dimensions; none for an array of one element, as numpy has them
    std::vector<std::size_t> strides;  // in elements, not in octets as in numpy, one for each dimension
    bytes_view octets;                 // all elements, without gaps, at any address: they need not be aligned
    value owner;                       // keeps the octets; None if they are borrowed from elsewhere

    /// An array of no elements: shape (0,), type uint8.
    array_info();
    /// `found` as an array. Reads what numpy 1 and 2 pickle with protocols 0 to 5, subclasses such as matrix and memmap
    /// included unless they add to it; a shape is believed only if it comes to exactly the octets that there are.
    /// Throws conversion_error for anything else, among it masked arrays, arrays of Python objects, and StringDType.
    explicit array_info(const value& found);
    /// `octets` borrowed, in C order. Throws std::invalid_argument if they are not as many as `shape` needs.
    array_info(dtype type, std::vector<std::size_t> shape, bytes_view octets);

    /// The number of elements.
    [[nodiscard]] std::size_t size() const noexcept;
    /// True if the last index varies fastest and no element is skipped: C order.
    [[nodiscard]] bool is_c_contiguous() const noexcept;
    /// True if the first index varies fastest: Fortran order. An array of one dimension is both.
    [[nodiscard]] bool is_fortran_contiguous() const noexcept;
};

/// True if `found` was made by the functions that numpy pickles arrays with. array_info may still refuse it.
[[nodiscard]] bool is_ndarray(const value& found) noexcept;

namespace detail {

/// `found` as an array of `wanted` elements: the same kind and size and, for a view, in this machine's byte order.
enum class accepted_order : bool { native, any };
[[nodiscard]] array_info array_of(const value& found, dtype wanted, accepted_order order);
/// array_of() for std::byte: any elements of one octet.
[[nodiscard]] array_info array_of_octets(const value& found);
[[nodiscard]] std::string expected_array(dtype wanted);
[[noreturn]] void fail_span(const array_info& array);
[[noreturn]] void fail_index(const std::vector<std::size_t>& shape, std::size_t given);
/// The product of `shape`. Throws std::length_error if so many elements of `item_size` octets cannot be.
[[nodiscard]] std::size_t element_count(const std::vector<std::size_t>& shape, std::size_t item_size);
/// The elements in C order and native byte order to `to`, which has room for all.
void copy_elements(const array_info& from, std::byte* to);
void encode_array(pickle_encoder& output, const array_info& array);
void encode_array(pickle_encoder& output, const std::vector<std::size_t>& shape, const std::vector<bool>& elements);

template <array_element T>
[[nodiscard]] array_info typed_array_of(const value& found, accepted_order order)
{
    if constexpr (std::same_as<T, std::byte>)
        return array_of_octets(found);
    else
        return array_of(found, dtype::of<T>(), order);
}

template <array_element T>
[[nodiscard]] std::string expected_array_of()
{
    return std::same_as<T, std::byte> ? std::string{"ndarray of one-octet elements"} : expected_array(dtype::of<T>());
}

/// True if `indices` are one for each dimension of `shape`, and within it.
template <std::integral... Index>
[[nodiscard]] bool is_within(const std::vector<std::size_t>& shape, Index... indices) noexcept
{
    if (sizeof...(indices) != shape.size())
        return false;
    [[maybe_unused]] std::size_t dimension = 0;
    return (std::cmp_less(indices, shape[dimension++]) && ... && true) && (std::cmp_greater_equal(indices, 0) && ... && true);
}

}  // namespace detail

/// An array with its own elements, in C order: to make one and put it, or to keep or change what was received.
/// Written as a numpy.ndarray that numpy 1 and 2 load, Python 2's included. Read from one with elements of the same kind and
/// size (float32 for float), whatever their order in memory, which is a copy; ndarray_view reads without.
/// Thread safety: as a std::vector.
template <array_element T>
class ndarray {
public:
    using value_type = T;
    using reference = typename std::vector<T>::reference;
    using const_reference = typename std::vector<T>::const_reference;

    /// No elements: shape (0,).
    ndarray() : shape_{0} {}
    /// All zero. Throws std::length_error for a shape beyond the memory that there can be, or of more than 64 dimensions.
    explicit ndarray(std::vector<std::size_t> shape)
        : shape_{std::move(shape)}, elements_(detail::element_count(shape_, sizeof(T)))
    {
    }
    /// `elements` in C order. Throws std::invalid_argument if they are not as many as `shape` needs, and as above.
    ndarray(std::vector<std::size_t> shape, std::vector<T> elements) : shape_{std::move(shape)}, elements_{std::move(elements)}
    {
        if (detail::element_count(shape_, sizeof(T)) != elements_.size())
            throw std::invalid_argument{std::to_string(elements_.size()) + " elements do not fill the array's shape"};
    }

    [[nodiscard]] std::size_t rank() const noexcept { return shape_.size(); }
    [[nodiscard]] const std::vector<std::size_t>& shape() const noexcept { return shape_; }
    [[nodiscard]] std::size_t extent(std::size_t dimension) const { return shape_.at(dimension); }
    /// The number of elements.
    [[nodiscard]] std::size_t size() const noexcept { return elements_.size(); }
    [[nodiscard]] bool empty() const noexcept { return elements_.empty(); }

    /// The element at `indices`, one for each dimension; unchecked.
    template <std::integral... Index>
    [[nodiscard]] reference operator()(Index... indices) noexcept
    {
        return elements_[offset(indices...)];
    }
    template <std::integral... Index>
    [[nodiscard]] const_reference operator()(Index... indices) const noexcept
    {
        return elements_[offset(indices...)];
    }
    /// The same; throws std::out_of_range for a wrong number of indices, or one beyond its dimension.
    template <std::integral... Index>
    [[nodiscard]] reference at(Index... indices)
    {
        check(indices...);
        return elements_[offset(indices...)];
    }
    template <std::integral... Index>
    [[nodiscard]] const_reference at(Index... indices) const
    {
        check(indices...);
        return elements_[offset(indices...)];
    }

    /// All elements in C order; borrowed.
    [[nodiscard]] std::span<T> span() & noexcept requires(!std::same_as<T, bool>) { return elements_; }
    [[nodiscard]] std::span<const T> span() const& noexcept requires(!std::same_as<T, bool>) { return elements_; }
    std::span<const T> span() const&& = delete;  // what it would look at ends with this statement
    [[nodiscard]] const std::vector<T>& elements() const noexcept { return elements_; }

    friend bool operator==(const ndarray&, const ndarray&) = default;

private:
    template <std::integral... Index>
    [[nodiscard]] std::size_t offset(Index... indices) const noexcept
    {
        assert(detail::is_within(shape_, indices...));
        std::size_t at = 0;
        [[maybe_unused]] std::size_t dimension = 0;
        ((at = at * shape_[dimension++] + static_cast<std::size_t>(indices)), ...);
        return at;
    }
    template <std::integral... Index>
    void check(Index... indices) const
    {
        if (!detail::is_within(shape_, indices...))
            detail::fail_index(shape_, sizeof...(indices));
    }

    std::vector<std::size_t> shape_;
    std::vector<T> elements_;
};

/// A look at an array's elements where they were received, without a copy: a multi-dimensional span that keeps them alive. Or,
/// borrowed, at memory of yours, to put it without an ndarray of its own.
///
///     const ndarray_view<std::uint8_t> image = frames.get();     // queue_proxy<ndarray_view<std::uint8_t>>
///     for (std::size_t y = 0; y < image.extent(0); ++y)
///         sum += image(y, 0);
///
/// Of elements that are a T in this machine's byte order; others throw conversion_error, and ndarray<T> reads those in the
/// other byte order. A pickle's octets lie at any address, so elements are loaded one by one with operator(), which works
/// anywhere and compiles to a plain load; span() is for those that happen to be aligned, as elements of one octet always are,
/// and contiguous() for all.
/// Lifetime: shares the memory that the whole item was received in. Thread safety: immutable; use from any thread.
template <array_element T>
class ndarray_view {
public:
    using value_type = T;

    /// No elements: shape (0,).
    ndarray_view() { info_.type = dtype::of<T>(); }
    /// Throws conversion_error as array_info does, and for elements that are no T.
    explicit ndarray_view(const value& found) : info_{detail::typed_array_of<T>(found, detail::accepted_order::native)} {}
    /// `elements` in C order, borrowed: they must outlive the view. Throws std::invalid_argument if they are not as many as
    /// `shape` needs.
    ndarray_view(std::span<const T> elements, std::vector<std::size_t> shape)
        : info_{dtype::of<T>(), std::move(shape), std::as_bytes(elements)}
    {
    }

    [[nodiscard]] std::size_t rank() const noexcept { return info_.shape.size(); }
    [[nodiscard]] const std::vector<std::size_t>& shape() const noexcept { return info_.shape; }
    [[nodiscard]] std::size_t extent(std::size_t dimension) const { return info_.shape.at(dimension); }
    /// How many elements lie between neighbours in each dimension: elements, not octets as in numpy.
    [[nodiscard]] const std::vector<std::size_t>& strides() const noexcept { return info_.strides; }
    /// The number of elements.
    [[nodiscard]] std::size_t size() const noexcept { return info_.octets.size() / sizeof(T); }
    [[nodiscard]] bool empty() const noexcept { return info_.octets.empty(); }
    [[nodiscard]] bool is_c_contiguous() const noexcept { return info_.is_c_contiguous(); }
    [[nodiscard]] bool is_fortran_contiguous() const noexcept { return info_.is_fortran_contiguous(); }
    /// True if the elements lie where a T may.
    [[nodiscard]] bool is_aligned() const noexcept
    {
        return reinterpret_cast<std::uintptr_t>(info_.octets.data()) % alignof(T) == 0;
    }
    [[nodiscard]] const array_info& info() const noexcept { return info_; }

    /// The element at `indices`, one for each dimension; unchecked. Of a bool any octet but 0 is true.
    template <std::integral... Index>
    [[nodiscard]] T operator()(Index... indices) const noexcept
    {
        assert(detail::is_within(info_.shape, indices...));
        return load(indices...);
    }
    /// The same; throws std::out_of_range for a wrong number of indices, or one beyond its dimension.
    template <std::integral... Index>
    [[nodiscard]] T at(Index... indices) const
    {
        if (!detail::is_within(info_.shape, indices...))
            detail::fail_index(info_.shape, sizeof...(indices));
        return load(indices...);
    }

    /// All elements in C order, where they are. Throws conversion_error if they are not in C order or not aligned. Valid as
    /// long as the view, or a copy of it.
    [[nodiscard]] std::span<const T> span() const& requires(
        !std::same_as<T, bool>)  // a bool that is neither 0 nor 1 is undefined in C++, and Python can send it
    {
        if (!empty() && (!is_c_contiguous() || !is_aligned()))
            detail::fail_span(info_);
        return in_place();
    }
    std::span<const T> span() const&& = delete;  // what it would look at ends with this statement
    /// All elements in C order: where they are if that is possible, else copied into `spare`, which may then be larger. Valid
    /// as long as both. Keep `spare` from array to array, and the copies allocate nothing.
    [[nodiscard]] std::span<const T> contiguous(std::vector<T>& spare) const& requires(!std::same_as<T, bool>)
    {
        if (empty() || (is_c_contiguous() && is_aligned()))
            return in_place();
        if (spare.size() < size())
            spare.resize(size());
        detail::copy_elements(info_, reinterpret_cast<std::byte*>(spare.data()));
        return std::span{spare}.first(size());
    }
    std::span<const T> contiguous(std::vector<T>& spare) const&& = delete;

    /// An array of its own with the same elements.
    [[nodiscard]] ndarray<T> copy() const { return copy_of(info_); }

private:
    friend struct converter<ndarray<T>>;

    template <std::integral... Index>
    [[nodiscard]] T load(Index... indices) const noexcept
    {
        std::size_t at = 0;
        [[maybe_unused]] const std::size_t* stride = info_.strides.data();
        ((at += static_cast<std::size_t>(indices) * *stride++), ...);
        const std::byte* const octets = info_.octets.data() + at * sizeof(T);
        if constexpr (std::same_as<T, bool>) {
            return *octets != std::byte{0};
        } else {
            T element;
            std::memcpy(&element, octets, sizeof element);
            return element;
        }
    }
    [[nodiscard]] std::span<const T> in_place() const noexcept
    {
        return empty() ? std::span<const T>{} : std::span{reinterpret_cast<const T*>(info_.octets.data()), size()};
    }
    [[nodiscard]] static ndarray<T> copy_of(const array_info& info)
    {
        std::vector<std::conditional_t<std::same_as<T, bool>, std::uint8_t, T>> elements(info.size());
        detail::copy_elements(info, reinterpret_cast<std::byte*>(elements.data()));
        if constexpr (std::same_as<T, bool>)
            return {info.shape, std::vector<bool>(elements.begin(), elements.end())};
        else
            return {info.shape, std::move(elements)};
    }

    static_assert(sizeof(bool) == 1);
    array_info info_;
};

template <array_element T>
struct converter<ndarray<T>> {
    static void encode(pickle_encoder& output, const ndarray<T>& known)
    {
        if constexpr (std::same_as<T, bool>)
            detail::encode_array(output, known.shape(), known.elements());
        else
            detail::encode_array(output, {dtype::of<T>(), known.shape(), std::as_bytes(known.span())});
    }
    static ndarray<T> decode(const value& found)
    {
        return ndarray_view<T>::copy_of(detail::typed_array_of<T>(found, detail::accepted_order::any));
    }
    static std::string expected() { return detail::expected_array_of<T>(); }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::object; }
};

template <array_element T>
struct converter<ndarray_view<T>> {
    static void encode(pickle_encoder& output, const ndarray_view<T>& known) { detail::encode_array(output, known.info()); }
    static ndarray_view<T> decode(const value& found) { return ndarray_view<T>{found}; }
    static std::string expected() { return detail::expected_array_of<T>(); }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::object; }
};

/// Read only.
template <>
struct converter<array_info> {
    static array_info decode(const value& found) { return array_info{found}; }
    static std::string expected() { return "ndarray"; }
    static bool is_native(value_kind kind) noexcept { return kind == value_kind::object; }
};

}  // namespace quaymaster
