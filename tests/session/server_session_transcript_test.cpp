// What real Pythons send, cut and damaged.
#include "session/server_session.hpp"

#include "python_transcripts.hpp"
#include "session_testing.hpp"

using namespace quaymaster;
using namespace quaymaster::testing;
using codec::payload;

namespace {

/// Replays all connections of one program, each in pieces of `piece` octets, and returns the octets of all replies.
std::vector<bytes> replay(const transcript& program, std::size_t piece)
{
    bare_service service;
    service.nonce = from_hex(transcript_nonce);
    std::vector<bytes> replies;
    for (const std::string& digits : program.connections) {
        const bytes stream = from_hex(digits);
        server_end server{service};
        for (std::size_t at = 0; at < stream.size(); at += piece)
            server.receive(bytes_view{stream}.subspan(at, std::min(piece, stream.size() - at)));
        CHECK(server.input.empty());
        CHECK(server.session.authenticated());
        CHECK(server.session.end_reason().empty());
        replies.push_back(contents(server.replies));
        server.session.end(service);
    }
    CHECK(service.number_of_objects() == 0);
    return replies;
}

/// The names of the replies' kinds, and the results of those that returned.
std::string summary(bytes_view stream)
{
    std::string text;
    std::vector<bytes> payloads = frames_in(stream);
    for (std::size_t i = 3; i < payloads.size(); ++i) {  // after challenge, verdict and response
        codec::envelope_reader reader;
        const auto reply = wire::parse_reply(payloads[i], reader, {});
        if (const auto* returned = std::get_if<wire::returned_reply>(&reply))
            text += returned->result.to_value().repr() + "; ";
        else if (const auto* error = std::get_if<wire::exception_reply>(&reply))
            text += error->type_name() + "; ";
        else if (const auto* traceback = std::get_if<wire::traceback_reply>(&reply))
            text += "traceback " + traceback->exception().first + "; ";
        else
            text += "?; ";
    }
    return text;
}

}  // namespace

TEST_CASE("programs of every Python are served, however their octets are cut", "[session][server][transcript]")
{
    for (const transcript& program : python_clients) {
        CAPTURE(program.python);
        const auto whole = replay(program, 1 << 20);
        REQUIRE(whole.size() == 6);
        CHECK(summary(whole[0]) == "None; ");                                                       // dummy
        CHECK_THAT(summary(whole[1]), Catch::StartsWith("('get_task_queue', ('empty', 'full', "));  // create
        CHECK(summary(whole[2]) == "None; ");                                                       // incref
        CHECK(summary(whole[3]) == "None; ");                                                       // decref
        const std::string text = bare_service{}.queue->text();
        CHECK(summary(whole[4]) == "None; None; None; None; 3; 1; 'put'; [None, True, 2.5, {'a': (1, 'x')}]; queue.Empty; "
                                   "traceback AttributeError; " +
                                       value{text}.repr() + "; ");
        CHECK(summary(whole[5]) == "None; ");  // decref at the end
        for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U})
            CHECK(replay(program, piece) == whole);
    }
}

TEST_CASE("a program that is cut off anywhere does no harm", "[session][server][transcript]")
{
    for (const transcript& program : python_clients) {
        CAPTURE(program.python);
        bare_service service;
        service.nonce = from_hex(transcript_nonce);
        const bytes stream = from_hex(program.connections[4]);
        for (std::size_t cut = 0; cut < stream.size(); ++cut) {
            server_end server{service};
            server.receive(bytes_view{stream}.first(cut));
            CHECK_FALSE(server.session.wants_close());
            CHECK(server.session.end_reason().empty());
            server.session.end(service);
        }
        CHECK(service.number_of_objects() == 0);
    }
}

TEST_CASE("an octet changed anywhere in the handshake lets nobody in", "[session][server][handshake]")
{
    bare_service service;
    service.nonce = from_hex(transcript_nonce);
    for (const transcript& program : python_clients) {
        CAPTURE(program.python);
        const bytes stream = from_hex(program.connections[0]);
        error_code ec;
        const auto response = wire::parse_frame(stream, 256, ec);
        REQUIRE(response);
        for (std::size_t at = 4; at < response->size; ++at) {
            bytes changed = stream;
            changed[at] ^= std::byte{1};
            server_end server{service};
            server.receive(changed);
            CHECK_FALSE(server.session.authenticated());
            CHECK(server.session.authentication_failed());
        }
    }
}
