#include "wire/outbox.hpp"

#include "wire_testing.hpp"

#include <algorithm>

using namespace quaymaster;
using namespace quaymaster::testing;
using wire::outbox;

namespace {

codec::item item_of(std::size_t size, std::uint8_t fill)
{
    return codec::item::make(size, {}, [&](std::byte* octets) { std::fill_n(octets, size, std::byte{fill}); });
}

constexpr std::size_t large = outbox::copied_item_size_max + 1;

}  // namespace

TEST_CASE("an outbox copies small pieces together and refers to large items", "[wire][outbox]")
{
    outbox out;
    const codec::item small = item_of(outbox::copied_item_size_max, 1);
    const codec::item big = item_of(large, 2);
    out.append("ab");
    out.append(small);
    out.append(big);
    out.push('c');
    CHECK(out.size() == 3 + small.size() + big.size());

    std::vector<bytes_view> pieces;
    out.gather(pieces);
    REQUIRE(pieces.size() == 3);
    CHECK(pieces[0].size() == 2 + small.size());
    CHECK(pieces[1].data() == big.opcodes().data());
    CHECK(as_chars(pieces[2]) == "c");
}

TEST_CASE("consume() may stop anywhere", "[wire][outbox]")
{
    const auto fill = [](outbox& out) {
        out.append("head");
        out.append(item_of(large, 1));
        out.append(item_of(large, 2));
        out.append("tail");
    };
    outbox reference;
    fill(reference);
    const bytes whole = contents(reference);
    // Each size is a different way of cutting small pieces and references.
    for (const std::size_t step : {std::size_t{1} << 10, std::size_t{4099}, large, large + 3, whole.size()}) {
        CAPTURE(step);
        outbox out;
        fill(out);
        std::size_t written = 0;
        while (!out.empty()) {
            const bytes rest = contents(out);
            REQUIRE(std::equal(rest.begin(), rest.end(), whole.begin() + static_cast<std::ptrdiff_t>(written), whole.end()));
            const std::size_t count = std::min(step, out.size());
            out.consume(count);
            written += count;
            REQUIRE(out.size() == whole.size() - written);
        }
        CHECK(written == whole.size());
    }
}

TEST_CASE("what is appended while a slow peer reads comes after what waits", "[wire][outbox]")
{
    // Never empty, so the outbox has to make room for itself on the way.
    outbox out;
    bytes expected;
    bytes seen;
    const auto read_some = [&](std::size_t count) {
        const bytes waiting = contents(out);
        seen.insert(seen.end(), waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
        out.consume(count);
    };
    for (unsigned round = 0; round < 200; ++round) {
        const bytes piece(3000, static_cast<std::byte>(round));
        out.append(piece);
        expected.insert(expected.end(), piece.begin(), piece.end());
        if (round % 7 == 0) {
            const codec::item big = item_of(large, static_cast<std::uint8_t>(round));
            out.append(big);
            expected.insert(expected.end(), big.opcodes().begin(), big.opcodes().end());
        }
        read_some(std::min<std::size_t>(out.size() - 1, 5500));
    }
    read_some(out.size());
    CHECK(seen == expected);
    CHECK(out.empty());
}

TEST_CASE("an item waits alive until it is written", "[wire][outbox]")
{
    outbox out;
    {
        const codec::item gone = item_of(large, 7);
        out.append(gone);
    }
    const bytes octets = contents(out);
    CHECK(octets == bytes(large, std::byte{7}));
}

TEST_CASE("splice() appends all of another outbox", "[wire][outbox]")
{
    outbox first;
    outbox second;
    first.append("1");
    second.append("2");
    second.append(item_of(large, 3));
    second.append("4");
    first.splice(second);
    CHECK(second.empty());
    const bytes whole = contents(first);
    CHECK(whole == joined({as_bytes("12"), bytes(large, std::byte{3}), as_bytes("4")}));
    CHECK(first.size() == whole.size());
}

TEST_CASE("splice() takes over what a partial write has left, wherever it stopped", "[wire][outbox]")
{
    const auto fill = [](outbox& out) {
        out.append("12");
        out.append(item_of(large, 3));
        out.append("45");
    };
    for (const std::size_t written : {std::size_t{1}, std::size_t{2}, std::size_t{100}, large + 2, large + 3}) {
        for (const std::string_view before : {"", "x"}) {
            CAPTURE(written, before);
            outbox partly_written;
            fill(partly_written);
            const bytes rest = to_bytes(bytes_view{contents(partly_written)}.subspan(written));
            partly_written.consume(written);
            outbox out;
            out.append(before);
            out.splice(partly_written);
            CHECK(contents(out) == joined({as_bytes(before), rest}));
            CHECK(out.size() == before.size() + rest.size());
            CHECK(partly_written.empty());
        }
    }
}

TEST_CASE("begin_frame() and end_frame() put the size before the payload", "[wire][outbox]")
{
    outbox out;
    out.append("before");
    const std::size_t frame_start = out.begin_frame();
    out.append("ab");
    out.append(item_of(large, 5));
    out.append("c");
    out.end_frame(frame_start);
    out.append(frame_of("after"));
    const auto payloads = frames_in(bytes_view{contents(out)}.subspan(6));
    REQUIRE(payloads.size() == 2);
    CHECK(payloads[0] == joined({as_bytes("ab"), bytes(large, std::byte{5}), as_bytes("c")}));
    CHECK(as_chars(payloads[1]) == "after");
}

TEST_CASE("release() gives the memory back and the outbox stays usable", "[wire][outbox]")
{
    outbox out;
    out.append("abc");
    out.consume(3);
    out.release();
    CHECK(out.empty());
    out.append("d");
    CHECK(as_chars(contents(out)) == "d");
}
