#include <quaymaster/value.hpp>

#include "codec/object_graph.hpp"
#include "codec/pickle_decoder.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <stdexcept>
#include <unordered_set>

using namespace quaymaster;

namespace {

value big(std::string_view digits)
{
    return value::integer_from_decimal(digits);
}

/// Python 2's str: only a pickle can hold one.
value byte_string(std::string_view octets)
{
    auto graph = std::make_shared<codec::object_graph>();
    const codec::node_id node = graph->add_text(codec::node_kind::byte_string, graph->own(octets));
    return codec::object_graph::to_value(graph, node);
}

/// A pickle written as a literal, which may hold zeros.
template <std::size_t Size>
value from_pickle(const char (&pickle)[Size])
{
    return codec::value_from_pickle(as_bytes(std::string_view{pickle, Size - 1}));
}

}  // namespace

TEST_CASE("A value is what it was made of", "[codec][value]")
{
    CHECK(value{}.kind() == value_kind::none);
    CHECK(value{nullptr}.is_none());
    CHECK(value{true}.kind() == value_kind::boolean);
    CHECK(value{7}.to_int64() == 7);
    CHECK(value{1.5}.to_double() == 1.5);
    CHECK(value{"caf\xc3\xa9"}.text() == "caf\xc3\xa9");
    CHECK(value{to_bytes("\xff")}.kind() == value_kind::bytes);
    CHECK(as_chars(value::bytearray(as_bytes("ab")).octets()) == "ab");
    CHECK(value::complex(1, 2).kind() == value_kind::complex);
    CHECK(value::global("builtins", "ValueError").qualified_name() == "ValueError");

    const value list = value::list({1, "two", value::tuple({3})});
    CHECK(list.size() == 3);
    CHECK(list[1].text() == "two");
    CHECK(list[2][0].to_int64() == 3);
    CHECK_THROWS_AS(list[3], std::out_of_range);
    CHECK_THROWS_AS(list.entry(0), std::out_of_range);
}

TEST_CASE("Text must be UTF-8, lone surrogates included", "[codec][value]")
{
    CHECK_THROWS_AS(value{"\xff"}, std::invalid_argument);
    CHECK_THROWS_AS(value{"\xc3"}, std::invalid_argument);
    CHECK_NOTHROW(value{"\xed\xa0\x80"});
}

TEST_CASE("Integers of any size keep their value", "[codec][value]")
{
    CHECK(value{std::numeric_limits<std::uint64_t>::max()}.to_uint64() == std::numeric_limits<std::uint64_t>::max());
    CHECK(value{std::numeric_limits<std::uint64_t>::max()}.to_int64() == std::nullopt);
    CHECK(value{-1}.to_uint64() == std::nullopt);
    CHECK(big("-9223372036854775808").to_int64() == std::numeric_limits<std::int64_t>::min());
    CHECK(big("18446744073709551616").to_uint64() == std::nullopt);
    CHECK(big("-9223372036854775809").to_int64() == std::nullopt);
    CHECK(big("+12").to_int64() == 12);
    CHECK_THROWS_AS(big("12a"), std::invalid_argument);
    CHECK_THROWS_AS(big(""), std::invalid_argument);

    CHECK(big("1" + std::string(400, '0')).to_double() == std::nullopt);
    CHECK(big("-1" + std::string(22, '0')).to_double() == -1e22);
    CHECK(big("9007199254740993000000000000000").to_double() == 9007199254740993e15);
}

TEST_CASE("A dict keeps the first of equal keys and the last of their values", "[codec][value]")
{
    const value dict = value::dict({{1, "int"}, {"a", 2}, {1.0, "float"}, {true, "bool"}});
    REQUIRE(dict.size() == 2);
    CHECK(dict.entry(0).first.kind() == value_kind::integer);
    CHECK(dict.entry(0).second == value{"bool"});
    CHECK(dict.find("a") == value{2});
    CHECK(dict.find(1) == value{"bool"});
    CHECK(dict.find("b") == std::nullopt);
    CHECK(value{1}.find(1) == std::nullopt);
    CHECK_THROWS_AS(value::dict({{value::list({}), 1}}), std::invalid_argument);
    CHECK(value::set({1, 1.0, true, 2}).size() == 2);
    CHECK_THROWS_WITH(value::set({value::list({})}), "unhashable type: 'list'");
}

TEST_CASE("truth() is bool() of Python", "[codec][value]")
{
    for (const value& falsy : {value{}, value{false}, value{0}, value{0.0}, value{-0.0}, value{""}, value{bytes{}},
                               value::tuple({}), value::list({}), value::dict({}), value::set({}), value::complex(0, 0)}) {
        CAPTURE(falsy.repr());
        CHECK_FALSE(falsy.truth());
    }
    for (const value& truthy : {value{true}, value{-1}, value{0.5}, value{"0"}, value::tuple({value{}}), big(std::string(30, '9')),
                                value::complex(0, 1), value::global("builtins", "len")}) {
        CAPTURE(truthy.repr());
        CHECK(truthy.truth());
    }
}

TEST_CASE("Numbers are equal by what they are worth, exactly", "[codec][value][equality]")
{
    CHECK(value{1} == value{1.0});
    CHECK(value{1} == value{true});
    CHECK(value{1.0} == value{true});
    CHECK(value::complex(1, 0) == value{1});
    CHECK_FALSE(value::complex(1, 1) == value{1});
    CHECK(value{0.0} == value{-0.0});

    SECTION("neither side is rounded to compare") {
        CHECK_FALSE(value{9007199254740993} == value{9007199254740992.0});
        CHECK(value{9007199254740992} == value{9007199254740992.0});
        CHECK(big("1267650600228229401496703205376") == value{1267650600228229401496703205376.0});
        CHECK_FALSE(big("1267650600228229401496703205377") == value{1267650600228229401496703205376.0});
        CHECK_FALSE(value{std::numeric_limits<std::int64_t>::max()} == value{9223372036854775808.0});
        CHECK(big("9223372036854775808") == value{9223372036854775808.0});
        CHECK(value{std::numeric_limits<std::int64_t>::min()} == value{-9223372036854775808.0});
    }
    SECTION("nan equals nothing, but a container that holds one equals itself") {
        const value nan{std::numeric_limits<double>::quiet_NaN()};
        CHECK_FALSE(nan == nan);
        const value holder = value::list({nan});
        CHECK(holder == holder);
        CHECK_FALSE(holder == value::list({nan}));
    }
}

TEST_CASE("Text, bytes and Python 2 str are equal as in Python", "[codec][value][equality]")
{
    CHECK(value{"a"} == value{"a"});
    CHECK_FALSE(value{"a"} == value{to_bytes("a")});
    CHECK(value{to_bytes("a")} == value::bytearray(as_bytes("a")));
    CHECK(byte_string("a") == value{"a"});
    CHECK(byte_string("a").hash() == value{"a"}.hash());
    // Beyond ASCII nothing says what the octets mean, and equality with bytes would make it intransitive.
    CHECK_FALSE(byte_string("\xc3\xa9") == value{"\xc3\xa9"});
    CHECK(byte_string("\xc3\xa9") == byte_string("\xc3\xa9"));
    CHECK_FALSE(byte_string("a") == value{to_bytes("a")});
}

TEST_CASE("Containers are equal by their items", "[codec][value][equality]")
{
    CHECK(value::list({1, "a"}) == value::list({1.0, "a"}));
    CHECK_FALSE(value::list({1}) == value::tuple({1}));
    CHECK_FALSE(value::list({1}) == value::list({1, 2}));
    CHECK(value::set({1, 2}) == value::frozenset({2, 1}));
    CHECK_FALSE(value::set({1, 2}) == value::set({1, 3}));
    CHECK(value::dict({{"a", 1}, {"b", 2}}) == value::dict({{"b", 2.0}, {"a", true}}));
    CHECK_FALSE(value::dict({{"a", 1}}) == value::dict({{"a", 2}}));
    CHECK_FALSE(value::dict({{"a", 1}}) == value::dict({{"b", 1}}));
    CHECK(value::set({value::tuple({1, value::frozenset({"x"})})}) == value::set({value::tuple({1.0, value::frozenset({"x"})})}));
    CHECK_FALSE(value{} == value{0});
}

TEST_CASE("Objects of unknown classes are equal when their pickles build the same", "[codec][value][equality]")
{
    const auto decimal = [](const char* digits) {
        return value::object(value::global("decimal", "Decimal"), {digits});
    };
    CHECK(decimal("1.5") == decimal("1.5"));
    CHECK_FALSE(decimal("1.5") == decimal("1.6"));
    CHECK(decimal("1.5").hash() == decimal("1.5").hash());
    CHECK(value::global("__builtin__", "len") == value::global("builtins", "len"));
    CHECK_FALSE(value::global("builtins", "len") == value::global("builtins", "max"));
}

TEST_CASE("Structures that contain themselves compare and end", "[codec][value][equality]")
{
    const value list = from_pickle("\x80\x02]q\0h\0a.");
    REQUIRE(list.size() == 1);
    CHECK(list == list);
    SECTION("a list in itself equals its own unrolling, and is less than none of them") {
        const value other = from_pickle("\x80\x02]q\0]q\1h\0aa.");
        CHECK(list == other);
        CHECK(value::less(list, other) == false);
    }
    SECTION("a difference behind the cycle is found") {
        const value one = from_pickle("\x80\x02]q\0(h\0K\1e.");
        const value two = from_pickle("\x80\x02]q\0(h\0K\2e.");
        CHECK_FALSE(one == two);
        CHECK(value::less(one, two) == true);
        CHECK(one.repr() == "[[...], 1]");
    }
    SECTION("a dict in itself") {
        const value dict = from_pickle("\x80\x02}q\0U\1kh\0s.");
        CHECK(dict == dict);
        CHECK(dict == from_pickle("\x80\x02}q\0X\1\0\0\0kh\0s."));
        CHECK(dict.repr() == "{'k': {...}}");
    }
    CHECK(list.repr() == "[[...]]");
}

TEST_CASE("Shared structure is compared once, not once for each way to it", "[codec][value][equality]")
{
    // Two hundred levels, each a list or tuple of the same list or tuple twice: 2**200 ways to the innermost.
    const auto doubled = [](codec::node_kind kind, std::int64_t innermost) {
        auto graph = std::make_shared<codec::object_graph>();
        codec::node_id node = graph->add_integer(innermost);
        for (int level = 0; level < 200; ++level) {
            const codec::node_id twice[] = {node, node};
            node = graph->add_container(kind, twice);
        }
        return codec::object_graph::to_value(graph, node);
    };
    for (const auto kind : {codec::node_kind::list, codec::node_kind::tuple}) {
        CHECK(doubled(kind, 1) == doubled(kind, 1));
        CHECK_FALSE(doubled(kind, 1) == doubled(kind, 2));
        CHECK(value::less(doubled(kind, 1), doubled(kind, 2)) == true);
        CHECK(doubled(kind, 1).repr(1000).size() == 1000);
    }
    CHECK(doubled(codec::node_kind::tuple, 1).hash() == doubled(codec::node_kind::tuple, 1).hash());
    CHECK(value::set({doubled(codec::node_kind::tuple, 1), doubled(codec::node_kind::tuple, 1)}).size() == 1);
}

TEST_CASE("Depth costs no stack", "[codec][value]")
{
    const auto nested = [](std::int64_t innermost) {
        auto graph = std::make_shared<codec::object_graph>();
        codec::node_id node = graph->add_integer(innermost);
        for (int level = 0; level < 200'000; ++level)
            node = graph->add_container(codec::node_kind::tuple, std::span{&node, 1});
        return codec::object_graph::to_value(graph, node);
    };
    const value left = nested(1);
    const value right = nested(2);
    CHECK(left == nested(1));
    CHECK(value::less(left, right) == true);
    CHECK(left.hash() == nested(1).hash());
    CHECK(left.repr().size() == std::size_t{3} * 200'000 + 1);
}

TEST_CASE("less() is Python's <", "[codec][value][order]")
{
    CHECK(value::less(1, 2) == true);
    CHECK(value::less(2, 1) == false);
    CHECK(value::less(true, 1.5) == true);
    CHECK(value::less(9007199254740992.0, 9007199254740993) == true);
    CHECK(value::less(big("-1" + std::string(30, '0')), -1e29) == true);
    CHECK(value::less(1e29, big("1" + std::string(30, '0'))) == true);
    CHECK(value::less(std::numeric_limits<double>::quiet_NaN(), 1) == false);
    CHECK(value::less("a", "b") == true);
    CHECK(value::less("\xef\xbf\xbd", "\xf0\x9f\x98\x80") == true);  // by code point, not by UTF-16 unit
    CHECK(value::less(to_bytes("a"), value::bytearray(as_bytes("b"))) == true);
    CHECK(value::less(byte_string("a"), "b") == true);

    SECTION("sequences compare by their first difference, then by length") {
        CHECK(value::less(value::tuple({1, "b"}), value::tuple({1, "a"})) == false);
        CHECK(value::less(value::tuple({1}), value::tuple({1, 0})) == true);
        CHECK(value::less(value::list({1, value::list({2})}), value::list({1, value::list({3})})) == true);
        CHECK(value::less(value::tuple({1, value::dict({})}), value::tuple({2, value::dict({})})) == true);
        CHECK(value::less(value::tuple({value{}, 1}), value::tuple({value{}, 2})) == true);
    }
    SECTION("a set is less than what properly contains it") {
        CHECK(value::less(value::set({1}), value::set({1, 2})) == true);
        CHECK(value::less(value::set({1, 2}), value::set({1, 2})) == false);
        CHECK(value::less(value::set({3}), value::set({1, 2})) == false);
    }
    SECTION("what Python refuses to order is nullopt") {
        CHECK(value::less(1, "a") == std::nullopt);
        CHECK(value::less(value{}, value{}) == std::nullopt);
        CHECK(value::less(value::dict({}), value::dict({})) == std::nullopt);
        CHECK(value::less(value::complex(0, 1), value::complex(0, 2)) == std::nullopt);
        CHECK(value::less("a", to_bytes("a")) == std::nullopt);
        CHECK(value::less(value::list({}), value::tuple({})) == std::nullopt);
        CHECK(value::less(value::tuple({1, value{}}), value::tuple({1, 2})) == std::nullopt);
        CHECK(value::less(byte_string("\xff"), "\xc3\xbf") == std::nullopt);
    }
}

TEST_CASE("Equal values hash alike, and what Python cannot hash has no hash", "[codec][value][hash]")
{
    CHECK(value{1}.hash() == value{1.0}.hash());
    CHECK(value{1}.hash() == value{true}.hash());
    CHECK(value{1}.hash() == value::complex(1, 0).hash());
    CHECK(big("1267650600228229401496703205376").hash() == value{1267650600228229401496703205376.0}.hash());
    CHECK(value::tuple({1, "a"}).hash() == value::tuple({true, "a"}).hash());
    CHECK(value::frozenset({1, 2, 3}).hash() == value::frozenset({3, 2.0, 1}).hash());
    CHECK(value{}.hash().has_value());

    CHECK(value::list({}).hash() == std::nullopt);
    CHECK(value::dict({}).hash() == std::nullopt);
    CHECK(value::set({}).hash() == std::nullopt);
    CHECK(value::bytearray({}).hash() == std::nullopt);
    CHECK(value::tuple({value::list({})}).hash() == std::nullopt);

    const std::unordered_set<value> keys{1, 1.0, "a", value{}};
    CHECK(keys.size() == 3);
    CHECK(keys.contains(true));
}

TEST_CASE("repr() is Python's", "[codec][value][repr]")
{
    CHECK(value{}.repr() == "None");
    CHECK(value{true}.repr() == "True");
    CHECK(value{-7}.repr() == "-7");
    CHECK(big("-" + std::string(40, '7')).repr() == "-" + std::string(40, '7'));
    CHECK(value{"it's"}.repr() == R"("it's")");
    CHECK(value{"\"it's\""}.repr() == R"('"it\'s"')");
    CHECK(value{to_bytes("a\xff'")}.repr() == R"(b"a\xff'")");
    CHECK(value::bytearray(as_bytes("a")).repr() == "bytearray(b'a')");
    CHECK(byte_string("a\xff").repr() == R"('a\xff')");
    CHECK(value::tuple({}).repr() == "()");
    CHECK(value::tuple({1}).repr() == "(1,)");
    CHECK(value::list({1, "a", value::tuple({1, 2})}).repr() == "[1, 'a', (1, 2)]");
    CHECK(value::dict({{"a", 1}, {2, value::list({})}}).repr() == "{'a': 1, 2: []}");
    CHECK(value::dict({}).repr() == "{}");
    CHECK(value::set({}).repr() == "set()");
    CHECK(value::set({1}).repr() == "{1}");
    CHECK(value::frozenset({}).repr() == "frozenset()");
    CHECK(value::frozenset({1}).repr() == "frozenset({1})");
    CHECK(value::complex(1, -2).repr() == "(1-2j)");
    CHECK(value::complex(0, 1.5).repr() == "1.5j");
    CHECK(value::complex(-0.0, 1).repr() == "(-0+1j)");

    SECTION("an int that Python itself would refuse to print is shown in hexadecimal") {
        const std::string shown = big("1" + std::string(5000, '0')).repr();
        CHECK(shown.starts_with("0x"));
        CHECK(big("-1" + std::string(5000, '0')).repr() == "-" + shown);
    }
    SECTION("objects show how they were made") {
        CHECK(value::object(value::global("decimal", "Decimal"), {"1.5"}).repr() == "decimal.Decimal('1.5')");
        CHECK(value::object(value::global("exceptions", "ValueError"), {"x", 1}).repr() == "ValueError('x', 1)");
        CHECK(value::global("os", "system").repr() == "<class or function os.system>");
        const value moment = value::object(value::global("datetime", "datetime"),
                                           {to_bytes(std::string_view{"\x07\xe8\x01\x1f\x0c\x00\x00\x00\x00\x00", 10})});
        CHECK(moment.repr() == "datetime.datetime(2024, 1, 31, 12, 0)");
        // collections.deque((), 5) with items, and an instance whose state is a dict
        CHECK(from_pickle("\x80\x02"
                                           "ccollections\ndeque\n)K\5\x86R(K\1K\2e.")
                  .repr() == "collections.deque((), 5, [1, 2])");
        CHECK(from_pickle("\x80\x02"
                                           "c__main__\nPoint\n)\x81}U\1xK\1sb.")
                  .repr() == "__main__.Point(x=1)");
    }
    SECTION("size_max bounds it, between characters") {
        CHECK(value{"abcdefghij"}.repr(8) == "'abcd...");
        CHECK(value{"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"}.repr(7) == "'\xc3\xa9...");
        CHECK(value::list(std::vector<value>(1000, value{1})).repr(10) == "[1, 1, ...");
        CHECK(value{12345}.repr(2) == "..");
        CHECK(value{12345}.repr(0).empty());
    }
}

TEST_CASE("type_name() is how Python names the type", "[codec][value]")
{
    CHECK(value{}.type_name() == "NoneType");
    CHECK(value{1}.type_name() == "int");
    CHECK(byte_string("a").type_name() == "str");
    CHECK(value::object(value::global("queue", "Empty"), {}).type_name() == "queue.Empty");
    CHECK(value::object(value::global("Queue", "Empty"), {}).type_name() == "queue.Empty");
    CHECK(value::object(value::global("exceptions", "KeyError"), {"k"}).type_name() == "KeyError");
}

TEST_CASE("An object gives its class, arguments and state", "[codec][value]")
{
    const value error = value::object(value::global("builtins", "KeyError"), {"k"});
    CHECK(error.module_name() == "builtins");
    CHECK(error.qualified_name() == "KeyError");
    CHECK(error.arguments() == value::tuple({"k"}));
    CHECK(error.state().is_none());

    const value point = from_pickle("\x80\x02"
                                                     "c__main__\nPoint\n)\x81}U\1xK\1sb.");
    CHECK(point.kind() == value_kind::object);
    CHECK(point.qualified_name() == "Point");
    CHECK(point.state().find("x") == value{1});

    CHECK(value{1}.module_name().empty());
    CHECK(value{1}.arguments() == value::tuple({}));
}

TEST_CASE("What one value stands for twice stays one object in a new container", "[codec][value]")
{
    const value inner = value::list({1});
    const value outer = value::list({inner, inner});
    CHECK(codec::object_graph::node_of(outer[0]) == codec::object_graph::node_of(outer[1]));
}
