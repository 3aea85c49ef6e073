// server_peer: a server that holds the key, for fuzz targets that play what it says afterwards.
#pragma once

#include "../wire/outbox_contents.hpp"
#include "session/client_session.hpp"
#include "wire/framing.hpp"
#include "wire/handshake.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace quaymaster::testing {

inline constexpr std::string_view fuzz_authkey = "abc";

inline session::client_settings fuzz_settings()
{
    session::client_settings settings;
    settings.authkey = to_bytes(fuzz_authkey);
    settings.payload_size_max = 1 << 20;
    settings.limits.depth_max = 1000;
    settings.limits.stack_size_max = 1 << 16;
    settings.limits.memo_size_max = 1 << 16;
    settings.limits.node_count_max = 1 << 16;
    return settings;
}

inline wire::handshake_nonce nonce_of(unsigned char first)
{
    wire::handshake_nonce nonce;
    for (std::size_t i = 0; i < nonce.size(); ++i)
        nonce[i] = static_cast<std::byte>(first + i);
    return nonce;
}

inline bytes take(wire::outbox& out)
{
    bytes whole = contents(out);
    out.clear();
    return whole;
}

/// Takes `client`, a session of either dialect, through the handshake with a server of ours.
template <class Session>
void authenticate(Session& client)
{
    const wire::handshake_policy policy{as_bytes(fuzz_authkey), false};
    wire::server_handshake server{nonce_of(1)};
    wire::outbox from_server;
    server.start(from_server);
    while (server.state() != wire::handshake_state::done) {
        const bytes said = take(from_server);
        for (bytes_view rest = said; !rest.empty();)
            rest = rest.subspan(client.receive(rest).consumed);
        const bytes answered = take(client.output());
        for (bytes_view rest = answered; server.state() != wire::handshake_state::done;) {
            error_code ec;
            const auto next = wire::parse_frame(rest, wire::handshake_payload_size_max, ec);
            if (ec)
                std::abort();
            if (!next)
                break;
            if (server.on_frame(next->payload, policy, from_server) == wire::handshake_state::failed)
                std::abort();
            rest = rest.subspan(next->size);
        }
    }
}

}  // namespace quaymaster::testing
