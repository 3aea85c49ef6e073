#include "core_testing.hpp"

#include "codec/pickle_decoder.hpp"
#include "core/value_table.hpp"

#include <limits>
#include <set>

using namespace quaymaster;
using namespace quaymaster::core;
using namespace quaymaster::core::testing;

namespace {

constexpr hash_seed seed{0x0123456789abcdefU, 0xfedcba9876543210U};

table_key key_of(value_table& table, const value& key)
{
    auto made = table.make_key(key);
    if (const auto* const wrong = std::get_if<raised>(&made))
        FAIL(wrong->text);
    return std::get<table_key>(made);
}

/// table[key] = mapped
void put(value_table& table, const value& key, const value& mapped)
{
    const table_key ready = key_of(table, key);
    if (const auto found = table.find(ready); found != value_table::none)
        table.assign(found, mapped);
    else
        table.insert(ready.hash, key, mapped);
}

bool has(value_table& table, const value& key)
{
    return table.find(key_of(table, key)) != value_table::none;
}

value mapped_of(value_table& table, const value& key)
{
    const auto found = table.find(key_of(table, key));
    REQUIRE(found != value_table::none);
    return table[found].mapped.to_value();
}

void erase(value_table& table, const value& key)
{
    const auto found = table.find(key_of(table, key));
    REQUIRE(found != value_table::none);
    static_cast<void>(table.take(found));
}

std::vector<value> keys_of(const value_table& table)
{
    std::vector<value> keys;
    for (const auto& each : table.entries())
        keys.push_back(each.key.to_value());
    return keys;
}

std::uint64_t hash_of(value_table& table, const value& key)
{
    return key_of(table, key).hash;
}

std::string error_text(value_table& table, const value& key)
{
    const auto made = table.make_key(key);
    REQUIRE(std::holds_alternative<raised>(made));
    CHECK(std::get<raised>(made).type == exception_type::type_error);
    return std::get<raised>(made).text;
}

value unpickled(std::string_view pickle)
{
    return codec::value_from_pickle(as_bytes(pickle));
}

/// The smallest power of two that is no smaller than `count` hashes fill, as an index would use them.
std::size_t low_bits(const std::vector<std::uint64_t>& hashes, std::uint64_t mask)
{
    std::set<std::uint64_t> distinct;
    for (const std::uint64_t each : hashes)
        distinct.insert(each & mask);
    return distinct.size();
}

}  // namespace

TEST_CASE("a table keeps keys in the order of their insertion", "[core][value_table]")
{
    value_table table{seed};
    CHECK(table.empty());
    CHECK(table.last() == value_table::none);
    for (const char* const key : {"c", "a", "b"})
        put(table, key, key);
    CHECK(keys_of(table) == std::vector<value>{"c", "a", "b"});
    SECTION("assignment does not move a key")
    {
        put(table, "c", 5);
        CHECK(keys_of(table) == std::vector<value>{"c", "a", "b"});
        CHECK(mapped_of(table, "c") == value{5});
    }
    SECTION("erasing and inserting does")
    {
        erase(table, "c");
        put(table, "c", 5);
        CHECK(keys_of(table) == std::vector<value>{"a", "b", "c"});
    }
    SECTION("and back to front")
    {
        std::vector<value> keys;
        for (const auto& each : table.reversed_entries())
            keys.push_back(each.key.to_value());
        CHECK(keys == std::vector<value>{"b", "a", "c"});
    }
    SECTION("the last can be taken until none is left")
    {
        CHECK(table.take(table.last()).key.to_value() == value{"b"});
        CHECK(table.take(table.last()).key.to_value() == value{"a"});
        put(table, "d", {});
        CHECK(table.take(table.last()).key.to_value() == value{"d"});
        CHECK(table.take(table.last()).key.to_value() == value{"c"});
        CHECK(table.empty());
        CHECK(table.last() == value_table::none);
        CHECK_FALSE(has(table, "c"));
    }
}

TEST_CASE("keys are equal as Python has it, and the first stays", "[core][value_table]")
{
    value_table table{seed};
    SECTION("1 == 1.0 == True")
    {
        put(table, 1, "int");
        put(table, true, "bool");
        put(table, 1.0, "float");
        put(table, value::complex(1, 0), "complex");
        REQUIRE(table.size() == 1);
        CHECK(keys_of(table)[0].kind() == value_kind::integer);
        CHECK(mapped_of(table, true) == value{"complex"});
    }
    SECTION("zeros")
    {
        put(table, 0.0, "zero");
        CHECK(has(table, -0.0));
        CHECK(has(table, false));
        CHECK(has(table, 0));
    }
    SECTION("integers beyond 64 bits and floats")
    {
        put(table, value::integer_from_decimal("18446744073709551616"), "big");
        CHECK(has(table, 0x1p64));
        CHECK_FALSE(has(table, value::integer_from_decimal("18446744073709551617")));
        put(table, value::integer_from_decimal("9223372036854775808"), "2**63");
        CHECK(has(table, 0x1p63));
        CHECK(has(table, value{std::uint64_t{1} << 63U}));
        put(table, std::numeric_limits<std::int64_t>::min(), "-2**63");
        CHECK(has(table, -0x1p63));
        CHECK_FALSE(has(table, -0x1p64));
        put(table, std::numeric_limits<double>::infinity(), "inf");
        CHECK(has(table, std::numeric_limits<double>::infinity()));
        CHECK_FALSE(has(table, -std::numeric_limits<double>::infinity()));
        put(table, 0.5, "half");
        CHECK(has(table, 0.5));
    }
    SECTION("text and bytes differ, and so does None from False")
    {
        put(table, "a", 1);
        CHECK_FALSE(has(table, value{as_bytes("a")}));
        CHECK_FALSE(has(table, value::tuple({"a"})));
        put(table, value{}, 2);
        CHECK_FALSE(has(table, false));
        CHECK(has(table, value{}));
    }
    SECTION("the str of Python 2 equals text if it is ASCII")
    {
        put(table,
            unpickled("U\x01"
                      "a."),
            1);
        CHECK(has(table, "a"));
        put(table, unpickled("U\x02\xc3\xa9."), 2);
        CHECK_FALSE(has(table, "\xc3\xa9"));
    }
    SECTION("tuples and frozensets by their items")
    {
        put(table, value::tuple({1, value::frozenset({2, "x"})}), 1);
        CHECK(has(table, value::tuple({1.0, value::frozenset({"x", 2})})));
        CHECK_FALSE(has(table, value::tuple({1, value::tuple({2, "x"})})));
        CHECK_FALSE(has(table, value::tuple({value::frozenset({2, "x"}), 1})));
        put(table, value::tuple({}), 2);
        CHECK(has(table, value::tuple({})));
        CHECK_FALSE(has(table, value::frozenset({})));
    }
    SECTION("classes and instances by their pickles")
    {
        put(table, value::global("builtins", "int"), 1);
        CHECK(has(table, value::global("builtins", "int")));
        CHECK(has(table, value::global("__builtin__", "int")));
        CHECK_FALSE(has(table, value::global("builtins", "str")));
        const value decimal = value::global("decimal", "Decimal");
        put(table, value::object(decimal, {"1.5"}), 1);
        CHECK(has(table, value::object(decimal, {"1.5"})));
        CHECK_FALSE(has(table, value::object(decimal, {"1.6"})));
        CHECK(has(table, value::object(decimal, {"1.5"})));
    }
    SECTION("NaN equals nothing")
    {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        put(table, nan, 1);
        put(table, nan, 2);
        CHECK(table.size() == 2);
        CHECK_FALSE(has(table, nan));
    }
}

TEST_CASE("unhashable keys are named by the part that is", "[core][value_table]")
{
    value_table table{seed};
    CHECK(error_text(table, value::list({})) == "unhashable type: 'list'");
    CHECK(error_text(table, value::dict({})) == "unhashable type: 'dict'");
    CHECK(error_text(table, value::set({})) == "unhashable type: 'set'");
    CHECK(error_text(table, value::bytearray({})) == "unhashable type: 'bytearray'");
    CHECK(error_text(table, value::tuple({1, value::tuple({value::dict({})}), value::list({})})) == "unhashable type: 'dict'");
    SECTION("but an instance may hold what it likes")
    {
        const value instance = value::object(value::global("m", "C"), {value::list({1})});
        put(table, instance, 1);
        CHECK(has(table, value::object(value::global("m", "C"), {value::list({1})})));
        CHECK_FALSE(has(table, value::object(value::global("m", "C"), {value::list({2})})));
    }
    SECTION("unless itself")
    {
        // x = C(); x.me = x
        const value cyclic = unpickled("\x80\x02"
                                       "cm\nC\n)\x81q\x01}U\x02meh\x01sb.");
        CHECK(error_text(table, cyclic) == "an instance that contains itself cannot be a key here");
        CHECK(error_text(table, value::tuple({cyclic})) == "an instance that contains itself cannot be a key here");
    }
}

TEST_CASE("instances that differ in one attribute hash apart", "[core][value_table]")
{
    value_table table{seed};
    const auto instance = [](char attribute) {
        return unpickled(std::string{"\x80\x02"
                                     "cm\nC\n)\x81}U\x01xU\x01"} +
                         attribute + "sb.");
    };
    CHECK(hash_of(table, instance('a')) == hash_of(table, instance('a')));
    CHECK(hash_of(table, instance('a')) != hash_of(table, instance('b')));
    SECTION("whatever the order of their attributes")
    {
        const value one = unpickled("\x80\x02"
                                    "cm\nC\n)\x81}(U\x01xK\x01U\x01yK\x02ub.");
        const value other = unpickled("\x80\x02"
                                      "cm\nC\n)\x81}(U\x01yK\x02U\x01xK\x01ub.");
        REQUIRE(one == other);
        CHECK(hash_of(table, one) == hash_of(table, other));
    }
}

TEST_CASE("what value::hash() cannot tell apart in every process, a seed does", "[core][value_table]")
{
    value_table table{seed};
    value_table other{hash_seed{1, 2}};
    for (const value& key : {value{1}, value{"text"}, value{as_bytes("octets")}, value{1.5}, value{}, value::tuple({1, 2}),
                             value::frozenset({1}), value::global("a", "b")}) {
        CAPTURE(key);
        CHECK(hash_of(table, key) == hash_of(table, key));
        CHECK(hash_of(table, key) != hash_of(other, key));
    }
    SECTION("also for what an attacker would use: numbers in steps, and texts that differ in whole words")
    {
        std::vector<std::uint64_t> hashes;
        for (std::int64_t i = 0; i < 4096; ++i)
            hashes.push_back(hash_of(table, value{i << 32U}));
        CHECK(low_bits(hashes, 4095) > 2400);  // of 4096 random ones about 2590 differ
        hashes.clear();
        for (int i = 0; i < 4096; ++i) {
            const std::string word = std::to_string(10'000'000 + i);
            hashes.push_back(hash_of(table, word + "suffix"));
        }
        CHECK(low_bits(hashes, 4095) > 2400);
    }
}

TEST_CASE("hashing the keys of one pickle takes time linear in it, whatever they share", "[core][value_table]")
{
    value_table table{seed};
    SECTION("a tuple of two of the tuple before, many times over")
    {
        std::string pickle = "\x80\x02K\x01";
        for (int i = 0; i < 5000; ++i)
            pickle += "2\x86";  // DUP, TUPLE2
        const value key = unpickled(pickle + ".");
        CHECK(hash_of(table, key) == hash_of(table, unpickled(pickle + ".")));
    }
    SECTION("many keys with one large part")
    {
        std::string pickle = "\x80\x02(";
        for (int i = 0; i < 20'000; ++i)
            pickle += "K\x01";
        pickle += "tq\x01";
        pickle += "0]q\x02(";
        for (int i = 0; i < 20'000; ++i) {
            pickle += "h\x01M";
            pickle += static_cast<char>(i & 0xff);
            pickle += static_cast<char>(i >> 8);
            pickle += '\x86';
        }
        pickle += "e.";
        const value keys = unpickled(pickle);
        REQUIRE(keys.size() == 20'000);
        auto hash = table.hasher();
        std::set<std::uint64_t> distinct;
        for (std::size_t i = 0; i < keys.size(); ++i)
            distinct.insert(std::get<std::uint64_t>(hash(keys[i])));
        CHECK(distinct.size() == 20'000);
    }
}

TEST_CASE("a table grows, shrinks and is reused", "[core][value_table]")
{
    value_table table{seed};
    constexpr int count = 5000;
    for (int i = 0; i < count; ++i)
        put(table, i, -i);
    CHECK(table.size() == count);
    for (int i = 0; i < count; ++i)
        REQUIRE(mapped_of(table, i) == value{-i});
    CHECK_FALSE(has(table, count));
    SECTION("erasing from the front leaves the rest in order")
    {
        for (int i = 0; i < count - 3; ++i) {
            erase(table, i);
            REQUIRE_FALSE(has(table, i));
        }
        CHECK(keys_of(table) == std::vector<value>{count - 3, count - 2, count - 1});
    }
    SECTION("every other one")
    {
        for (int i = 0; i < count; i += 2)
            erase(table, i);
        for (int i = 0; i < count; ++i)
            REQUIRE(has(table, i) == (i % 2 != 0));
        for (int i = 0; i < count; i += 2)
            put(table, i, i);
        for (int i = 0; i < count; ++i)
            REQUIRE(mapped_of(table, i) == value{i % 2 == 0 ? i : -i});
        CHECK(table.size() == count);
    }
    SECTION("taking the last and inserting again, for ever")
    {
        for (int i = 0; i < 3 * count; ++i) {
            static_cast<void>(table.take(table.last()));
            put(table, 100'000 + i, i);
        }
        CHECK(table.size() == count);
        CHECK(has(table, 100'000 + 3 * count - 1));
        CHECK(has(table, 0));
    }
    SECTION("a line: in at the back, out at the front")
    {
        for (int i = 0; i < 3 * count; ++i) {
            erase(table, i);
            put(table, count + i, i);
        }
        CHECK(table.size() == count);
        CHECK(keys_of(table).front() == value{3 * count});
    }
    SECTION("clear")
    {
        table.clear();
        CHECK(table.empty());
        CHECK_FALSE(has(table, 1));
        put(table, 1, 2);
        CHECK(mapped_of(table, 1) == value{2});
    }
}

TEST_CASE("a table agrees with a list of pairs over random steps", "[core][value_table]")
{
    value_table table{seed};
    std::vector<std::pair<int, int>> model;
    std::uint32_t random = 12345;
    const auto next = [&random](std::uint32_t below) {
        random = random * 1664525U + 1013904223U;
        return static_cast<int>((random >> 8U) % below);
    };
    for (int step = 0; step < 20'000; ++step) {
        const int key = next(60);
        const auto at = std::find_if(model.begin(), model.end(), [key](const auto& each) { return each.first == key; });
        REQUIRE(has(table, key) == (at != model.end()));
        switch (next(5)) {
        case 0:
        case 1:
            put(table, key, step);
            if (at == model.end())
                model.emplace_back(key, step);
            else
                at->second = step;
            break;
        case 2:
            if (at != model.end()) {
                erase(table, key);
                model.erase(at);
            }
            break;
        case 3:
            if (!model.empty()) {
                CHECK(table.take(table.last()).key.to_value() == value{model.back().first});
                model.pop_back();
            }
            break;
        default:
            if (next(200) == 0) {
                table.clear();
                model.clear();
            }
        }
        REQUIRE(table.size() == model.size());
    }
    std::vector<value> keys;
    for (const auto& [key, mapped] : model) {
        keys.emplace_back(key);
        CHECK(mapped_of(table, key) == value{mapped});
    }
    CHECK(keys_of(table) == keys);
}
