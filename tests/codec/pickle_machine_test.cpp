#include "codec/pickle_machine.hpp"

#include "codec_testing.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster;
using namespace quaymaster::codec;

namespace {

/// Makes nothing: what is left is the machine's own bookkeeping.
struct kind_sink {
    using ref = node_kind;
    using slot = stack_slot<ref>;

    static node_kind kind(ref known) { return known; }
    static bool full() { return false; }
    static pickle_errc exceeded() { return pickle_errc::node_count_exceeded; }
    static ref none() { return node_kind::none; }
    static ref boolean(bool) { return node_kind::boolean; }
    static ref integer(std::int64_t, bool) { return node_kind::integer; }
    static ref decimal(const decimal_digits&, bool) { return node_kind::big_integer; }
    static ref big_integer(bytes_view, bool) { return node_kind::big_integer; }
    static ref floating(double) { return node_kind::floating; }
    static ref text(node_kind kind, std::string_view) { return kind; }
    static ref own_text(node_kind kind, const std::string&) { return kind; }
    static ref container(node_kind kind, std::span<const slot>, std::size_t, std::uint32_t) { return kind; }
    static void append(slot&, std::span<const slot>, std::size_t, std::uint32_t) {}
    static void set_items(slot&, std::span<const slot>, std::size_t, std::uint32_t) {}
    static void add_items(slot&, std::span<const slot>, std::size_t, std::uint32_t) {}
    static ref global(std::string_view, std::string_view) { return node_kind::global; }
    static ref stack_global(ref, ref) { return node_kind::global; }
    static ref object(construction, ref, ref, const ref*) { return node_kind::object; }
    static ref instance(ref, std::span<const slot>) { return node_kind::object; }
    static void build(ref, ref) {}
    static ref extension(std::uint32_t) { return node_kind::extension; }
    static ref persistent_text(std::string_view) { return node_kind::persistent; }
    static ref persistent(ref) { return node_kind::persistent; }
    static void at_protocol(std::uint8_t) {}
    static void at_put(std::uint32_t, opcode, std::uint32_t) {}
    static void at_get(std::uint32_t, opcode, std::uint32_t, std::uint32_t, ref, std::size_t) {}
    static void at_frame(std::uint32_t) {}
    static void at_rearranged() {}
};

/// LONG_BINPUT or LONG_BINGET.
std::string indexed(char code, std::uint32_t index)
{
    std::string opcodes{code};
    for (unsigned shift = 0; shift < 32; shift += 8)
        opcodes += static_cast<char>(static_cast<unsigned char>(index >> shift));
    return opcodes;
}
std::string long_put(std::uint32_t index)
{
    return indexed('r', index);
}
std::string long_get(std::uint32_t index)
{
    return indexed('j', index);
}

}  // namespace

TEST_CASE("memo indices that jump ahead again and again do not make the gaps", "[codec][pickle][hostile][limits]")
{
    kind_sink sink;
    pickle_machine<kind_sink> machine{sink};
    std::string jumps = "N";
    SECTION("each as far ahead as the one before allows") {
        for (std::uint32_t jump = 1; jump <= 10'000; ++jump)
            jumps += long_put(jump * 1024 - 1);
    }
    SECTION("each twice as far as the last") {
        for (std::uint32_t index = 1; index < 0x8000'0000; index *= 2)
            jumps += long_put(index);
    }
    SECTION("far from everything") {
        for (std::uint32_t index = 0; index < 10'000; ++index)
            jumps += long_put(0x8000'0000 + index);
    }
    CHECK_FALSE(machine.run(as_bytes(jumps + '.'), {}));
    CHECK(machine.scratch_size() < 32 * jumps.size() + (std::size_t{128} << 10));
}

TEST_CASE("a memo entry far ahead of the others counts as many", "[codec][pickle][limits]")
{
    kind_sink sink;
    pickle_machine<kind_sink> machine{sink};
    pickle_limits limits;
    limits.memo_size_max = 512;
    CHECK_FALSE(machine.run(as_bytes("N" + long_put(100'000) + long_put(200'000) + '.'), limits));
    CHECK(machine.run(as_bytes("N" + long_put(100'000) + long_put(200'000) + "\x94."), limits).code == pickle_errc::memo_size_exceeded);
    SECTION("and one that is set again is one entry") {
        CHECK_FALSE(machine.run(as_bytes("N" + long_put(100'000) + long_put(200'000) + long_put(100'000) + '.'), limits));
    }
}

TEST_CASE("the memo of a pickler is dense and small", "[codec][pickle]")
{
    kind_sink sink;
    pickle_machine<kind_sink> machine{sink};
    constexpr std::uint32_t count = 100'000;
    std::string opcodes = "]\x94(";
    SECTION("MEMOIZE, from protocol 4 on") {
        for (std::uint32_t index = 1; index < count; ++index)
            opcodes += "]\x94";
    }
    SECTION("LONG_BINPUT before that") {
        for (std::uint32_t index = 1; index < count; ++index)
            opcodes += ']' + long_put(index);
    }
    SECTION("the cPickle of Python 2 begins at 1; a container may come after what it holds") {
        for (std::uint32_t index = 2; index < count; index += 2)
            opcodes += ']' + long_put(index + 1) + ']' + long_put(index);
    }
    opcodes += "e.";
    pickle_limits limits;
    limits.memo_size_max = count;  // so none of them counted more than once
    limits.stack_size_max = count + 1;
    CHECK_FALSE(machine.run(as_bytes(opcodes), limits));
    CHECK(machine.scratch_size() < 100 * std::size_t{count});

    machine.release();
    CHECK(machine.scratch_size() < 1024);
}

TEST_CASE("a memo entry that was far ahead is found when the others have caught up", "[codec][pickle]")
{
    std::string opcodes = "K\x07" + long_put(3000) + '0';
    for (std::uint32_t index = 0; index < 3000; ++index)
        opcodes += 'N' + long_put(index) + '0';
    opcodes += 'N' + long_put(3001) + '0' + long_get(3000);
    CHECK(decoded_repr(as_bytes(opcodes + '.')) == "7");
    SECTION("and one set anew holds the later object") {
        CHECK(decoded_repr(as_bytes(opcodes + '0' + "K\x08" + long_put(3000) + '0' + long_get(3000) + '.')) == "8");
    }
}
