// native_reply_fuzz: a server that has agreed to speak the native dialect and then says anything, to a client with one request
// of each kind under way. The input is its octets.
#include "server_peer.hpp"
#include "session/native_client_session.hpp"
#include "wire/framing.hpp"
#include "wire/native_dialect.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/value.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace quaymaster;
namespace native = wire::native;
using native::operation;
using session::native_client_session;

void require(bool is_true)
{
    if (!is_true)
        std::abort();
}

/// The server's answer to the hello.
bytes agreement()
{
    wire::outbox out;
    const value told = value::dict({{"version", 1},
                                    {"server", "quaymaster"},
                                    {"payload_size_max", 1 << 20},
                                    {"batch_items_max", 0xffff},
                                    {"batch_size_max", 1 << 20},
                                    {"requests_max", 100},
                                    {"handles_max", 100}});
    wire::write_return(out, {}, told, {});
    return testing::contents(out);
}

/// Requests 0 to 10, of which 4, 6 and 10 are cancelled.
void ask(native_client_session& client)
{
    const codec::item item = codec::payload{value{"text"}}.to_item();
    const std::array<codec::item, 2> two{item, item};
    const native::put_id id{1, 2};
    client.open(nullptr, "get_task_queue");
    client.close(nullptr, 0);
    client.put(nullptr, 0, native::no_limit, item, &id);
    client.put_many(nullptr, 0, 100, two, &id);
    client.get(nullptr, 0, native::no_limit);
    client.get_many(nullptr, 0, 0, 5, 1'000);
    client.consume(nullptr, 0, 4);
    client.put_back(nullptr, 0, two);
    client.call(nullptr, {.ident = "get_task_queue", .method = "qsize"});
    client.ping(nullptr, as_bytes("abc"));
    client.get(nullptr, 0, 100);
    client.add_credit(6, 2);
    for (const std::uint32_t cancelled : {4U, 6U, 10U})
        client.cancel(cancelled);
}

/// What a client of ours does with an item.
void use(bytes_view opcodes, const codec::pickle_limits& limits)
{
    require(!opcodes.empty());
    try {
        (void)codec::payload{codec::item::make(opcodes, {})}.to_value(limits).repr();
    } catch (const error&) {  // pickle_error: said, and nothing worse
    }
}

void use(const session::native_reply& reply, const codec::pickle_limits& limits)
{
    switch (reply.code) {
    case operation::opened: (void)session::read_opened(reply); break;
    case operation::item: use(reply.body, limits); break;
    case operation::items: {
        std::size_t count = 0;
        session::for_each_item(reply, [&](bytes_view opcodes) {
            use(opcodes, limits);
            ++count;
        });
        require(count == reply.count && count != 0);
        break;
    }
    case operation::raised: require(native::parse_raised(reply.body).has_value()); break;
    case operation::answer: {
        error_code ec;
        const auto inner = wire::parse_frame(reply.body, limits.node_count_max * std::size_t{16}, ec);
        require(inner.has_value());
        codec::envelope_reader reader;
        (void)wire::parse_reply(inner->payload, reader, limits);
        break;
    }
    default: break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const session::client_settings settings = testing::fuzz_settings();
    static const bytes agreed = agreement();
    native_client_session client{settings, testing::nonce_of(100)};
    testing::authenticate(client);
    (void)testing::take(client.output());
    require(client.receive(agreed).consumed == agreed.size());
    require(client.current_state() == native_client_session::state::ready);
    ask(client);
    std::size_t under_way = client.under_way();
    require(under_way == 11);

    bytes_view stream{reinterpret_cast<const std::byte*>(data), size};
    for (;;) {
        const auto step = client.receive(stream);
        require(step.consumed <= stream.size());
        if (step.reply) {
            use(*step.reply, settings.limits);
            require(client.under_way() == (step.reply->is_last ? under_way - 1 : under_way));
            under_way = client.under_way();
        }
        stream = stream.subspan(step.consumed);
        if (step.consumed == 0 || client.current_state() == native_client_session::state::failed)
            break;
    }
    const bool has_failed = client.current_state() == native_client_session::state::failed;
    require(has_failed == !client.failure_text().empty());
    require(has_failed == (client.failure() != native_client_session::fault::none));
    return 0;
}
