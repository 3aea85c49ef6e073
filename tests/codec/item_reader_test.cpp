#include "codec/item_reader.hpp"

#include "codec/large_block.hpp"
#include "codec/payload.hpp"
#include "codec_testing.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::codec;

namespace {

/// repr() of the item that `opcodes` are, or the error.
std::string read_repr(bytes_view opcodes, const pickle_limits& limits = {})
{
    item_reader reader;
    item found;
    if (const auto status = reader.read(opcodes, limits, found)) {
        CHECK_FALSE(found);
        return "error: " + status.code.message();
    }
    REQUIRE(found);
    const bytes_view kept = found.opcodes();
    CHECK(std::equal(kept.begin(), kept.end(), opcodes.begin(), opcodes.end()));
    return payload{found}.to_value(limits).repr();
}

std::string read_hex(std::string_view hex)
{
    return read_repr(from_hex(hex));
}

item_traits traits_of(bytes_view opcodes)
{
    item_reader reader;
    item found;
    const auto status = reader.read(opcodes, {}, found);
    INFO(status.code.message());
    REQUIRE_FALSE(status);
    return found.traits();
}

error_code fault_of(bytes_view opcodes, const pickle_limits& limits = {})
{
    item_reader reader;
    item found;
    return reader.read(opcodes, limits, found).code;
}

byte_buffer buffer_of(bytes_view octets)
{
    byte_buffer made;
    made.append(octets);
    return made;
}

/// BINBYTES of that many octets.
bytes large_bytes(std::size_t size)
{
    bytes opcodes = from_hex("42");
    for (int i = 0; i < 4; ++i)
        opcodes.push_back(static_cast<std::byte>(size >> (8 * i)));
    opcodes.resize(5 + size, std::byte{'x'});
    return opcodes;
}

}  // namespace

TEST_CASE("an item_reader takes one scalar or text at a glance", "[codec][item_reader]")
{
    CHECK(read_hex("4e") == "None");
    CHECK(read_hex("88") == "True");
    CHECK(read_hex("89") == "False");
    CHECK(read_hex("4b ff") == "255");
    CHECK(read_hex("4d ffff") == "65535");
    CHECK(read_hex("4a feffffff") == "-2");
    CHECK(read_hex("47 3ff8000000000000") == "1.5");
    CHECK(read_hex("43 00") == "b''");
    CHECK(read_hex("43 02 6162") == "b'ab'");
    CHECK(read_hex("42 02000000 6162") == "b'ab'");
    CHECK(read_hex("8e 0200000000000000 6162") == "b'ab'");
    CHECK(read_hex("8c 02 c3a9") == "'\xc3\xa9'");
    CHECK(read_hex("58 02000000 c3a9") == "'\xc3\xa9'");
    CHECK(read_hex("8d 0200000000000000 c3a9") == "'\xc3\xa9'");
    for (const char* const hex : {"4e", "4b 01", "8c 01 61", "43 01 ff", "8d 0000000000000000"}) {
        CAPTURE(hex);
        CHECK(traits_of(from_hex(hex)) == item_traits{.protocol_min = 4});
    }
}

TEST_CASE("one opcode is taken whole or not at all", "[codec][item_reader]")
{
    for (const char* const hex : {"4b ff", "4d ffff", "4a feffffff", "47 3ff8000000000000", "43 02 6162", "42 02000000 6162",
                                  "8e 0200000000000000 6162", "8c 02 c3a9", "58 02000000 c3a9", "8d 0200000000000000 c3a9"}) {
        const bytes whole = from_hex(hex);
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            CAPTURE(hex, cut);
            CHECK(fault_of(bytes_view{whole}.first(cut)));
        }
        bytes longer = whole;
        longer.push_back(std::byte{'N'});
        CAPTURE(hex);
        CHECK(fault_of(longer));
    }
    SECTION("whatever its length claims to be")
    {
        CHECK(fault_of(from_hex("8e ffffffffffffffff 6162")));
        CHECK(fault_of(from_hex("8d ffffffffffffffff 6162")));
        CHECK(fault_of(from_hex("8d f7ffffffffffffff 6162")));  // with what stands before it, a sum of zero
        CHECK(fault_of(from_hex("58 ffffffff 6162")));
        CHECK(fault_of(from_hex("42 ffffffff")));
    }
}

TEST_CASE("a str that is not UTF-8 is no item, wherever it stands", "[codec][item_reader]")
{
    CHECK(fault_of(from_hex("8c 01 ff")) == pickle_errc::malformed_argument);
    CHECK(fault_of(from_hex("58 01000000 c3")) == pickle_errc::malformed_argument);
    CHECK(fault_of(from_hex("8d 0200000000000000 c328")) == pickle_errc::malformed_argument);
    CHECK(fault_of(from_hex("5d 8c 01 ff 61")) == pickle_errc::malformed_argument);
    CHECK(read_hex("43 01 ff") == "b'\\xff'");
}

TEST_CASE("an item_reader takes containers and what shares within them", "[codec][item_reader]")
{
    CHECK(read_hex("5d 28 4b01 4b02 65") == "[1, 2]");
    CHECK(read_hex("7d 28 8c0161 4b01 75") == "{'a': 1}");
    CHECK(read_hex("4b01 4b02 86") == "(1, 2)");
    CHECK(read_hex("29") == "()");
    CHECK(read_hex("8f 28 4b01 90") == "{1}");
    CHECK(read_hex("8c0161 94 68 00 86") == "('a', 'a')");                    // MEMOIZE, BINGET 0
    CHECK(read_hex("5d 94 68 00 61") == "[[...]]");                           // a list in itself
    CHECK(read_hex("8a 09 ffffffffffffffff7f") == "2361183241434822606847");  // LONG1
    CHECK(read_hex("28 4b01 30 4b02 74") == "(2,)");                          // POP
    for (const value& each : {value::list({1, "two", 3.5, value{}}), value::dict({{"a", value::tuple({1, 2})}}), value{1.0 / 3},
                              value{std::string(1000, 'x')}, value{std::int64_t{-1} << 62U}}) {
        const item encoded = payload{each}.to_item();
        CAPTURE(each.repr());
        CHECK(read_repr(encoded.opcodes()) == each.repr());
    }
}

TEST_CASE("an item_reader refuses what is not exactly one object", "[codec][item_reader]")
{
    CHECK(fault_of({}) == pickle_errc::stack_underflow);
    CHECK(fault_of(from_hex("4e 4e")) == pickle_errc::stack_underflow);
    CHECK(fault_of(from_hex("28")) == pickle_errc::stack_underflow);  // MARK alone
    CHECK(fault_of(from_hex("28 4e")) == pickle_errc::stack_underflow);
    CHECK(fault_of(from_hex("4e 28")) == pickle_errc::stack_underflow);
    CHECK(fault_of(from_hex("4e 30")));  // POP of the only one
    CHECK(fault_of(from_hex("30")) == pickle_errc::stack_underflow);
    CHECK(fault_of(from_hex("65")));  // APPENDS without a MARK
    CHECK(fault_of(from_hex("4b01 4b02 61")) == pickle_errc::wrong_operand);
    CHECK(fault_of(from_hex("5d 28 4b01")));  // never appended
}

TEST_CASE("an item_reader refuses the frame of a pickle", "[codec][item_reader]")
{
    CHECK(fault_of(from_hex("80 04 4e")) == pickle_errc::unknown_opcode);  // PROTO
    CHECK(fault_of(from_hex("4e 80 04")));
    CHECK(fault_of(from_hex("80 06 4e")));  // of no protocol there is
    CHECK(fault_of(from_hex("80")) == pickle_errc::truncated);
    CHECK(fault_of(from_hex("95 0100000000000000 4e")) == pickle_errc::unknown_opcode);  // FRAME
    CHECK(fault_of(from_hex("5d 95 0200000000000000 4e 61")) == pickle_errc::unknown_opcode);
    CHECK(fault_of(from_hex("4e 2e")) == pickle_errc::trailing_data);  // STOP
    CHECK(fault_of(from_hex("2e")));
    CHECK(fault_of(from_hex("80 04 4e 2e")));
    CHECK(fault_of(from_hex("ff")) == pickle_errc::unknown_opcode);
    CHECK(fault_of(from_hex("97")) == pickle_errc::out_of_band_buffer);
}

TEST_CASE("an item refers to nothing outside it", "[codec][item_reader]")
{
    CHECK(fault_of(from_hex("68 00")) == pickle_errc::memo_missing);        // BINGET
    CHECK(fault_of(from_hex("6a 00000000")) == pickle_errc::memo_missing);  // LONG_BINGET
    CHECK(fault_of(from_hex("67 30 0a")) == pickle_errc::memo_missing);     // GET
    CHECK(fault_of(from_hex("5d 94 68 01 61")) == pickle_errc::memo_missing);
    CHECK(fault_of(from_hex("94")) == pickle_errc::stack_underflow);  // MEMOIZE of nothing
    SECTION("nor to what the same reader has read before")
    {
        item_reader reader;
        item found;
        REQUIRE_FALSE(reader.read(from_hex("5d 94 68 00 61"), {}, found));
        CHECK(reader.read(from_hex("68 00"), {}, found).code == pickle_errc::memo_missing);
        CHECK(reader.read(from_hex("61"), {}, found));
        CHECK(payload{found}.to_value().repr() == "[[...]]");  // unchanged
        REQUIRE_FALSE(reader.read(from_hex("4b 07"), {}, found));
        CHECK(payload{found}.to_value().repr() == "7");
    }
}

TEST_CASE("an item_reader keeps within pickle_limits", "[codec][item_reader]")
{
    pickle_limits limits;
    limits.depth_max = 3;
    CHECK_FALSE(fault_of(from_hex("5d 5d 5d 61 61"), limits));
    CHECK(fault_of(from_hex("5d 5d 5d 5d 61 61 61"), limits) == pickle_errc::depth_exceeded);
    limits = {};
    limits.stack_size_max = 4;
    CHECK(fault_of(from_hex("28 4e 4e 4e 4e 4e 4e 74"), limits) == pickle_errc::stack_size_exceeded);
    limits = {};
    limits.memo_size_max = 2;
    CHECK(fault_of(from_hex("5d 94 94 94 94"), limits) == pickle_errc::memo_size_exceeded);
    CHECK(fault_of(from_hex("5d 72 ffffff7f"), limits) == pickle_errc::memo_size_exceeded);  // LONG_BINPUT far ahead
    limits = {};
    limits.integer_size_max = 4;
    CHECK(fault_of(from_hex("8a 05 0000000001"), limits) == pickle_errc::integer_size_exceeded);
}

TEST_CASE("an item_reader notes who can load what it has read", "[codec][item_reader]")
{
    SECTION("a bytearray needs protocol 5")
    {
        CHECK(traits_of(from_hex("96 0200000000000000 6162")).protocol_min == 5);
        CHECK(traits_of(from_hex("5d 96 0000000000000000 61")).protocol_min == 5);
        CHECK(traits_of(from_hex("5d")).protocol_min == 4);
        item_reader reader;  // which forgets it for the next
        item found;
        REQUIRE_FALSE(reader.read(from_hex("96 0000000000000000"), {}, found));
        REQUIRE_FALSE(reader.read(from_hex("5d"), {}, found));
        CHECK(found.traits().protocol_min == 4);
    }
    SECTION("classes and functions")
    {
        CHECK(traits_of(pickle("cos\nsystem\n")).has_globals);
        CHECK(traits_of(pickle("\x8c\x02os\x8c\x06system\x93")).has_globals);
        CHECK(traits_of(pickle("(ios\nsystem\n")).has_globals);
        CHECK(traits_of(pickle("\x82\x01")).has_globals);
        CHECK_FALSE(traits_of(pickle("\x8c\x02os\x8c\x06system\x86")).has_globals);
        CHECK_FALSE(traits_of(pickle("cos\nsystem\n")).has_proxies);
    }
    SECTION("proxies")
    {
        CHECK(traits_of(pickle("cmultiprocessing.managers\nRebuildProxy\n")).has_proxies);
        CHECK(traits_of(pickle("\x8c\x18multiprocessing.managers\x8c\x0cRebuildProxy\x93")).has_proxies);
        CHECK_FALSE(traits_of(pickle("\x8c\x18multiprocessing.managers\x8c\x0cRebuildProxy\x86")).has_proxies);
    }
    SECTION("who sends items is no Python 2")
    {
        CHECK_FALSE(traits_of(from_hex("55 01 61")).from_python2);  // SHORT_BINSTRING
    }
}

TEST_CASE("an item_reader takes memory over only where a copy costs more", "[codec][item_reader]")
{
    const bytes opcodes = large_bytes(3 * large_block_size_min);
    item_reader reader;
    item found;
    const auto read_from = [&](byte_buffer& memory, bytes_view part) {
        const item_reader::loan lent{reader, &memory};
        REQUIRE_FALSE(reader.read(part, {}, found));
        return found.opcodes().data() == part.data();
    };
    const std::size_t header_size = 20;
    bytes frame(header_size);
    frame.insert(frame.end(), opcodes.begin(), opcodes.end());

    SECTION("that of a large item")
    {
        byte_buffer memory = buffer_of(frame);
        const bytes_view part = memory.view().subspan(header_size);
        CHECK(read_from(memory, part));
        CHECK(memory.empty());
        CHECK(found.size() == opcodes.size());
        CHECK(std::equal(opcodes.begin(), opcodes.end(), found.opcodes().begin(), found.opcodes().end()));
    }
    SECTION("that of a large container")
    {
        bytes list = from_hex("5d");
        list.insert(list.end(), opcodes.begin(), opcodes.end());
        list.push_back(std::byte{'a'});
        byte_buffer memory = buffer_of(list);
        CHECK(read_from(memory, memory.view()));
        CHECK(memory.empty());
    }
    SECTION("not that of a small one")
    {
        byte_buffer memory = buffer_of(from_hex("8c 01 61"));
        CHECK_FALSE(read_from(memory, memory.view()));
        CHECK(memory.size() == 3);
    }
    SECTION("not where most of it is something else")
    {
        frame.resize(3 * frame.size(), std::byte{'N'});
        byte_buffer memory = buffer_of(frame);
        CHECK_FALSE(read_from(memory, memory.view().subspan(header_size, opcodes.size())));
        CHECK(memory.size() == frame.size());
    }
    SECTION("not that of what is no item")
    {
        bytes bad = opcodes;
        bad.push_back(std::byte{'.'});
        byte_buffer memory = buffer_of(bad);
        const item_reader::loan lent{reader, &memory};
        CHECK(reader.read(memory.view(), {}, found));
        CHECK_FALSE(found);
        CHECK(memory.size() == bad.size());
    }
    SECTION("not when none is lent, or the loan is over")
    {
        byte_buffer memory = buffer_of(opcodes);
        {
            const item_reader::loan lent{reader, &memory};
        }
        REQUIRE_FALSE(reader.read(memory.view(), {}, found));
        CHECK(found.opcodes().data() != memory.data());
        const item_reader::loan nothing{reader, nullptr};
        REQUIRE_FALSE(reader.read(memory.view(), {}, found));
        CHECK(found.opcodes().data() != memory.data());
    }
    SECTION("and what follows the item that took it stays readable until the loan ends")
    {
        bytes batch = opcodes;
        const bytes tail = from_hex("8c 04 7461696c");
        batch.insert(batch.end(), tail.begin(), tail.end());
        byte_buffer memory = buffer_of(batch);
        const bytes_view whole = memory.view();
        item second;
        {
            const item_reader::loan lent{reader, &memory};
            REQUIRE_FALSE(reader.read(whole.first(opcodes.size()), {}, found));
            CHECK(found.opcodes().data() == whole.data());
            found = {};  // somebody may already have taken and dropped it
            REQUIRE_FALSE(reader.read(whole.subspan(opcodes.size()), {}, second));
        }
        CHECK(payload{second}.to_value().repr() == "'tail'");
    }
    SECTION("once: two halves cannot both have it")
    {
        bytes batch = opcodes;
        batch.insert(batch.end(), opcodes.begin(), opcodes.end());
        byte_buffer memory = buffer_of(batch);
        const bytes_view whole = memory.view();
        item second;
        {
            const item_reader::loan lent{reader, &memory};
            REQUIRE_FALSE(reader.read(whole.first(opcodes.size()), {}, found));
            REQUIRE_FALSE(reader.read(whole.subspan(opcodes.size()), {}, second));
            CHECK(second.opcodes().data() != whole.data() + opcodes.size());
        }
        CHECK(found.size() == second.size());
    }
}
