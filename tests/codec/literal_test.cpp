#include <quaymaster/literal.hpp>

#include "codec/pickle_decoder.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <stdexcept>

using namespace quaymaster;

namespace {

std::string read_back(std::string_view text)
{
    return parse_literal(text).repr();
}

std::string json_read_back(std::string_view text)
{
    return parse_json(text).repr();
}

}  // namespace

TEST_CASE("parse_literal() reads Python's numbers", "[codec][literal]")
{
    CHECK(parse_literal("42") == value{42});
    CHECK(parse_literal(" -42 ") == value{-42});
    CHECK(parse_literal("+42") == value{42});
    CHECK(parse_literal("1_000") == value{1000});
    CHECK(parse_literal("0xFf") == value{255});
    CHECK(parse_literal("-0x8000000000000000") == value{std::numeric_limits<std::int64_t>::min()});
    CHECK(parse_literal("0xffffffffffffffff") == value{std::numeric_limits<std::uint64_t>::max()});
    CHECK(parse_literal("0o17") == value{15});
    CHECK(parse_literal("0b1_01") == value{5});
    CHECK(read_back("123456789012345678901234567890") == "123456789012345678901234567890");
    CHECK(read_back("1e5") == "100000.0");
    CHECK(read_back("1.") == "1.0");
    CHECK(read_back(".5") == "0.5");
    CHECK(read_back("-1_0.5e-1_0") == "-1.05e-09");
    CHECK(read_back("1e400") == "inf");
    CHECK(read_back("-inf") == "-inf");
    CHECK(read_back("nan") == "nan");
    CHECK(read_back("2j") == "2j");
    CHECK(read_back("1+2j") == "(1+2j)");
    CHECK(read_back("(-0-1.5j)") == "-1.5j");  // -0 is the int 0
    CHECK(read_back("(-0.0-1.5j)") == "(-0-1.5j)");

    for (const std::string_view wrong : {"012", "1__0", "1_", "_1", "0x", "0xg", "0b2", "0o8", "1e", "1.e+", "--1", "1+2", "1 2", "12a", "-", "1.2.3"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(parse_literal(wrong), literal_error);
    }
}

TEST_CASE("parse_literal() reads Python's text and bytes", "[codec][literal]")
{
    CHECK(parse_literal("'a'") == value{"a"});
    CHECK(parse_literal("\"it's\"") == value{"it's"});
    CHECK(parse_literal("u'a' \"b\"\n'c'") == value{"abc"});
    CHECK(parse_literal(R"('\n\t\\\'\x41\101\u20ac\U0001f600\q')") == value{"\n\t\\'AA\xe2\x82\xac\xf0\x9f\x98\x80\\q"});
    CHECK(parse_literal("r'\\n'") == value{"\\n"});
    CHECK(parse_literal("'''a\n'b'''") == value{"a\n'b"});
    CHECK(parse_literal("''") == value{""});
    CHECK(parse_literal("'caf\xc3\xa9'") == value{"caf\xc3\xa9"});
    CHECK(parse_literal(R"(b'a\xff\0')") == value{to_bytes(std::string_view{"a\xff\0", 3})});
    CHECK(parse_literal("Rb'\\x'") == value{to_bytes("\\x")});
    CHECK(parse_literal("bytearray(b'a')") == value::bytearray(as_bytes("a")));

    for (const std::string_view wrong :
         {"'a", "'a\nb'", "'''a''", "'a' b'b'", "b'\xc3\xa9'", "f'a'", "'\\x4'", "'\\u12'", "'\\U00110000'", "ub'a'", "'\\N{DASH}'", "a", "'\\"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(parse_literal(wrong), literal_error);
    }
}

TEST_CASE("parse_literal() reads containers", "[codec][literal]")
{
    CHECK(read_back("()") == "()");
    CHECK(read_back("(1)") == "1");
    CHECK(read_back("(1,)") == "(1,)");
    CHECK(read_back("1, 2") == "(1, 2)");
    CHECK(read_back("1,") == "(1,)");
    CHECK(read_back("[1, [2, ()], ]") == "[1, [2, ()]]");
    CHECK(read_back("[\n  1,  # one\n  2,\n]") == "[1, 2]");
    CHECK(read_back("{}") == "{}");
    CHECK(read_back("{'a': 1, 2: {3: None},}") == "{'a': 1, 2: {3: None}}");
    CHECK(read_back("{1: 'a', 1.0: 'b'}") == "{1: 'b'}");
    CHECK(read_back("{1, 2, 1}") == "{1, 2}");
    CHECK(read_back("set()") == "set()");
    CHECK(read_back("frozenset({1})") == "frozenset({1})");
    CHECK(read_back("[None, True, False, null, true, false]") == "[None, True, False, None, True, False]");

    for (const std::string_view wrong : {"", " ", "[", "]", "[1", "(1]", "[1 2]", "[,]", "{1: }", "{1: 2, 3}", "{1, 2: 3}", "{[]: 1}", "{{}}", "set(1)", "set", "Nones", "[1], ]", "# only"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(parse_literal(wrong), literal_error);
    }
}

TEST_CASE("A literal_error says where, what was expected and what was found", "[codec][literal]")
{
    CHECK_THROWS_WITH(parse_literal("[1, 2"), "literal: expected ',' or ']' at octet 5, found the end");
    CHECK_THROWS_WITH(parse_literal("{'a' 1}"), "literal: expected ',' or '}' at octet 5, found '1'");
    CHECK_THROWS_WITH(parse_literal("1 2"), "literal: expected nothing more at octet 2, found '2'");
    CHECK_THROWS_WITH(parse_literal("{[1]: 2}"), "literal: unhashable type: 'list' at octet 0");
    CHECK_THROWS_WITH(parse_literal("[\xc3\xa9]"), Catch::Contains("at octet 1, found '\xc3\xa9'"));
    CHECK_THROWS_WITH(parse_literal("\xff"), "literal: the text is not UTF-8");
    CHECK_THROWS_WITH(parse_json("{'a': 1}"), "JSON: expected a key in quotes or '}' at octet 1, found \"'\"");
    try {
        static_cast<void>(parse_literal("[1, x]"));
        FAIL("accepted");
    } catch (const literal_error& error) {
        CHECK(error.position() == 4);
    }
}

TEST_CASE("Nesting and digits of literals are bounded", "[codec][literal]")
{
    CHECK_NOTHROW(parse_literal(std::string(literal_depth_max, '[') + std::string(literal_depth_max, ']')));
    CHECK_THROWS_WITH(parse_literal(std::string(literal_depth_max + 1, '[')), Catch::Contains("deeper than 1000"));
    CHECK_THROWS_AS(parse_literal(std::string(1'000'000, '(')), literal_error);
    CHECK_NOTHROW(parse_literal(std::string(literal_digits_max, '9')));
    CHECK_THROWS_WITH(parse_literal(std::string(literal_digits_max + 1, '9')), Catch::Contains("more than 4300 digits"));
    CHECK_THROWS_AS(parse_literal("0x" + std::string(1'000'000, 'f')), literal_error);
}

TEST_CASE("What repr() writes, parse_literal() reads", "[codec][literal]")
{
    const value original =
        value::dict({{"a", value::list({1, -2.5, value{}, true, value::complex(1, -2)})},
                     {value::tuple({1, "x\n\xe2\x82\xac"}), value::set({value::frozenset({1}), "y"})},
                     {to_bytes("\xff"), value::bytearray(as_bytes("z"))},
                     {value::integer_from_decimal("-123456789012345678901234567890"), value::dict({})}});
    CHECK(parse_literal(original.repr()) == original);
}

TEST_CASE("parse_json() reads JSON and nothing else", "[codec][literal][json]")
{
    CHECK(json_read_back(R"( {"a": [1, -2.5, null, true, false], "b": {}} )") == "{'a': [1, -2.5, None, True, False], 'b': {}}");
    CHECK(json_read_back("[]") == "[]");
    CHECK(json_read_back("123456789012345678901234567890") == "123456789012345678901234567890");
    CHECK(json_read_back("1e2") == "100.0");
    CHECK(json_read_back("-0") == "0");
    CHECK(parse_json(R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00")") == value{"\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80"});
    CHECK(parse_json(R"("\ud800x\ud800\u0041")") == value{"\xed\xa0\x80x\xed\xa0\x80" "A"});
    CHECK(json_read_back(R"({"a": 1, "a": 2})") == "{'a': 2}");
    CHECK(json_read_back(R"({"__bytes__": "Zm9v"})") == "b'foo'");
    CHECK(json_read_back(R"({"__bytes__": "?"})") == "{'__bytes__': '?'}");

    for (const std::string_view wrong :
         {"", "None", "'a'", "[1,]", "{\"a\": 1,}", "{1: 2}", "01", "+1", ".5", "1.", "1, 2", "(1)", "nan", "\"\n\"", "\"\\x41\"", "[1] #", "{\"a\"}", "{\"a\", \"b\"}", "-", "1e", "0x1"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(parse_json(wrong), literal_error);
    }
}

TEST_CASE("to_json() writes JSON for every value", "[codec][json]")
{
    CHECK(to_json(value::dict({{"a", value::tuple({1, 2.5, value{}, true})}})) == R"({"a": [1, 2.5, null, true]})");
    CHECK(to_json(value::dict({{1, 2}, {value::tuple({1}), 3}, {value{}, 4}})) == R"json({"1": 2, "(1,)": 3, "None": 4})json");
    CHECK(to_json(value::set({1})) == "[1]");
    CHECK(to_json(value{to_bytes("foo")}) == R"({"__bytes__": "Zm9v"})");
    CHECK(to_json(value{"a\"\\\n\x01\xc3\xa9\xed\xa0\x80"}) == "\"a\\\"\\\\\\n\\u0001\xc3\xa9\\ud800\"");
    CHECK(to_json(value{std::numeric_limits<double>::infinity()}) == "\"Infinity\"");
    CHECK(to_json(value{std::numeric_limits<double>::quiet_NaN()}) == "\"NaN\"");
    CHECK(to_json(value::integer_from_decimal("123456789012345678901234567890")) == "123456789012345678901234567890");
    CHECK(to_json(value::complex(0, 1)) == R"({"__repr__": "1j"})");
    CHECK(to_json(value::object(value::global("decimal", "Decimal"), {"1.5"})) == R"json({"__repr__": "decimal.Decimal('1.5')"})json");
}

TEST_CASE("what JSON holds as repr() is never cut", "[codec][literal]")
{
    const std::string large(std::size_t{2} << 20, 'x');
    const std::string object = to_json(value::object(value::global("decimal", "Decimal"), {large}));
    CHECK(object == R"json({"__repr__": "decimal.Decimal(')json" + large + R"json(')"})json");
    const std::string keyed = to_json(value::dict({{value{to_bytes(large)}, 1}}));
    CHECK(keyed == R"({"b')" + large + R"('": 1})");
    CHECK_THROWS_AS(to_json(value::list({value::object(value::global("decimal", "Decimal"), {large})}), large.size()),
                    std::length_error);
}

TEST_CASE("to_json() refuses what has no end", "[codec][json]")
{
    constexpr char list_in_itself[] = "\x80\x02]q\0h\0a.";
    const value itself = codec::value_from_pickle(as_bytes(std::string_view{list_in_itself, sizeof list_in_itself - 1}));
    CHECK_THROWS_AS(to_json(itself), std::invalid_argument);
    CHECK_THROWS_AS(to_json(value{std::string(100, 'a')}, 50), std::length_error);
    const value twice = value::list({value::list({})});
    CHECK(to_json(value::list({twice, twice})) == "[[[]], [[]]]");
}
