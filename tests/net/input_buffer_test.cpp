#include "net/input_buffer.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using namespace quaymaster;
using net::input_buffer;

namespace {

/// The space of a loop, and reading as the kernel does it.
struct reader {
    bytes shared = bytes(std::size_t{64} << 10);
    input_buffer buffer;

    /// Reads as much of `octets` as there is space for and returns all that is not consumed.
    bytes_view read(bytes_view octets, std::size_t& taken)
    {
        const auto space = buffer.prepare(shared);
        taken = std::min(space.size(), octets.size());
        std::copy_n(octets.begin(), taken, space.begin());
        return buffer.commit(taken);
    }
    std::string read(std::string_view text)
    {
        std::size_t taken = 0;
        const std::string all{as_chars(read(as_bytes(text), taken))};
        REQUIRE(taken == text.size());
        return all;
    }
};

}  // namespace

TEST_CASE("a connection whose input is consumed owns no memory", "[net][input_buffer]")
{
    reader one;
    CHECK(one.read("whole frames") == "whole frames");
    one.buffer.keep(12, std::nullopt);
    CHECK(one.buffer.empty());
    CHECK(one.buffer.capacity() == 0);

    SECTION("also after a leftover")
    {
        CHECK(one.read("abc") == "abc");
        one.buffer.keep(1, std::nullopt);
        CHECK(as_chars(one.buffer.view()) == "bc");
        CHECK(one.read("def") == "bcdef");
        one.buffer.keep(5, std::nullopt);
        CHECK(one.buffer.capacity() == 0);
    }
}

TEST_CASE("a read that finds nothing leaves what is known of the frame", "[net][input_buffer]")
{
    constexpr std::size_t frame_size = std::size_t{300} << 10;
    const bytes frame(frame_size, std::byte{7});
    reader one;
    for (std::size_t sent = 0; sent < frame_size;) {
        std::size_t taken = 0;
        (void)one.read(bytes_view{frame}.subspan(sent), taken);
        sent += taken;
        if (sent == frame_size)
            break;
        one.buffer.keep(0, frame_size);
        (void)one.buffer.prepare(one.shared);
        CHECK(one.buffer.commit(0).size() == sent);
        one.buffer.keep_all();
    }
    REQUIRE(one.buffer.whole_frame() != nullptr);
    CHECK(one.buffer.whole_frame()->size() == frame_size);
}

TEST_CASE("what a read leaves stays, and the shared space is free for others", "[net][input_buffer]")
{
    reader one;
    CHECK(one.read("half") == "half");
    one.buffer.keep(0, 100);
    std::fill(one.shared.begin(), one.shared.end(), std::byte{'x'});
    CHECK(one.read(" and half") == "half and half");
}

TEST_CASE("a read that brings nothing changes nothing", "[net][input_buffer]")
{
    reader one;
    (void)one.read("kept");
    one.buffer.keep(0, std::nullopt);
    CHECK(one.read("") == "kept");
    one.buffer.keep(0, std::nullopt);
    CHECK(as_chars(one.buffer.view()) == "kept");
}

TEST_CASE("memory for a large frame grows with what arrives, not with what is announced", "[net][input_buffer]")
{
    constexpr std::size_t announced = std::size_t{1} << 30;
    const bytes frame(std::size_t{8} << 20, std::byte{1});
    reader one;
    bytes_view rest = frame;
    std::size_t arrived = 0;
    while (!rest.empty()) {
        std::size_t taken = 0;
        const bytes_view all = one.read(rest, taken);
        REQUIRE(taken > 0);
        arrived += taken;
        REQUIRE(all.size() == arrived);
        rest = rest.subspan(taken);
        one.buffer.keep(0, announced);
        REQUIRE(one.buffer.capacity() <= std::max(2 * arrived, (std::size_t{1} << 20) + 4096));
    }
    CHECK(std::equal(frame.begin(), frame.end(), one.buffer.view().begin()));
}

TEST_CASE("a frame's memory is not larger than the frame", "[net][input_buffer]")
{
    constexpr std::size_t announced = std::size_t{200} << 10;
    const bytes frame(announced, std::byte{1});
    reader one;
    std::size_t taken = 0;
    (void)one.read(frame, taken);
    one.buffer.keep(0, announced);
    const auto space = one.buffer.prepare(one.shared);
    CHECK(space.size() == announced - taken);
}

TEST_CASE("part of a large leftover can be consumed", "[net][input_buffer]")
{
    reader one;
    const std::string large(std::size_t{40} << 10, 'a');
    (void)one.read(large + "tail");
    one.buffer.keep(0, std::nullopt);
    (void)one.read("!");
    one.buffer.keep(large.size(), std::nullopt);
    CHECK(as_chars(one.buffer.view()) == "tail!");
}
