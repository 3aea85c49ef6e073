#include "wire/python_dialect.hpp"

#include "wire_testing.hpp"

using namespace quaymaster;
using namespace quaymaster::testing;
using codec::payload;
using codec::reader_dialect;

namespace {

const codec::pickle_limits limits;

constexpr reader_dialect python2{2, true};
constexpr reader_dialect python3{4, false};

using keyword_list = std::vector<std::pair<std::string_view, payload>>;

bytes written(const wire::outgoing_request& request, reader_dialect dialect = python3)
{
    wire::outbox out;
    wire::write_request(out, dialect, request, limits);
    return take_frame(out);
}

/// A request as the server reads it.
struct read_back {
    bytes pickle;
    codec::envelope_reader reader;
    wire::python_request request;

    explicit read_back(bytes written_pickle) : pickle{std::move(written_pickle)}
    {
        const auto fault = wire::parse_request(pickle, reader, limits, request);
        if (fault)
            FAIL(fault->text);
    }
    [[nodiscard]] value positional(std::size_t index) const { return request.positional.at(index).to_value(limits); }
    [[nodiscard]] value keyword(std::size_t index) const { return request.keywords.at(index).second.to_value(limits); }
};

template <class Reply>
Reply parsed(std::string_view opcodes)
{
    codec::envelope_reader reader;
    wire::reply found = wire::parse_reply(as_bytes(opcodes), reader, limits);
    if (auto* malformed = std::get_if<wire::malformed_reply>(&found))
        UNSCOPED_INFO(malformed->text);
    REQUIRE(std::holds_alternative<Reply>(found));
    return std::get<Reply>(std::move(found));
}

}  // namespace

TEST_CASE("a request is the tuple (ident, name, args, kwds)", "[wire][dialect]")
{
    CHECK(to_hex(written({.method = "dummy"})) == "8004284e8c0564756d6d7928747d742e");
    CHECK(to_hex(written({.ident = "7f01", .method = "qsize"}, python2)) ==
          "8002285504376630315505" + to_hex(as_bytes("qsize")) + "28747d742e");
}

TEST_CASE("a server reads back what a client writes", "[wire][dialect]")
{
    const std::vector<payload> positional{value::list({value{1}, value{"two"}})};
    const keyword_list keywords{{"block", value{true}}, {"timeout", value{0.25}}};
    for (const reader_dialect dialect : {python2, reader_dialect{3, false}, python3, reader_dialect{5, false}}) {
        CAPTURE(int{dialect.protocol});
        const read_back put{
            written({.ident = "7f01", .method = "put", .positional = positional, .keywords = keywords}, dialect)};
        CHECK(put.request.ident == "7f01");
        CHECK(put.request.method == "put");
        CHECK(put.request.reader.python2 == dialect.python2);  // the codec may say 4 to readers of 3, who know it
        CHECK(put.positional(0) == value::list({value{1}, value{"two"}}));
        REQUIRE(put.request.keywords.size() == 2);
        CHECK(put.request.keywords[0].first == "block");
        CHECK(put.keyword(0) == value{true});
        CHECK(put.keyword(1) == value{0.25});
    }
}

TEST_CASE("the name that create, incref and decref take comes first", "[wire][dialect]")
{
    const std::vector<payload> positional{value{"errands"}};
    const read_back create{written({.method = "create", .name = "get_queue", .positional = positional}, python2)};
    CHECK(create.request.first_text == "get_queue");
    REQUIRE(create.request.positional.size() == 2);
    CHECK(create.positional(1) == value{"errands"});
}

TEST_CASE("several items in one request keep their own shared references", "[wire][dialect]")
{
    // Both lists hold the same inner list twice, so both use the memo.
    const codec::item shared = codec::item::make(from_hex("5d 94 28 5d 94 68 01 65"), {.protocol_min = 4});
    const std::vector<payload> positional{shared, shared};
    const keyword_list keywords{{"more", shared}};
    const read_back request{written({.ident = "1", .method = "m", .positional = positional, .keywords = keywords})};
    const value expected = value::list({value::list({}), value::list({})});
    CHECK(request.positional(0) == expected);
    CHECK(request.positional(1) == expected);
    CHECK(request.keyword(0) == expected);
}

TEST_CASE("parse_reply() tells the kinds of replies apart", "[wire][dialect]")
{
    SECTION("#RETURN")
    {
        // 3.11's reply to q.put(1).
        const bytes pickle = from_hex("8004 95 0e00000000000000 8c07 2352455455524e 94 4e 86 94 2e");
        const auto reply = parsed<wire::returned_reply>(as_chars(pickle));
        CHECK(reply.result.to_value(limits).is_none());
    }
    SECTION("#RETURN of Python 2.7")
    {
        const bytes pickle = from_hex("8002 5507 2352455455524e 71 01 4e 86 71 02 2e");
        CHECK(parsed<wire::returned_reply>(as_chars(pickle)).result.to_value(limits).is_none());
    }
    SECTION("#ERROR")
    {
        const auto reply = parsed<wire::exception_reply>("\x80\x04\x8c\x06#ERROR\x8c\x06_queue\x8c\x05"
                                                         "Empty\x93)R\x86.");
        CHECK(reply.is_queue_empty());
        CHECK_FALSE(reply.is_queue_full());
        CHECK(reply.type_name() == "queue.Empty");
        CHECK(reply.text.empty());
    }
    SECTION("#ERROR of Python 2.7, with a text")
    {
        const auto reply = parsed<wire::exception_reply>("\x80\x02U\x06#ERRORcexceptions\nValueError\nU\x02no\x85R\x86.");
        CHECK(reply.type_name() == "ValueError");
        CHECK(reply.text == "no");
    }
    SECTION("#ERROR with several arguments")
    {
        const auto reply = parsed<wire::exception_reply>("\x80\x02U\x06#ERRORcmine\nError\nK\1U\1a\x86R\x86.");
        CHECK(reply.type_name() == "mine.Error");
        CHECK(reply.text == "(1, 'a')");
    }
    SECTION("#TRACEBACK")
    {
        CHECK(parsed<wire::traceback_reply>("U\x0a#TRACEBACKU\1t\x86.").text == "t");
    }
    SECTION("#UNSERIALIZABLE")
    {
        CHECK(parsed<wire::unserializable_reply>("U\x0f#UNSERIALIZABLEU\1t\x86.").text == "t");
    }
    SECTION("#PROXY")
    {
        const auto reply = parsed<wire::proxy_reply>("\x80\x02U\x06#PROXYU\x08__next__\x85"
                                                     "cmultiprocessing.managers\nToken\n)\x81(U\x08IteratorNU\x04"
                                                     "7f01tb\x86\x86.");
        CHECK(reply.typeid_name == "Iterator");
        CHECK(reply.ident == "7f01");
        CHECK(reply.exposed == std::vector<std::string>{"__next__"});
    }
}

TEST_CASE("parse_reply() refuses what is no reply", "[wire][dialect]")
{
    for (const char* opcodes : {"", "N.", "(NNNt.", "U\x07#RETURN.", "U\x05#MINEN\x86.", "NN\x86.", "U\x06#ERRORN\x86.",
                                "U\x0a#TRACEBACKN\x86.", "U\x06#PROXYN\x86.", "U\x06#PROXY(t(t\x86\x86."}) {
        CAPTURE(opcodes);
        parsed<wire::malformed_reply>(opcodes);
    }
}

TEST_CASE("a traceback gives its exception away", "[wire][dialect]")
{
    const auto exception = [](std::string text) { return wire::traceback_reply{std::move(text)}.exception(); };
    const auto found =
        exception("Traceback (most recent call last):\n  File \"managers.py\", line 254, in serve_client\n"
                  "    obj, exposed, gettypeid = id_to_obj[ident]\n                              ~~~~~~~~~^^^^^^^\n"
                  "KeyError: '7f01'\n\nDuring handling of the above exception, another exception occurred:\n\n"
                  "Traceback (most recent call last):\n  File \"managers.py\", line 258, in serve_client\n    raise ke\n"
                  "ValueError: first: line\nsecond line\n");
    CHECK(found.first == "ValueError");
    CHECK(found.second == "first: line\nsecond line");
    CHECK(exception("Traceback (most recent call last):\n  here\nqueue.Empty\n").first == "queue.Empty");
    CHECK(exception("Traceback (most recent call last):\n  here").first.empty());
    CHECK(exception("").first.empty());
}

TEST_CASE("parse_created() reads the answer to create", "[wire][dialect]")
{
    const auto created = wire::parse_created(value::tuple({value{"7f01"}, value::tuple({value{"get"}, value{"put"}})}), limits);
    REQUIRE(created);
    CHECK(created->ident == "7f01");
    CHECK(created->exposed == std::vector<std::string>{"get", "put"});
    CHECK_FALSE(wire::parse_created(value{1}, limits));
    CHECK_FALSE(wire::parse_created(value::tuple({value{1}, value{2}}), limits));
}
