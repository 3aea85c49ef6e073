// zeromq_protocol: what zeromq_broker and its client say to each other. ZeroMQ brings sockets and no server, so both are ours.
//   client to broker: a head, then the items     broker to client: a `kind`, then the items
#pragma once

#include <cstdint>

namespace bench {

enum class zeromq_request : std::uint8_t {
    put,     // its items; answered by `done`
    get,     // answered by `items`, one, when there is one
    take,    // answered at once by `items`, up to `count`
    cancel,  // the `get` under way; answered by `done` unless its item is on its way already
};

struct zeromq_head {
    zeromq_request request;
    std::uint32_t queue;
    std::uint32_t count;
};

enum class zeromq_reply : std::uint8_t { done, items };

}  // namespace bench
