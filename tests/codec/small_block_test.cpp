#include "codec/small_block.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace quaymaster::codec;

namespace {

struct held_block {
    small_block block;
    std::size_t size;
    unsigned char mark;

    [[nodiscard]] bool is_untouched() const
    {
        const auto* const octets = static_cast<const unsigned char*>(block.memory);
        return std::all_of(octets, octets + size, [this](unsigned char octet) { return octet == mark; });
    }
};

held_block make_held(std::size_t size, unsigned char mark)
{
    const held_block made{allocate_small_block(size), size, mark};
    REQUIRE(made.block.memory != nullptr);
    REQUIRE(reinterpret_cast<std::uintptr_t>(made.block.memory) % 8 == 0);
    std::memset(made.block.memory, mark, size);
    return made;
}

}  // namespace

TEST_CASE("small blocks of every size have room for what was asked, each for itself", "[codec][small_block]")
{
    std::vector<held_block> held;
    for (int round = 0; round < 20; ++round)
        for (std::size_t size = 1; size <= small_block_size_max; size += 3)
            held.push_back(make_held(size, static_cast<unsigned char>(held.size() % 251)));
    CHECK(std::all_of(held.begin(), held.end(), [](const held_block& each) { return each.is_untouched(); }));
    for (const held_block& each : held)
        free_small_block(each.block);
}

TEST_CASE("a freed small block serves the next of about its size", "[codec][small_block]")
{
    const small_block kept = allocate_small_block(100);
    const small_block first = allocate_small_block(100);
    free_small_block(first);
    const small_block next = allocate_small_block(97);
    CHECK(next.memory == first.memory);
    CHECK(next.place == first.place);
    free_small_block(next);
    free_small_block(kept);
}

TEST_CASE("many small blocks lie close together", "[codec][small_block]")
{
    constexpr std::size_t count = 10'000;
    constexpr std::size_t size = 88;
    std::vector<small_block> blocks;
    std::set<std::uintptr_t> pages;
    for (std::size_t i = 0; i < count; ++i) {
        blocks.push_back(allocate_small_block(size));
        pages.insert(reinterpret_cast<std::uintptr_t>(blocks.back().memory) / 4096);
    }
    CHECK(pages.size() <= count * size / 4096 + 50);
    for (const small_block& each : blocks)
        free_small_block(each);
}

TEST_CASE("small blocks that come and go in any order keep what is in them", "[codec][small_block]")
{
    std::mt19937 random{GENERATE(1U, 2U, 3U)};
    std::vector<held_block> held;
    bool is_growing = true;
    for (int step = 0; step < 60'000; ++step) {
        if (held.size() > 4'000 || held.empty())
            is_growing = held.empty();
        if (random() % 4 != 0 ? is_growing : !is_growing) {
            const std::size_t size = random() % 8 == 0 ? 1 + random() % small_block_size_max : 60 + random() % 3 * 40;
            held.push_back(make_held(size, static_cast<unsigned char>(random())));
            continue;
        }
        if (held.empty())
            continue;
        std::swap(held[random() % held.size()], held.back());
        REQUIRE(held.back().is_untouched());
        free_small_block(held.back().block);
        held.pop_back();
    }
    for (const held_block& each : held) {
        REQUIRE(each.is_untouched());
        free_small_block(each.block);
    }
}

TEST_CASE("spare chunks are used again, and given back when nobody needs them", "[codec][small_block]")
{
    constexpr std::size_t count = 100'000;
    const auto pass = [] {
        std::vector<small_block> blocks(count);
        std::set<void*> seen;
        for (small_block& each : blocks) {
            each = allocate_small_block(120);
            seen.insert(each.memory);
        }
        for (const small_block& each : blocks)
            free_small_block(each);
        return seen;
    };
    SECTION("a thread that does not ask keeps few")
    {
        pass();
        CHECK_FALSE(has_spare_chunks());
    }
    SECTION("one that asks keeps what it frees")
    {
        keep_spare_chunks(std::size_t{32} << 20);
        const std::set<void*> before = pass();
        CHECK(has_spare_chunks());
        const std::set<void*> after = pass();
        const auto again = std::count_if(after.begin(), after.end(), [&](void* each) { return before.count(each) != 0; });
        CHECK(again > static_cast<std::ptrdiff_t>(count / 10 * 9));  // not where the first, small chunks were
        release_spare_chunks();
        CHECK(has_spare_chunks());  // they were needed since
        int calls = 0;
        while (has_spare_chunks() && calls < 100) {
            release_spare_chunks();
            ++calls;
        }
        CHECK(calls > 1);
        CHECK(calls < 20);
        keep_spare_chunks(spare_chunks_size);
    }
    SECTION("no more than it has asked for")
    {
        keep_spare_chunks(std::size_t{2} << 20);
        pass();
        CHECK(has_spare_chunks());
        keep_spare_chunks(spare_chunks_size);
        CHECK_FALSE(has_spare_chunks());
    }
}

namespace {

/// While it lives the system maps no more memory for this process.
class no_more_mappings {
public:
    no_more_mappings()
    {
        ::getrlimit(RLIMIT_AS, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_AS, &none);
    }
    no_more_mappings(const no_more_mappings&) = delete;
    no_more_mappings& operator=(const no_more_mappings&) = delete;
    ~no_more_mappings() { ::setrlimit(RLIMIT_AS, &before_); }

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("without another chunk from the system there is no small block, and later there is one again", "[codec][small_block]")
{
    constexpr std::size_t size = 1'000;
    constexpr std::size_t count_max = 10'000;  // more than are in the chunks that this thread may have kept
    std::vector<held_block> held;
    held.reserve(count_max + 100'000);
    while (held.size() < count_max)
        held.push_back(make_held(size, static_cast<unsigned char>(held.size() % 251)));
    bool has_ended = false;
    {
        const no_more_mappings limit;
        while (!has_ended && held.size() < held.capacity()) {
            const held_block next{allocate_small_block(size), size, 7};
            has_ended = next.block.memory == nullptr;
            if (!has_ended) {
                std::memset(next.block.memory, next.mark, size);
                held.push_back(next);
            }
        }
    }
    CHECK(has_ended);
    held.push_back(make_held(size, 8));
    CHECK(std::all_of(held.begin(), held.end(), [](const held_block& each) { return each.is_untouched(); }));
    for (const held_block& each : held)
        free_small_block(each.block);
}
