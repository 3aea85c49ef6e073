// request_fuzz: an authenticated client that sends anything, to a session over real queues. Each reply must be one that
// a client can take apart. A call that blocks gives up at once.
#include "../session/bare_objects.hpp"
#include "../session/bare_service.hpp"
#include "../wire/outbox_contents.hpp"
#include "core/select_referent.hpp"
#include "core/sync_types.hpp"
#include "session/server_session.hpp"
#include "wire/digest.hpp"
#include "wire/framing.hpp"
#include "wire/python_dialect.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using namespace quaymaster;
using testing::bare_service;

session::server_settings fuzz_settings()
{
    session::server_settings settings;
    settings.authkey = to_bytes("abc");
    settings.payload_size_max = 1 << 20;
    settings.limits.depth_max = 1000;
    settings.limits.stack_size_max = 1 << 16;
    settings.limits.memo_size_max = 1 << 16;
    settings.limits.node_count_max = 1 << 16;
    return settings;
}

void append_frame(bytes& stream, bytes_view payload)
{
    const wire::frame_header header{payload.size()};
    stream.insert(stream.end(), header.view().begin(), header.view().end());
    stream.insert(stream.end(), payload.begin(), payload.end());
}

/// What a client with the key says before its first request.
bytes client_handshake_of(const bare_service& service)
{
    const bytes prefix = to_bytes("{sha256}");
    bytes challenge = prefix;
    challenge.insert(challenge.end(), service.nonce.begin(), service.nonce.end());
    bytes response = prefix;
    const auto mac = wire::hmac(wire::digest_kind::sha256, as_bytes("abc"), challenge);
    response.insert(response.end(), mac->view().begin(), mac->view().end());
    bytes stream;
    append_frame(stream, response);
    append_frame(stream, as_bytes("#CHALLENGE#{sha256}0123456789012345678901234567890123456789"));
    append_frame(stream, as_bytes("#WELCOME#"));
    return stream;
}

void check_replies(wire::outbox& replies)
{
    const bytes whole = testing::contents(replies);
    replies.clear();
    bytes_view rest = whole;
    codec::envelope_reader reader;
    while (!rest.empty()) {
        error_code ec;
        const auto next = wire::parse_frame(rest, whole.size(), ec);
        if (!next || std::holds_alternative<wire::malformed_reply>(wire::parse_reply(next->payload, reader, {})))
            std::abort();
        rest = rest.subspan(next->size);
    }
}

/// One object of each of SyncManager's types, whose ident is its typeid.
void share_one_of_each(core::registry& registry)
{
    core::register_sync_types(registry, {});
    const auto make = [&registry](const char* typeid_name, const std::vector<value>& arguments) {
        core::call call;
        for (const value& each : arguments)
            call.positional.emplace_back(each);
        const auto made = registry.create(typeid_name, call);
        if (!std::holds_alternative<core::created>(made))
            std::abort();
        registry.declare_stable(typeid_name, std::get<core::created>(made).object);
    };
    make("list", {value::list({1, "two", 3.0})});
    make("dict", {value::list({value::tuple({"a", 1}), value::tuple({2, value::list({})})})});
    make("set", {value::list({1, "two"})});
    make("Array", {"i", value::list({1, 2, 3})});
    make("Value", {"d", 1.5});
    make("Namespace", {});
    make("Barrier", {2});
    for (const char* typeid_name : {"Event", "Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"})
        make(typeid_name, {});
}

/// One connection: its handshake, `first` and `second` as its requests.
void converse(bare_service& service, bytes_view first, bytes_view second)
{
    static const session::server_settings settings = fuzz_settings();
    const auto waiter = std::make_shared<core::waiter>();
    session::server_session session{settings, *waiter};
    session::workspace scratch;
    wire::outbox replies;
    session::turn turn{service, scratch, replies, testing::test_start};
    session.start(turn);
    const bytes handshake = client_handshake_of(service);
    session.receive(handshake, turn);
    if (!session.authenticated())
        std::abort();
    replies.clear();
    for (const bytes_view request : {first, second}) {
        bytes stream;
        append_frame(stream, request);
        session.receive(stream, turn);
        if (session.parked()) {
            turn.now = session.deadline();
            if (turn.now == core::never)
                break;
            session.on_deadline(turn);
        }
    }
    session.end(service);
    check_replies(replies);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const bytes accept = to_bytes(std::string_view{"(NU\x11"
                                                          "accept_connection(U\1mt}t."});
    const bytes_view request{reinterpret_cast<const std::byte*>(data), size};
    bare_service service;
    testing::bare_objects objects{service};
    share_one_of_each(service.registry);
    service.registry.declare_stable("quaymaster_select",
                                    std::make_shared<core::select_referent>(objects, fuzz_settings().limits));
    converse(service, request, {});      // as the only request of a connection
    converse(service, accept, request);  // as a request on a stream
    return 0;
}
