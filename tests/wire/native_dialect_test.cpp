#include "wire/native_dialect.hpp"

#include "wire_testing.hpp"

#include <quaymaster/value.hpp>

#include "codec/payload.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::testing;
using wire::outbox;
using wire::native::operation;
namespace native = wire::native;

namespace {

codec::item item_of(std::size_t size, std::uint8_t fill)
{
    return codec::item::make(size, {}, [&](std::byte* octets) { std::fill_n(octets, size, std::byte{fill}); });
}

constexpr std::size_t large = outbox::copied_item_size_max + 1;

/// The only frame in `octets`.
native::frame only_frame(bytes_view octets)
{
    error_code ec;
    const auto found = native::parse_frame(octets, octets.size(), ec);
    REQUIRE(found);
    REQUIRE(found->size() == octets.size());
    return *found;
}

}  // namespace

TEST_CASE("a native frame is twelve octets, little-endian, and its body", "[wire][native]")
{
    outbox out;
    native::write_frame(out, {operation::put, 0x04030201, 0x0605, native::has_put_id}, as_bytes("fields"), as_bytes("tail"));
    const bytes octets = contents(out);
    CHECK(to_hex(octets) == "0a000000"
                            "03"
                            "01"
                            "0506"
                            "01020304"
                            "6669656c6473"
                            "7461696c");
    const native::frame found = only_frame(octets);
    CHECK(found.code == operation::put);
    CHECK(found.flags == native::has_put_id);
    CHECK(found.count == 0x0605);
    CHECK(found.id == 0x04030201);
    CHECK(as_chars(found.body) == "fieldstail");
}

TEST_CASE("parse_frame() of the native dialect asks for more at every cut", "[wire][native]")
{
    outbox out;
    native::write_frame(out, {operation::ping, 7}, as_bytes("hello"));
    const bytes whole = contents(out);
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CAPTURE(cut);
        error_code ec = wire::wire_errc::frame_too_large;  // to be cleared
        CHECK_FALSE(native::parse_frame(bytes_view{whole}.first(cut), 1024, ec));
        CHECK_FALSE(ec);
        CHECK(native::announced_body_size(bytes_view{whole}.first(cut)).has_value() == (cut >= native::header_size));
    }
    error_code ec;
    CHECK(native::parse_frame(whole, 1024, ec));
    SECTION("and takes no octet of what follows")
    {
        const auto found = native::parse_frame(joined({whole, whole}), 1024, ec);
        REQUIRE(found);
        CHECK(found->size() == whole.size());
        CHECK(found->body.size() == 5);
    }
}

TEST_CASE("a native frame that is too large is refused by its header alone", "[wire][native]")
{
    const bytes header = from_hex("05000000 0c00 0000 2a000000");
    error_code ec;
    CHECK_FALSE(native::parse_frame(header, 4, ec));
    CHECK(ec == wire::wire_errc::frame_too_large);
    CHECK_FALSE(native::parse_frame(header, 5, ec));
    CHECK_FALSE(ec);
    CHECK(native::announced_body_size(header) == 5);
    SECTION("the largest that a header can say")
    {
        const bytes giant = from_hex("ffffffff 0c00 0000 2a000000");
        CHECK_FALSE(native::parse_frame(giant, std::size_t{64} << 20, ec));
        CHECK(ec == wire::wire_errc::frame_too_large);
        CHECK_FALSE(native::parse_frame(giant, std::size_t{1} << 40, ec));
        CHECK_FALSE(ec);
    }
}

TEST_CASE("a frame may have no body", "[wire][native]")
{
    outbox out;
    native::write_frame(out, {operation::done, 1, 3});
    const bytes octets = contents(out);
    CHECK(octets.size() == native::header_size);
    CHECK(only_frame(octets).body.empty());
}

TEST_CASE("the item at the end of a native frame is copied when small and referred to when large", "[wire][native]")
{
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, large - 1, large, 4 * large}) {
        CAPTURE(size);
        const codec::item carried = item_of(size, 0x4e);
        outbox out;
        native::write_frame(out, {operation::item, 9}, as_bytes("ab"), carried);
        CHECK(out.size() == native::header_size + 2 + size);
        const bytes octets = contents(out);
        const native::frame found = only_frame(octets);
        CHECK(as_chars(found.body.first(2)) == "ab");
        CHECK(std::equal(found.body.begin() + 2, found.body.end(), carried.opcodes().begin(), carried.opcodes().end()));
        std::vector<bytes_view> pieces;
        out.gather(pieces);
        CHECK(pieces.size() == (size < large ? 1 : 2));
    }
}

TEST_CASE("a batch says how long each of its items is", "[wire][native]")
{
    const std::vector<codec::item> batch{item_of(1, 'a'), item_of(large, 'b'), item_of(3, 'c')};
    outbox out;
    native::write_items(out, {operation::items, 5, 0, native::has_more}, as_bytes("f"), batch);
    const bytes octets = contents(out);
    const native::frame found = only_frame(octets);
    CHECK(found.count == 3);
    CHECK(found.flags == native::has_more);
    native::body_reader body{found.body};
    CHECK(body.octet() == 'f');
    for (const codec::item& each : batch) {
        const bytes_view read = body.sized_octets();
        CHECK(std::equal(read.begin(), read.end(), each.opcodes().begin(), each.opcodes().end()));
    }
    CHECK(body.at_end());

    SECTION("every item is cut off at every cut")
    {
        for (std::size_t cut = 0; cut < found.body.size();
             cut += cut < 16 || cut + 16 > found.body.size() ? std::size_t{1} : std::size_t{997}) {
            CAPTURE(cut);
            native::body_reader part{found.body.first(cut)};
            (void)part.octet();
            for (std::size_t i = 0; i < batch.size(); ++i)
                (void)part.sized_octets();
            CHECK(part.failed());
            CHECK_FALSE(part.at_end());
        }
    }
    SECTION("an empty one is a frame as well")
    {
        outbox none;
        native::write_items(none, {operation::items, 5}, {}, {});
        const bytes empty = contents(none);
        CHECK(only_frame(empty).count == 0);
        CHECK(only_frame(empty).body.empty());
    }
}

TEST_CASE("body_reader reads zeros beyond the end and says so", "[wire][native]")
{
    const bytes octets = from_hex("01 02000000 0300000000000000 ff");
    native::body_reader body{octets};
    CHECK(body.octet() == 1);
    CHECK(body.number32() == 2);
    CHECK(body.number64() == 3);
    CHECK_FALSE(body.at_end());
    SECTION("a rest of nothing is no failure")
    {
        CHECK(body.rest().size() == 1);
        CHECK(body.at_end());
        CHECK(body.rest().empty());
        CHECK_FALSE(body.failed());
        CHECK(body.octet() == 0);
        CHECK(body.failed());
    }
    SECTION("a number of which a part is missing takes the rest along")
    {
        CHECK(body.number32() == 0);
        CHECK(body.failed());
        CHECK(body.octet() == 0);
        CHECK(body.rest().empty());
        CHECK_FALSE(body.at_end());
    }
    SECTION("a size beyond the end reads nothing")
    {
        CHECK(body.octets(2).empty());
        CHECK(body.failed());
    }
}

TEST_CASE("fixed_fields holds what the largest request has", "[wire][native]")
{
    native::fixed_fields fields;
    fields.add(std::uint32_t{1}).add(std::uint32_t{2}).add(native::put_id{3, 4}).add(std::uint64_t{5});
    CHECK(to_hex(fields.view()) == "01000000"
                                   "02000000"
                                   "0300000000000000"
                                   "0400000000000000"
                                   "0500000000000000");
}

TEST_CASE("a body that somebody else appends is measured afterwards", "[wire][native]")
{
    outbox out;
    out.append("before");
    const std::size_t begun = native::begin_body(out, {operation::answer, 3});
    SECTION("of small pieces")
    {
        out.append("body");
    }
    SECTION("of nothing") {}
    SECTION("of large references, first, last and in between")
    {
        out.append(item_of(large, 1));
        out.append("x");
        out.append(item_of(large, 2));
        out.append(item_of(2 * large, 3));
    }
    const std::size_t size = out.size() - 6 - native::header_size;
    native::end_body(out, begun);
    const bytes octets = contents(out);
    CHECK(only_frame(bytes_view{octets}.subspan(6)).body.size() == size);
}

TEST_CASE("what was begun can be taken back out of an outbox", "[wire][outbox][native]")
{
    outbox out;
    out.append("kept");
    out.append(item_of(large, 1));
    out.append("also");
    const bytes kept = contents(out);

    SECTION("down to the octet")
    {
        const std::size_t begun = native::begin_body(out, {operation::answer, 3});
        CHECK(out.size_since(begun) == native::header_size);
        out.append(item_of(large, 2));
        out.append("gone");
        out.append(item_of(3 * large, 3));
        CHECK(out.size_since(begun) == native::header_size + 4 * large + 4);
        out.truncate(begun);
        CHECK(out.size() == kept.size());
        CHECK(contents(out) == kept);
        CHECK(out.size_since(begun) == 0);
    }
    SECTION("also when a part of what stood before was written")
    {
        out.consume(4 + large / 2);
        const bytes rest = contents(out);
        const std::size_t begun = native::begin_body(out, {operation::answer, 3});
        out.append(item_of(large, 2));
        out.truncate(begun);
        CHECK(out.size() == rest.size());
        CHECK(contents(out) == rest);
        out.append("next");
        CHECK(out.size() == rest.size() + 4);
        CHECK(as_chars(bytes_view{contents(out)}.last(8)) == "alsonext");
    }
    SECTION("also when all that stood before was written")
    {
        out.consume(out.size());
        const std::size_t begun = native::begin_body(out, {operation::answer, 3});
        out.append(item_of(large, 2));
        out.truncate(begun);
        CHECK(out.empty());
        out.release();  // of which that is the precondition
        out.append("next");
        CHECK(as_chars(contents(out)) == "next");
    }
    SECTION("a reference that ends where it begins stays")
    {
        out.append(item_of(large, 4));
        const bytes with_reference = contents(out);
        const std::size_t begun = out.position();
        out.append("gone");
        CHECK(out.size_since(begun) == 4);
        out.truncate(begun);
        CHECK(contents(out) == with_reference);
    }
}

TEST_CASE("overwrite() changes octets in place and nothing else", "[wire][outbox][native]")
{
    outbox out;
    out.append("ab");
    out.append(item_of(large, 1));
    const std::size_t at = out.position();
    out.append("cdef");
    out.append(item_of(large, 2));
    out.overwrite(at, as_bytes("CD"));
    CHECK(out.size() == 2 + large + 4 + large);
    const bytes octets = contents(out);
    CHECK(as_chars(bytes_view{octets}.subspan(2 + large, 4)) == "CDef");
}

TEST_CASE("an exception travels as a number, or by its name, with its text", "[wire][native]")
{
    const auto raised = [](native::exception_number number, std::string_view name, std::string_view text) {
        outbox out;
        native::write_raised(out, 8, 2, number, name, text);
        return contents(out);
    };
    SECTION("by number")
    {
        const bytes octets = raised(native::exception_number::queue_full, "", "");
        CHECK(only_frame(octets).code == operation::raised);
        CHECK(only_frame(octets).count == 2);
        CHECK(only_frame(octets).id == 8);
        CHECK(to_hex(only_frame(octets).body) == "0200");
        const auto found = native::parse_raised(only_frame(octets).body);
        REQUIRE(found);
        CHECK(found->number == native::exception_number::queue_full);
        CHECK(found->type_name.empty());
        CHECK(found->text.empty());
    }
    SECTION("by name")
    {
        const bytes octets = raised(native::exception_number::other, "KeyError", "'no such'");
        const auto found = native::parse_raised(only_frame(octets).body);
        REQUIRE(found);
        CHECK(found->number == native::exception_number::other);
        CHECK(found->type_name == "KeyError");
        CHECK(found->text == "'no such'");
    }
    SECTION("a name that is too long is cut")
    {
        for (const std::size_t size : {std::size_t{254}, std::size_t{255}, std::size_t{256}, std::size_t{100'000}}) {
            CAPTURE(size);
            const std::string name(size, 'n');
            const bytes octets = raised(native::exception_number::other, name, "text");
            const auto found = native::parse_raised(only_frame(octets).body);
            REQUIRE(found);
            CHECK(found->type_name == name.substr(0, 255));
            CHECK(found->text == "text");
        }
    }
    SECTION("what is none is refused")
    {
        CHECK_FALSE(native::parse_raised(from_hex("")));
        CHECK_FALSE(native::parse_raised(from_hex("00")));
        CHECK_FALSE(native::parse_raised(from_hex("0400")));     // no such number
        CHECK_FALSE(native::parse_raised(from_hex("0002 61")));  // a name that is not all there
        CHECK(native::parse_raised(from_hex("0001 61")));
    }
}
