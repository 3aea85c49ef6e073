#include "core_testing.hpp"

#include "codec/object_graph.hpp"
#include "codec/pickle_decoder.hpp"
#include "core/iterable.hpp"

#include <string>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

std::vector<value> iterated(const value& iterable)
{
    auto found = items_of(iterable);
    if (const auto* const wrong = std::get_if<raised>(&found))
        FAIL("raised " << wrong->type << ": " << wrong->text);
    return std::get<std::vector<value>>(found);
}

raised refused(const value& iterable)
{
    auto found = items_of(iterable);
    REQUIRE(std::holds_alternative<raised>(found));
    return std::get<raised>(found);
}

using values = std::vector<value>;

value unpickled(std::string_view opcodes)
{
    return codec::value_from_pickle(as_bytes(opcodes));
}

value call_of(std::string_view module, std::string_view name, const values& arguments)
{
    return value::object(value::global(module, name), arguments);
}

}  // namespace

TEST_CASE("containers give their items in order, dicts their keys", "[core][iterable]")
{
    const values three{1, "two", 3.0};
    CHECK(iterated(value::list(three)) == three);
    CHECK(iterated(value::tuple(three)) == three);
    CHECK(iterated(value::set(three)) == three);
    CHECK(iterated(value::frozenset(three)) == three);
    CHECK(iterated(value::dict({{1, "a"}, {"two", "b"}, {3.0, "c"}})) == three);
    for (const value& empty : {value::list({}), value::tuple({}), value::set({}), value::dict({}), value{""}, value{bytes{}}})
        CHECK(iterated(empty).empty());
}

TEST_CASE("text gives its characters, octets give ints", "[core][iterable]")
{
    CHECK(iterated("abca") == values{"a", "b", "c", "a"});
    CHECK(iterated("a\u00e9\u20ac\U0001f600") == values{"a", "\u00e9", "\u20ac", "\U0001f600"});
    CHECK(iterated("\xed\xa0\x80z") == values{"\xed\xa0\x80", "z"});  // a lone surrogate
    CHECK(iterated(value{to_bytes("a\xff")}) == values{97, 255});
    CHECK(iterated(value::bytearray(as_bytes("b"))) == values{98});

    const std::vector<value> python2 = iterated(unpickled("\x80\x02U\x03"
                                                          "a\xe9"
                                                          "b."));
    REQUIRE(python2.size() == 3);
    CHECK(python2[0].kind() == value_kind::byte_string);
    CHECK(python2[1].text() == "\xe9");
}

TEST_CASE("the characters of a text share one graph", "[core][iterable]")
{
    const auto characters = iterated(std::string(100'000, 'x') + "y");
    const auto& graph = codec::object_graph::graph_of(characters.front());
    CHECK(graph->node_count() == 2);
    CHECK(codec::object_graph::graph_of(characters.back()) == graph);
}

TEST_CASE("a range gives its numbers", "[core][iterable]")
{
    const auto range = [](const values& arguments) { return call_of("builtins", "range", arguments); };
    CHECK(iterated(range({3})) == values{0, 1, 2});
    CHECK(iterated(range({1, 4})) == values{1, 2, 3});
    CHECK(iterated(range({0, 10, 4})) == values{0, 4, 8});
    CHECK(iterated(range({3, 0, -1})) == values{3, 2, 1});
    CHECK(iterated(range({0, 3, -1})).empty());
    CHECK(iterated(range({3, 3, 1})).empty());
    CHECK(iterated(range({INT64_MIN, INT64_MAX, INT64_MAX})) == values{INT64_MIN, -1, INT64_MAX - 1});
    CHECK(iterated(range({INT64_MAX, INT64_MIN, INT64_MIN})) == values{INT64_MAX, -1});
    CHECK(iterated(call_of("__builtin__", "xrange", {0, 2, 1})) == values{0, 1});

    SECTION("its arguments are those of range()")
    {
        CHECK(refused(range({})).type == exception_type::type_error);
        CHECK(refused(range({1, 2, 3, 4})).type == exception_type::type_error);
        CHECK(refused(range({1, 2, 0})).text == "range() arg 3 must not be zero");
        CHECK(refused(range({1, 2, 0})).type == exception_type::value_error);
        CHECK(refused(range({"a"})).text == "'str' object cannot be interpreted as an integer");
        CHECK(refused(range({value::integer_from_decimal("18446744073709551616")})).type == exception_type::overflow_error);
    }
    SECTION("one that is too long is refused before anything is made")
    {
        CHECK(refused(range({INT64_MIN, INT64_MAX, 1})).type == exception_type::memory_error);
        CHECK(refused(range({static_cast<std::int64_t>(iterated_items_max) + 1})).text ==
              "iterating this range would make 16777217 items, and iterated_items_max is 16777216: send them in parts");
    }
}

TEST_CASE("text and octets beyond iterated_items_max are refused", "[core][iterable]")
{
    const std::string long_text(iterated_items_max + 1, 'x');
    CHECK(refused(value{long_text}).type == exception_type::memory_error);
    CHECK(refused(value{to_bytes(long_text)}).type == exception_type::memory_error);
}

TEST_CASE("iterators of lists and the containers of collections give what they hold", "[core][iterable]")
{
    CHECK(iterated(call_of("builtins", "iter", {value::list({1, 2})})) == values{1, 2});
    // iter([1, 2, 3]) of which one item was taken; BUILD gives the index
    CHECK(iterated(unpickled("\x80\x02"
                             "c__builtin__\niter\n](K\x01K\x02K\x03"
                             "e\x85RK\x01"
                             "b.")) == values{2, 3});
    CHECK(iterated(unpickled("\x80\x02"
                             "c__builtin__\niter\n](K\x01"
                             "e\x85RK\x07"
                             "b."))
              .empty());
    CHECK(iterated(unpickled("\x80\x02"
                             "ccollections\ndeque\n)R(K\x01K\x02"
                             "e.")) == values{1, 2});
    CHECK(iterated(unpickled("\x80\x02"
                             "ccollections\ndeque\n](K\x01K\x02K\x03"
                             "eK\x02\x86R.")) == values{2, 3});
    CHECK(iterated(unpickled("\x80\x02"
                             "ccollections\nOrderedDict\n)R(K\x01NK\x02Nu.")) == values{1, 2});
    CHECK(iterated(unpickled("\x80\x02"
                             "ccollections\nOrderedDict\n]]K\x01"
                             "aNaa\x85R."))
              .size() == 1);
    CHECK(iterated(unpickled("\x80\x02"
                             "ccollections\nCounter\n}K\x05K\x01s\x85R.")) == values{5});
    CHECK(iterated(unpickled("\x80\x02"
                             "ccollections\ndefaultdict\nc__builtin__\nint\n\x85RK\x05K\x01s.")) == values{5});

    SECTION("forged ones do no harm")
    {
        const value nested = call_of("builtins", "iter", {call_of("builtins", "iter", {value::list({})})});
        CHECK(refused(nested).text == "'iter' object is not iterable");
        CHECK(refused(call_of("builtins", "iter", {})).type == exception_type::type_error);
        CHECK(refused(call_of("collections", "OrderedDict", {value::list({value::list({1})})})).type ==
              exception_type::type_error);
        CHECK(iterated(call_of("collections", "deque", {5})).empty());
    }
}

TEST_CASE("an array gives its items", "[core][iterable]")
{
    const auto array = [](const values& arguments) { return call_of("array", "array", arguments); };
    CHECK(iterated(array({"h", value{to_bytes({"\1\0\2\0", 4})}})) == values{1, 2});
    CHECK(iterated(array({"d", value::list({1})})) == values{1.0});
    CHECK(iterated(array({"u", "ab"})) == values{"a", "b"});
    CHECK(iterated(array({"i"})).empty());
    CHECK(refused(array({"i", value::list({"a"})})).type == exception_type::type_error);
    CHECK(refused(array({"u", value{to_bytes("abcd")}})).type == exception_type::value_error);
    CHECK(refused(array({"b", value{to_bytes(std::string(iterated_items_max + 1, 'x'))}})).type ==
          exception_type::memory_error);
}

TEST_CASE("what cannot be iterated is a TypeError that names its class", "[core][iterable]")
{
    CHECK(refused(5).text == "'int' object is not iterable");
    CHECK(refused(5).type == exception_type::type_error);
    CHECK(refused(true).text == "'bool' object is not iterable");
    CHECK(refused(value{}).text == "'NoneType' object is not iterable");
    CHECK(refused(1.5).text == "'float' object is not iterable");
    CHECK(refused(value::complex(1, 2)).text == "'complex' object is not iterable");
    CHECK(refused(value::global("builtins", "int")).text == "'type' object is not iterable");
    CHECK(refused(call_of("shop.cart", "Basket", {})).text == "'Basket' object is not iterable");
    CHECK(refused(unpickled("\x80\x02\x82\x05.")).type == exception_type::type_error);  // EXT1: nobody knows what
}

TEST_CASE("detached() frees a part of a large graph from it", "[core][iterable]")
{
    values many;
    for (int i = 0; i < 1000; ++i)
        many.push_back(value::list({i, "item"}));
    const value all = value::list(many);
    const value part = detached(all[7]);
    CHECK(part == value::list({7, "item"}));
    CHECK(codec::object_graph::graph_of(part)->node_count() <= 3);

    SECTION("a scalar and a small graph stay what they are")
    {
        CHECK(detached(5) == value{5});
        const value small = value::list({1, 2});
        CHECK(codec::object_graph::graph_of(detached(small)) == codec::object_graph::graph_of(small));
    }
}
