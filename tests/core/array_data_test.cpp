#include "core_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "core/array_data.hpp"

#include <cmath>
#include <limits>
#include <string>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

using values = std::vector<value>;

array_data array_of(const value& typecode, const value& content)
{
    auto made = array_data::make(typecode);
    REQUIRE(std::holds_alternative<array_data>(made));
    auto& array = std::get<array_data>(made);
    if (const auto wrong = array.append_all(content))
        FAIL("raised " << wrong->type << ": " << wrong->text);
    return array;
}

std::string repr_of(const value& typecode, const value& content)
{
    return array_of(typecode, content).repr(1000);
}

raised refused(const value& typecode, const value& content)
{
    auto made = array_data::make(typecode);
    if (const auto* const wrong = std::get_if<raised>(&made))
        return *wrong;
    const auto wrong = std::get<array_data>(made).append_all(content);
    REQUIRE(wrong);
    return *wrong;
}

value array_value(const values& arguments)
{
    return value::object(value::global("array", "array"), arguments);
}

value reconstructed(const value& typecode, const value& format, std::string_view octets)
{
    return value::object(value::global("array", "_array_reconstructor"),
                         {value::global("array", "array"), typecode, format, value{as_bytes(octets)}});
}

std::string read_repr(const value& pickled)
{
    REQUIRE(array_data::is_array(pickled));
    const auto read = array_data::read(pickled);
    if (const auto* const wrong = std::get_if<raised>(&read))
        FAIL("raised " << wrong->type << ": " << wrong->text);
    return std::get<array_data>(read).repr(1000);
}

raised read_error(const value& pickled)
{
    REQUIRE(array_data::is_array(pickled));
    const auto read = array_data::read(pickled);
    REQUIRE(std::holds_alternative<raised>(read));
    return std::get<raised>(read);
}

const value two_to_63 = value::integer_from_decimal("9223372036854775808");
const value two_to_64 = value::integer_from_decimal("18446744073709551616");
const value below_minus_two_to_63 = value::integer_from_decimal("-9223372036854775809");

}  // namespace

TEST_CASE("every typecode has its size and its range", "[core][array]")
{
    struct row {
        const char* typecode;
        value least;
        value most;
        value below;
        const char* below_text;
        value above;
        const char* above_text;
    };
    constexpr auto no_long = "Python int too large to convert to C long";
    constexpr auto no_unsigned_long = "Python int too large to convert to C unsigned long";
    constexpr auto negative = "can't convert negative value to unsigned int";
    const row rows[] = {
        {"b", -128, 127, -129, "signed char is less than minimum", 128, "signed char is greater than maximum"},
        {"b", 0, 0, -32769, "signed short integer is less than minimum", 32768, "signed short integer is greater than maximum"},
        {"B", 0, 255, -1, "unsigned byte integer is less than minimum", 256, "unsigned byte integer is greater than maximum"},
        {"h", -32768, 32767, -32769, "signed short integer is less than minimum", 32768,
         "signed short integer is greater than maximum"},
        {"H", 0, 65535, -1, "unsigned short is less than minimum", 65536, "unsigned short is greater than maximum"},
        {"i", INT32_MIN, INT32_MAX, -2147483649L, "signed integer is less than minimum", 2147483648L,
         "signed integer is greater than maximum"},
        {"I", 0, 4294967295L, -1, negative, 4294967296L, "unsigned int is greater than maximum"},
        {"I", 0, 0, -1, negative, two_to_64, no_unsigned_long},
        {"l", INT64_MIN, INT64_MAX, below_minus_two_to_63, no_long, two_to_63, no_long},
        {"L", 0, UINT64_MAX, -1, negative, two_to_64, no_unsigned_long},
        {"q", INT64_MIN, INT64_MAX, below_minus_two_to_63, "int too big to convert", two_to_63, "int too big to convert"},
        {"Q", 0, UINT64_MAX, -1, "can't convert negative int to unsigned", two_to_64, "int too big to convert"},
    };
    for (const row& each : rows) {
        CAPTURE(each.typecode);
        const array_data array = array_of(each.typecode, value::list({each.least, each.most, true}));
        REQUIRE(array.size() == 3);
        CHECK(std::get<value>(array[0]) == each.least);
        CHECK(std::get<value>(array[1]) == each.most);
        CHECK(std::get<value>(array[2]).kind() == value_kind::integer);
        const raised below = refused(each.typecode, value::list({each.below}));
        CHECK(below.type == exception_type::overflow_error);
        CHECK(below.text == each.below_text);
        const raised above = refused(each.typecode, value::list({each.above}));
        CHECK(above.type == exception_type::overflow_error);
        CHECK(above.text == each.above_text);
        CHECK(refused(each.typecode, value::list({1.0})).text == "'float' object cannot be interpreted as an integer");
        CHECK(refused(each.typecode, value::list({"a"})).text == "'str' object cannot be interpreted as an integer");
        CHECK(refused(each.typecode, value::list({value{}})).type == exception_type::type_error);
    }
    CHECK(array_of("l", value{bytes(16)}).size() == 2);
    CHECK(array_of("i", value{bytes(16)}).size() == 4);
}

TEST_CASE("f and d hold real numbers", "[core][array]")
{
    CHECK(repr_of("d", value::list({1, 0.1, true, -0.0})) == "array('d', [1.0, 0.1, 1.0, -0.0])");
    CHECK(repr_of("f", value::list({1, 0.5, 1.1})) == "array('f', [1.0, 0.5, 1.100000023841858])");
    CHECK(repr_of("f", value::list({1e300, -1e300, std::numeric_limits<double>::infinity(), std::nan("")})) ==
          "array('f', [inf, -inf, inf, nan])");
    // What rounds to the largest float, and what rounds beyond it.
    CHECK(repr_of("f", value::list({0x1.fffffefffffffp127, 0x1.ffffffp127})) == "array('f', [3.4028234663852886e+38, inf])");
    const value beyond_double = value::integer_from_decimal("1" + std::string(400, '0'));
    for (const char* typecode : {"f", "d"}) {
        CHECK(refused(typecode, value::list({beyond_double})).type == exception_type::overflow_error);
        CHECK(refused(typecode, value::list({beyond_double})).text == "int too large to convert to float");
        CHECK(refused(typecode, value::list({"a"})).text == "must be real number, not str");
        CHECK(refused(typecode, value::list({value{}})).text == "must be real number, not NoneType");
    }
}

TEST_CASE("u and w hold characters, c holds octets", "[core][array]")
{
    for (const char* typecode : {"u", "w"}) {
        const array_data array = array_of(typecode, "a\u00e9\U0001f600");
        CHECK(array.size() == 3);
        CHECK(std::get<value>(array[2]) == value{"\U0001f600"});
        CHECK(array.repr(1000) == "array('" + std::string{typecode} + "', 'a\u00e9\U0001f600')");
        CHECK(repr_of(typecode, value::list({"a", "b"})) == "array('" + std::string{typecode} + "', 'ab')");
        CHECK(std::get<value>(array_of(typecode, "\xed\xa0\x80")[0]) == value{"\xed\xa0\x80"});
        for (const value& wrong : {value{"ab"}, value{""}, value{1}, value{}, value{to_bytes("a")}}) {
            CHECK(refused(typecode, value::list({wrong})).type == exception_type::type_error);
            CHECK(refused(typecode, value::list({wrong})).text == "array item must be unicode character");
        }
    }
    SECTION("octets that are no character are kept, and cannot be looked at")
    {
        const array_data array = array_of("u", value{to_bytes("abcd")});
        CHECK(std::get<raised>(array[0]).type == exception_type::value_error);
        CHECK(std::get<raised>(array[0]).text == "character U+64636261 is not in range [U+0000; U+10ffff]");
        CHECK(std::get<raised>(array.joined()).type == exception_type::value_error);
        CHECK(array.repr(1000) == "array('u', '\ufffd')");
    }
    const value python2_octets = codec::value_from_pickle(as_bytes("\x80\x02U\x03"
                                                                   "a'\xff."));
    const array_data octets = array_of("c", python2_octets);
    CHECK(octets.size() == 3);
    CHECK(octets.has_characters());
    CHECK(std::get<value>(octets.joined()).text() == "a'\xff");
    CHECK(std::get<value>(array_of("u", "a\u00e9").joined()) == value{"a\u00e9"});
    CHECK_FALSE(array_of("B", value::list({})).has_characters());
    CHECK(std::get<value>(octets[0]).kind() == value_kind::byte_string);
    CHECK(octets.repr(1000) == "array('c', \"a'\\xff\")");
    CHECK(refused("c", value::list({python2_octets})).text == "array item must be char");
    CHECK(refused("c", value::list({"a"})).type == exception_type::type_error);
}

TEST_CASE("a typecode is one known character", "[core][array]")
{
    CHECK(refused("z", value::list({})).type == exception_type::value_error);
    CHECK(refused("z", value::list({})).text == "bad typecode (must be c, b, B, u, w, h, H, i, I, l, L, q, Q, f or d)");
    CHECK(refused("\u1234", value::list({})).type == exception_type::value_error);
    CHECK(refused("ii", value::list({})).text == "array() argument 1 must be a unicode character, not str");
    CHECK(refused("", value::list({})).type == exception_type::type_error);
    CHECK(refused(5, value::list({})).text == "array() argument 1 must be a unicode character, not int");
    CHECK(refused(value{}, value::list({})).text == "array() argument 1 must be a unicode character, not None");
    CHECK(refused(value{to_bytes("i")}, value::list({})).type == exception_type::type_error);
    CHECK(repr_of(codec::value_from_pickle(as_bytes("\x80\x02U\x01i.")), value::list({1})) == "array('i', [1])");
}

TEST_CASE("an array is made of items, octets, text or an array", "[core][array]")
{
    CHECK(repr_of("i", value::list({})) == "array('i')");
    CHECK(repr_of("i", value::tuple({1, 2})) == "array('i', [1, 2])");
    CHECK(repr_of("i", value::dict({{1, 2}})) == "array('i', [1])");
    CHECK(repr_of("i", value::object(value::global("builtins", "range"), {0, 3, 1})) == "array('i', [0, 1, 2])");
    CHECK(repr_of("h", value{to_bytes({"\1\0\xff\xff", 4})}) == "array('h', [1, -1])");
    CHECK(repr_of("h", value::bytearray(as_bytes({"\1\0", 2}))) == "array('h', [1])");
    CHECK(repr_of("i", array_of("b", value::list({-1, 2})).to_value()) == "array('i', [-1, 2])");
    CHECK(repr_of("d", array_of("i", value::list({1})).to_value()) == "array('d', [1.0])");
    CHECK(repr_of("w", array_of("u", "ab").to_value()) == "array('w', 'ab')");

    CHECK(refused("i", value{to_bytes("abc")}).type == exception_type::value_error);
    CHECK(refused("i", value{to_bytes("abc")}).text == "bytes length not a multiple of item size");
    CHECK(refused("i", "abc").text == "cannot use a str to initialize an array with typecode 'i'");
    CHECK(refused("i", array_of("u", "ab").to_value()).text ==
          "cannot use a unicode array to initialize an array with typecode 'i'");
    CHECK(refused("i", array_of("d", value::list({1})).to_value()).type == exception_type::type_error);
    CHECK(refused("b", array_of("i", value::list({300})).to_value()).type == exception_type::overflow_error);
    CHECK(refused("i", 5).text == "'int' object is not iterable");
}

TEST_CASE("an array comes out of every pickle that CPython makes of one", "[core][array]")
{
    CHECK(read_repr(array_value({"i", value{to_bytes({"\1\0\0\0", 4})}})) == "array('i', [1])");
    CHECK(read_repr(array_value({"i", value::list({1, 2})})) == "array('i', [1, 2])");
    CHECK(read_repr(array_value({"u", "ab"})) == "array('u', 'ab')");
    CHECK(read_repr(array_value({"d"})) == "array('d')");
    SECTION("by its reconstructor, in any machine format")
    {
        CHECK(read_repr(reconstructed("i", 8, {"\1\0\0\0", 4})) == "array('i', [1])");
        CHECK(read_repr(reconstructed("i", 9, {"\0\0\0\1", 4})) == "array('i', [1])");
        CHECK(read_repr(reconstructed("B", 0, "a")) == "array('B', [97])");
        CHECK(read_repr(reconstructed("H", 3, {"\1\2", 2})) == "array('H', [258])");
        CHECK(read_repr(reconstructed("Q", 11, {"\0\0\0\0\0\0\0\7", 8})) == "array('Q', [7])");
        CHECK(read_repr(reconstructed("f", 15, {"\x3f\x80\0\0", 4})) == "array('f', [1.0])");
        CHECK(read_repr(reconstructed("d", 17, {"\x3f\xf0\0\0\0\0\0\0", 8})) == "array('d', [1.0])");
        CHECK(read_repr(reconstructed("d", 14, {"\0\0\x80\x3f", 4})) == "array('d', [1.0])");
        CHECK(read_repr(reconstructed("u", 20, {"a\0\0\0", 4})) == "array('u', 'a')");
        CHECK(read_repr(reconstructed("u", 21, {"\0\0\0a", 4})) == "array('u', 'a')");
        CHECK(read_repr(reconstructed("u", 18, {"a\0\x3d\xd8\0\xde\x3d\xd8", 8})) == "array('u', 'a\U0001f600\\ud83d')");
        CHECK(read_repr(reconstructed("u", 19, {"\0a", 2})) == "array('u', 'a')");
    }
    SECTION("the format of whole numbers decides their type")
    {
        CHECK(read_repr(reconstructed("i", 5, {"\0\1", 2})) == "array('h', [1])");
        CHECK(read_repr(reconstructed("l", 8, {"\1\0\0\0", 4})) == "array('i', [1])");
        CHECK(read_repr(reconstructed("b", 8, {"\1\0\1\0", 4})) == "array('i', [65537])");
    }
}

TEST_CASE("forged pickles of arrays are refused", "[core][array]")
{
    CHECK(read_error(array_value({})).text == "array() takes at least 1 argument (0 given)");
    CHECK(read_error(array_value({"i", value::list({}), 3})).text == "array() takes at most 2 arguments (3 given)");
    CHECK(read_error(array_value({"i", value::list({"a"})})).type == exception_type::type_error);
    CHECK(read_error(array_value({"i", array_value({"i"})})).type == exception_type::type_error);

    constexpr auto value_error = exception_type::value_error;
    CHECK(read_error(reconstructed("z", 8, "")).text == "second argument must be a valid type code");
    CHECK(read_error(reconstructed("i", 22, "")).text == "third argument must be a valid machine format code.");
    CHECK(read_error(reconstructed("i", -1, "")).type == value_error);
    CHECK(read_error(reconstructed("i", two_to_64, "")).type == value_error);
    CHECK(read_error(reconstructed("i", "x", "")).text == "'str' object cannot be interpreted as an integer");
    CHECK(read_error(reconstructed("i", 8, "abc")).text == "bytes length not a multiple of item size");
    CHECK(read_error(reconstructed("u", 18, "abc")).type == value_error);
    CHECK(read_error(reconstructed("u", 20, "abc")).type == value_error);
    CHECK(read_error(reconstructed("i", 16, {"\0\0\0\0\0\0\0\0", 8})).type == exception_type::type_error);
    const value callable = value::global("array", "_array_reconstructor");
    const value array_class = value::global("array", "array");
    CHECK(read_error(value::object(callable, {})).text == "_array_reconstructor expected 4 arguments, got 0");
    CHECK(read_error(value::object(callable, {array_class, "i", 8, "text"})).text ==
          "fourth argument should be bytes, not str");
    CHECK(read_error(value::object(callable, {value::global("builtins", "int"), "i", 8, value{bytes{}}})).type ==
          exception_type::type_error);
    CHECK_FALSE(array_data::is_array(value::list({})));
    CHECK_FALSE(array_data::is_array(array_class));
    CHECK_FALSE(array_data::is_array(value::object(value::global("mine", "array"), {})));
}

TEST_CASE("an array goes into a pickle that both Pythons load", "[core][array]")
{
    const value pickled = array_of("i", value::list({1, -2})).to_value();
    CHECK(pickled.repr() == "array.array('i', b'\\x01\\x00\\x00\\x00\\xfe\\xff\\xff\\xff')");
    CHECK(read_repr(pickled) == "array('i', [1, -2])");
    SECTION("for Python 3 the typecode is str, for Python 2 its own str")
    {
        const bytes python3 = codec::pickle_from_value(pickled);
        CHECK(codec::value_from_pickle(python3).arguments()[0].kind() == value_kind::str);
        const bytes python2 = codec::pickle_from_value(pickled, {2, true});
        CHECK(codec::value_from_pickle(python2).arguments()[0].kind() == value_kind::byte_string);
        CHECK(codec::value_from_pickle(python2).arguments()[1].kind() == value_kind::byte_string);
        CHECK(read_repr(codec::value_from_pickle(python3)) == "array('i', [1, -2])");
        CHECK(read_repr(codec::value_from_pickle(python2)) == "array('i', [1, -2])");
    }
}

TEST_CASE("repr() is cut at its bound", "[core][array]")
{
    const array_data numbers = array_of("i", value::list(values(1000, value{12345})));
    for (std::size_t size_max = 40; size_max < 60; ++size_max) {
        const std::string shown = numbers.repr(size_max);
        CHECK(shown.size() <= size_max);
        CHECK(shown.ends_with("12345..."));
    }
    CHECK(array_of("u", std::string(1000, 'x')).repr(100).size() < 120);
}
