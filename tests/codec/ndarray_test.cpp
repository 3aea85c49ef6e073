#include <quaymaster/literal.hpp>
#include <quaymaster/ndarray.hpp>

#include "codec/codec_testing.hpp"
#include "codec/numpy_pickles.hpp"

#include <boost/describe/class.hpp>
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <optional>
#include <variant>

using namespace quaymaster;
namespace captured = quaymaster::numpy_pickles;

namespace {

using shape = std::vector<std::size_t>;

value from_hex(std::string_view hex)
{
    return codec::value_from_pickle(codec::from_hex(hex));
}

/// A pickle as numpy writes it under protocol 0, of parts that are opcodes: an array with any state.
std::string array_pickle(const std::string& shape_opcodes, const std::string& dtype_opcodes, const std::string& data_opcodes,
                         const std::string& fortran_opcodes = "I00\n", const std::string& version_opcodes = "I1\n")
{
    return "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(" + version_opcodes + shape_opcodes +
           dtype_opcodes + fortran_opcodes + data_opcodes + "tb.";
}

/// A dtype with any state: by default the rest of a plain one.
std::string dtype_opcodes(const std::string& code, const std::string& order = "<",
                          const std::string& rest = "NNNI-1\nI-1\nI0\n")
{
    return "cnumpy\ndtype\n(S'" + code + "'\nI0\nI1\ntR(I3\nS'" + order + "'\n" + rest + "tb";
}

/// `_frombuffer(...)` of protocol 5 with parts of any kind.
value from_buffer(const value& data, const value& type, const value& extents, const value& order,
                  std::optional<value> axes = std::nullopt)
{
    std::vector<value> parts{data, type, extents, order};
    if (axes)
        parts.push_back(*axes);
    return value::object(value::global("numpy._core.numeric", "_frombuffer"), parts);
}

value plain_dtype(std::string_view code)
{
    return value::object(value::global("numpy", "dtype"), {value{code}, value{false}, value{true}});
}

/// What an array_info finds wrong with `found`; "no error" if nothing.
std::string problem(const value& found)
{
    try {
        static_cast<void>(array_info{found});
        return "no error";
    } catch (const conversion_error& error) {
        CHECK(error.expected() == "ndarray");
        return error.found();
    }
}

std::string problem_in(const std::string& pickle)
{
    return problem(codec::value_from_pickle(as_bytes(pickle)));
}

template <class T>
std::string typed_problem(const value& found)
{
    try {
        static_cast<void>(decode<T>(found));
        return "no error";
    } catch (const conversion_error& error) {
        return error.what();
    }
}

template <class T>
void check_round_trip(const ndarray<T>& array)
{
    CHECK(from_pickle<ndarray<T>>(to_pickle(array)) == array);
    CHECK(from_pickle<ndarray<T>>(to_pickle(array, pickle_encoder::dialect::python2)) == array);
    CHECK(ndarray_view<T>{to_value(array)}.copy() == array);
}

/// The octets of `from`, `offset` octets behind an address that any type may lie at.
bytes_view placed(bytes& memory, bytes_view from, std::size_t offset)
{
    constexpr std::size_t alignment = alignof(std::max_align_t);
    memory.resize(from.size() + 2 * alignment);
    const std::size_t beyond = reinterpret_cast<std::uintptr_t>(memory.data()) % alignment;
    std::byte* const at = memory.data() + (alignment - beyond) + offset;
    std::copy(from.begin(), from.end(), at);
    return {at, from.size()};
}

struct frame {
    int number = 0;
    ndarray<std::uint8_t> image;
};
BOOST_DESCRIBE_STRUCT(frame, (), (number, image))

}  // namespace

TEST_CASE("an ndarray is read from every form that numpy pickles it in", "[codec][ndarray]")
{
    const ndarray<float> expected{{2, 3}, {0, 1, 2, 3, 4, 5}};
    const std::string_view forms[] = {
        captured::numpy1_protocol0,  captured::numpy1_protocol1,  captured::numpy1_protocol2,  captured::numpy1_protocol3,
        captured::numpy1_protocol4,  captured::numpy1_protocol5,  captured::numpy2_protocol2,  captured::numpy2_protocol4,
        captured::numpy2_protocol5,  captured::python2_protocol0, captured::python2_protocol2, captured::fortran_protocol2,
        captured::fortran_protocol5, captured::read_only,
    };
    for (const std::string_view hex : forms) {
        const value found = from_hex(hex);
        CAPTURE(found.repr());
        CHECK(is_ndarray(found));
        CHECK(decode<ndarray<float>>(found) == expected);

        const ndarray_view<float> view{found};
        CHECK(view.shape() == shape{2, 3});
        CHECK(view.rank() == 2);
        CHECK(view.size() == 6);
        CHECK(view(0, 1) == 1);
        CHECK(view.at(1, 2) == 5);
        CHECK(view.copy() == expected);
    }
    CHECK(decode<ndarray<float>>(from_hex(captured::with_gaps)) == ndarray<float>{{2, 2}, {0, 2, 3, 5}});
    CHECK(decode<ndarray<std::uint8_t>>(from_hex(captured::matrix)) == ndarray<std::uint8_t>{{1, 2}, {1, 2}});
}

TEST_CASE("an array's elements have the type that numpy says", "[codec][ndarray]")
{
    CHECK(decode<ndarray<bool>>(from_hex(captured::of_bool)) == ndarray<bool>{{3}, {true, false, true}});
    CHECK(decode<ndarray<std::int16_t>>(from_hex(captured::of_int16)) == ndarray<std::int16_t>{{3}, {1, 0, 200}});
    CHECK(decode<ndarray<std::uint64_t>>(from_hex(captured::of_uint64)) == ndarray<std::uint64_t>{{3}, {1, 0, 200}});
    CHECK(decode<ndarray<double>>(from_hex(captured::of_float64)) == ndarray<double>{{3}, {1, 0, 200}});
    CHECK(decode<ndarray<std::complex<float>>>(from_hex(captured::of_complex64)) ==
          ndarray<std::complex<float>>{{3}, {1, 0, 200}});
    CHECK(array_info{from_hex(captured::of_uint64)}.type == dtype::of<std::uint64_t>());

    SECTION("no other type will do: nothing is converted")
    {
        const value floats = from_hex(captured::of_float64);
        CHECK(typed_problem<ndarray<float>>(floats) == "expected ndarray of float32, found ndarray of float64 with shape (3,)");
        CHECK(typed_problem<ndarray_view<std::int64_t>>(floats) ==
              "expected ndarray of int64, found ndarray of float64 with shape (3,)");
        CHECK(typed_problem<ndarray<std::byte>>(floats) ==
              "expected ndarray of one-octet elements, found ndarray of float64 with shape (3,)");
        CHECK(typed_problem<ndarray<std::uint8_t>>(from_hex(captured::of_bool)) ==
              "expected ndarray of uint8, found ndarray of bool with shape (3,)");
        CHECK(typed_problem<ndarray<float>>(value{"text"}) == "expected ndarray of float32, found str 'text'");
        CHECK(typed_problem<std::vector<ndarray<float>>>(value::list({value{1.5}})) ==
              "[0]: expected ndarray of float32, found float 1.5");
    }
    SECTION("but std::byte takes any of one octet")
    {
        const ndarray_view<std::byte> octets{from_hex(captured::of_bool)};
        CHECK(octets(2) == std::byte{1});
    }
    SECTION("a bool is true for any octet but 0, and only 0 and 1 go out")
    {
        const value found =
            from_buffer(value{bytes{std::byte{0}, std::byte{7}}}, plain_dtype("b1"), parse_literal("(2,)"), value{"C"});
        const ndarray_view<bool> view{found};
        CHECK_FALSE(view(0));
        CHECK(view(1));
        CHECK(view.copy() == ndarray<bool>{{2}, {false, true}});
        CHECK(ndarray_view<std::byte>{to_value(view.copy())}(1) == std::byte{1});
    }
}

TEST_CASE("array_info tells of arrays whose type nobody knows", "[codec][ndarray]")
{
    const array_info image{from_hex(captured::numpy1_protocol5)};
    CHECK(image.type == dtype{dtype_kind::floating, 4});
    CHECK(image.type.name() == "float32");
    CHECK(image.shape == shape{2, 3});
    CHECK(image.strides == shape{3, 1});
    CHECK(image.octets.size() == 24);
    CHECK(image.size() == 6);
    CHECK(image.is_c_contiguous());

    CHECK(array_info{from_hex(captured::datetimes)}.type == dtype{dtype_kind::datetime, 8});
    CHECK(array_info{from_hex(captured::words)}.type == dtype{dtype_kind::text, 8});
    CHECK(array_info{from_hex(captured::words)}.type.name() == "<U2");
    CHECK(array_info{from_hex(captured::structured)}.type == dtype{dtype_kind::structure, 12});
    CHECK(array_info{from_hex(captured::structured)}.octets.size() == 12);
    CHECK(array_info{from_hex(captured::big_endian)}.type == dtype{dtype_kind::floating, 4, std::endian::big});

    CHECK_FALSE(is_ndarray(value{}));
    CHECK_FALSE(is_ndarray(value{"text"}));
    CHECK_FALSE(is_ndarray(from_hex(captured::masked)));
    CHECK(array_info{}.size() == 0);
    CHECK(decode<array_info>(from_hex(captured::of_bool)).type == dtype::of<bool>());
}

TEST_CASE("orders of elements in memory", "[codec][ndarray]")
{
    SECTION("Fortran order is seen where it lies")
    {
        const ndarray_view<float> view{from_hex(captured::fortran_protocol5)};
        CHECK(view.strides() == shape{1, 2});
        CHECK(view.is_fortran_contiguous());
        CHECK_FALSE(view.is_c_contiguous());
        CHECK_THROWS_AS(view.span(), conversion_error);
        std::vector<float> spare(1, -1.0F);
        const std::span<const float> all = view.contiguous(spare);
        CHECK(std::vector<float>(all.begin(), all.end()) == std::vector<float>{0, 1, 2, 3, 4, 5});
    }
    SECTION("so are axes in any order, which numpy 2 writes as they are")
    {
        const ndarray_view<std::uint8_t> view{from_hex(captured::numpy2_transposed)};
        CHECK(view.shape() == shape{3, 2, 4});
        CHECK(view.strides() == shape{4, 12, 1});
        CHECK_FALSE(view.is_c_contiguous());
        CHECK_FALSE(view.is_fortran_contiguous());
        const ndarray<std::uint8_t> copied = view.copy();
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t j = 0; j < 2; ++j)
                for (std::size_t k = 0; k < 4; ++k) {
                    CHECK(view(i, j, k) == 12 * j + 4 * i + k);
                    CHECK(copied(i, j, k) == view(i, j, k));
                }
        CHECK(ndarray_view<std::uint8_t>{to_value(view)}.copy() == copied);
    }
    SECTION("the other byte order is for an ndarray; a view says so")
    {
        CHECK(decode<ndarray<float>>(from_hex(captured::big_endian)) == ndarray<float>{{2, 3}, {0, 1, 2, 3, 4, 5}});
        CHECK(decode<ndarray<std::complex<double>>>(from_hex(captured::big_endian_complex)) ==
              ndarray<std::complex<double>>{{2}, {{1, 2}, {-0.0, -3.5}}});
        CHECK(typed_problem<ndarray_view<float>>(from_hex(captured::big_endian)) ==
              "expected ndarray of float32 in this machine's byte order, found ndarray of >f4 with shape (2, 3)");
    }
    SECTION("no dimension is one element")
    {
        const ndarray_view<double> view{from_hex(captured::no_dimension)};
        CHECK(view.rank() == 0);
        CHECK(view() == 3.5);
        CHECK(view.at() == 3.5);
        CHECK_THROWS_AS(view.at(0), std::out_of_range);
        CHECK(view.copy() == ndarray<double>{shape{}, {3.5}});
        CHECK(view.is_c_contiguous());
    }
    SECTION("a dimension of 0 is no element")
    {
        const ndarray_view<double> view{from_hex(captured::no_elements)};
        CHECK(view.shape() == shape{0, 3});
        CHECK(view.empty());
        CHECK(view.copy().empty());
        CHECK(view.span().empty());
        CHECK_THROWS_AS(view.at(0, 0), std::out_of_range);
    }
}

TEST_CASE("a view copies nothing and keeps what it looks at", "[codec][ndarray]")
{
    ndarray_view<float> view;
    CHECK(view.empty());
    const std::byte* received = nullptr;
    {
        const value found = from_hex(captured::numpy1_protocol4);
        received = found.state()[4].octets().data();
        view = ndarray_view<float>{found};
    }
    CHECK(view.info().octets.data() == received);
    CHECK(view(1, 2) == 5);
}

TEST_CASE("elements are read at any address", "[codec][ndarray]")
{
    const ndarray<double> original{{2, 2}, {1.5, 2.5, 3.5, 4.5}};
    bytes memory;
    for (const std::size_t offset : {0U, 1U, 4U, 7U}) {
        CAPTURE(offset);
        const bytes_view octets = placed(memory, std::as_bytes(original.span()), offset);
        const ndarray_view<double> view{{reinterpret_cast<const double*>(octets.data()), 4}, {2, 2}};
        CHECK(view.is_aligned() == (offset == 0));
        CHECK(view(1, 0) == 3.5);
        CHECK(view.copy() == original);
        std::vector<double> spare;
        const std::span<const double> all = view.contiguous(spare);
        CHECK(std::equal(all.begin(), all.end(), original.span().begin()));
        CHECK(spare.empty() == (offset == 0));
        if (offset == 0)
            CHECK(view.span().data() == all.data());
        else
            CHECK_THROWS_AS(view.span(), conversion_error);
    }
}

TEST_CASE("at() checks what operator() does not", "[codec][ndarray]")
{
    ndarray<int> array{{2, 3}};
    array.at(1, 2) = 7;
    CHECK(array(1, 2) == 7);
    CHECK(array.elements() == std::vector<int>{0, 0, 0, 0, 0, 7});
    CHECK_THROWS_WITH(array.at(2, 0), "an index beyond an array with shape (2, 3)");
    CHECK_THROWS_WITH(array.at(0, -1), "an index beyond an array with shape (2, 3)");
    CHECK_THROWS_WITH(array.at(1), "1 indices for an array with shape (2, 3)");
    const ndarray_view<int> view{array.span(), {3, 2}};
    CHECK(view.at(2, 1) == 7);
    CHECK_THROWS_AS(view.at(0, 2), std::out_of_range);
    CHECK_THROWS_AS(view.at(0, std::numeric_limits<std::size_t>::max()), std::out_of_range);
    CHECK_THROWS_AS(view.at(), std::out_of_range);
}

TEST_CASE("arrays of any type come back as they went", "[codec][ndarray]")
{
    check_round_trip(ndarray<bool>{{2, 2}, {true, false, false, true}});
    check_round_trip(ndarray<std::int8_t>{{3}, {-128, 0, 127}});
    check_round_trip(ndarray<std::uint8_t>{{2, 1, 2}, {0, 127, 128, 255}});
    check_round_trip(ndarray<std::uint16_t>{{1}, {65535}});
    check_round_trip(ndarray<std::int32_t>{{2}, {std::numeric_limits<std::int32_t>::min(), -1}});
    check_round_trip(ndarray<std::int64_t>{{2}, {std::numeric_limits<std::int64_t>::min(), -1}});
    check_round_trip(ndarray<std::uint64_t>{{1}, {std::numeric_limits<std::uint64_t>::max()}});
    check_round_trip(ndarray<long long>{{1}, {-5}});
    check_round_trip(ndarray<float>{{2, 2}, {0, -1.5F, HUGE_VALF, 1e-40F}});
    check_round_trip(ndarray<double>{shape{}, {0.1}});
    check_round_trip(ndarray<std::complex<double>>{{2}, {{1, -1}, {0, 0.5}}});
    check_round_trip(ndarray<std::byte>{{2}, {std::byte{0}, std::byte{255}}});
    check_round_trip(ndarray<float>{{0, 3}});
    check_round_trip(ndarray<float>{});
    check_round_trip(ndarray<std::int16_t>{{100, 70}});

    SECTION("written as numpy 1 writes it with protocol 4, under names that numpy 2 loads without a warning")
    {
        const ndarray<float> array{{2, 3}, {0, 1, 2, 3, 4, 5}};
        CHECK(to_value(array) == from_hex(captured::numpy1_protocol4));
    }
    SECTION("views are written from where they look at, in the order that they have")
    {
        const std::vector<std::uint8_t> pixels{1, 2, 3, 4, 5, 6};
        const ndarray_view<std::uint8_t> borrowed{pixels, {3, 2}};
        CHECK(decode<ndarray<std::uint8_t>>(to_value(borrowed)) == ndarray<std::uint8_t>{{3, 2}, pixels});
        const value fortran = from_hex(captured::fortran_protocol2);
        CHECK(to_value(ndarray_view<float>{fortran}).state() == fortran.state());
    }
    SECTION("an array is one object of many")
    {
        const frame sent{7, ndarray<std::uint8_t>{{1, 2}, {8, 9}}};
        const frame received = from_pickle<frame>(to_pickle(sent));
        CHECK(received.number == 7);
        CHECK(received.image == sent.image);
        const std::vector<ndarray<int>> several{ndarray<int>{{1}, {1}}, ndarray<int>{{2}, {2, 3}}};
        CHECK(from_pickle<std::vector<ndarray<int>>>(to_pickle(several)) == several);
    }
    SECTION("a variant takes the alternative whose elements they are")
    {
        using either = std::variant<ndarray<double>, ndarray<float>, std::string>;
        CHECK(std::get<1>(decode<either>(from_hex(captured::numpy1_protocol4))).size() == 6);
    }
}

TEST_CASE("shapes that do not fit are the caller's mistake", "[codec][ndarray]")
{
    constexpr std::size_t huge = std::numeric_limits<std::size_t>::max() / 2;
    CHECK_THROWS_AS((ndarray<int>{{2, 2}, {1, 2, 3}}), std::invalid_argument);
    CHECK_THROWS_AS((ndarray<int>{{huge, huge}}), std::length_error);
    CHECK_THROWS_AS((ndarray<int>{{huge, 0}}), std::length_error);
    CHECK_THROWS_AS((ndarray<int>{shape(65, 1)}), std::length_error);
    const std::vector<int> elements(4);
    CHECK_THROWS_AS((ndarray_view<int>{elements, {5}}), std::invalid_argument);
    CHECK_THROWS_AS((ndarray_view<int>{elements, {huge, huge}}), std::invalid_argument);
    CHECK_THROWS_AS((array_info{dtype::of<int>(), shape(65, 1), {}}), std::invalid_argument);
}

TEST_CASE("what is no array, or claims to be one that it is not, is refused", "[codec][ndarray]")
{
    SECTION("what numpy pickles in another way")
    {
        CHECK(problem(from_hex(captured::objects)) == "ndarray of Python objects");
        CHECK(problem(from_hex(captured::masked)).starts_with("object numpy.ma.core._mareconstruct("));
        CHECK(problem(from_hex(captured::subclass_with_more)) ==
              "an ndarray, or a subclass, with another state than numpy.ndarray's");
        CHECK(problem(from_hex(captured::scalar_float64)).starts_with("object numpy.core.multiarray.scalar("));
        CHECK(typed_problem<ndarray<std::int64_t>>(from_hex(captured::datetimes)) ==
              "expected ndarray of int64, found ndarray of datetime64 with shape (2,)");
        CHECK(typed_problem<ndarray_view<std::uint8_t>>(from_hex(captured::structured)) ==
              "expected ndarray of uint8, found ndarray of a structured dtype of 12 octets with shape (1,)");
        CHECK(problem(value{}) == "None");
        CHECK(problem(value::global("numpy", "ndarray")) == "<class or function numpy.ndarray>");
    }
    SECTION("shapes")
    {
        const value data{bytes(24)};
        const value f4 = plain_dtype("f4");
        const auto problem_with = [&](std::string_view extents) {
            return problem(from_buffer(data, f4, parse_literal(extents), value{"C"}));
        };
        CHECK(problem_with("(2, 3)") == "no error");
        CHECK(problem_with("(2, 4)") == "an ndarray of float32 with shape (2, 4) and 24 octets of data");
        CHECK(problem_with("(2, 2)") == "an ndarray of float32 with shape (2, 2) and 24 octets of data");
        CHECK(problem_with("()") == "an ndarray of float32 with shape () and 24 octets of data");
        CHECK(problem_with("(0,)") == "an ndarray of float32 with shape (0,) and 24 octets of data");
        CHECK(problem_with("(-6,)") == "an ndarray with a dimension of -6");
        CHECK(problem_with("(-2, -3)") == "an ndarray with a dimension of -2");
        CHECK(problem_with("(True, 6)") == "an ndarray with a dimension of True");
        CHECK(problem_with("(6.0,)") == "an ndarray with a dimension of 6.0");
        CHECK(problem_with("(18446744073709551622,)") == "an ndarray with a dimension of 18446744073709551622");
        // Products that wrap around to 24, or to nothing.
        CHECK(problem_with("(4611686018427387910,)").starts_with("an ndarray of float32 with shape (4611686018427387910,)"));
        CHECK(problem_with("(4294967296, 4294967296)").starts_with("an ndarray of float32 with shape"));
        CHECK(problem_with("(9223372036854775807, 9223372036854775807, 0)").starts_with("an ndarray of float32 with shape"));
        CHECK(problem_with("[2, 3]") == "an ndarray whose shape is no tuple");
        CHECK(problem_with("6") == "an ndarray whose shape is no tuple");
        const std::vector<value> ones(65, value{1});
        CHECK(problem(from_buffer(data, f4, value::tuple(ones), value{"C"})) == "an ndarray of 65 dimensions");
        const value none{bytes{}};
        CHECK(problem(from_buffer(none, f4, parse_literal("(0, 9223372036854775807)"), value{"F"}))
                  .starts_with("an ndarray of float32"));
        CHECK(problem(from_buffer(none, plain_dtype("S0"), parse_literal("(1000000000000,)"), value{"C"})) == "no error");
    }
    SECTION("types")
    {
        const auto problem_with = [](const value& type) {
            return problem(from_buffer(value{bytes(8)}, type, parse_literal("(1,)"), value{"C"}));
        };
        CHECK(problem_with(plain_dtype("f8")) == "no error");
        for (const std::string_view code :
             {"", "f", "8", "f3", "i16", "f08x", "f-8", "q8", "S4294967296", "V99999999999999999999", "b0", "f4f4"}) {
            CAPTURE(code);
            CHECK(problem_with(plain_dtype(code)) == "ndarray of unknown dtype '" + std::string{code} + "'");
        }
        CHECK(problem_with(plain_dtype("O8")) == "ndarray of Python objects");
        CHECK(problem_with(value{"f8"}) == "an ndarray whose dtype is no numpy.dtype");
        CHECK(problem_with(value::global("numpy", "float64")) == "an ndarray whose dtype is no numpy.dtype");
        CHECK(problem_with(value::object(value::global("numpy", "dtype"), {})) == "an ndarray whose dtype is no numpy.dtype");
        CHECK(problem_with(value::object(value::global("numpy", "dtype"), {value{8}})) == "ndarray of unknown dtype 8");
    }
    SECTION("states of a dtype")
    {
        const auto problem_with = [](const std::string& type) {
            return problem_in(array_pickle("(I1\nt", type, "S'12345678'\n"));
        };
        CHECK(problem_with(dtype_opcodes("f8")) == "no error");
        CHECK(problem_with(dtype_opcodes("f8", "=")) == "no error");
        const std::string other = "an ndarray whose dtype has another state than numpy's";
        CHECK(problem_with(dtype_opcodes("f8", "")) == other);
        CHECK(problem_with(dtype_opcodes("f8", "<>")) == other);
        CHECK(problem_with(dtype_opcodes("f8", "<", "NNN")) == other);
        CHECK(problem_with(dtype_opcodes("f8", "<", "I1\nNNI-1\nI-1\nI0\n")) == other);
        CHECK(problem_with("cnumpy\ndtype\n(S'f8'\ntRI0\nb") == other);
        CHECK(problem_with(dtype_opcodes("f8", "<", "NNNI4\nI-1\nI0\n")) == "an ndarray whose dtype has two sizes");
        CHECK(problem_with(dtype_opcodes("V4", "|", "NNNI8\nI1\nI0\n")) == "an ndarray whose dtype has two sizes");
        CHECK(problem_with(dtype_opcodes("V8", "|", "NNNNI1\nI0\n")) == "an ndarray whose dtype has two sizes");
    }
    SECTION("states of an array")
    {
        const std::string f4 = dtype_opcodes("f4");
        const std::string other = "an ndarray, or a subclass, with another state than numpy.ndarray's";
        CHECK(problem_in(array_pickle("(I1\nt", f4, "S'abcd'\n")) == "no error");
        CHECK(problem_in(array_pickle("(I1\nt", f4, "Vabcd\n")) == "no error");
        CHECK(problem_in(array_pickle("(I1\nt", f4, "S'abcd'\n", "I00\n", "I2\n")) == other);
        CHECK(problem_in(array_pickle("(I1\nt", f4, "S'abcd'\nN")) == other);
        CHECK(problem_in("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR.") == other);
        CHECK(problem_in("cnumpy.core.multiarray\n_reconstruct\n(tR.") == other);
        CHECK(problem_in("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(tb(tb.") == other);
        CHECK(problem_in(array_pickle("(I1\nt", f4, "S'abcd'\n", "N")) ==
              "an ndarray that is neither in C nor in Fortran order");
        CHECK(problem_in(array_pickle("(I1\nt", f4, "(lI1\na")) == "an ndarray whose data is a list");
        CHECK(problem_in(array_pickle("(I1\nt", f4, "N")) == "an ndarray whose data is a NoneType");
        CHECK(problem_in(array_pickle("(I1\nt", f4, "V\\u00e9b\n")) == "an ndarray whose data is a str");
        CHECK(problem_in(array_pickle("(I1\nt", f4, "S'abc'\n")) ==
              "an ndarray of float32 with shape (1,) and 3 octets of data");
    }
    SECTION("orders and axes")
    {
        const auto problem_with = [](const value& order, std::optional<value> axes) {
            return problem(from_buffer(value{bytes(6)}, plain_dtype("u1"), parse_literal("(2, 3)"), order, std::move(axes)));
        };
        CHECK(problem_with(value{"K"}, parse_literal("(1, 0)")) == "no error");
        CHECK(problem_with(value{"F"}, value{}) == "no error");
        const std::string unknown = "an ndarray that is in no order that numpy writes";
        CHECK(problem_with(value{"K"}, std::nullopt) == unknown);
        CHECK(problem_with(value{"A"}, value{}) == unknown);
        CHECK(problem_with(value{}, std::nullopt) == unknown);
        for (const std::string_view axes : {"None", "(1,)", "(0, 0)", "(0, 2)", "(0, -1)", "(0, 1, 2)", "(0, 1.0)", "[1, 0]"}) {
            CAPTURE(axes);
            CHECK(problem_with(value{"K"}, parse_literal(axes)) == "an ndarray whose axes are in no order");
        }
    }
}

TEST_CASE("numpy's scalars are read as the numbers that they hold", "[codec][ndarray][conversion]")
{
    CHECK(decode<double>(from_hex(captured::scalar_float64)) == 1.5);
    CHECK(decode<float>(from_hex(captured::scalar_float64_protocol0)) == 1.5F);
    CHECK(decode<double>(from_hex(captured::scalar_float16)) == -1.5);
    CHECK(decode<int>(from_hex(captured::scalar_int64)) == -5);
    CHECK(decode<double>(from_hex(captured::scalar_int64)) == -5);
    CHECK(decode<std::uint8_t>(from_hex(captured::scalar_uint8)) == 200);
    CHECK(decode<std::uint64_t>(from_hex(captured::scalar_uint64)) == (std::uint64_t{1} << 63U) + 1);
    CHECK(decode<bool>(from_hex(captured::scalar_bool)));
    CHECK(decode<int>(from_hex(captured::scalar_numpy2)) == -2);  // '>i2'
    CHECK(std::get<1>(decode<std::variant<int, double>>(from_hex(captured::scalar_float64))) == 1.5);
    CHECK(decode<std::optional<int>>(from_hex(captured::scalar_int64)) == -5);

    CHECK(typed_problem<std::int8_t>(from_hex(captured::scalar_uint8)) == "expected int within -128..127, found int 200");
    CHECK(typed_problem<int>(from_hex(captured::scalar_float64)).ends_with(", found float 1.5"));
    CHECK(typed_problem<bool>(from_hex(captured::scalar_uint8)) == "expected bool, found int 200");
    CHECK(typed_problem<double>(from_hex(captured::scalar_complex128)).starts_with("expected float, found object numpy.core"));
    CHECK(typed_problem<double>(from_hex(captured::numpy1_protocol4)).starts_with("expected float, found a numpy.ndarray"));

    SECTION("but not if its octets are not what its type needs")
    {
        const value scalar = value::global("numpy.core.multiarray", "scalar");
        const auto is_number = [&](std::string_view code, const value& data) {
            return typed_problem<double>(value::object(scalar, {plain_dtype(code), data})) == "no error";
        };
        CHECK(is_number("f4", value{bytes(4)}));
        CHECK_FALSE(is_number("f4", value{bytes(3)}));
        CHECK_FALSE(is_number("f4", value{bytes(8)}));
        CHECK_FALSE(is_number("f16", value{bytes(16)}));
        CHECK_FALSE(is_number("S4", value{bytes(4)}));
        CHECK_FALSE(is_number("f9", value{bytes(9)}));
        CHECK_FALSE(is_number("f4", value{}));
    }
    SECTION("half precision has all that the other floats have")
    {
        const value scalar = value::global("numpy.core.multiarray", "scalar");
        const auto half = [&](unsigned bits) {
            const bytes octets{static_cast<std::byte>(bits), static_cast<std::byte>(bits >> 8U)};
            const value type = plain_dtype("f2");
            return decode<double>(value::object(scalar, {type, value{octets}}));
        };
        CHECK(half(0x3c00) == 1);
        CHECK(half(0x0001) == std::ldexp(1.0, -24));
        CHECK(half(0x7bff) == 65504);
        CHECK(half(0xfc00) == -HUGE_VAL);
        CHECK(std::isnan(half(0x7e00)));
        CHECK(std::signbit(half(0x8000)));
    }
}
