// value_fuzz: two pickles, compared, hashed, shown and read as arrays. The first octet says where the first one ends.
#include "codec/pickle_decoder.hpp"

#include <quaymaster/literal.hpp>
#include <quaymaster/ndarray.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

namespace {

using namespace quaymaster;

void expect(bool truth)
{
    if (!truth)
        std::abort();
}

value decoded(bytes_view pickle)
{
    try {
        return codec::value_from_pickle(pickle);
    } catch (const pickle_error&) {
        return {};
    }
}

void show(const value& known)
{
    constexpr std::size_t size_max = 4096;
    const std::string text = known.repr(size_max);
    expect(text.size() <= size_max);
    expect(value{text}.text() == text);  // UTF-8 even where it was cut
    try {
        static_cast<void>(parse_json(to_json(known, size_max)));
    } catch (const std::invalid_argument&) {
    } catch (const std::length_error&) {
    } catch (const literal_error&) {  // deeper than a literal may be, or with more digits
    }
}

void read_array(const value& known)
{
    static_cast<void>(detail::numpy_scalar(known));
    try {
        const array_info array{known};
        expect(is_ndarray(known));
        expect(array.size() * array.type.item_size == array.octets.size());
        bytes elements(array.octets.size());
        detail::copy_elements(array, elements.data());
        static_cast<void>(ndarray_view<std::uint8_t>{known});
    } catch (const conversion_error&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const bytes_view pickles{reinterpret_cast<const std::byte*>(data + 1), size - 1};
    const std::size_t cut = std::min<std::size_t>(data[0], pickles.size());
    const value left = decoded(pickles.first(cut));
    const value right = decoded(pickles.subspan(cut));

    const bool equal = left == right;
    expect(equal == (right == left));
    if (equal && left.hash() && right.hash())
        expect(left.hash() == right.hash());
    const auto less = value::less(left, right);
    const auto greater = value::less(right, left);
    expect(less.has_value() == greater.has_value());
    expect(!(less == true && greater == true));
    expect(!(less == true && equal));
    show(left);
    show(right);
    read_array(left);
    read_array(right);
    return 0;
}
