#include "wire/envelope_writer.hpp"

#include "wire_testing.hpp"

#include <algorithm>

using namespace quaymaster;
using namespace quaymaster::testing;
using codec::reader_dialect;

namespace {

const codec::pickle_limits limits;

std::string written(const codec::payload& object, reader_dialect reader)
{
    const wire::writable content{object, reader, limits};
    wire::outbox out;
    wire::envelope_writer writer{out, reader, content};
    writer.object(content);
    writer.finish();
    return to_hex(take_frame(out));
}

}  // namespace

TEST_CASE("a frame holds one pickle", "[wire][envelope]")
{
    CHECK(written(value{}, {}) == "80044e2e");
    CHECK(written(value{true}, {2, true}) == "8002882e");
    CHECK(written(value{"a"}, {3, false}) == "80035801000000612e");
    CHECK(written(value{"a"}, {2, true}) == "80025801000000612e");
}

TEST_CASE("scalars need no item, others are one", "[wire][envelope]")
{
    const auto is_item = [](const value& known) { return wire::writable{known, {}, limits}.is_item(); };
    CHECK_FALSE(is_item({}));
    CHECK_FALSE(is_item(false));
    CHECK_FALSE(is_item(1.5));
    CHECK_FALSE(is_item("text"));
    CHECK_FALSE(is_item(2147483647));
    CHECK(is_item(2147483648));
    CHECK(is_item(-2147483649));
    CHECK(is_item(value::tuple({})));
    CHECK(is_item(value{as_bytes("octets")}));
}

TEST_CASE("an item is spliced as it is when its reader can load it", "[wire][envelope]")
{
    const codec::item carried = codec::item::make(from_hex("5d 94 4b01 61"), {.protocol_min = 4});  // [1], memoized
    CHECK(written(carried, {4, false}) == "80045d944b01612e");
}

TEST_CASE("an item of Python 2 is announced to Python 3 as what it is", "[wire][envelope]")
{
    // Protocol 2 makes Python 3 map `__builtin__` and decode `str` itself.
    const codec::item carried = codec::item::make(as_bytes("U\1a"), {.protocol_min = 1, .from_python2 = true});
    const std::string pickle = written(carried, {4, false});
    CHECK(pickle == "8002" + to_hex(as_bytes("U\1a")) + "2e");
}

TEST_CASE("a large item is referred to, and its frame's size is right", "[wire][envelope]")
{
    const std::size_t size = 1 << 20;
    const codec::item carried = codec::item::make(size + 5, {.protocol_min = 3}, [&](std::byte* at) {
        const bytes head = from_hex("42 00001000");  // BINBYTES
        std::fill_n(std::copy(head.begin(), head.end(), at), size, std::byte{1});
    });
    wire::outbox out;
    const wire::writable content{carried, {4, false}, limits};
    wire::envelope_writer writer{out, {4, false}, content};
    writer.object(content);
    writer.finish();
    std::vector<bytes_view> pieces;
    out.gather(pieces);
    REQUIRE(pieces.size() == 3);
    CHECK(pieces[1].data() == carried.opcodes().data());
    const bytes pickle = take_frame(out);
    CHECK(pickle.size() == 2 + carried.size() + 1);
}

TEST_CASE("a class path is written as its reader's protocol has it", "[wire][envelope]")
{
    const auto global = [](reader_dialect reader) {
        wire::outbox out;
        wire::envelope_writer writer{out, reader};
        writer.global("queue", "Empty");
        writer.finish();
        return std::string{as_chars(take_frame(out))};
    };
    CHECK(global({4, false}) == "\x80\x04\x8c\x05queue\x8c\x05"
                                "Empty\x93.");
    CHECK(global({3, false}) == "\x80\x03"
                                "cqueue\nEmpty\n.");
}
