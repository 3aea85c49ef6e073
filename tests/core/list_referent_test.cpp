#include "core_testing.hpp"

#include "codec/object_graph.hpp"
#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "core/iterable.hpp"
#include "core/list_referent.hpp"

#include <cmath>
#include <string>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

using values = std::vector<value>;

std::vector<codec::payload> entries_of(const values& items)
{
    std::vector<codec::payload> entries;
    for (const value& item : items)
        entries.push_back(codec::object_graph::graph_of(item) == nullptr ? codec::payload{item}
                                                                         : codec::payload{codec::item_from_value(item)});
    return entries;
}

struct fixture {
    explicit fixture(const values& items = {}) : list{{}, entries_of(items)} {}

    value call(std::string_view method, const arguments& positional = {}, const keyword_arguments& keywords = {})
    {
        return result_of(client(method, positional, keywords));
    }
    /// Calls with every argument as a client's pickle, as it comes off the wire.
    outcome call_pickled(std::string_view method, const std::vector<codec::item>& positional)
    {
        core::call request = make_call(method);
        for (const codec::item& each : positional)
            request.positional.emplace_back(each);
        return list.invoke(request, client.place(), client.fulfilled);
    }
    void check_error(const outcome& seen, exception_type type, const std::string& text)
    {
        const raised error = error_of(seen);
        CHECK(error.type == type);
        CHECK(error.text == text);
    }
    /// The call raises, and the list is what it was.
    void check_refused(std::string_view method, const arguments& positional, exception_type type, const std::string& text)
    {
        CAPTURE(method);
        const std::string before = list.text();
        check_error(client(method, positional), type, text);
        CHECK(list.text() == before);
    }

    list_referent list;
    caller client{list};
};

struct three_fixture : fixture {
    three_fixture() : fixture{{1, "two", 3.0}} {}
};

value slice_of(const value& start, const value& stop, const value& step = {})
{
    return value::object(value::global("builtins", "slice"), {start, stop, step});
}

value range_of(std::int64_t stop)
{
    return value::object(value::global("builtins", "range"), {0, stop, 1});
}

codec::item pickled(const value& known)
{
    return codec::item_from_value(known);
}

const value huge = value::integer_from_decimal("1180591620717411303424");

}  // namespace

TEST_CASE_METHOD(fixture, "a list exposes what ListProxy of any version does, and list's public methods", "[core][list]")
{
    const auto names = list.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{
              "__add__", "__contains__", "__delitem__", "__delslice__", "__getitem__",  "__getslice__", "__imul__", "__len__",
              "__mul__", "__reversed__", "__rmul__",    "__setitem__",  "__setslice__", "append",       "clear",    "copy",
              "count",   "extend",       "index",       "insert",       "pop",          "remove",       "reverse",  "sort"});
    check_error(client("__iter__"), exception_type::attribute_error, "'list' object has no attribute '__iter__'");
}

TEST_CASE_METHOD(fixture, "each method of a list does what its name says", "[core][list]")
{
    CHECK(call("append", {1}).is_none());
    CHECK(call("extend", {value::tuple({2, "three"})}).is_none());
    CHECK(call("insert", {1, 1.5}).is_none());
    CHECK(list.text() == "[1, 1.5, 2, 'three']");
    CHECK(call("__len__") == value{4});
    CHECK(call("__getitem__", {-1}) == value{"three"});
    CHECK(call("__setitem__", {0, "one"}).is_none());
    CHECK(call("index", {2}) == value{2});
    CHECK(call("count", {2.0}) == value{1});
    CHECK(call("__contains__", {"one"}) == value{true});
    CHECK(call("__contains__", {"four"}) == value{false});
    CHECK(call("pop") == value{"three"});
    CHECK(call("pop", {0}) == value{"one"});
    CHECK(call("copy") == value::list({1.5, 2}));
    CHECK(call("__add__", {value::list({3})}) == value::list({1.5, 2, 3}));
    CHECK(call("__mul__", {2}) == value::list({1.5, 2, 1.5, 2}));
    CHECK(call("__rmul__", {2}) == value::list({1.5, 2, 1.5, 2}));
    CHECK(call("__imul__", {2}) == value::list({1.5, 2, 1.5, 2}));
    CHECK(call("remove", {2}).is_none());
    CHECK(call("reverse").is_none());
    CHECK(list.text() == "[2, 1.5, 1.5]");
    CHECK(call("sort").is_none());
    CHECK(call("__delitem__", {0}).is_none());
    CHECK(*list.by_value() == value::list({1.5, 2}));
    CHECK(call("__reversed__").repr() == "reversed([1.5, 2])");
    CHECK(call("clear").is_none());
    CHECK(list.text() == "[]");
    CHECK(list.by_value() == value::list({}));
}

TEST_CASE_METHOD(fixture, "items pickled by a client are kept as they are", "[core][list]")
{
    const codec::item word = pickled("word");
    CHECK(result_of(call_pickled("append", {word})).is_none());
    outcome got = client("__getitem__", {0});
    const auto* const sent = std::get<returned>(got).result.pickled();
    REQUIRE(sent != nullptr);
    CHECK(sent->opcodes().data() == word.opcodes().data());
    CHECK(call("__contains__", {"word"}) == value{true});
    CHECK(list.text() == "['word']");
    SECTION("through every method that takes one")
    {
        result_of(call_pickled("insert", {pickled(0), pickled(value::list({1}))}));
        result_of(call_pickled("__setitem__", {pickled(1), pickled(value::dict({{"k", 1}}))}));
        result_of(call_pickled("extend", {pickled(value::list({"a", "b"}))}));
        CHECK(list.text() == "[[1], {'k': 1}, 'a', 'b']");
        CHECK(*list.by_value() == value::list({value::list({1}), value::dict({{"k", 1}}), "a", "b"}));
        CHECK(result_of(call_pickled("index", {pickled("a")})) == value{2});
        CHECK(call("pop", {0}) == value::list({1}));
        CHECK(call("pop") == value{"b"});
    }
}

TEST_CASE("an argument that cannot be decoded is refused before it could spoil the list", "[core][list]")
{
    pickle_limits limits;
    limits.depth_max = 3;
    list_referent list{limits, entries_of({1})};
    caller client{list};
    value deep = value::list({});
    for (int i = 0; i < 5; ++i)
        deep = value::list({deep});
    for (const std::string_view method : {"append", "extend", "count", "__add__", "__getitem__"}) {
        call request = make_call(method);
        request.positional.emplace_back(pickled(deep));
        const raised error = error_of(list.invoke(request, client.place(), client.fulfilled));
        CHECK(error.type == exception_type::value_error);
        CHECK(error.text.find("depth_max") != std::string::npos);
    }
    CHECK(list.text() == "[1]");
}

TEST_CASE_METHOD(three_fixture, "positions out of range are IndexErrors", "[core][list]")
{
    constexpr auto index_error = exception_type::index_error;
    check_refused("__getitem__", {3}, index_error, "list index out of range");
    check_refused("__getitem__", {-4}, index_error, "list index out of range");
    check_refused("__getitem__", {huge}, index_error, "cannot fit 'int' into an index-sized integer");
    check_refused("__setitem__", {3, 0}, index_error, "list assignment index out of range");
    check_refused("__delitem__", {-4}, index_error, "list assignment index out of range");
    check_refused("pop", {3}, index_error, "pop index out of range");
    call("clear");
    check_refused("pop", {}, index_error, "pop from empty list");
    check_refused("pop", {5}, index_error, "pop from empty list");
}

TEST_CASE_METHOD(three_fixture, "arguments of the wrong type are TypeErrors", "[core][list]")
{
    constexpr auto type_error = exception_type::type_error;
    constexpr auto no_index = "list indices must be integers or slices, not str";
    check_refused("__getitem__", {"a"}, type_error, no_index);
    check_refused("__setitem__", {"a", 1}, type_error, no_index);
    check_refused("__delitem__", {"a"}, type_error, no_index);
    check_refused("insert", {"a", 1}, type_error, "'str' object cannot be interpreted as an integer");
    check_refused("pop", {1.0}, type_error, "'float' object cannot be interpreted as an integer");
    check_refused("index", {1, value{}}, type_error, "slice indices must be integers or have an __index__ method");
    check_refused("__mul__", {"a"}, type_error, "'str' object cannot be interpreted as an integer");
    check_refused("__imul__", {1.5}, type_error, "'float' object cannot be interpreted as an integer");
    check_refused("__add__", {5}, type_error, "can only concatenate list (not \"int\") to list");
    check_refused("__add__", {value::tuple({})}, type_error, "can only concatenate list (not \"tuple\") to list");
    check_refused("extend", {5}, type_error, "'int' object is not iterable");
    check_refused("__setitem__", {slice_of(0, 1), 5}, type_error, "can only assign an iterable");
    check_refused("__setitem__", {slice_of(0, 3, 2), 5}, type_error, "must assign iterable to extended slice");
    check_refused("__setslice__", {0, 1, 5}, type_error, "can only assign an iterable");
    check_refused("__getslice__", {"a", 1}, type_error, "'str' object cannot be interpreted as an integer");
    CHECK(error_of(client("insert", {huge, 1})).type == exception_type::overflow_error);
    CHECK(error_of(client("pop", {huge})).type == exception_type::overflow_error);
    CHECK(error_of(client("__mul__", {huge})).type == exception_type::overflow_error);
    CHECK(error_of(client("__getslice__", {0, huge})).type == exception_type::overflow_error);
}

TEST_CASE_METHOD(three_fixture, "the number of arguments is that of CPython's methods", "[core][list]")
{
    constexpr auto type_error = exception_type::type_error;
    check_refused("append", {}, type_error, "list.append() takes exactly one argument (0 given)");
    check_refused("append", {1, 2}, type_error, "list.append() takes exactly one argument (2 given)");
    check_refused("insert", {1}, type_error, "insert expected 2 arguments, got 1");
    check_refused("pop", {1, 2}, type_error, "pop expected at most 1 argument, got 2");
    check_refused("index", {}, type_error, "index expected at least 1 argument, got 0");
    check_refused("index", {1, 2, 3, 4}, type_error, "index expected at most 3 arguments, got 4");
    check_refused("clear", {1}, type_error, "list.clear() takes no arguments (1 given)");
    check_refused("sort", {1}, type_error, "sort() takes no positional arguments");
    check_error(client("append", {}, {{"object", 1}}), type_error, "list.append() takes no keyword arguments");
    check_error(client("pop", {}, {{"index", 1}}), type_error, "pop() takes no keyword arguments");
}

TEST_CASE_METHOD(fixture, "values that are not there are ValueErrors", "[core][list]")
{
    call("extend", {value::list({1, 2, 1})});
    check_refused("remove", {9}, exception_type::value_error, "list.remove(x): x not in list");
    check_refused("index", {"nine"}, exception_type::value_error, "'nine' is not in list");
    SECTION("index() looks where it is told to")
    {
        CHECK(call("index", {1, 1}) == value{2});
        CHECK(call("index", {1, -1}) == value{2});
        CHECK(call("index", {2, -99, 99}) == value{1});
        CHECK(call("index", {2, value::integer_from_decimal("-1180591620717411303424"), huge}) == value{1});
        check_refused("index", {1, 1, 2}, exception_type::value_error, "1 is not in list");
        check_refused("index", {1, 2, 0}, exception_type::value_error, "1 is not in list");
    }
    SECTION("a long one is not repeated in full")
    {
        CHECK(error_of(client("index", {std::string(100'000, 'x')})).text.size() < 2000);
    }
}

TEST_CASE_METHOD(fixture, "equality is Python's", "[core][list]")
{
    call("extend", {value::list({1, true, 1.0, "1", value::tuple({1, 2}), value::list({1, 2}), std::nan("")})});
    CHECK(call("count", {1}) == value{3});
    CHECK(call("count", {value::tuple({1.0, 2})}) == value{1});
    CHECK(call("count", {std::nan("")}) == value{0});
    CHECK(call("__contains__", {value::list({true, 2})}) == value{true});
}

TEST_CASE("slices are read, replaced and deleted", "[core][list]")
{
    fixture f{{0, 1, 2, 3, 4, 5}};
    SECTION("read")
    {
        CHECK(f.call("__getitem__", {slice_of({}, {})}) == value::list({0, 1, 2, 3, 4, 5}));
        CHECK(f.call("__getitem__", {slice_of(1, -1, 2)}) == value::list({1, 3}));
        CHECK(f.call("__getitem__", {slice_of({}, {}, -2)}) == value::list({5, 3, 1}));
        CHECK(f.call("__getitem__", {slice_of(9, {})}) == value::list({}));
        CHECK(f.call("__getslice__", {1, 3}) == value::list({1, 2}));
        CHECK(f.call("__getslice__", {-1, INT64_MAX}) == value::list({0, 1, 2, 3, 4, 5}));
        f.check_refused("__getitem__", {slice_of({}, {}, 0)}, exception_type::value_error, "slice step cannot be zero");
    }
    SECTION("replaced by more, by fewer and by nothing")
    {
        f.call("__setitem__", {slice_of(1, 3), value::list({"a", "b", "c"})});
        CHECK(f.list.text() == "[0, 'a', 'b', 'c', 3, 4, 5]");
        f.call("__setitem__", {slice_of(1, 4), value::tuple({"x"})});
        CHECK(f.list.text() == "[0, 'x', 3, 4, 5]");
        f.call("__setitem__", {slice_of(3, {}), ""});
        CHECK(f.list.text() == "[0, 'x', 3]");
        f.call("__setitem__", {slice_of(2, 1), "in"});
        CHECK(f.list.text() == "[0, 'x', 'i', 'n', 3]");
        f.call("__setitem__", {slice_of({}, {}), value::list({})});
        CHECK(f.list.text() == "[]");
        f.call("__setitem__", {slice_of(7, {}), value::list({1})});
        CHECK(f.list.text() == "[1]");
    }
    SECTION("an extended one takes as many as it has")
    {
        f.call("__setitem__", {slice_of({}, {}, -2), "abc"});
        CHECK(f.list.text() == "[0, 'c', 2, 'b', 4, 'a']");
        f.check_refused("__setitem__", {slice_of({}, {}, 2), value::list({1})}, exception_type::value_error,
                        "attempt to assign sequence of size 1 to extended slice of size 3");
        f.check_refused("__setitem__", {slice_of(3, 0, 2), value::list({1})}, exception_type::value_error,
                        "attempt to assign sequence of size 1 to extended slice of size 0");
    }
    SECTION("deleted")
    {
        f.call("__delitem__", {slice_of(1, 3)});
        CHECK(f.list.text() == "[0, 3, 4, 5]");
        f.call("__delitem__", {slice_of({}, {}, -2)});
        CHECK(f.list.text() == "[0, 4]");
        f.call("__delitem__", {slice_of(2, 1)});
        CHECK(f.list.text() == "[0, 4]");
        f.call("__delslice__", {-5, 1});
        CHECK(f.list.text() == "[4]");
    }
    SECTION("as Python 2 sets them")
    {
        f.call("__setslice__", {1, 5, value::list({"a"})});
        CHECK(f.list.text() == "[0, 'a', 5]");
        f.call("__setslice__", {2, 1, value::list({"b"})});
        CHECK(f.list.text() == "[0, 'a', 'b', 5]");
    }
}

TEST_CASE_METHOD(three_fixture, "insert() and pop() count from the end and insert() goes no further", "[core][list]")
{
    call("insert", {-1, "a"});
    CHECK(list.text() == "[1, 'two', 'a', 3.0]");
    call("insert", {-99, "b"});
    call("insert", {99, "c"});
    CHECK(list.text() == "['b', 1, 'two', 'a', 3.0, 'c']");
    CHECK(call("pop", {-2}) == value{3.0});
    CHECK(call("pop", {true}) == value{1});
}

TEST_CASE("sort() orders as Python does", "[core][list]")
{
    const auto sorted = [](const values& items, const keyword_arguments& keywords = {}) {
        fixture f{items};
        CHECK(f.call("sort", {}, keywords).is_none());
        return f.list.text();
    };
    CHECK(sorted({}) == "[]");
    CHECK(sorted({1}) == "[1]");
    CHECK(sorted({3, 1, 2}) == "[1, 2, 3]");
    CHECK(sorted({2.5, 1, true, huge, -1}) == "[-1, 1, True, 2.5, 1180591620717411303424]");
    CHECK(sorted({"b", "a", "B"}) == "['B', 'a', 'b']");
    CHECK(sorted({value::tuple({1, "b"}), value::tuple({1, "a"}), value::tuple({0, "z"})}) == "[(0, 'z'), (1, 'a'), (1, 'b')]");
    SECTION("stable, either way")
    {
        CHECK(sorted({1.0, 1, true, 0}) == "[0, 1.0, 1, True]");
        CHECK(sorted({1.0, 1, true, 2}, {{"reverse", true}}) == "[2, 1.0, 1, True]");
        CHECK(sorted({1.0, 1, true, 0}, {{"reverse", 0}, {"key", value{}}}) == "[0, 1.0, 1, True]");
    }
    SECTION("many")
    {
        values items;
        for (int i = 0; i < 1000; ++i)
            items.emplace_back(i * 7919 % 1000);
        fixture f{items};
        f.call("sort");
        for (int i = 0; i < 1000; ++i)
            REQUIRE(f.call("__getitem__", {i}) == value{i});
    }
    SECTION("an order that is none ends all the same")
    {
        fixture f{{3, std::nan(""), 1, std::nan(""), 2}};
        f.call("sort");
        CHECK(f.list.size() == 5);
    }
    SECTION("pickled items")
    {
        fixture f;
        for (const char* word : {"pear", "apple", "fig"})
            result_of(f.call_pickled("append", {pickled(word)}));
        f.call("sort");
        CHECK(f.list.text() == "['apple', 'fig', 'pear']");
    }
}

TEST_CASE("sort() refuses what has no order, and leaves the list as it was", "[core][list]")
{
    fixture f{{1, "a", 0}};
    f.check_refused("sort", {}, exception_type::type_error, "'<' not supported between instances of 'str' and 'int'");
    fixture tuples{{value::tuple({1, "a"}), value::tuple({1, 2})}};
    tuples.check_refused("sort", {}, exception_type::type_error, "'<' not supported between instances of 'int' and 'str'");
    SECTION("a key, which only Python could call, is refused by name")
    {
        const raised error = error_of(f.client("sort", {}, {{"key", value::global("builtins", "len")}}));
        CHECK(error.type == exception_type::type_error);
        CHECK(error.text.find("key must be None") != std::string::npos);
    }
    f.check_error(f.client("sort", {}, {{"cmp", value{}}}), exception_type::type_error,
                  "sort() got an unexpected keyword argument 'cmp'");
    CHECK(f.list.text() == "[1, 'a', 0]");
}

TEST_CASE("multiplying is bounded", "[core][list]")
{
    fixture f{{1, value::list({2})}};
    CHECK(f.call("__mul__", {0}) == value::list({}));
    CHECK(f.call("__mul__", {-3}) == value::list({}));
    CHECK(f.call("__mul__", {true}) == value::list({1, value::list({2})}));
    for (const std::string_view method : {"__mul__", "__rmul__", "__imul__"}) {
        for (const std::int64_t times : {INT64_MAX, static_cast<std::int64_t>(made_list_size_max / 2 + 1)}) {
            CHECK(error_of(f.client(method, {times})).type == exception_type::memory_error);
            CHECK(f.list.size() == 2);
        }
    }
    CHECK(f.call("__imul__", {0}) == value::list({}));
    CHECK(f.call("__imul__", {INT64_MAX}) == value::list({}));
    CHECK(f.call("__mul__", {INT64_MAX}) == value::list({}));
}

TEST_CASE("a short request cannot lengthen a list without bound", "[core][list]")
{
    fixture f{{1, 2}};
    f.check_refused("extend", {range_of(INT64_MAX)}, exception_type::memory_error,
                    error_of(f.client("extend", {range_of(INT64_MAX)})).text);
    f.check_refused("extend", {range_of(static_cast<std::int64_t>(made_list_size_max))}, exception_type::memory_error,
                    "the list would come to more than made_list_size_max (16777216) items: send what is to be in it, in "
                    "parts if need be");
    f.call("extend", {range_of(3)});
    CHECK(f.list.text() == "[1, 2, 0, 1, 2]");
    f.call("extend", {"ab"});
    f.call("extend", {value::dict({{"k", 1}})});
    CHECK(f.list.text() == "[1, 2, 0, 1, 2, 'a', 'b', 'k']");
}

TEST_CASE("what occurs several times is sent once", "[core][list]")
{
    const std::string long_text(10'000, 'x');
    fixture f{{value::list({long_text})}};
    result_of(f.call_pickled("append", {pickled(long_text)}));
    const value many = f.call("__mul__", {1000});
    CHECK(many.size() == 2000);
    CHECK(pickled(many).size() < 3 * long_text.size() + 20'000);
    f.call("__imul__", {1000});
    CHECK(pickled(*f.list.by_value()).size() < 3 * long_text.size() + 20'000);
}

TEST_CASE("an item of a large list is sent without the list", "[core][list]")
{
    values many;
    for (int i = 0; i < 1000; ++i)
        many.emplace_back("item " + std::to_string(i));
    fixture f;
    result_of(f.call_pickled("extend", {pickled(value::list(many))}));
    for (const std::string_view method : {"__getitem__", "pop"}) {
        const value one = f.call(method, {5});
        CHECK(one == value{"item 5"});
        CHECK(codec::object_graph::graph_of(one)->node_count() == 1);
    }
    CHECK(f.list.size() == 999);
}

TEST_CASE_METHOD(fixture, "a pickle whose items share a large object cannot multiply it", "[core][list]")
{
    // Each item is a list of its own around the one text, by way of the memo.
    std::string opcodes = "](]X" + std::string("\xa0\x86\1\0", 4) + std::string(100'000, 'x') + "q\1a";
    for (int i = 0; i < 1000; ++i)
        opcodes += "]h\1a";
    opcodes += "e";
    const codec::item forged = codec::item::make(as_bytes(opcodes), {2, false, false, false});
    for (const std::string_view method : {"extend", "__add__"}) {
        core::call request = make_call(method);
        request.positional.emplace_back(forged);
        const raised error = error_of(list.invoke(request, client.place(), client.fulfilled));
        CHECK(error.type == exception_type::value_error);
        CHECK(list.size() == 0);
    }
}

TEST_CASE_METHOD(fixture, "what keeps the objects of proxies alive goes where their items go", "[core][list]")
{
    // RebuildProxy(5), as far as this layer can tell a proxy.
    const codec::item_traits traits{2, false, false, true, true};
    const std::string_view proxy = "cmultiprocessing.managers\nRebuildProxy\nK\x05\x85R";
    auto kept_alive = std::make_shared<int>(1);
    const std::weak_ptr<int> alive = kept_alive;
    const auto holding = [&](std::string_view opcodes) {
        return codec::item::attach(codec::item::make(as_bytes(opcodes), traits), std::exchange(kept_alive, nullptr));
    };
    SECTION("appended and popped")
    {
        result_of(call_pickled("append", {holding(proxy)}));
        CHECK_FALSE(alive.expired());
        {
            const outcome popped = client("pop");
            CHECK(std::get<returned>(popped).result.held() != nullptr);
            CHECK(list.size() == 0);
            CHECK_FALSE(alive.expired());
        }
        CHECK(alive.expired());
    }
    SECTION("in a list beside others")
    {
        result_of(call_pickled("extend", {holding("](K\x01" + std::string{proxy} + "K\x02" + "e")}));
        CHECK(list.size() == 3);
        call("pop", {0});
        CHECK_FALSE(alive.expired());
        call("reverse");
        CHECK_FALSE(alive.expired());
        call("__delitem__", {1});
        CHECK(alive.expired());
        CHECK(list.text() == "[2]");
    }
    SECTION("in a copy")
    {
        result_of(call_pickled("append", {holding(proxy)}));
        auto copy = list.by_value();
        call("clear");
        CHECK_FALSE(alive.expired());
        copy.reset();
        CHECK(alive.expired());
    }
}

TEST_CASE("text() is Python's str(list), up to a bound", "[core][list]")
{
    CHECK(fixture{{value{}, true, "it's", value{to_bytes("b")}, value::tuple({1})}}.list.text() ==
          "[None, True, \"it's\", b'b', (1,)]");
    constexpr std::size_t text_size_max = std::size_t{1} << 20;
    SECTION("cut within an item")
    {
        const std::string text = fixture{{1, std::string(2 * text_size_max, 'x'), 2}}.list.text();
        CHECK(text.size() == text_size_max);
        CHECK(text.starts_with("[1, 'xxx"));
        CHECK(text.ends_with("x..."));
    }
    SECTION("cut between two characters")
    {
        std::string accents;
        for (std::size_t i = 0; i < text_size_max; ++i)
            accents += "\u00e9";
        const std::string text = fixture{{"", accents}}.list.text();
        CHECK(text.size() <= text_size_max);
        CHECK_NOTHROW(value{text});
    }
    SECTION("cut among many items")
    {
        const std::string text = fixture{values(text_size_max, value{7})}.list.text();
        CHECK(text.size() == text_size_max);
        CHECK(text.ends_with("..."));
    }
}

TEST_CASE("a list may hold what contains itself", "[core][list]")
{
    fixture f;
    result_of(f.call_pickled("append", {codec::item::make(as_bytes({"]q\0h\0a", 6}), {})}));
    SECTION("it prints, compares and comes back")
    {
        CHECK(f.list.text() == "[[[...]]]");
        CHECK(f.call("copy").repr() == "[[[...]]]");
        CHECK(f.call("count", {1}) == value{0});
        CHECK(f.call("sort").is_none());
    }
}

TEST_CASE("list(iterable=()) makes a list", "[core][list]")
{
    const factory make = fresh_list();
    const auto made = [&](const arguments& positional, const keyword_arguments& keywords = {}) {
        call request = make_call("create", positional, keywords);
        return make(request);
    };
    const auto text_of = [&](const arguments& positional) { return std::get<made_object>(made(positional)).object->text(); };
    const auto error = [&](const arguments& positional, const keyword_arguments& keywords = {}) {
        return std::get<raised>(made(positional, keywords));
    };
    CHECK(text_of({}) == "[]");
    CHECK(text_of({value::list({1, "a"})}) == "[1, 'a']");
    CHECK(text_of({"ab"}) == "['a', 'b']");
    CHECK(text_of({range_of(3)}) == "[0, 1, 2]");
    CHECK(text_of({value::dict({{"k", 1}})}) == "['k']");
    CHECK(std::get<made_object>(made({})).stable_ident.empty());
    CHECK(std::get<made_object>(made({})).object != std::get<made_object>(made({})).object);

    CHECK(error({5}).text == "'int' object is not iterable");
    CHECK(error({1, 2}).text == "list expected at most 1 argument, got 2");
    CHECK(error({}, {{"iterable", value::list({})}}).text == "list() takes no keyword arguments");
    CHECK(error({range_of(INT64_MAX)}).type == exception_type::memory_error);
    SECTION("an argument beyond the limits is a ValueError")
    {
        pickle_limits limits;
        limits.depth_max = 1;
        call request = make_call("create");
        request.positional.emplace_back(pickled(value::list({value::list({})})));
        CHECK(std::get<raised>(fresh_list(limits)(request)).type == exception_type::value_error);
    }
}
