// ndarray_echo: takes numpy's arrays and scalars out of one queue and says in another what it has seen of each: its type, shape
// and order, and the array itself, as a copy and as a view. Ends with None. usage: ndarray_echo HOST PORT AUTHKEY_FILE
#include <quaymaster/quaymaster.hpp>

#include <boost/describe/class.hpp>

#include <charconv>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace quaymaster;

/// In Python: {'dtype': 'float32', 'shape': [2, 3], ...}; what does not apply is None.
struct answer {
    std::string dtype;
    std::vector<std::size_t> shape;
    bool is_c = false;
    bool is_fortran = false;
    value copy;
    value view;
    std::optional<double> scalar;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(answer, (), (dtype, shape, is_c, is_fortran, copy, view, scalar, error))

struct echo_manager : base_manager {
    using base_manager::base_manager;
    auto get_arrays() { return create<queue_proxy<value>>("get_arrays"); }
    auto get_answers() { return create<queue_proxy<answer>>("get_answers"); }
};

template <class T>
bool add_typed(const value& found, const array_info& info, answer& seen)
{
    if (info.type.kind != dtype::of<T>().kind || info.type.item_size != sizeof(T))
        return false;
    seen.copy = to_value(decode<ndarray<T>>(found));
    if (info.type.byte_order == std::endian::native)
        seen.view = to_value(ndarray_view<T>{found});
    return true;
}

template <class... Types>
void add_of(const value& found, const array_info& info, answer& seen)
{
    if (!(add_typed<Types>(found, info, seen) || ...))
        seen.error = "no C++ type for " + info.type.name();
}

answer look_at(const value& found)
{
    answer seen;
    try {
        if (!is_ndarray(found)) {
            seen.scalar = decode<double>(found);
            return seen;
        }
        const array_info info{found};
        seen.dtype = info.type.name();
        seen.shape = info.shape;
        seen.is_c = info.is_c_contiguous();
        seen.is_fortran = info.is_fortran_contiguous();
        add_of<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
               std::uint64_t, float, double, std::complex<float>, std::complex<double>>(found, info, seen);
    } catch (const conversion_error& misfit) {
        seen.error = misfit.what();
    }
    return seen;
}

}  // namespace

int main(int argc, char** argv)
try {
    if (argc != 4) {
        std::cerr << "usage: ndarray_echo HOST PORT AUTHKEY_FILE\n";
        return 2;
    }
    std::uint16_t port = 0;
    std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), port);
    echo_manager manager{{argv[1], port}, authkey::from_file(argv[3])};
    manager.connect();
    const auto arrays = manager.get_arrays();
    const auto answers = manager.get_answers();
    for (value next = arrays.get(); !next.is_none(); next = arrays.get())
        answers.put(look_at(next));
} catch (const std::exception& failure) {
    std::cerr << "ndarray_echo: " << failure.what() << '\n';
    return 1;
}
