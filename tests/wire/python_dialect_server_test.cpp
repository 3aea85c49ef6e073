#include "wire/python_dialect.hpp"

#include "wire_testing.hpp"

using namespace quaymaster;
using namespace quaymaster::testing;
using codec::reader_dialect;
using wire::python_exception;

namespace {

const codec::pickle_limits limits;

constexpr reader_dialect python2{2, true};
constexpr reader_dialect python36{3, false};
constexpr reader_dialect python38{4, false};

struct parsed_request {
    bytes pickle;
    codec::envelope_reader reader;
    wire::python_request request;
    std::optional<python_exception> fault;

    explicit parsed_request(bytes octets) : pickle{std::move(octets)}
    {
        fault = wire::parse_request(pickle, reader, limits, request);
    }
    explicit parsed_request(std::string_view opcodes) : parsed_request{to_bytes(opcodes)} {}
};

value as_value(const codec::payload& object)
{
    return object.to_value(limits);
}

/// What `write` appends, without the header of its frame.
template <class Write>
std::string written(Write&& write)
{
    wire::outbox out;
    write(out);
    return to_hex(take_frame(out));
}

const python_exception empty{"queue", "Queue", "Empty", {}};
const python_exception bad_timeout{"builtins", "exceptions", "ValueError", "'timeout' must be a non-negative number"};

std::string hex_of(std::string_view text)
{
    return to_hex(as_bytes(text));
}

}  // namespace

TEST_CASE("parse_request() reads what Python 3.11 sends for q.put(1)", "[wire][dialect]")
{
    const parsed_request put{from_hex("8004 95 1700000000000000 28 8c04 37663031 94 8c03 707574 94 4b01 85 94 7d 94 74 94 2e")};
    REQUIRE_FALSE(put.fault);
    CHECK(put.request.ident == "7f01");
    CHECK(put.request.method == "put");
    REQUIRE(put.request.positional.size() == 1);
    CHECK(as_value(put.request.positional[0]) == value{1});
    CHECK(put.request.keywords.empty());
    CHECK(put.request.reader.protocol == 4);
    CHECK_FALSE(put.request.reader.python2);
}

TEST_CASE("parse_request() reads what Python 2.7 sends", "[wire][dialect]")
{
    // (None, 'create', ('get_task_queue',), {'maxsize': 3})
    const parsed_request create{
        std::string_view{"\x80\x02(NU\x06"
                         "createq\x01U\x0eget_task_queueq\x02\x85q\x03}q\x04U\x07maxsizeq\x05K\x03stq\x06."}};
    REQUIRE_FALSE(create.fault);
    CHECK_FALSE(create.request.ident);
    CHECK(create.request.method == "create");
    CHECK(create.request.first_text == "get_task_queue");
    REQUIRE(create.request.keywords.size() == 1);
    CHECK(create.request.keywords[0].first == "maxsize");
    CHECK(as_value(create.request.keywords[0].second) == value{3});
    CHECK(create.request.reader.protocol == 2);
    CHECK(create.request.reader.python2);
}

TEST_CASE("an item that is a back-reference into its request arrives whole", "[wire][dialect]")
{
    // q.put('put') by Python 3.6: the item is BINGET of the method's name.
    const parsed_request put{std::string_view{"\x80\x03(X\x04\0\0\0"
                                              "7f01q\0X\x03\0\0\0putq\1h\1\x85q\2}q\3tq\4.",
                                              36}};
    REQUIRE_FALSE(put.fault);
    REQUIRE(put.request.positional.size() == 1);
    CHECK(as_value(put.request.positional[0]) == value{"put"});
}

TEST_CASE("an int of Python 2 does not come back as a long, nor a long as an int", "[wire][dialect]")
{
    for (const char* number : {"I2147483648\n", "I-9223372036854775808\n", "\x8a\1\5"}) {
        CAPTURE(number);
        parsed_request put{"\x80\x02(U\1qU\3put" + std::string{number} + "\x85}t."};
        REQUIRE_FALSE(put.fault);
        wire::outbox out;
        wire::write_return(out, put.request.reader, std::move(put.request.positional.at(0)), limits);
        CHECK(as_chars(take_frame(out)) == "\x80\x02U\7#RETURN" + std::string{number} + "\x86.");
    }
}

TEST_CASE("parse_request() says what Python would raise", "[wire][dialect]")
{
    const auto fault_of = [](std::string_view opcodes) {
        const parsed_request request{opcodes};
        REQUIRE(request.fault);
        return std::string{request.fault->name} + ": " + request.fault->text;
    };
    CHECK(fault_of("N.") == "TypeError: cannot unpack non-iterable object: a request is (ident, method, args, kwds)");
    CHECK(fault_of("(NNNt.") == "ValueError: not enough values to unpack (expected 4, got 3)");
    CHECK(fault_of("(NNNNNt.") == "ValueError: too many values to unpack (expected 4)");
    CHECK(fault_of("(K\1U\1m)}t.") == "TypeError: ident must be str or None");
    CHECK(fault_of("(NK\1)}t.") == "TypeError: method name must be str");
    CHECK(fault_of("(NU\1m]}t.") == "TypeError: argument after * must be a tuple");
    CHECK(fault_of("(NU\1m))t.") == "TypeError: argument after ** must be a dict");
    CHECK(fault_of("(NU\1m)}K\1K\1st.") == "TypeError: keywords must be strings");
    CHECK_THAT(fault_of("(NU\1m)"), Catch::StartsWith("UnpicklingError: pickle: "));
    CHECK_THAT(fault_of(""), Catch::StartsWith("UnpicklingError: pickle: "));
    CHECK_THAT(fault_of("\xff"), Catch::StartsWith("UnpicklingError: pickle: "));
}

TEST_CASE("a keyword that comes twice counts as the last one, as in a dict", "[wire][dialect]")
{
    const parsed_request request{std::string_view{"\x80\x02(NU\1m)}U\1aK\1sU\1aK\2st."}};
    REQUIRE_FALSE(request.fault);
    REQUIRE(request.request.keywords.size() == 1);
    CHECK(as_value(request.request.keywords[0].second) == value{2});
}

TEST_CASE("the number of arguments is bounded", "[wire][dialect]")
{
    std::string opcodes = "(NU\1m(";
    opcodes.append(wire::arguments_max + 1, 'N');
    opcodes += "t}t.";
    const parsed_request many{opcodes};
    REQUIRE(many.fault);
    CHECK(many.fault->text == "more than 1024 arguments");

    opcodes = "(NU\1m)}";
    for (char c = '!'; c < '!' + 65; ++c)
        opcodes.append("U\1").append(1, c).append("Ns");
    opcodes += "t.";
    const parsed_request keywords{opcodes};
    REQUIRE(keywords.fault);
    CHECK(keywords.fault->text == "more than 64 keyword arguments");
}

TEST_CASE("a reply is written in the protocol of the request", "[wire][dialect]")
{
    CHECK(wire::dialect_of(from_hex("8002")).python2);
    CHECK(wire::dialect_of(as_bytes("(i")).python2);
    CHECK(wire::dialect_of({}).python2);
    CHECK(wire::dialect_of(from_hex("8003")).protocol == 3);
    CHECK(wire::dialect_of(from_hex("8004")).protocol == 4);
    CHECK(wire::dialect_of(from_hex("8005")).protocol == 5);
    CHECK(wire::dialect_of(from_hex("80ff")).protocol == 5);

    const auto none = [](reader_dialect reader) {
        return written([&](wire::outbox& out) { wire::write_return(out, reader, {}, limits); });
    };
    CHECK(none(python2) == "80025507" + hex_of("#RETURN") + "4e862e");
    CHECK(none(python36) == "80035807000000" + hex_of("#RETURN") + "4e862e");
    CHECK(none(python38) == "80048c07" + hex_of("#RETURN") + "4e862e");
}

TEST_CASE("scalars are written as they stand", "[wire][dialect]")
{
    const auto tail = [](const value& result) {
        const std::string whole = written([&](wire::outbox& out) { wire::write_return(out, python38, result, limits); });
        return whole.substr(22, whole.size() - 22 - 4);
    };
    CHECK(tail(true) == "88");
    CHECK(tail(false) == "89");
    CHECK(tail(3) == "4a03000000");
    CHECK(tail(-1) == "4affffffff");
    CHECK(tail(2.5) == "474004000000000000");
    CHECK(tail("ab") == "8c026162");
}

TEST_CASE("create answers with the ident and the exposed names", "[wire][dialect]")
{
    constexpr std::string_view names[] = {"get", "put"};
    const auto created = [&](reader_dialect reader) {
        return written([&](wire::outbox& out) { wire::write_created(out, reader, "7f01", names); });
    };
    CHECK(created(python38) == "80048c07" + hex_of("#RETURN") + "8c04" + hex_of("7f01") + "288c03" + hex_of("get") + "8c03" +
                                   hex_of("put") + "7486862e");
    CHECK(created(python2) == "80025507" + hex_of("#RETURN") + "5504" + hex_of("7f01") + "285503" + hex_of("get") + "5503" +
                                  hex_of("put") + "7486862e");
    CHECK(written([&](wire::outbox& out) { wire::write_names(out, python38, names); }) ==
          "80048c07" + hex_of("#RETURN") + "288c03" + hex_of("get") + "8c03" + hex_of("put") + "74862e");
}

TEST_CASE("an exception is named as its reader can import it", "[wire][dialect]")
{
    const auto error = [](reader_dialect reader, const python_exception& raised) {
        return written([&](wire::outbox& out) { wire::write_error(out, reader, raised, {}); });
    };
    CHECK(error(python38, empty) ==
          "80048c06" + hex_of("#ERROR") + "8c05" + hex_of("queue") + "8c05" + hex_of("Empty") + "932952862e");
    CHECK(error(python36, empty) == "80035806000000" + hex_of("#ERROR") + hex_of("cqueue\nEmpty\n") + "2952862e");
    CHECK(error(python2, empty) == "80025506" + hex_of("#ERROR") + hex_of("cQueue\nEmpty\n") + "2952862e");
    CHECK(error(python2, bad_timeout) ==
          "80025506" + hex_of("#ERROR") + hex_of("cexceptions\nValueError\n") + "5527" + hex_of(bad_timeout.text) + "8552862e");
}

TEST_CASE("a traceback reads like Python's and names no file", "[wire][dialect]")
{
    const auto text_of = [](reader_dialect reader, const python_exception& raised) {
        wire::outbox out;
        wire::write_traceback(out, reader, raised);
        codec::envelope_reader envelope;
        const bytes pickle = take_frame(out);
        REQUIRE_FALSE(envelope.read(pickle, limits));
        CHECK(envelope.text(0) == "#TRACEBACK");
        return std::string{envelope.text(1).value_or("")};
    };
    CHECK(text_of(python38, bad_timeout) ==
          "Traceback (most recent call last):\nValueError: 'timeout' must be a non-negative number\n");
    CHECK(text_of(python38, {"builtins", "exceptions", "KeyError", "7f01"}) ==
          "Traceback (most recent call last):\nKeyError: '7f01'\n");
    CHECK(text_of(python38, empty) == "Traceback (most recent call last):\nqueue.Empty\n");
    CHECK(text_of(python2, empty) == "Traceback (most recent call last):\nEmpty\n");
}

TEST_CASE("a text of the server's own is a byte string in Python 2 and always loads in Python 3", "[wire][dialect]")
{
    const auto text = [](reader_dialect reader, std::string_view content) {
        return written([&](wire::outbox& out) { wire::write_return_text(out, reader, content); });
    };
    CHECK(text(python2, "ab") == "80025507" + hex_of("#RETURN") + "55026162862e");
    CHECK(text(python2, std::string(300, 'x')).substr(22, 10) == "542c010000");
    CHECK(text(python38, std::string(300, 'x')).substr(22, 10) == "582c010000");
    CHECK(text(python38, "\xff") == "80048c07" + hex_of("#RETURN") + "8c04" + hex_of("\\xff") + "862e");
    CHECK(text(python38, "\xc3\xa9") == "80048c07" + hex_of("#RETURN") + "8c02c3a9862e");
}

TEST_CASE("an unserializable result says so", "[wire][dialect]")
{
    CHECK(written([](wire::outbox& out) {
              wire::write_unserializable(out, python38, {"builtins", "exceptions", "TypeError", "no"});
          }) == "80048c0f" + hex_of("#UNSERIALIZABLE") + "8c31" +
                    hex_of("Traceback (most recent call last):\nTypeError: no\n") + "862e");
}

TEST_CASE("ident_of_token() finds the ident in a Token of either Python", "[wire][dialect]")
{
    for (const reader_dialect dialect : {python2, python36, python38}) {
        const codec::payload token = wire::make_token(dialect, "get_task_queue", "7f01");
        CHECK(wire::ident_of_token(as_value(token)) == "7f01");
    }
    CHECK_FALSE(wire::ident_of_token(value{"7f01"}));
    CHECK_FALSE(wire::ident_of_token(value::object(value::global("multiprocessing.managers", "Token"), {})));
    CHECK_FALSE(wire::ident_of_token(value::object(value::global("os", "system"), {value{"ls"}})));
}
