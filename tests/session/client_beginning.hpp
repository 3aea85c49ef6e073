// client_beginning: what a client with the key says before its first request of the native dialect or on a stream, for tests without
// Catch2.
#pragma once

#include "bare_service.hpp"

#include "codec/payload.hpp"
#include "wire/digest.hpp"
#include "wire/framing.hpp"
#include "wire/native_dialect.hpp"
#include "wire/outbox.hpp"
#include "wire/python_dialect.hpp"

#include "../wire/outbox_contents.hpp"

#include <quaymaster/bytes.hpp>

#include <array>
#include <vector>

namespace quaymaster::testing {

inline void append_frame(bytes& stream, bytes_view payload)
{
    const wire::frame_header header{payload.size()};
    stream.insert(stream.end(), header.view().begin(), header.view().end());
    stream.insert(stream.end(), payload.begin(), payload.end());
}

/// The handshake of a client whose key is "abc" with a server of `service`, whose nonces are known.
inline bytes client_handshake(const bare_service& service)
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

/// A request of the Python dialect, in its frame.
inline bytes python_request(const wire::outgoing_request& request)
{
    wire::outbox out;
    wire::write_request(out, {4, false}, request, {});
    return contents(out);
}

/// The request that asks for the native dialect.
inline bytes native_hello()
{
    const std::array<codec::payload, 2> versions{value{1}, value{1}};
    return python_request({.method = wire::native::hello_name, .positional = versions});
}

/// The request that begins a stream.
inline bytes stream_hello()
{
    return python_request({.method = "accept_connection", .name = "MainProcess"});
}

}  // namespace quaymaster::testing
