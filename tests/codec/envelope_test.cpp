#include "codec/envelope.hpp"

#include "codec/large_block.hpp"
#include "codec/transcode.hpp"
#include "codec_testing.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace quaymaster;
using namespace quaymaster::codec;

namespace {

std::string opcodes_of(const payload& taken)
{
    return to_hex(taken.to_item().opcodes());
}

}  // namespace

TEST_CASE("a request is taken apart without decoding its item", "[codec][envelope]")
{
    envelope_reader request;
    // CPython 3.11: ('7f01', 'put', (1,), {})
    const bytes whole = from_hex("8004 95 1700000000000000 28 8c04 37663031 94 8c03 707574 94 4b01 85 94 7d 94 74 94 2e");
    REQUIRE_FALSE(request.read(whole, {}));
    CHECK(request.protocol() == 4);
    REQUIRE(request.field_count() == 4U);
    CHECK(request.text(0) == "7f01");
    CHECK(request.text(1) == "put");
    CHECK(request.is_tuple(2));
    CHECK(request.is_dict(3));
    REQUIRE(request.element_count(2) == 1);
    const payload item = request.take_element(2, 0);
    REQUIRE(item.known() != nullptr);
    CHECK(*item.known() == value{1});
    CHECK(request.element_count(3) == 0);
}

TEST_CASE("keyword arguments come as names and values in turn", "[codec][envelope]")
{
    envelope_reader request;
    const bytes_view whole = pickle("\x80\x04(\x8c\x01i\x8c\x03get)}(\x8c\x05" "block\x88\x8c\x07timeoutG\x3f\xf0\x00\x00\x00\x00\x00\x00ut.");
    REQUIRE_FALSE(request.read(whole, {}));
    REQUIRE(request.element_count(3) == 4);
    CHECK(request.element_text(3, 0) == "block");
    CHECK(*request.take_element(3, 1).known() == value{true});
    CHECK(request.element_text(3, 2) == "timeout");
    CHECK(*request.take_element(3, 3).known() == value{1.0});
    CHECK(request.element_text(3, 3) == std::nullopt);
}

TEST_CASE("an item is spliced: frames dropped, memo indices from zero", "[codec][envelope]")
{
    envelope_reader request;
    SECTION("no GET inside: the memo is left out") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x01i\x94\x8c\x03put\x94]\x94(K\x01K\x02" "e\x85\x94}\x94t\x94."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "5d284b014b0265");
    }
    SECTION("a GET inside: PUTs kept and re-based") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x01i\x94\x8c\x03put\x94]\x94(h\x02" "e\x85\x94}\x94t\x94."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "5d9428680065");
    }
    SECTION("BINPUT from 2 on, as Python 3.6 numbers them") {
        REQUIRE_FALSE(request.read(pickle("\x80\x03(X\x01\x00\x00\x00iq\x00X\x03\x00\x00\x00putq\x01]q\x02h\x02" "a\x85q\x03}q\x04tq\x05."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "5d7100680061");
    }
    SECTION("a FRAME in the middle") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x01i\x8c\x03put](K\x01\x95\x07\x00\x00\x00\x00\x00\x00\x00K\x02" "e\x85}t."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "5d284b014b0265");
    }
    SECTION("two arguments are cut where one ends and the other begins") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x01i\x8c\x01m\x8c\x01" "a\x94\x8c\x01" "b\x94\x86}t."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "8c0161");
        CHECK(opcodes_of(request.take_element(2, 1)) == "8c0162");
    }
}

TEST_CASE("an item that leans on its envelope is rebuilt", "[codec][envelope]")
{
    envelope_reader request;
    SECTION("q.put('put'): a back-reference to the method name") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x01i\x94\x8c\x03put\x94h\x01\x85\x94}\x94t\x94."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "8c03707574");
    }
    SECTION("inside a container") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x01i\x94\x8c\x03put\x94]\x94(h\x01h\x00" "e\x85\x94}\x94t\x94."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "5d288c037075748c016965");
    }
    SECTION("a recursive tuple, which is popped and fetched") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x01i\x94\x8c\x03put\x94]\x94h\x02\x85\x94" "a0h\x03\x85\x94}\x94t\x94."), {}));
        CHECK(opcodes_of(request.take_element(2, 0)) == "5d94286800859465306801");
    }
    SECTION("keyword names and ident fetched from the memo") {
        REQUIRE_FALSE(request.read(pickle("\x80\x04(\x8c\x04item\x94\x8c\x03put\x94)}\x94h\x00K\x05st\x94."), {}));
        CHECK(request.element_text(3, 0) == "item");
        CHECK(*request.take_element(3, 1).known() == value{5});
    }
}

TEST_CASE("many references to one large object do not become as many copies", "[codec][envelope][hostile][limits]")
{
    // ('i', 'put', (text, text, text, ... 1,000 times), {})
    std::string whole = "\x80\x04(\x8c\x01i\x8c\x03put(";
    whole += std::string{"X\x00\x00\x01\x00", 5} + std::string(65536, 'x') + "\x94";
    for (int i = 0; i < 999; ++i)
        whole += std::string{"h\x00", 2};
    whole += "t}t.";
    envelope_reader request;
    REQUIRE_FALSE(request.read(as_bytes(whole), {}));
    REQUIRE(request.element_count(2) == 1000);
    std::size_t taken = 0;
    const auto take_all = [&] {
        for (std::size_t i = 0; i < 1000; ++i)
            taken += request.take_element(2, i).to_item().size();
    };
    CHECK_THROWS_AS(take_all(), pickle_error);
    CHECK(taken < 20 * whole.size());
    // The bound is for one pickle, not for the reader.
    REQUIRE_FALSE(request.read(as_bytes(whole), {}));
    CHECK(request.take_element(2, 1).to_item().size() > 65536);
}

TEST_CASE("one argument cannot be written anew without bound either", "[codec][envelope][hostile][limits]")
{
    // ('i', 'put', ([number, number, ...],), {}), where the number, of 60,000 octets, lies outside of the argument.
    std::string whole = "\x80\x04(";
    whole += std::string{"\x8b\x60\xea\0\0", 5} + std::string(60'000, 'x') + "\x94" "0\x8c\x01i\x8c\x03put](";
    for (int i = 0; i < 20'000; ++i)
        whole += std::string{"h\x00", 2};
    whole += "e\x85}t.";
    envelope_reader request;
    REQUIRE_FALSE(request.read(as_bytes(whole), {}));
    try {
        static_cast<void>(request.take_element(2, 0));
        FAIL("written out as 1.2 GB");
    } catch (const pickle_error& refused) {
        CHECK(refused.code() == pickle_errc::rewrite_size_exceeded);
    }
}

TEST_CASE("a reader gives back what a giant pickle has made it take", "[codec][envelope][hostile][limits]")
{
    constexpr std::size_t kept_max = std::size_t{1} << 20;
    constexpr std::size_t count = 1'000'000;
    envelope_reader request;
    const auto scratch_after = [&](const std::string& whole) {
        {
            const envelope_reader::loan lent{request, nullptr};
            static_cast<void>(request.read(as_bytes(whole), {}));
        }
        return request.scratch_size();
    };
    CHECK(scratch_after("\x80\x04(\x8c\x01i\x8c\x03putN" + std::string(count, '\x94') + "\x85}t.") <= kept_max);
    CHECK(scratch_after("\x80\x04(\x8c\x01i\x8c\x03put(" + std::string(count, 'N') + "t}t.") <= kept_max);
    CHECK(scratch_after("\x80\x04(\x8c\x01i\x8c\x03put)}(" + std::string(count, 'N') + "ut.") <= kept_max);
    CHECK(scratch_after(std::string(count, '(')) <= kept_max);
    CHECK(scratch_after("\x80\x04(" + std::string(count, 'N')) <= kept_max);

    SECTION("a large item is no giant pickle: text is not what the reader keeps") {
        const std::string text = std::string{"X\x40\x42\x0f\0", 5} + std::string(count, 'x');
        CHECK(scratch_after("\x80\x04(\x8c\x01i\x8c\x03put" + text + "\x85}t.") <= kept_max);
    }
    SECTION("nor is what it decoded kept") {
        const std::string leaning = "\x80\x04(\x8c\x01i\x94\x8c\x03put](h" + std::string{"\0", 1} + "e\x85}t.";
        {
            const envelope_reader::loan lent{request, nullptr};
            REQUIRE_FALSE(request.read(as_bytes(leaning), {}));
            CHECK(opcodes_of(request.take_element(2, 0)) == "5d288c016965");
        }
        CHECK(request.field_count() == std::nullopt);
    }
}

TEST_CASE("of very many elements the first of a tuple and the last of a dict are at hand", "[codec][envelope][limits]")
{
    constexpr std::size_t count = 30'000;
    std::string arguments;
    std::string keywords;
    for (std::size_t i = 0; i < count; ++i) {
        arguments += std::string{"M"} + static_cast<char>(i & 0xff) + static_cast<char>(i >> 8);
        keywords += std::string{"\x8c\x02"} + static_cast<char>('a' + i % 26) + static_cast<char>('a' + i / 26 % 26);
        keywords += std::string{"M"} + static_cast<char>(i & 0xff) + static_cast<char>(i >> 8);
    }
    const std::string whole = "\x80\x04(\x8c\x01i\x8c\x03put(" + arguments + "t}(" + keywords + "ut.";
    envelope_reader request;
    REQUIRE_FALSE(request.read(as_bytes(whole), {}));
    CHECK(request.element_count(2) == count);
    CHECK(request.element_count(3) == 2 * count);
    CHECK(*request.take_element(2, 0).known() == value{0});
    CHECK(*request.take_element(3, 2 * count - 1).known() == value{static_cast<int>(count - 1)});
    CHECK(request.element_text(3, 2 * count - 2).has_value());
    SECTION("the others have to be decoded") {
        CHECK(request.element_text(3, 0) == std::nullopt);
        CHECK(*request.take_element(2, count - 1).known() == value{static_cast<int>(count - 1)});
        CHECK(*request.take_element(3, 1).known() == value{0});
    }
    SECTION("the last of those at hand ends where the next begins") {
        for (std::size_t i = 4090; i < 4100; ++i)
            CHECK(*request.take_element(2, i).known() == value{static_cast<int>(i)});
    }
    SECTION("a dict in batches, as picklers write it") {
        std::string batches = "}";
        for (std::size_t at = 0; at < keywords.size(); at += 7000)
            batches += '(' + keywords.substr(at, 7000) + 'u';
        const std::string batched = "\x80\x04(\x8c\x01i\x8c\x03put)" + batches + "t.";
        REQUIRE_FALSE(request.read(as_bytes(batched), {}));
        CHECK(request.element_count(3) == 2 * count);
        for (const std::size_t i : {count - 2000, count - 1000, count - 1})
            CHECK(*request.take_element(3, 2 * i + 1).known() == value{static_cast<int>(i)});
    }
}

TEST_CASE("a memo index given twice is no pickler's, and is read through the graph", "[codec][envelope]")
{
    envelope_reader request;
    REQUIRE_FALSE(request.read(pickle("\x80\x03(X\x01\x00\x00\x00iq\x00X\x03\x00\x00\x00put](X\x01\x00\x00\x00xq\x00h\x00" "e\x85}t."), {}));
    CHECK(request.text(0) == "i");
    CHECK(opcodes_of(request.take_element(2, 0)) == "5d2858010000007871006800" "65");
}

TEST_CASE("large integers as text are only checked where nobody needs them", "[codec][envelope]")
{
    envelope_reader request;
    const std::string envelope_begin = std::string{"\x80\x03(X\x01\0\0\0iX\x03\0\0\0put", 17};
    std::string whole;
    const auto status_of = [&](const std::string& number) {
        whole = envelope_begin + number + "\x85}t.";
        return request.read(as_bytes(whole), {}).code;
    };
    CHECK(status_of("I7\n") == error_code{});
    CHECK(*request.take_element(2, 0).known() == value{7});
    const std::string large = "I" + std::string(4300, '9') + "\n";
    REQUIRE(status_of(large) == error_code{});
    CHECK(as_chars(request.take_element(2, 0).to_item().opcodes()) == large);
    CHECK(status_of("I" + std::string(4301, '9') + "\n") == pickle_errc::decimal_digits_exceeded);
    CHECK(status_of("I12x\n") == pickle_errc::malformed_argument);
}

TEST_CASE("protocols 0 and 1 are taken apart through the graph", "[codec][envelope]")
{
    envelope_reader request;
    REQUIRE_FALSE(request.read(pickle("(S'i'\np1\nS'put'\np2\n(S'x'\np3\ntp4\n(dp5\ntp6\n."), {}));
    REQUIRE(request.field_count() == 4U);
    CHECK(request.text(1) == "put");
    REQUIRE(request.element_count(2) == 1);
    CHECK(opcodes_of(request.take_element(2, 0)) == "550178");
}

TEST_CASE("what is no tuple, or a longer one, is said so", "[codec][envelope]")
{
    envelope_reader request;
    REQUIRE_FALSE(request.read(pickle("N."), {}));
    CHECK(request.field_count() == std::nullopt);
    REQUIRE_FALSE(request.read(pickle("(NNNNNNt."), {}));
    CHECK(request.field_count() == 6U);
    CHECK(request.read(pickle("(NNt"), {}).code == pickle_errc::truncated);
}

TEST_CASE("items go to each Python in a form it loads", "[codec][transcode]")
{
    envelope_reader request;
    const auto item_in = [&](bytes_view whole) {
        REQUIRE_FALSE(request.read(whole, {}));
        return request.take_element(2, 0).to_item();
    };
    constexpr reader_dialect python2{2, true};
    constexpr reader_dialect python36{3, false};
    constexpr reader_dialect python311{4, false};

    SECTION("between readers of the same kind it stays as it is") {
        const item made = item_in(pickle("\x80\x04(\x8c\x01i\x8c\x03put\x8c\x01x\x85}t."));
        CHECK(loads_as_is(made, python311));
        CHECK(loads_as_is(made, python36));
        CHECK(announced_protocol(made, python36) == 4);
    }
    SECTION("Python 3 to 2.7") {
        const item made = item_in(pickle("\x80\x04(\x8c\x01i\x8c\x03put\x8f(\x8c\x01x\x90\x85}t."));
        CHECK_FALSE(loads_as_is(made, python2));
        CHECK(to_hex(transcode(made, python2, {}).opcodes()) == to_hex(as_bytes("c__builtin__\nset\n(")) + "58010000007" "86c8552");
        CHECK(announced_protocol(transcode(made, python2, {}), python2) == 2);
    }
    SECTION("2.7 to Python 3: announced as protocol 2, which Python 3 maps itself") {
        const item made = item_in(pickle("\x80\x02(U\x01iU\x03putc__builtin__\nlen\n\x85}t."));
        CHECK(loads_as_is(made, python311));
        CHECK(announced_protocol(made, python311) == 2);
    }
    SECTION("2.7's octets above 127 reach Python 3 as bytes") {
        const item made = item_in(pickle("\x80\x02(U\x01iU\x03putU\x01\xff\x85}t."));
        CHECK_FALSE(loads_as_is(made, python311));
        CHECK(to_hex(transcode(made, python311, {}).opcodes()) == "4301ff");
    }
    SECTION("2.7's long stays a long for 2.7") {
        const item made = item_in(pickle("\x80\x02(U\x01iU\x03put\x8a\x01\x05\x85}t."));
        CHECK(to_hex(transcode(made, python2, {}).opcodes()) == "8a0105");
    }
    SECTION("2.7's int of 64 bits stays an int for 2.7") {
        const item made = item_in(pickle("\x80\x02(U\x01iU\x03putI1099511627776\n\x85}t."));
        CHECK(to_hex(transcode(made, python2, {}).opcodes()) == to_hex(as_bytes("I1099511627776\n")));
    }
    SECTION("but not in many times the size it was stored in") {
        const std::string name(1000, 'n');
        std::string classes;  // each a class of its own, though all share the text
        for (int i = 0; i < 1000; ++i)
            classes += std::string{"h\0h\0\x93", 5};
        const std::string text = std::string{"X\xe8\x03\0\0", 5} + name + "\x94";
        const item made = item_in(as_bytes("\x80\x04(\x8c\x01i\x8c\x03put](" + text + classes + "e\x85}t."));
        CHECK(made.size() < 10'000);
        try {
            static_cast<void>(transcode(made, python2, {}));
            FAIL("written out as 2 MB");
        } catch (const pickle_error& refused) {
            CHECK(refused.code() == pickle_errc::rewrite_size_exceeded);
        }
    }
}

namespace {

/// ('7f01', 'put', (<BINBYTES of `size`> and its MEMOIZE in a new frame,), {}), behind a header of four octets.
byte_buffer large_put(std::size_t size)
{
    byte_buffer memory;
    memory.append(bytes_view{from_hex("00000000 8004 28 8c04 37663031 94 8c03 707574 94 42")});
    for (unsigned shift = 0; shift < 32; shift += 8)
        memory.push(static_cast<std::uint8_t>(size >> shift));
    std::memset(memory.extend(size), 'x', size);
    memory.append(bytes_view{from_hex("95 0700000000000000 94 85 94 7d 94 74 94 2e")});
    return memory;
}

}  // namespace

TEST_CASE("a large item takes over memory that was lent", "[codec][envelope]")
{
    constexpr std::size_t size = 2 * large_block_size_min;
    envelope_reader request;
    byte_buffer memory = large_put(size);
    const bytes expected = to_bytes(memory.view().subspan(20, 5 + size));
    REQUIRE(expected.front() == std::byte{'B'});
    item kept;
    SECTION("lent: no copy, and the texts stay until the loan ends") {
        const std::byte* const in_place = memory.data() + 20;
        {
            const envelope_reader::loan lent{request, &memory};
            REQUIRE_FALSE(request.read(memory.view().subspan(4), {}));
            kept = request.take_element(2, 0).to_item();
            CHECK(memory.empty());
            CHECK(request.text(1) == "put");
        }
        CHECK(kept.opcodes().data() == in_place);
    }
    SECTION("not lent: a copy") {
        REQUIRE_FALSE(request.read(memory.view().subspan(4), {}));
        kept = request.take_element(2, 0).to_item();
        CHECK_FALSE(memory.empty());
    }
    SECTION("lent, and never taken: the memory is where it was") {
        {
            const envelope_reader::loan lent{request, &memory};
            REQUIRE_FALSE(request.read(memory.view().subspan(4), {}));
        }
        CHECK_FALSE(memory.empty());
        return;
    }
    memory.release();
    CHECK(to_bytes(kept.opcodes()) == expected);
    CHECK(item{kept}.size() == expected.size());
}
