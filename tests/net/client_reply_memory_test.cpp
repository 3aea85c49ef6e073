// reply_memory: large results stay where they were received, for as long as somebody looks at them.
#include "net/reply_memory.hpp"

#include "codec/pickle_writer.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <thread>

using namespace quaymaster;
using net::reply_memory;

namespace {

codec::byte_buffer reply_with(const value& result, const char* kind = "#RETURN")
{
    codec::byte_buffer input;
    input.append(codec::pickle_from_value(value::tuple({kind, result})));
    return input;
}

std::optional<value> give(reply_memory& memory, codec::byte_buffer& input)
{
    return memory.give_result(input, input.view(), {});
}

}  // namespace

TEST_CASE("a result borrows from the input and takes it along", "[net][client][reply_memory]")
{
    reply_memory memory;
    const std::string text(100'000, 'x');
    codec::byte_buffer input = reply_with(text);
    const std::byte* begin = input.data();
    const std::byte* end = begin + input.size();
    const std::optional<value> result = give(memory, input);
    REQUIRE(result);
    CHECK(*result == value{text});
    CHECK(input.capacity() == 0);
    const auto* at = reinterpret_cast<const std::byte*>(result->text().data());
    const bool inside = at > begin && at < end;
    CHECK(inside);
}

TEST_CASE("a result outlives the memory's owner, and ends in any thread", "[net][client][reply_memory]")
{
    std::optional<reply_memory> memory{std::in_place};
    codec::byte_buffer input = reply_with(value::list({1, "two"}));
    std::optional<value> result = give(*memory, input);
    memory.reset();
    REQUIRE(result);
    std::thread{[moved = std::move(*result)] { (void)moved.repr(); }}.join();
}

TEST_CASE("memory comes back when the last look at it ends, and not before", "[net][client][reply_memory]")
{
    reply_memory memory;
    codec::byte_buffer input = reply_with(std::string(100'000, 'x'));
    const std::byte* begin = input.data();
    std::optional<value> result = give(memory, input);
    REQUIRE(result);

    SECTION("while it is looked at, others get memory of their own") {
        memory.grow(input, 1000);
        CHECK(input.data() != begin);
        CHECK(*result == value{std::string(100'000, 'x')});
    }
    SECTION("afterwards it serves again") {
        result.reset();
        input.append(std::string_view{"head"});
        memory.grow(input, 1000);
        CHECK(input.data() == begin);
        CHECK(as_chars(input.view()) == "head");
    }
}

TEST_CASE("anything but a returned result is left to others", "[net][client][reply_memory]")
{
    reply_memory memory;
    codec::byte_buffer input;
    SECTION("another kind") {
        input = reply_with("text", "#TRACEBACK");
    }
    SECTION("no pair") {
        input.append(codec::pickle_from_value(value::list({1, 2})));
    }
    SECTION("no pickle") {
        input.append(std::string_view{"nonsense"});
    }
    const bytes before = to_bytes(input.view());
    CHECK_FALSE(give(memory, input));
    CHECK(to_bytes(input.view()) == before);
}
