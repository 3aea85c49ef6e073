// reply_fuzz: a server that holds the key and answers anything, to a client that has asked something. The seeds are the
// payloads of replies; each is sent as one frame, and again as whatever frames its octets make.
#include "server_peer.hpp"
#include "session/client_session.hpp"
#include "wire/framing.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/pickle_codec.hpp>
#include <quaymaster/value.hpp>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace quaymaster;

/// What a program of ours does with a result that it did not expect.
void use(const codec::payload& result, const codec::pickle_limits& limits)
{
    try {
        (void)wire::parse_created(result, limits);
        const value content = result.to_value(limits);
        (void)content.truth();
        (void)content.repr();
        (void)pickle_codec::decode<std::map<std::string, std::vector<std::int32_t>>>(content);
    } catch (const error&) {  // pickle_error, conversion_error: said, and nothing worse
    }
}

void take_apart(bytes_view pickle, const codec::pickle_limits& limits)
{
    codec::envelope_reader reader;
    const wire::reply got = wire::parse_reply(pickle, reader, limits);
    if (const auto* const returned = std::get_if<wire::returned_reply>(&got))
        use(returned->result, limits);
    else if (const auto* const traceback = std::get_if<wire::traceback_reply>(&got))
        (void)traceback->exception();
    else if (const auto* const exception = std::get_if<wire::exception_reply>(&got))
        (void)exception->type_name();
}

void answer(bytes_view stream)
{
    static const session::client_settings settings = testing::fuzz_settings();
    session::client_session client{settings, testing::nonce_of(100)};
    client.request({.ident = "get_task_queue", .method = "get"});
    testing::authenticate(client);
    if (client.current_state() != session::client_session::state::ready)
        std::abort();
    while (client.current_state() == session::client_session::state::ready) {
        const auto step = client.receive(stream);
        if (step.reply)
            take_apart(*step.reply, settings.limits);
        else if (step.consumed == 0)
            break;
        stream = stream.subspan(step.consumed);
    }
    const bool has_failed = client.current_state() == session::client_session::state::failed;
    if (has_failed == client.failure_text().empty())
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const bytes_view input{reinterpret_cast<const std::byte*>(data), size};
    const wire::frame_header header{size};
    bytes framed{header.view().begin(), header.view().end()};
    framed.insert(framed.end(), input.begin(), input.end());
    answer(framed);
    answer(input);
    return 0;
}
