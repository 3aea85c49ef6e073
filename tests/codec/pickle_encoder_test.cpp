#include <quaymaster/pickle_encoder.hpp>

#include "codec/item.hpp"
#include "codec/pickle_decoder.hpp"

#include <quaymaster/value.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <stdexcept>

using namespace quaymaster;

namespace {

std::string_view written(const pickle_encoder& output)
{
    return as_chars(output.opcodes());
}

/// A pickle written as a literal, which may hold zeros.
template <std::size_t Size>
value from_pickle(const char (&pickle)[Size])
{
    return codec::value_from_pickle(as_bytes(std::string_view{pickle, Size - 1}));
}

std::string read_back(const pickle_encoder& output)
{
    return codec::value_from_pickle(output.to_pickle()).repr();
}

}  // namespace

TEST_CASE("The encoder writes the opcodes that CPython would", "[codec][encoder]")
{
    pickle_encoder output;
    SECTION("None") {
        output.none();
        CHECK(written(output) == "N");
    }
    SECTION("True") {
        output.boolean(true);
        CHECK(written(output) == "\x88");
    }
    SECTION("an int of one octet") {
        output.integer(255);
        CHECK(written(output) == "K\xff");
    }
    SECTION("a negative int") {
        output.integer(-1);
        CHECK(written(output) == "J\xff\xff\xff\xff");
    }
    SECTION("an int beyond 63 bits") {
        output.unsigned_integer(std::numeric_limits<std::uint64_t>::max());
        CHECK(written(output) == std::string_view{"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0", 11});
    }
    SECTION("a float") {
        output.floating(1.5);
        CHECK(written(output) == std::string_view{"G\x3f\xf8\0\0\0\0\0\0", 9});
    }
    SECTION("a str") {
        output.str("ab");
        CHECK(written(output) == "\x8c\x02" "ab");
        CHECK_THROWS_AS(output.str("\xff"), std::invalid_argument);
    }
    SECTION("bytes") {
        output.bytes(as_bytes("ab"));
        CHECK(written(output) == "C\x02" "ab");
    }
    SECTION("a pair") {
        output.begin_tuple(2);
        output.none();
        output.none();
        output.end_tuple(2);
        CHECK(written(output) == "NN\x86");
    }
}

TEST_CASE("The encoder's containers read back", "[codec][encoder]")
{
    for (const auto dialect : {pickle_encoder::dialect::python3, pickle_encoder::dialect::python2}) {
        pickle_encoder output{dialect};
        output.begin_list();
        for (const std::size_t size : {0U, 1U, 4U}) {
            output.begin_tuple(size);
            for (std::size_t i = 0; i < size; ++i)
                output.integer(static_cast<std::int64_t>(i));
            output.end_tuple(size);
        }
        output.begin_dict();
        output.integer(-5'000'000'000);
        output.begin_set();
        output.floating(0.5);
        output.end_set();
        output.end_dict();
        output.begin_frozenset();
        output.end_frozenset();
        output.bytearray(as_bytes("a"));
        output.complex(1, 2);
        output.end_list();
        CHECK(read_back(output) ==
              "[(), (0,), (0, 1, 2, 3), {-5000000000: {0.5}}, frozenset(), bytearray(b'a'), (1+2j)]");
    }
}

TEST_CASE("Values written into one pickle keep their own sharing and cycles", "[codec][encoder]")
{
    const value itself = from_pickle("\x80\x02]q\0h\0a.");
    const value shared = from_pickle("\x80\x02]q\0K\7a]q\1(h\0h\0ea.");
    for (const auto dialect : {pickle_encoder::dialect::python3, pickle_encoder::dialect::python2}) {
        pickle_encoder output{dialect};
        output.begin_tuple(3);
        output.object(itself);
        output.object(itself);
        output.object(value{7});
        output.end_tuple(3);
        CHECK(read_back(output) == "([[...]], [[...]], 7)");
        const value twice = codec::value_from_pickle(output.to_pickle());
        CHECK(twice[0] == itself);

        output.clear();
        output.object(itself);
        CHECK(read_back(output) == "[[...]]");
    }
    CHECK(shared.size() == 2);
}

TEST_CASE("For Python 2 bytes are its str, and ints stay ints", "[codec][encoder]")
{
    pickle_encoder output{pickle_encoder::dialect::python2};
    SECTION("bytes") {
        output.bytes(as_bytes("a\xff"));
        CHECK(written(output) == "U\x02" "a\xff");
        CHECK(output.traits().has_non_ascii_byte_string);
    }
    SECTION("text is unicode") {
        output.str("a");
        CHECK(written(output) == std::string_view{"X\1\0\0\0a", 6});
    }
    SECTION("an int of 64 bits is no long") {
        output.integer(5'000'000'000);
        CHECK(written(output) == "I5000000000\n");
    }
    SECTION("a set is a call") {
        output.begin_set();
        output.end_set();
        CHECK(written(output) == "c__builtin__\nset\n](e\x85R");
        CHECK(output.traits().has_globals);
    }
    CHECK(output.traits().from_python2);
    CHECK(output.traits().protocol_min <= 2);
}

TEST_CASE("The traits name the lowest protocol that can read the item", "[codec][encoder]")
{
    pickle_encoder output;
    output.integer(1);
    CHECK(output.to_item().traits().protocol_min <= 2);
    output.clear();
    output.bytes(as_bytes("a"));
    CHECK(output.to_item().traits().protocol_min == 3);
    output.clear();
    output.str("a");
    CHECK(output.to_item().traits().protocol_min == 4);
    CHECK_FALSE(output.traits().has_globals);
    output.clear();
    output.object(value::global("os", "system"));
    CHECK(output.traits().has_globals);
}
