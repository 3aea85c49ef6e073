#include "codec/large_block.hpp"

#include "codec/byte_buffer.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <vector>

using namespace quaymaster::codec;

TEST_CASE("a freed large block serves the next of about its size", "[codec][large_block]")
{
    constexpr std::size_t size = std::size_t{1} << 20;
    void* const first = allocate_block(size);
    free_block(first, size);
    SECTION("a little smaller") {
        void* const next = allocate_block(size - 100);
        CHECK(next == first);
        free_block(next, size - 100);
    }
    SECTION("a little larger, within the same page") {
        void* const next = allocate_block(size - 1);
        CHECK(next == first);
        free_block(next, size - 1);
    }
    SECTION("not one that would waste half of it") {
        void* const next = allocate_block(size / 4);
        CHECK(next != first);
        free_block(next, size / 4);
    }
}

TEST_CASE("every block has room for what was asked", "[codec][large_block]")
{
    for (const std::size_t size : {std::size_t{1}, large_block_size_min - 1, large_block_size_min, large_block_size_min + 1,
                                   std::size_t{3} << 20, kept_blocks_size_max, kept_blocks_size_max + 1}) {
        CAPTURE(size);
        void* const block = allocate_block(size);
        std::memset(block, 0x5a, size);  // a sanitizer sees a byte too many
        free_block(block, size);
    }
}

TEST_CASE("more blocks than are kept are freed all the same", "[codec][large_block]")
{
    std::vector<void*> blocks;
    for (int count = 0; count < 40; ++count)
        blocks.push_back(allocate_block(large_block_size_min));
    for (void* const block : blocks)
        free_block(block, large_block_size_min);
}

TEST_CASE("a byte_buffer keeps its content as it grows into large blocks", "[codec][large_block]")
{
    byte_buffer buffer;
    for (std::size_t count = 0; count < 3 * large_block_size_min; ++count)
        buffer.push(static_cast<std::uint8_t>(count % 251));
    byte_buffer moved = std::move(buffer);
    CHECK(buffer.empty());
    REQUIRE(moved.size() == 3 * large_block_size_min);
    for (std::size_t count = 0; count < moved.size(); ++count)
        if (moved.view()[count] != static_cast<std::byte>(count % 251))
            FAIL("octet " << count);
    moved.release();
    CHECK(moved.capacity() == 0);
}
