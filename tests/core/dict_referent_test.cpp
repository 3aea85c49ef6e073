#include "core_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "codec/pickle_writer.hpp"
#include "core/dict_referent.hpp"

#include <algorithm>
#include <memory>
#include <utility>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

using entries = std::vector<std::pair<value, value>>;

struct fixture {
    dict_referent dict;
    caller client{dict};

    void put(const value& key, const value& mapped) { CHECK(result_of(client("__setitem__", {key, mapped})).is_none()); }
    [[nodiscard]] value whole() const
    {
        const auto all = dict.by_value();
        REQUIRE(all);
        return *all;
    }
    /// The same call as it comes over a connection: with items for arguments.
    outcome call_with_items(std::string_view method, const std::vector<codec::item>& positional)
    {
        call request{method, {}, {}, start};
        for (const codec::item& each : positional)
            request.positional.emplace_back(each);
        return dict.invoke(request, client.place(), client.fulfilled);
    }
};

void check_error(const outcome& seen, exception_type type, const std::string& text)
{
    const raised error = error_of(seen);
    CHECK(error.type == type);
    CHECK(error.text == text);
}

void check_key_error(const outcome& seen, const value& key)
{
    const raised error = error_of(seen);
    CHECK(error.type == exception_type::key_error);
    REQUIRE(error.argument);
    CHECK(*error.argument == key);
}

value pair_of(const value& first, const value& second)
{
    return value::tuple({first, second});
}

value entry_list(const value& dict)
{
    std::vector<value> all;
    for (std::size_t i = 0; i < dict.size(); ++i)
        all.push_back(pair_of(dict.entry(i).first, dict.entry(i).second));
    return value::list(all);
}

/// Equal, and with the entries in the same order.
void check_dict(const value& seen, const entries& expected)
{
    CHECK(seen.kind() == value_kind::dict);
    CHECK(entry_list(seen) == entry_list(value::dict(expected)));
}

value unpickled(std::string_view pickle)
{
    return codec::value_from_pickle(as_bytes(pickle));
}

/// The opcodes of `pickle`, which begins with PROTO and ends with STOP.
codec::item item_of(std::string_view pickle, codec::item_traits traits = {2})
{
    return codec::item::make(as_bytes(pickle.substr(2, pickle.size() - 3)), traits);
}

std::variant<made_object, raised> make(const factory& factory_of, const arguments& positional,
                                       const keyword_arguments& keywords = {})
{
    call request = make_call({}, positional, keywords);
    return factory_of(request);
}

value made_value(const std::variant<made_object, raised>& made)
{
    if (const auto* const wrong = std::get_if<raised>(&made))
        FAIL("raised " << wrong->type << ": " << wrong->text);
    CHECK(std::get<made_object>(made).stable_ident.empty());
    const auto whole = std::get<made_object>(made).object->by_value();
    REQUIRE(whole);
    return *whole;
}

}  // namespace

TEST_CASE_METHOD(fixture, "a dict exposes what DictProxy does, from Python 2.7 to 3.14", "[core][dict]")
{
    const auto names = dict.exposed();
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
          std::vector<std::string_view>{"__contains__", "__delitem__",  "__getitem__", "__ior__",     "__iter__", "__len__",
                                        "__or__",       "__reversed__", "__ror__",     "__setitem__", "clear",    "copy",
                                        "fromkeys",     "get",          "has_key",     "items",       "keys",     "pop",
                                        "popitem",      "setdefault",   "update",      "values"});
    check_error(client("__eq__", {1}), exception_type::attribute_error, "'dict' object has no attribute '__eq__'");
}

TEST_CASE_METHOD(fixture, "items are set, read and deleted", "[core][dict]")
{
    put("a", 1);
    put("b", value::list({1, 2}));
    CHECK(result_of(client("__len__")) == value{2});
    CHECK(result_of(client("__getitem__", {"a"})) == value{1});
    CHECK(result_of(client("__getitem__", {"b"})) == value::list({1, 2}));
    CHECK(result_of(client("__contains__", {"a"})) == value{true});
    CHECK(result_of(client("__contains__", {"c"})).kind() == value_kind::boolean);
    CHECK(result_of(client("has_key", {"c"})) == value{false});
    put("a", "new");
    check_dict(whole(), {{"a", "new"}, {"b", value::list({1, 2})}});
    CHECK(result_of(client("__delitem__", {"a"})).is_none());
    check_dict(whole(), {{"b", value::list({1, 2})}});
    CHECK(result_of(client("clear")).is_none());
    CHECK(result_of(client("__len__")) == value{0});
    check_dict(whole(), {});
}

TEST_CASE_METHOD(fixture, "the first of equal keys stays", "[core][dict]")
{
    put(1, "int");
    put(true, "bool");
    put(1.0, "float");
    const value all = whole();
    REQUIRE(all.size() == 1);
    CHECK(all.entry(0).first.kind() == value_kind::integer);
    CHECK(all.entry(0).second == value{"float"});
}

TEST_CASE_METHOD(fixture, "a missing key is a KeyError that carries it", "[core][dict]")
{
    check_key_error(client("__getitem__", {3}), 3);
    check_key_error(client("__delitem__", {pair_of(1, 2)}), pair_of(1, 2));
    check_key_error(client("pop", {"zz"}), "zz");
    check_error(client("popitem"), exception_type::key_error, "popitem(): dictionary is empty");
}

TEST_CASE_METHOD(fixture, "an unhashable key is a TypeError that names what is unhashable", "[core][dict]")
{
    put(1, 2);
    const value keys[] = {value::list({}), pair_of(1, value::list({}))};
    for (const value& key : keys) {
        for (const char* const method : {"__contains__", "__delitem__", "__getitem__", "get", "has_key", "pop", "setdefault"})
            check_error(client(method, {key}), exception_type::type_error, "unhashable type: 'list'");
        check_error(client("__setitem__", {key, 1}), exception_type::type_error, "unhashable type: 'list'");
    }
    check_error(client("update", {value::list({pair_of(5, 6), pair_of(value::set({}), 1)})}), exception_type::type_error,
                "unhashable type: 'set'");
    check_error(client("fromkeys", {value::list({value::dict({})})}), exception_type::type_error, "unhashable type: 'dict'");
    check_dict(whole(), {{1, 2}});
}

TEST_CASE_METHOD(fixture, "get(), pop() and setdefault() have defaults", "[core][dict]")
{
    put("a", 1);
    CHECK(result_of(client("get", {"a", 5})) == value{1});
    CHECK(result_of(client("get", {"b", 5})) == value{5});
    CHECK(result_of(client("get", {"b"})).is_none());
    CHECK(result_of(client("pop", {"b", 5})) == value{5});
    CHECK(result_of(client("pop", {"a", 5})) == value{1});
    CHECK(result_of(client("__len__")) == value{0});
    CHECK(result_of(client("setdefault", {"c"})).is_none());
    CHECK(result_of(client("setdefault", {"c", 5})).is_none());
    CHECK(result_of(client("setdefault", {"d", value::list({1})})) == value::list({1}));
    CHECK(result_of(client("setdefault", {"d"})) == value::list({1}));
    check_dict(whole(), {{"c", value{}}, {"d", value::list({1})}});
}

TEST_CASE_METHOD(fixture, "popitem() takes the last entry", "[core][dict]")
{
    put("a", 1);
    put("b", 2);
    const value taken = result_of(client("popitem"));
    CHECK(taken.kind() == value_kind::tuple);
    CHECK(taken == pair_of("b", 2));
    CHECK(result_of(client("popitem")) == pair_of("a", 1));
    CHECK(result_of(client("__len__")) == value{0});
}

TEST_CASE_METHOD(fixture, "views come as lists, as CPython's server pickles them", "[core][dict]")
{
    CHECK(result_of(client("keys")) == value::list({}));
    put("b", 1);
    put(2, value::list({"x"}));
    CHECK(result_of(client("keys")) == value::list({"b", 2}));
    CHECK(result_of(client("values")) == value::list({1, value::list({"x"})}));
    CHECK(result_of(client("items")) == value::list({pair_of("b", 1), pair_of(2, value::list({"x"}))}));
    SECTION("copy() is a dict")
    {
        check_dict(result_of(client("copy")), {{"b", 1}, {2, value::list({"x"})}});
    }
    SECTION("reversed() is an iterator by value: iter([2, 'b'])")
    {
        const value iterator = result_of(client("__reversed__"));
        CHECK(iterator == value::object(value::global("builtins", "iter"), {value::list({2, "b"})}));
    }
}

TEST_CASE_METHOD(fixture, "update() takes a mapping, pairs and keywords", "[core][dict]")
{
    put("a", 0);
    SECTION("nothing")
    {
        CHECK(result_of(client("update")).is_none());
        check_dict(whole(), {{"a", 0}});
    }
    SECTION("a dict")
    {
        CHECK(result_of(client("update", {value::dict({{"b", 1}, {"a", 2}})})).is_none());
        check_dict(whole(), {{"a", 2}, {"b", 1}});
    }
    SECTION("pairs of any kind")
    {
        const value pairs = value::list(
            {pair_of("b", 1), value::list({"a", 2}), "xy", value{as_bytes("\x05\x06")}, value::dict({{"k", 1}, {"l", 2}})});
        CHECK(result_of(client("update", {pairs})).is_none());
        check_dict(whole(), {{"a", 2}, {"b", 1}, {"x", "y"}, {5, 6}, {"k", "l"}});
    }
    SECTION("the last of equal keys counts, and the first is kept")
    {
        CHECK(result_of(client("update", {value::list({pair_of(1, "x"), pair_of(true, "y")})})).is_none());
        check_dict(whole(), {{"a", 0}, {1, "y"}});
        CHECK(whole().entry(1).first.kind() == value_kind::integer);
    }
    SECTION("keywords, after the rest")
    {
        CHECK(result_of(client("update", {value::list({pair_of("b", 1)})}, {{"b", 2}, {"self", value::list({})}})).is_none());
        check_dict(whole(), {{"a", 0}, {"b", 2}, {"self", value::list({})}});
    }
    SECTION("the mappings of collections")
    {
        // OrderedDict([('x', 1)]), defaultdict(None, x=2), Counter({'y': 3}) and Python 2's OrderedDict([['z', 4]])
        CHECK(result_of(client("update", {unpickled("\x80\x02"
                                                    "ccollections\nOrderedDict\n)RU\x01xK\x01s.")}))
                  .is_none());
        CHECK(result_of(client("__getitem__", {"x"})) == value{1});
        CHECK(result_of(client("update", {unpickled("\x80\x02"
                                                    "ccollections\ndefaultdict\nN\x85RU\x01xK\x02s.")}))
                  .is_none());
        CHECK(result_of(client("__getitem__", {"x"})) == value{2});
        CHECK(result_of(client("update", {unpickled("\x80\x02"
                                                    "ccollections\nCounter\n}U\x01yK\x03s\x85R.")}))
                  .is_none());
        CHECK(result_of(client("__getitem__", {"y"})) == value{3});
        CHECK(result_of(client("update", {unpickled("\x80\x02"
                                                    "ccollections\nOrderedDict\n]](U\x01zK\x04"
                                                    "ea\x85R.")}))
                  .is_none());
        check_dict(whole(), {{"a", 0}, {"x", 2}, {"y", 3}, {"z", 4}});
    }
}

TEST_CASE_METHOD(fixture, "update() complains as CPython does, and has then changed nothing", "[core][dict]")
{
    put("a", 0);
    check_error(client("update", {1}), exception_type::type_error, "'int' object is not iterable");
    check_error(client("update", {value{}}), exception_type::type_error, "'NoneType' object is not iterable");
    check_error(client("update", {1, 2}), exception_type::type_error, "update expected at most 1 argument, got 2");
    check_error(client("update", {value::list({1})}), exception_type::type_error,
                "cannot convert dictionary update sequence element #0 to a sequence");
    check_error(client("update", {value::list({value::tuple({1, 2, 3})})}), exception_type::value_error,
                "dictionary update sequence element #0 has length 3; 2 is required");
    check_error(client("update", {value::list({pair_of(1, 2), value::tuple({3})})}), exception_type::value_error,
                "dictionary update sequence element #1 has length 1; 2 is required");
    check_error(client("update", {"ab"}), exception_type::value_error,
                "dictionary update sequence element #0 has length 1; 2 is required");
    check_error(client("update", {value::list({pair_of(1, 2)})}, {{"\xff", 1}}), exception_type::type_error,
                "keywords must be text");
    check_dict(whole(), {{"a", 0}});
}

TEST_CASE_METHOD(fixture, "operators of 3.9 and later", "[core][dict]")
{
    put("a", 1);
    put("b", 2);
    const value other = value::dict({{"c", 3}, {"a", 4}});
    check_dict(result_of(client("__or__", {other})), {{"a", 4}, {"b", 2}, {"c", 3}});
    check_dict(result_of(client("__ror__", {other})), {{"c", 3}, {"a", 1}, {"b", 2}});
    check_dict(whole(), {{"a", 1}, {"b", 2}});
    SECTION("with what is no dict they are not implemented")
    {
        for (const value& wrong : {value{5}, value::list({pair_of(1, 2)})}) {
            CHECK(result_of(client("__or__", {wrong})) == value::global("builtins", "NotImplemented"));
            CHECK(result_of(client("__ror__", {wrong})) == value::global("builtins", "NotImplemented"));
        }
    }
    SECTION("|= takes what update() takes, and returns the dict")
    {
        check_dict(result_of(client("__ior__", {value::list({pair_of("d", 5)})})), {{"a", 1}, {"b", 2}, {"d", 5}});
        check_dict(whole(), {{"a", 1}, {"b", 2}, {"d", 5}});
        check_error(client("__ior__", {5}), exception_type::type_error, "'int' object is not iterable");
    }
    SECTION("unhashable keys cannot come in a dict, but in a forged one")
    {
        const value forged = unpickled("\x80\x02}]K\x01s.");
        check_error(client("__or__", {forged}), exception_type::type_error, "unhashable type: 'list'");
        check_error(client("__ror__", {forged}), exception_type::type_error, "unhashable type: 'list'");
    }
}

TEST_CASE_METHOD(fixture, "fromkeys() makes a new dict", "[core][dict]")
{
    put("a", 1);
    check_dict(result_of(client("fromkeys", {value::list({1, 2, 1})})), {{1, value{}}, {2, value{}}});
    check_dict(result_of(client("fromkeys", {"xy", value::list({})})), {{"x", value::list({})}, {"y", value::list({})}});
    check_error(client("fromkeys", {5}), exception_type::type_error, "'int' object is not iterable");
    check_dict(whole(), {{"a", 1}});
}

TEST_CASE_METHOD(fixture, "iter() is a proxy of an iterator over the keys of that moment", "[core][dict]")
{
    put("a", 1);
    put(value::tuple({1}), 2);
    const outcome made = client("__iter__");
    REQUIRE(std::holds_alternative<made_proxy>(made));
    const auto& [object, typeid_name] = std::get<made_proxy>(made);
    CHECK(typeid_name == "Iterator");
    CHECK(object->text() == "<dict_keyiterator object>");
    caller reader{*object};
    put("a", 3);
    CHECK(result_of(reader("__next__")) == value{"a"});
    put("b", 3);
    for (int again = 0; again < 2; ++again)
        check_error(reader("__next__"), exception_type::runtime_error, "dictionary changed size during iteration");
    client("pop", {"b"});
    CHECK(result_of(reader("__next__")) == value::tuple({1}));
    CHECK(error_of(reader("__next__")).type == exception_type::stop_iteration);
}

TEST_CASE_METHOD(fixture, "iterators alive take up no more than a bound", "[core][dict]")
{
    constexpr int size = 100'000;
    std::vector<value> keys;
    for (int i = 0; i < size; ++i)
        keys.push_back(pair_of(i, i));
    REQUIRE(result_of(client("update", {value::list(keys)})).is_none());
    std::vector<outcome> alive;
    while (alive.size() < 100) {
        outcome made = client("__iter__");
        if (!std::holds_alternative<made_proxy>(made)) {
            CHECK(error_of(made).type == exception_type::runtime_error);
            break;
        }
        alive.push_back(std::move(made));
    }
    CHECK(alive.size() == 15);
    alive.pop_back();
    CHECK(std::holds_alternative<made_proxy>(client("__iter__")));
}

TEST_CASE_METHOD(fixture, "a small dict may have thousands of iterators", "[core][dict]")
{
    put(1, 2);
    std::vector<outcome> alive;
    for (int i = 0; i < 10'000; ++i)
        alive.push_back(client("__iter__"));
    CHECK(
        std::all_of(alive.begin(), alive.end(), [](const outcome& each) { return std::holds_alternative<made_proxy>(each); }));
}

TEST_CASE_METHOD(fixture, "arguments that do not fit raise TypeError", "[core][dict]")
{
    const auto check_count = [](const outcome& seen, std::string_view ending) {
        CHECK(error_of(seen).type == exception_type::type_error);
        CHECK(error_of(seen).text.ends_with(ending));
    };
    check_count(client("pop"), "pop expected at least 1 argument, got 0");
    check_count(client("pop", {1, 2, 3}), "pop expected at most 2 arguments, got 3");
    check_count(client("get"), "get expected at least 1 argument, got 0");
    check_error(client("pop", {1}, {{"default", 3}}), exception_type::type_error, "dict.pop() takes no keyword arguments");
    check_error(client("keys", {1}), exception_type::type_error, "dict.keys() takes no arguments (1 given)");
    check_error(client("__getitem__"), exception_type::type_error, "dict.__getitem__() takes exactly one argument (0 given)");
    CHECK(error_of(client("__setitem__", {1})).type == exception_type::type_error);
    CHECK(result_of(client("__len__")) == value{0});
}

TEST_CASE_METHOD(fixture, "what is stored under a key comes back as the pickle that it came in", "[core][dict]")
{
    // A class that nobody knows, under a key of text.
    const codec::item stored = item_of("\x80\x02"
                                       "cm\nC\n)\x81.",
                                       {2, false, false, true});
    const codec::item name = codec::item_from_value("name");
    CHECK(result_of(call_with_items("__setitem__", {name, stored})).is_none());
    const outcome seen = call_with_items("__getitem__", {name});
    const auto& result = std::get<returned>(seen).result;
    REQUIRE(result.is_item());
    CHECK(result.pickled()->opcodes().data() == stored.opcodes().data());
    SECTION("also where the key was written by another pickler")
    {
        const codec::item other = item_of(std::string{"\x80\x02U\x04name."}, {2, true});
        CHECK(result_of(call_with_items("__contains__", {other})) == value{true});
        CHECK(result_of(call_with_items("__setitem__", {other, codec::item_from_value(value::list({}))})).is_none());
        CHECK(result_of(client("__len__")) == value{1});
        CHECK(whole().entry(0).first.kind() == value_kind::str);
    }
}

TEST_CASE_METHOD(fixture, "what came in one pickle is stored apart", "[core][dict]")
{
    const value shared = value::list({"a rather long text that is shared by two of the entries of one and the same dict"});
    const codec::item argument =
        codec::item_from_value(value::dict({{"x", shared}, {"y", shared}, {"z", pair_of(1, shared)}, {"n", 5}}));
    CHECK(result_of(call_with_items("update", {argument})).is_none());
    const auto stored = [this](const char* key) {
        const outcome seen = client("__getitem__", {key});
        return std::get<returned>(seen).result;
    };
    REQUIRE(stored("x").is_item());
    CHECK(stored("x").pickled()->size() < argument.size());
    CHECK(stored("x").pickled()->opcodes().data() == stored("y").pickled()->opcodes().data());
    CHECK_FALSE(stored("n").is_item());
    CHECK(stored("z").to_value() == pair_of(1, shared));
    SECTION("and what was one object is one in a copy")
    {
        const value all = whole();
        const codec::item copy = codec::item_from_value(all);
        CHECK(copy.size() < argument.size() + shared[0].text().size() + 50);
    }
}

TEST_CASE_METHOD(fixture, "a small pickle does not become a large dict", "[core][dict]")
{
    // {0: [L], 1: [L], ...}: each entry refers to one large list through a list of its own.
    std::string pickle = "\x80\x02](";
    for (int i = 0; i < 20'000; ++i)
        pickle += "K\x01";
    pickle += "eq\x01";
    pickle += "0}q\x02(";
    for (int i = 0; i < 20'000; ++i) {
        pickle += "M";
        pickle += static_cast<char>(i & 0xff);
        pickle += static_cast<char>(i >> 8);
        pickle += "]h\x01"
                  "a";
    }
    pickle += "u.";
    const raised error = error_of(call_with_items("update", {item_of(pickle)}));
    CHECK(error.type == exception_type::value_error);
    CHECK(result_of(client("__len__")) == value{0});
}

TEST_CASE_METHOD(fixture, "the str of Python 2 stays one", "[core][dict]")
{
    const codec::item argument = item_of("\x80\x02}U\x01xU\x02\xc3\xa9s.", {2, true, true});
    CHECK(result_of(call_with_items("update", {argument})).is_none());
    const outcome seen = client("__getitem__", {"x"});
    const auto& stored = std::get<returned>(seen).result;
    REQUIRE(stored.is_item());
    CHECK(stored.pickled()->traits().from_python2);
    CHECK(stored.to_value().kind() == value_kind::byte_string);
}

TEST_CASE_METHOD(fixture, "a dict that is given what cannot be read raises ValueError, and nothing has happened", "[core][dict]")
{
    const codec::item unreadable = codec::item::make(as_bytes("h\x07"), {});  // a GET of what was never PUT
    put(1, 2);
    for (const char* const method : {"update", "__or__", "__contains__", "fromkeys"})
        CHECK(error_of(call_with_items(method, {unreadable})).type == exception_type::value_error);
    CHECK(error_of(call_with_items("__setitem__", {unreadable, codec::item_from_value(1)})).type ==
          exception_type::value_error);
    check_dict(whole(), {{1, 2}});
    SECTION("what is stored is not read, and then fails only those who look at all")
    {
        CHECK(result_of(call_with_items("__setitem__", {codec::item_from_value("bad"), unreadable})).is_none());
        CHECK(result_of(client("keys")) == value::list({1, "bad"}));
        CHECK(error_of(client("values")).type == exception_type::value_error);
        CHECK_FALSE(dict.by_value());
        CHECK(dict.text().starts_with("<dict of 2 entries: "));
        CHECK(error_of(client("popitem")).type == exception_type::value_error);
        CHECK(result_of(client("__len__")) == value{2});
        CHECK(result_of(client("__delitem__", {"bad"})).is_none());
        check_dict(whole(), {{1, 2}});
    }
}

TEST_CASE_METHOD(fixture, "text() is Python's str", "[core][dict]")
{
    CHECK(dict.text() == "{}");
    put("a", 1);
    put(2, value::list({"x"}));
    CHECK(dict.text() == "{'a': 1, 2: ['x']}");
    SECTION("of a large one, a megabyte")
    {
        std::vector<value> keys;
        for (int i = 0; i < 200'000; ++i)
            keys.emplace_back(i);
        client("clear");
        const value numbers = result_of(client("fromkeys", {value::list(keys), 0}));
        client("update", {numbers});
        CHECK(dict.text() == numbers.repr(std::size_t{1} << 20));
        CHECK(dict.text().size() == std::size_t{1} << 20);
    }
}

TEST_CASE("fresh_dict() takes what dict() takes", "[core][dict]")
{
    const factory fresh = fresh_dict();
    check_dict(made_value(make(fresh, {})), {});
    check_dict(made_value(make(fresh, {value::dict({{"a", 1}})}, {{"b", 2}})), {{"a", 1}, {"b", 2}});
    check_dict(made_value(make(fresh, {value::list({pair_of(1, 2), "xy"})})), {{1, 2}, {"x", "y"}});
    check_dict(made_value(make(fresh, {}, {{"self", 1}})), {{"self", 1}});
    SECTION("a new one each time")
    {
        const auto one = make(fresh, {});
        const auto other = make(fresh, {});
        CHECK(std::get<made_object>(one).object != std::get<made_object>(other).object);
    }
    SECTION("and complains as dict() does")
    {
        CHECK(std::get<raised>(make(fresh, {1})).text == "'int' object is not iterable");
        CHECK(std::get<raised>(make(fresh, {1, 2})).text == "dict expected at most 1 argument, got 2");
        CHECK(std::get<raised>(make(fresh, {value::list({value::tuple({1, 2, 3})})})).text ==
              "dictionary update sequence element #0 has length 3; 2 is required");
        CHECK(std::get<raised>(make(fresh, {value::list({pair_of(value::list({}), 2)})})).text == "unhashable type: 'list'");
    }
    SECTION("an argument that cannot be read is a ValueError")
    {
        call request{{}, {}, {}, start};
        request.positional.emplace_back(codec::item::make(as_bytes("h\x07"), {}));
        CHECK(std::get<raised>(fresh(request)).type == exception_type::value_error);
    }
}

TEST_CASE_METHOD(fixture, "what keeps the objects of stored proxies alive goes where they go", "[core][dict]")
{
    // RebuildProxy(5), as far as this layer can tell a proxy.
    const codec::item proxy = item_of("\x80\x02"
                                      "cmultiprocessing.managers\nRebuildProxy\nK\x05\x85R.",
                                      {2, false, false, true, true});
    auto kept_alive = std::make_shared<int>(1);
    const std::weak_ptr<int> alive = kept_alive;
    const auto add = [&](std::string_view method, const codec::item& key, const codec::item& mapped) {
        call request{method, {}, {}, start};
        request.positional.emplace_back(key);
        request.positional.emplace_back(codec::item::attach(mapped, std::exchange(kept_alive, nullptr)));
        return dict.invoke(request, client.place(), client.fulfilled);
    };
    SECTION("set, and taken by popitem()")
    {
        CHECK(result_of(add("__setitem__", codec::item_from_value("p"), proxy)).is_none());
        CHECK_FALSE(alive.expired());
        {
            const outcome taken = client("popitem");
            const auto& result = std::get<returned>(taken).result;
            CHECK(result.has_proxies());
            CHECK(result.held() != nullptr);
            CHECK(result_of(client("__len__")) == value{0});
            CHECK_FALSE(alive.expired());
        }
        CHECK(alive.expired());
    }
    SECTION("in a copy of the dict")
    {
        CHECK(result_of(add("__setitem__", codec::item_from_value("p"), proxy)).is_none());
        auto copy = dict.by_value();
        REQUIRE(copy);
        client("clear");
        CHECK_FALSE(alive.expired());
        CHECK(codec::payload{*copy}.has_proxies());
        CHECK(codec::payload{*copy}.held() != nullptr);
        copy.reset();
        CHECK(alive.expired());
    }
    SECTION("came in a dict, beside others")
    {
        call request{"update", {}, {}, start};
        const codec::item all = item_of("\x80\x02}(U\x01xK\x01U\x01pcmultiprocessing.managers\nRebuildProxy\nK\x05\x85Ru.",
                                        {2, false, false, true, true});
        request.positional.emplace_back(codec::item::attach(all, std::exchange(kept_alive, nullptr)));
        CHECK(result_of(dict.invoke(request, client.place(), client.fulfilled)).is_none());
        request = {};
        CHECK_FALSE(alive.expired());
        CHECK(result_of(client("__delitem__", {"x"})).is_none());
        CHECK_FALSE(alive.expired());
        CHECK(result_of(client("__delitem__", {"p"})).is_none());
        CHECK(alive.expired());
    }
}

TEST_CASE_METHOD(fixture, "an empty dict does not ask whether the key of a pop() can be hashed", "[core][dict]")
{
    const raised error = error_of(client("pop", {value::list({})}));
    CHECK(error.type == exception_type::key_error);
    CHECK(*error.argument == value::list({}));
    CHECK(result_of(client("pop", {value::list({}), 1})) == value{1});
    put("a", 1);
    CHECK(error_of(client("pop", {value::list({}), 1})).type == exception_type::type_error);
}
