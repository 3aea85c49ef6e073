// client_options: how long a client waits for what, and what it accepts.
#pragma once

#include <quaymaster/pickle_limits.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace quaymaster {

/// What a client speaks with a server, once they have proved the key to each other.
enum class client_dialect : std::uint8_t {
    automatic,  ///< native, if the server speaks it, else Python's
    native,     ///< native only: connecting to a server that does not speak it is an `error`
    python,     ///< that of CPython's multiprocessing.managers, which every server speaks
};

/// The limits of one manager and of the proxies it makes. Every one of them is an upper bound on a wait: no call hangs.
struct client_options {
    /// How long connect() goes on trying, with back-off, while no server listens, or none answers. The last attempt begins no
    /// later than that, and may take handshake_deadline as any other. Zero: one attempt.
    std::chrono::milliseconds connect_deadline{10'000};
    /// The same for a call that finds its connection gone because the server was restarted. Nothing of the call has been
    /// sent by then, so trying again repeats nothing. Zero: one attempt.
    std::chrono::milliseconds reconnect_deadline{10'000};
    /// One attempt: resolving the name, connecting, and the handshake with its keys.
    std::chrono::milliseconds handshake_deadline{5'000};
    /// How long a server may take to answer, beyond the time that the call itself asks it to wait.
    std::chrono::milliseconds call_deadline{30'000};
    /// How long a wait goes on in silence before the server is asked whether it is alive. In the native dialect a get() or put() is
    /// one request, however long, and the question goes over the same connection. In Python's a longer one is cut into requests of
    /// this length, as waits for locks and get_any() are in both, and join() asks over another connection. A server that freezes
    /// is thus noticed after at most wait_slice + call_deadline, however long the wait.
    std::chrono::milliseconds wait_slice{30'000};
    /// How long the end of a proxy may take to tell the server so, and its beginning what is to end with this client.
    std::chrono::milliseconds release_deadline{1'000};
    /// TCP: idle seconds before the kernel asks whether the other machine is still there; zero switches that off.
    std::chrono::seconds keepalive_idle{30};
    /// How long a call polls its socket for the reply before it sleeps; zero: never. It is adaptive, like the server's: a
    /// connection that polls in vain, or is used seldom, or whose processor others keep, does not poll for a while.
    std::chrono::microseconds busy_poll{100};
    /// Octets of one reply. A server that announces a longer one is hung up on, and the items in it may be lost: let this be larger
    /// than the largest item. get_many() asks for no more than fits. For consume() the server chooses, which sends up to 65,535 items
    /// at once, of up to server_options::outbox_size_max in all: below 5 MiB, where that is as it was, what is sent ahead may be lost.
    std::size_t reply_size_max = std::size_t{1} << 30;
    client_dialect dialect = client_dialect::automatic;
    /// What is read of the pickles that a server sends.
    pickle_limits pickle;
    /// Refuse servers that prove the key with MD5: Python up to 3.11.
    bool require_sha256 = false;
};

}  // namespace quaymaster
