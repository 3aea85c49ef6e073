#include "codec/pickle_decoder.hpp"

#include "codec_testing.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster;
using namespace quaymaster::codec;

TEST_CASE("every opcode of protocols 0 and 1 is read", "[codec][pickle]")
{
    CHECK(decoded_repr(pickle("N.")) == "None");
    CHECK(decoded_repr(pickle("I01\n.")) == "True");
    CHECK(decoded_repr(pickle("I00\n.")) == "False");
    CHECK(decoded_repr(pickle("I-7\n.")) == "-7");
    CHECK(decoded_repr(pickle("I9223372036854775808\n.")) == "9223372036854775808");
    CHECK(decoded_repr(pickle("L-18446744073709551616L\n.")) == "-18446744073709551616");
    CHECK(decoded_repr(pickle("F1.5\n.")) == "1.5");
    CHECK(decoded_repr(pickle("F-inf\n.")) == "-inf");
    CHECK(decoded_repr(pickle("G\x3f\xf8\x00\x00\x00\x00\x00\x00.")) == "1.5");
    CHECK(decoded_repr(pickle("J\xff\xff\xff\xff.")) == "-1");
    CHECK(decoded_repr(pickle("K\xff.")) == "255");
    CHECK(decoded_repr(pickle("M\x01\x01.")) == "257");
    CHECK(decoded_repr(pickle("V\\u20ac\xe9\n.")) == "'\u20ac\u00e9'");
    CHECK(decoded_repr(pickle("X\x03\x00\x00\x00\xe2\x82\xac.")) == "'\u20ac'");
    CHECK(decoded_repr(pickle("(K\x01K\x02t.")) == "(1, 2)");
    CHECK(decoded_repr(pickle(").")) == "()");
    CHECK(decoded_repr(pickle("(K\x01l.")) == "[1]");
    CHECK(decoded_repr(pickle("(K\x01K\x02" "d.")) == "{1: 2}");
    CHECK(decoded_repr(pickle("]K\x01" "a(K\x02K\x03" "e.")) == "[1, 2, 3]");
    CHECK(decoded_repr(pickle("}K\x01K\x02s(K\x03K\x04u.")) == "{1: 2, 3: 4}");
    CHECK(decoded_repr(pickle("K\x01" "0K\x02.")) == "2");
    CHECK(decoded_repr(pickle("(K\x01K\x02" "1K\x03.")) == "3");
    CHECK(decoded_repr(pickle("K\x01" "2\x86.")) == "(1, 1)");
    CHECK(decoded_repr(pickle("K\x05p0\n0g0\n.")) == "5");
    CHECK(decoded_repr(pickle("K\x05q\x07" "0h\x07.")) == "5");
    CHECK(decoded_repr(pickle("K\x05r\x00\x01\x00\x00" "0j\x00\x01\x00\x00.")) == "5");
}

TEST_CASE("a byte string of Python 2 is unescaped as Python 2 does", "[codec][pickle]")
{
    pickle_status status;
    const auto content = [&](bytes_view pickled) {
        const decoded result = decode_pickle(pickled, {}, status);
        REQUIRE_FALSE(status);
        REQUIRE(result.graph->kind(result.root) == node_kind::byte_string);
        return std::string{result.graph->text(result.root)};
    };
    CHECK(content(pickle("S'a\\n\\x41\\101\\\\\\'\\q'\n.")) == "a\nAA\\'\\q");
    CHECK(content(pickle("S\"it's\"\n.")) == "it's");
    CHECK(content(pickle("U\x03" "abc.")) == "abc");
    CHECK(content(pickle("T\x03\x00\x00\x00" "abc.")) == "abc");
    CHECK(decode_error(pickle("S'open\n.")) == pickle_errc::malformed_argument);
    CHECK(decode_error(pickle("S'\\x4'\n.")) == pickle_errc::malformed_argument);
}

TEST_CASE("every opcode of protocols 2 to 5 is read", "[codec][pickle]")
{
    CHECK(decoded_repr(pickle("\x80\x02\x88\x89\x86.")) == "(True, False)");
    CHECK(decoded_repr(pickle("\x80\x02K\x01\x85.")) == "(1,)");
    CHECK(decoded_repr(pickle("\x80\x02K\x01K\x02K\x03\x87.")) == "(1, 2, 3)");
    CHECK(decoded_repr(pickle("\x80\x02\x8a\x00.")) == "0");
    CHECK(decoded_repr(pickle("\x80\x03\x8a\x01\x80.")) == "-128");
    CHECK(decoded_repr(pickle("\x80\x03\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.")) == "18446744073709551616");
    CHECK(decoded_repr(pickle("\x80\x03\x8b\x02\x00\x00\x00\x00\x01.")) == "256");
    CHECK(decoded_repr(pickle("\x80\x03" "C\x02" "ab.")) == "b'ab'");
    CHECK(decoded_repr(pickle("\x80\x03" "B\x02\x00\x00\x00" "ab.")) == "b'ab'");
    CHECK(decoded_repr(pickle("\x80\x04\x8c\x02" "ab.")) == "'ab'");
    CHECK(decoded_repr(pickle("\x80\x04\x8d\x02\x00\x00\x00\x00\x00\x00\x00" "ab.")) == "'ab'");
    CHECK(decoded_repr(pickle("\x80\x04\x8e\x02\x00\x00\x00\x00\x00\x00\x00" "ab.")) == "b'ab'");
    CHECK(decoded_repr(pickle("\x80\x04\x8f(K\x01\x90.")) == "{1}");
    CHECK(decoded_repr(pickle("\x80\x04(K\x01\x91.")) == "frozenset({1})");
    CHECK(decoded_repr(pickle("\x80\x04K\x05\x94" "0h\x00.")) == "5");
    CHECK(decoded_repr(pickle("\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00" "ab.")) == "bytearray(b'ab')");
    CHECK(decoded_repr(pickle("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x01.")) == "1");
}

TEST_CASE("classes and calls become inert nodes", "[codec][pickle]")
{
    pickle_status status;
    const decoded result = decode_pickle(pickle("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R."), {}, status);
    REQUIRE_FALSE(status);
    const object_graph& graph = *result.graph;
    REQUIRE(graph.kind(result.root) == node_kind::object);
    const object_parts& parts = graph.object(result.root);
    CHECK(parts.how == construction::reduce);
    CHECK(graph.text(parts.callable) == "os");
    CHECK(graph.qualified_name(parts.callable) == "system");
    CHECK(graph.text(graph.children(parts.arguments)[0]) == "ls");

    SECTION("the other ways to make an object") {
        CHECK(decode_error(pickle("\x80\x02" "cm\nC\n)\x81.")) == error_code{});
        CHECK(decode_error(pickle("\x80\x04\x8c\x01m\x8c\x01" "C\x93)}\x92.")) == error_code{});
        CHECK(decode_error(pickle("(K\x01im\nC\n.")) == error_code{});
        CHECK(decode_error(pickle("(cm\nC\nK\x01o.")) == error_code{});
        CHECK(decode_error(pickle("\x80\x02\x82\x01.")) == error_code{});
        CHECK(decode_error(pickle("\x80\x02\x83\x01\x01.")) == error_code{});
        CHECK(decode_error(pickle("\x80\x02\x84\x01\x01\x01\x01.")) == error_code{});
        CHECK(decode_error(pickle("Pname\n.")) == error_code{});
        CHECK(decode_error(pickle("K\x01Q.")) == error_code{});
        CHECK(decode_error(pickle("\x80\x02" "cm\nC\n)\x81}b.")) == error_code{});
    }
}

TEST_CASE("what older protocols write as a call is the native thing", "[codec][pickle]")
{
    CHECK(decoded_repr(pickle("\x80\x03" "cbuiltins\nset\n]K\x01" "a\x85R.")) == "{1}");
    CHECK(decoded_repr(pickle("\x80\x02" "c__builtin__\nfrozenset\n]K\x01" "a\x85R.")) == "frozenset({1})");
    CHECK(decoded_repr(pickle("\x80\x03" "cbuiltins\nbytearray\nC\x02" "ab\x85R.")) == "bytearray(b'ab')");
    CHECK(decoded_repr(pickle("\x80\x02" "c_codecs\nencode\nX\x02\x00\x00\x00\xc3\xbfX\x06\x00\x00\x00latin1\x86R.")) == "b'\\xff'");
}

TEST_CASE("a pickle cut at any octet is refused as truncated or worse, and nothing breaks", "[codec][pickle]")
{
    const bytes whole = from_hex("8004 95 1700000000000000 28 8c04 37663031 94 8c03 707574 94 4b01 85 94 7d 94 74 94 2e");
    REQUIRE_FALSE(decode_error(whole).failed());
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CAPTURE(cut);
        CHECK(decode_error(bytes_view{whole}.first(cut)).failed());
    }
}

TEST_CASE("integers as text are exact on both sides of 64 bits", "[codec][pickle]")
{
    const auto read = [](const std::string& digits) { return decoded_repr(as_bytes("I" + digits + "\n.")); };
    CHECK(read("0") == "0");
    CHECK(read("-0") == "0");
    CHECK(read("+12") == "12");
    CHECK(read("000000000000000000000000012") == "12");
    CHECK(read("9223372036854775807") == "9223372036854775807");
    CHECK(read("-9223372036854775808") == "-9223372036854775808");
    CHECK(read("9223372036854775808") == "9223372036854775808");
    CHECK(read("-9223372036854775809") == "-9223372036854775809");
    CHECK(decode_error(pickle("I-\n.")) == pickle_errc::malformed_argument);
    CHECK(decode_error(pickle("I+-1\n.")) == pickle_errc::malformed_argument);
    CHECK(decode_error(pickle("I1 2\n.")) == pickle_errc::malformed_argument);
}

namespace {

/// `shared` in the memo, as 0, then `call` so many times as the items of a list.
bytes calls_of_shared(const std::string& shared, const std::string& call, std::size_t times)
{
    std::string pickled = "\x80\x04" + shared + "\x94" "0](";
    for (std::size_t i = 0; i < times; ++i)
        pickled += call;
    return to_bytes(pickled + "e.");
}

const std::string get_shared{"h\0", 2};

}  // namespace

TEST_CASE("calls that copy what they share are bounded by the pickle's size", "[codec][pickle][hostile][limits]")
{
    const std::string large_list = "](" + std::string(1000, 'N') + 'e';
    const std::string large_text = std::string{"X\xe8\x03\0\0", 5} + std::string(1000, 'x');
    SECTION("set() of one list") {
        const std::string call = "cbuiltins\nset\n" + get_shared + "\x85R";
        CHECK_FALSE(decode_error(calls_of_shared(large_list, call, 20)).failed());
        CHECK(decode_error(calls_of_shared(large_list, call, 1000)) == pickle_errc::rewrite_size_exceeded);
    }
    SECTION("bytes of one text") {
        const std::string call = "c_codecs\nencode\n" + get_shared + "\x8c\x06latin1\x86R";
        CHECK_FALSE(decode_error(calls_of_shared(large_text, call, 20)).failed());
        CHECK(decode_error(calls_of_shared(large_text, call, 1000)) == pickle_errc::rewrite_size_exceeded);
    }
    SECTION("bytearray() of one text") {
        const std::string call = "cbuiltins\nbytearray\n" + get_shared + "\x8c\x06latin1\x86R";
        CHECK(decode_error(calls_of_shared(large_text, call, 1000)) == pickle_errc::rewrite_size_exceeded);
    }
    SECTION("a text that turns out at its end to be no bytes costs as much") {
        const std::string text = std::string{"X\xeb\x03\0\0", 5} + std::string(1000, 'x') + "\u20ac";
        const std::string call = "c_codecs\nencode\n" + get_shared + "\x8c\x06latin1\x86R";
        CHECK(decode_error(calls_of_shared(text, call, 1000)) == pickle_errc::rewrite_size_exceeded);
    }
    SECTION("as many sets as a pickler writes, each with a list of its own, are no matter") {
        std::string pickled = "\x80\x02](";
        for (int i = 0; i < 10'000; ++i)
            pickled += "cbuiltins\nset\n](NNNe\x85R";
        CHECK_FALSE(decode_error(to_bytes(pickled + "e.")).failed());
        const std::string members(1'000'000, 'N');
        CHECK_FALSE(decode_error(to_bytes("\x80\x02" "cbuiltins\nset\n](" + members + "e\x85R.")).failed());
    }
}

TEST_CASE("malformed pickles are refused by name", "[codec][pickle]")
{
    CHECK(decode_error({}) == pickle_errc::truncated);
    CHECK(decode_error(pickle("N.N")) == pickle_errc::trailing_data);
    CHECK(decode_error(pickle("\xff.")) == pickle_errc::unknown_opcode);
    CHECK(decode_error(pickle("\x80\x06N.")) == pickle_errc::unsupported_protocol);
    CHECK(decode_error(pickle("Iabc\n.")) == pickle_errc::malformed_argument);
    CHECK(decode_error(pickle("Fx\n.")) == pickle_errc::malformed_argument);
    CHECK(decode_error(pickle("X\x01\x00\x00\x00\xff.")) == pickle_errc::malformed_argument);
    CHECK(decode_error(pickle(".")) == pickle_errc::stack_underflow);
    CHECK(decode_error(pickle("NN.")) == pickle_errc::stack_underflow);
    CHECK(decode_error(pickle("(N.")) == pickle_errc::stack_underflow);
    CHECK(decode_error(pickle("\x85.")) == pickle_errc::stack_underflow);
    CHECK(decode_error(pickle("N(\x85.")) == pickle_errc::stack_underflow);
    CHECK(decode_error(pickle("(K\x01" "d.")) == pickle_errc::stack_underflow);
    CHECK(decode_error(pickle("Nt.")) == pickle_errc::mark_missing);
    CHECK(decode_error(pickle("Ne.")) == pickle_errc::mark_missing);
    CHECK(decode_error(pickle("h\x00.")) == pickle_errc::memo_missing);
    CHECK(decode_error(pickle("j\xff\xff\xff\xff.")) == pickle_errc::memo_missing);
    CHECK(decode_error(pickle("K\x01K\x02" "a.")) == pickle_errc::wrong_operand);
    CHECK(decode_error(pickle("]K\x01K\x02s.")) == pickle_errc::wrong_operand);
    CHECK(decode_error(pickle("K\x01)R.")) == pickle_errc::wrong_operand);
    CHECK(decode_error(pickle("cm\nC\nNR.")) == pickle_errc::wrong_operand);
    CHECK(decode_error(pickle("NNb.")) == pickle_errc::wrong_operand);
    CHECK(decode_error(pickle("\x80\x04K\x01K\x02\x93.")) == pickle_errc::wrong_operand);
    CHECK(decode_error(pickle("\x80\x05\x97.")) == pickle_errc::out_of_band_buffer);
    CHECK(decode_error(pickle("\x80\x05N\x98.")) == pickle_errc::out_of_band_buffer);
    CHECK(decode_error(pickle("X\xff\xff\xff\xff" "a.")) == pickle_errc::truncated);
    CHECK(decode_error(pickle("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "a.")) == pickle_errc::truncated);
    CHECK(decode_error(pickle("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.")) == pickle_errc::truncated);
}

TEST_CASE("each limit of the pickle reader is kept and named", "[codec][pickle][limits]")
{
    pickle_limits limits;
    const auto message = [&](bytes_view pickled) {
        pickle_status status;
        static_cast<void>(decode_pickle(pickled, limits, status));
        return status.message(limits);
    };
    SECTION("depth_max") {
        limits.depth_max = 10;
        const auto nested = [](std::size_t depth) {
            return to_bytes(std::string(depth, ']') + std::string(depth - 1, 'a') + '.');
        };
        CHECK_FALSE(decode_error(nested(10), limits).failed());
        CHECK(decode_error(nested(11), limits) == pickle_errc::depth_exceeded);
        CHECK(message(nested(11)).find("depth_max (10)") != std::string::npos);
    }
    SECTION("depth_max bounds tuples of tuples too") {
        limits.depth_max = 10;
        CHECK(decode_error(to_bytes("N" + std::string(11, '\x85') + '.'), limits) == pickle_errc::depth_exceeded);
    }
    SECTION("stack_size_max") {
        limits.stack_size_max = 100;
        CHECK_FALSE(decode_error(to_bytes('(' + std::string(99, 'N') + "t."), limits).failed());
        CHECK(decode_error(to_bytes('(' + std::string(101, 'N') + "t."), limits) == pickle_errc::stack_size_exceeded);
        CHECK(decode_error(to_bytes(std::string(101, '(') + "t."), limits) == pickle_errc::stack_size_exceeded);
    }
    SECTION("memo_size_max") {
        limits.memo_size_max = 3;
        CHECK(decode_error(pickle("\x80\x04N\x94\x94\x94\x94."), limits) == pickle_errc::memo_size_exceeded);
        CHECK(message(pickle("\x80\x04N\x94\x94\x94\x94.")).find("memo_size_max (3)") != std::string::npos);
    }
    SECTION("node_count_max") {
        limits.node_count_max = 5;
        CHECK(decode_error(pickle("(NNNNNNNt."), limits) == pickle_errc::node_count_exceeded);
    }
    SECTION("integer_size_max") {
        limits.integer_size_max = 8;
        CHECK_FALSE(decode_error(pickle("\x80\x03\x8a\x08\x01\x01\x01\x01\x01\x01\x01\x01."), limits).failed());
        CHECK(decode_error(pickle("\x80\x03\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01."), limits) == pickle_errc::integer_size_exceeded);
        CHECK(decode_error(to_bytes("L" + std::string(100, '9') + "L\n."), limits) == pickle_errc::integer_size_exceeded);
    }
    SECTION("integers as text have CPython's bound of digits besides") {
        CHECK_FALSE(decode_error(to_bytes("L-" + std::string(4300, '9') + "L\n."), limits).failed());
        CHECK_FALSE(decode_error(to_bytes("I" + std::string(10'000, '0') + "7\n."), limits).failed());
        CHECK(decode_error(to_bytes("L" + std::string(4301, '9') + "L\n."), limits) == pickle_errc::decimal_digits_exceeded);
        CHECK(message(to_bytes("I" + std::string(4301, '9') + "\n.")).find("(4300)") != std::string::npos);
    }
    SECTION("a memo index far ahead costs one entry, not the gap") {
        CHECK(decoded_repr(pickle("K\x05r\xf0\xff\xff\xff" "0j\xf0\xff\xff\xff.")) == "5");
    }
}
