// tcp_options: how both ends tune a connected TCP socket. Tuning never fails: a system that refuses an option still works.
#pragma once

#include <chrono>

namespace quaymaster::net {

/// When a silent peer is probed, and given up after so many probes without an answer. idle zero: never.
struct keepalive {
    std::chrono::seconds idle;
    std::chrono::seconds interval;
    int probes;
};

/// Before the first octet: TCP_NODELAY, because both ends write whole messages; keepalive, because a peer whose machine
/// lost its power says nothing; and on a path within this machine a congestion control that does not pace.
void tune_tcp(int socket, const keepalive& probing) noexcept;

/// Acknowledges now what has come, instead of with the next reply: CPython writes a frame in two pieces, and Nagle's
/// algorithm holds back the second until the first is acknowledged, 40 ms later by default. The kernel falls back to
/// delayed acknowledgements by itself, so this is done again for each incomplete frame. Does nothing where the system has
/// no TCP_QUICKACK.
void acknowledge_now(int socket) noexcept;

}  // namespace quaymaster::net
