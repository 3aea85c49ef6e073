#include "codec/pickle_writer.hpp"

#include "codec_testing.hpp"

#include <catch2/catch.hpp>

using namespace quaymaster;
using namespace quaymaster::codec;

namespace {

/// The opcodes that `pickled` is written as for `reader`, in hex.
std::string rewritten(bytes_view pickled, reader_dialect reader)
{
    pickle_status status;
    const decoded result = decode_pickle(pickled, {}, status);
    REQUIRE_FALSE(status);
    return to_hex(write_item(*result.graph, result.root, reader).opcodes());
}

constexpr reader_dialect python2{2, true};
constexpr reader_dialect protocol3{3, false};
constexpr reader_dialect protocol4{4, false};
constexpr reader_dialect protocol5{5, false};

}  // namespace

TEST_CASE("each object is written in the shortest form that the reader knows", "[codec][pickle]")
{
    const auto written = [](const value& known, reader_dialect reader) { return to_hex(item_from_value(known, reader).opcodes()); };
    CHECK(written(value{}, protocol4) == "4e");
    CHECK(written(value{true}, protocol4) == "88");
    CHECK(written(value{255}, protocol4) == "4bff");
    CHECK(written(value{256}, protocol4) == "4d0001");
    CHECK(written(value{-1}, protocol4) == "4affffffff");
    CHECK(written(value{2147483648LL}, protocol4) == "8a050000008000");
    CHECK(written(value{-2147483649LL}, protocol4) == "8a05ffffff7fff");
    CHECK(written(value{INT64_MIN}, protocol4) == "8a080000000000000080");
    CHECK(written(value{1.5}, protocol4) == "473ff8000000000000");
    CHECK(written(value{"ab"}, protocol4) == "8c026162");
    CHECK(written(value{"ab"}, protocol3) == "58020000006162");
    CHECK(written(value{"ab"}, python2) == "58020000006162");
    CHECK(written(value{to_bytes("ab")}, protocol3) == "43026162");
    CHECK(written(value{to_bytes("ab")}, python2) == "55026162");
    CHECK(written(value::bytearray(as_bytes("ab")), protocol5) == "96020000000000000061" "62");
    CHECK(written(value::tuple({1, 2}), protocol4) == "4b014b0286");
    CHECK(written(value::list({1}), protocol4) == "5d284b0165");
    CHECK(written(value::set({1}), protocol4) == "8f284b0190");
}

TEST_CASE("sharing and cycles survive", "[codec][pickle]")
{
    CHECK(rewritten(pickle("\x80\x04]\x94h\x00" "a."), protocol4) == "5d9428680065");            // l = [l]
    CHECK(rewritten(pickle("\x80\x04]\x94h\x00\x86."), protocol4) == "5d94680086");              // (l, l)
    CHECK(rewritten(pickle("\x80\x04]\x94h\x00\x86."), protocol3) == "5d7100680086");
    // An empty tuple is written each time, however often it is shared.
    CHECK(rewritten(pickle("\x80\x04()22222t."), protocol4) == "28292929292929" "74");
    // t = ([t],): built, found in the memo, dropped and fetched.
    CHECK(rewritten(pickle("\x80\x04]\x94h\x00\x85\x94" "a0h\x01."), protocol4) == "5d94286800859465306801");
}

TEST_CASE("class paths are spelled the reader's way", "[codec][pickle]")
{
    const bytes_view three = pickle("\x80\x04\x8c\x05queue\x8c\x05" "Empty\x93.");
    CHECK(rewritten(three, python2) == to_hex(as_bytes("cQueue\nEmpty\n")));
    CHECK(rewritten(three, protocol3) == to_hex(as_bytes("cqueue\nEmpty\n")));
    const bytes_view two = pickle("\x80\x02" "cexceptions\nKeyError\n.");
    CHECK(rewritten(two, python2) == to_hex(as_bytes("cexceptions\nKeyError\n")));
    CHECK(rewritten(two, protocol3) == to_hex(as_bytes("cbuiltins\nKeyError\n")));

    SECTION("a nested class is fetched from the outer one where STACK_GLOBAL is unknown") {
        CHECK(rewritten(pickle("\x80\x04\x8c\x01m\x8c\x03" "A.B\x93."), protocol3) ==
              to_hex(as_bytes("cbuiltins\ngetattr\ncm\nA\n")) + "580100000042" + "8652");
    }
    SECTION("a name of many dots is no nested class, and does not become as many calls") {
        const std::string dots(200, '.');
        CHECK(rewritten(to_bytes("cm\nA" + dots + "\n."), protocol3) == to_hex(as_bytes("cm\nA" + dots + "\n")));
    }
    SECTION("a newline in a name cannot smuggle opcodes in") {
        CHECK(rewritten(pickle("\x80\x04\x8c\x01m\x8c\x03" "A\nN\x93."), protocol3) == to_hex(as_bytes("cm\nA_N\n")));
    }
}

TEST_CASE("long containers are written in batches, so that no reader needs a huge stack", "[codec][pickle]")
{
    const std::vector<value> many(2500, value{1});
    const std::string hex = to_hex(item_from_value(value::list(many)).opcodes());
    std::size_t batches = 0;
    pickle_limits limits;
    limits.stack_size_max = 1002;
    pickle_status status;
    CHECK(decode_item(item_from_value(value::list(many)), limits, status).root != no_node);
    for (std::size_t at = hex.find("65"); at != std::string::npos; at = hex.find("65", at + 2))
        ++batches;
    CHECK(batches == 3);
}

TEST_CASE("a forged set that holds itself through tuples alone is refused below protocol 4, not written for ever", "[codec][pickle][hostile]")
{
    const bytes_view forged = pickle("\x80\x04\x8f\x94(h\x00\x85\x90.");  // s = {(s,)}
    CHECK(rewritten(forged, protocol4) == "8f942868008590");
    pickle_status status;
    const decoded result = decode_pickle(forged, {}, status);
    REQUIRE_FALSE(status);
    CHECK_THROWS_AS(write_item(*result.graph, result.root, python2), pickle_error);
    CHECK_THROWS_AS(write_item(*result.graph, result.root, protocol3), pickle_error);
}

TEST_CASE("write_item() stops when it has written more than it may", "[codec][pickle][limits]")
{
    const auto [graph, root] = [] {
        auto made = std::make_shared<object_graph>();
        const std::string digits(1000, 'x');
        const node_id large = made->add_big_integer(as_bytes(made->own(digits)));  // written anew for each reference: no memo
        const std::vector<node_id> items(10'000, large);
        const node_id list = made->add_container(node_kind::list, items);
        return std::pair{made, list};
    }();
    const item whole = write_item(*graph, graph->children(root)[0], protocol4);
    CHECK(write_item(*graph, graph->children(root)[0], protocol4, whole.size()).size() == whole.size());
    const auto code_of_refusal = [&](std::size_t size_max) {
        try {
            static_cast<void>(write_item(*graph, root, protocol4, size_max));
        } catch (const pickle_error& refused) {
            return refused.code();
        }
        return error_code{};
    };
    CHECK(code_of_refusal(10'000) == pickle_errc::rewrite_size_exceeded);
    CHECK(code_of_refusal(std::size_t{20} << 20) == error_code{});
}

TEST_CASE("many sets share one reference to their class where they are calls", "[codec][pickle]")
{
    const std::string set_path = to_hex(as_bytes("c__builtin__\nset\n"));
    const std::string frozenset_path = to_hex(as_bytes("c__builtin__\nfrozenset\n"));
    // One: nothing for the memo. From the second on: fetched.
    CHECK(rewritten(pickle("\x80\x04\x8f."), python2) == set_path + "286c8552");
    CHECK(rewritten(pickle("\x80\x04\x8f\x8f\x8f\x87."), python2) ==
          set_path + "286c8552" + set_path + "7100" + "286c8552" + "6800" + "286c8552" + "87");
    CHECK(rewritten(pickle("\x80\x04(\x91(\x91(\x91\x87."), python2) ==
          frozenset_path + "286c8552" + frozenset_path + "7100" + "286c8552" + "6800" + "286c8552" + "87");
    SECTION("so what Python 3 stores in an octet each, Python 2 can be given") {
        const item made = item::make(as_bytes("](" + std::string(100'000, '\x8f') + 'e'), {4, false, false, false});
        CHECK(transcode(made, python2, {}).size() < 10 * made.size());
    }
}

TEST_CASE("a persistent object whose id leads back to it ends, and a shared one stays one object", "[codec][pickle][hostile]")
{
    // l = [p], where p is the persistent object of the id (l,). CPython makes none, but it loads this.
    const auto bounded = [](bytes_view pickled) {
        pickle_status status;
        const decoded result = decode_pickle(pickled, {}, status);
        REQUIRE_FALSE(status);
        return to_hex(write_item(*result.graph, result.root, protocol4, 1000).opcodes());
    };
    CHECK(bounded(pickle("\x80\x04]\x94h\x00\x85Q\x94" "a0h\x01.")) == "5d94286800855194658551306801");
    CHECK(bounded(pickle("\x80\x04K\x01Q\x94h\x00h\x00\x87.")) == "4b0151946800680087");
    CHECK(bounded(pickle("\x80\x04Pname\n\x94h\x00h\x00\x87.")) == to_hex(as_bytes("Pname\n")) + "946800680087");
}
