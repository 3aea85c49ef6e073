// turn: what sessions work with while something happens to them, and what all of them share.
#pragma once

#include "codec/envelope.hpp"
#include "codec/item_reader.hpp"
#include "codec/pickle_limits.hpp"
#include "core/call.hpp"
#include "session/service.hpp"
#include "wire/outbox.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace quaymaster::session {

/// What all sessions of a server share. Constant while a session refers to it.
struct server_settings {
    bytes authkey;
    /// Refuse bare MD5 and every digest weaker than SHA-256: clients of Python 3.11 and older are then turned away.
    bool require_sha256 = false;
    /// From start() to the end of the handshake.
    std::chrono::milliseconds handshake_timeout{5'000};
    /// Octets in one request, after the handshake. Before it, wire::handshake_payload_size_max holds.
    std::size_t payload_size_max = std::size_t{64} << 20;
    /// Octets of unwritten replies above which receive() takes no further request: one that pipelines gets waits its turn.
    std::size_t replies_size_max = std::size_t{4} << 20;
    codec::pickle_limits limits;
    /// Requests of the native dialect that one connection may have under way: those beyond are refused.
    std::size_t requests_max = 65'536;
    /// Objects that one connection of the native dialect may have open at once.
    std::size_t handles_max = 65'536;
};

/// How a session came to an end that was not meant: for the log, so with no key and no digest in it.
struct bad_end {
    error_code code;  // which of the faults of the wire it was; clear for what is none
    std::string reason;
};

/// Memory that the sessions of one thread lend each other for the length of a call. Thread safety: none.
struct workspace {
    codec::envelope_reader reader;
    wire::python_request request;
    core::call call;
    codec::item_reader items;
    std::vector<codec::item> batch;  // empty between requests
};

/// Of the octets that wait for a peer, those at the end that it has asked for in advance, and may fetch when it gets round to it.
class octets_ahead {
public:
    octets_ahead() = default;
    /// The last `count` of `size` octets.
    octets_ahead(std::size_t size, std::size_t count) noexcept : begin_{size - count}, end_{size} {}

    /// The octets from `begin` to `end`, which is where the last one is now, are some as well.
    void extend(std::size_t begin, std::size_t end) noexcept
    {
        if (begin != end_)
            begin_ = begin;  // what came between them is awaited, and with it all before it
        end_ = end;
    }
    /// How many there are at the end of `size` octets.
    [[nodiscard]] std::size_t count(std::size_t size) const noexcept { return size == end_ ? end_ - begin_ : 0; }

private:
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// What a session works with while something happens to it.
struct turn {
    service& server;
    workspace& scratch;
    /// Where the octets for the peer go.
    wire::outbox& replies;
    core::time_point now;
    /// Which of `replies` are of a consume, with nothing after them: items, and why there will be no more.
    octets_ahead ahead{};
};

}  // namespace quaymaster::session
