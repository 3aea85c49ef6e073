// Small blocks among threads. Here, because tests of codec start none.
#include "codec/item.hpp"
#include "codec/small_block.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

using namespace quaymaster;
using namespace quaymaster::codec;

TEST_CASE("what one thread frees of another's comes back to it", "[net][small_block]")
{
    constexpr std::size_t size = 777;  // of which nothing else has any
    std::vector<small_block> blocks(5'000);
    for (small_block& each : blocks)
        each = allocate_small_block(size);
    std::thread{[&] {
        for (const small_block& each : blocks)
            free_small_block(each);
    }}.join();
    small_block again = allocate_small_block(size);
    CHECK(std::any_of(blocks.begin(), blocks.end(), [&](const small_block& each) { return each.memory == again.memory; }));
    free_small_block(again);
}

TEST_CASE("chunks that another thread empties are not kept for one that may never look", "[net][small_block]")
{
    keep_spare_chunks(std::size_t{32} << 20);
    std::vector<small_block> blocks(40'000);  // 20 chunks
    for (small_block& each : blocks)
        each = allocate_small_block(120);
    std::thread{[&] {
        for (const small_block& each : blocks)
            free_small_block(each);
    }}.join();
    CHECK_FALSE(has_spare_chunks());
    keep_spare_chunks(spare_chunks_size);
}

TEST_CASE("a thread goes on with the chunks of one that has ended", "[net][small_block]")
{
    constexpr std::size_t size = 901;
    small_block kept;
    small_block freed;
    std::thread{[&] {
        kept = allocate_small_block(size);
        freed = allocate_small_block(size);
        std::memset(kept.memory, 0x5a, size);
        free_small_block(freed);
    }}.join();
    std::thread{[&] {
        const small_block next = allocate_small_block(size);
        CHECK(next.memory == freed.memory);
        free_small_block(next);
    }}.join();
    CHECK(static_cast<unsigned char*>(kept.memory)[size - 1] == 0x5a);
    free_small_block(kept);
}

TEST_CASE("items that several threads make, hand on and drop are what they were", "[net][small_block]")
{
    constexpr int threads = 4;
    constexpr int steps = 40'000;
    std::array<std::atomic<item*>, 64> places{};
    std::atomic<int> damaged{0};
    const auto is_whole = [](const item& known) {
        const bytes_view octets = known.opcodes();
        return std::all_of(octets.begin(), octets.end(),
                           [&](std::byte octet) { return octet == static_cast<std::byte>(octets.size()); });
    };
    const auto work = [&](unsigned seed) {
        std::minstd_rand random{seed};
        for (int step = 0; step < steps; ++step) {
            const std::size_t size = 1 + random() % (random() % 16 == 0 ? 1'200 : 120);
            auto made = std::make_unique<item>(
                item::make(size, {}, [size](std::byte* octets) { std::memset(octets, static_cast<int>(size & 0xffU), size); }));
            const std::unique_ptr<item> found{places[random() % places.size()].exchange(made.release())};
            if (found != nullptr && !is_whole(*found))
                ++damaged;
        }
    };
    std::vector<std::thread> all;
    for (unsigned seed = 1; seed <= threads; ++seed)
        all.emplace_back(work, seed);
    for (std::thread& each : all)
        each.join();
    for (std::atomic<item*>& each : places) {
        const std::unique_ptr<item> found{each.load()};
        CHECK((found == nullptr || is_whole(*found)));
    }
    CHECK(damaged == 0);
}
