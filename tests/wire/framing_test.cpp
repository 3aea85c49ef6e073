#include "wire/framing.hpp"

#include "wire_testing.hpp"

#include <limits>

using namespace quaymaster;
using namespace quaymaster::testing;
using wire::wire_errc;

TEST_CASE("parse_frame() takes the first frame off the front", "[wire][framing]")
{
    error_code ec;
    SECTION("and leaves what follows")
    {
        const bytes input = joined({frame_of("hello"), frame_of("next")});
        const auto first = wire::parse_frame(input, 1024, ec);
        REQUIRE(first);
        CHECK(as_chars(first->payload) == "hello");
        CHECK(first->size == 9);
    }
    SECTION("though it is empty")
    {
        const auto first = wire::parse_frame(from_hex("00000000"), 0, ec);
        REQUIRE(first);
        CHECK(first->payload.empty());
        CHECK(first->size == 4);
    }
    SECTION("in the long form, whatever its size, as Python 3.8 reads it")
    {
        const bytes input = from_hex("ffffffff 0000000000000003 616263 00");
        const auto first = wire::parse_frame(input, 3, ec);
        REQUIRE(first);
        CHECK(as_chars(first->payload) == "abc");
        CHECK(first->size == 15);
    }
    CHECK_FALSE(ec);
}

TEST_CASE("parse_frame() asks for more at every cut of a frame", "[wire][framing]")
{
    for (const bytes& whole : {frame_of("hello"), from_hex("ffffffff 0000000000000003 616263")}) {
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            CAPTURE(cut);
            error_code ec;
            CHECK_FALSE(wire::parse_frame(bytes_view{whole}.first(cut), 1024, ec));
            CHECK_FALSE(ec);
        }
    }
}

TEST_CASE("parse_frame() refuses a frame before its payload has come", "[wire][framing]")
{
    error_code ec;
    SECTION("above the limit by one octet")
    {
        CHECK_FALSE(wire::parse_frame(from_hex("00000101"), wire::handshake_payload_size_max, ec));
        CHECK(ec == wire_errc::frame_too_large);
        CHECK_FALSE(wire::announced_frame_size(from_hex("00000101"), wire::handshake_payload_size_max));
    }
    SECTION("of a size that no sum can hold")
    {
        const bytes input = from_hex("ffffffff ffffffffffffffff 00");
        CHECK_FALSE(wire::parse_frame(input, 1024, ec));
        CHECK(ec == wire_errc::frame_too_large);
        CHECK_FALSE(wire::parse_frame(input, std::numeric_limits<std::size_t>::max(), ec));
        CHECK_FALSE(ec);  // within that limit, and never whole
        CHECK_FALSE(wire::announced_frame_size(input, std::numeric_limits<std::size_t>::max()));
    }
    SECTION("of a negative length that is not the long form's mark")
    {
        for (const char* header : {"80000000", "fffffffe", "ff000000"}) {
            CAPTURE(header);
            CHECK_FALSE(wire::parse_frame(from_hex(header), 1024, ec));
            CHECK(ec == wire_errc::bad_frame_length);
        }
    }
}

TEST_CASE("a frame's size is known as soon as its header is whole", "[wire][framing]")
{
    CHECK_FALSE(wire::announced_frame_size(from_hex("000000"), 1024));
    CHECK(wire::announced_frame_size(from_hex("00000010"), 1024) == std::size_t{20});
    CHECK_FALSE(wire::announced_frame_size(from_hex("ffffffff 00000000"), 1024));
    CHECK(wire::announced_frame_size(from_hex("ffffffff 0000000000000010"), 1024) == std::size_t{28});
    CHECK(wire::announced_payload_size(from_hex("00010000")) == std::uint64_t{65536});
}

TEST_CASE("frame_header uses the long form where Python does", "[wire][framing]")
{
    CHECK(to_hex(wire::frame_header{0}.view()) == "00000000");
    CHECK(to_hex(wire::frame_header{0x7fffffff}.view()) == "7fffffff");
    CHECK(to_hex(wire::frame_header{0x80000000}.view()) == "ffffffff0000000080000000");
    CHECK(to_hex(wire::frame_header{0x123456789a}.view()) == "ffffffff000000123456789a");
}

TEST_CASE("the text of a frame fault says the size, the limit and the cure", "[wire][framing]")
{
    CHECK(wire::frame_fault_text(wire_errc::frame_too_large, 96'000'000, 67'108'864, "payload_size_max") ==
          "frame of 96000000 octets exceeds payload_size_max (67108864): raise the limit or send smaller items");
    CHECK(wire::frame_fault_text(wire_errc::frame_too_large, 1'195'725'856, wire::handshake_payload_size_max, "payload_size_max") ==
          "frame of 1195725856 octets exceeds the 256 that the handshake allows: is this a multiprocessing peer?");
    CHECK(wire::frame_fault_text(wire_errc::bad_frame_length, 0, 1024, "payload_size_max") ==
          make_error_code(wire_errc::bad_frame_length).message());
}
