// server_options: every limit of a server, with its default.
#pragma once

#include <quaymaster/pickle_limits.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace quaymaster {

enum class log_level : std::uint8_t { debug, info, warning, error };

/// Receives what a server has to say, one line without a newline. Called from the server's threads, from several at
/// once; it must not call the server, and what it throws is dropped. No line holds an authkey or a digest.
using log_function = std::function<void(log_level, std::string_view)>;

struct server_options {
    /// Event loops, each a thread with its own connections. 0: one for each core of this machine, at most 8.
    std::size_t threads = 1;
    /// Refuse clients that prove the key with MD5: Python up to 3.11.
    bool require_sha256 = false;
    /// Stop when an authenticated client sends the `shutdown` request, as CPython's server does.
    bool allow_shutdown_request = true;
    /// Signals that stop the server, such as {SIGINT, SIGTERM}; none by default, because they belong to the process.
    std::vector<int> stop_signals;

    /// Octets of one frame after authentication. A client that announces a longer one is dropped.
    std::size_t payload_size_max = 64 << 20;
    /// Connections at once; further ones are dropped. Every method-calling thread of every client holds one.
    std::size_t connections_max = 100'000;
    /// Peers at once that have not proved the key yet; further ones wait a tenth of a second and are then dropped.
    std::size_t unauthenticated_max = 1024;
    /// How long a peer may take to prove the key.
    std::chrono::milliseconds handshake_timeout{5'000};
    /// Octets of replies that a client has not fetched yet, above which nothing more is read from it.
    std::size_t outbox_size_max = 4 << 20;
    /// How long a client may fetch nothing of replies that wait for it before it is dropped. Items that it consumes may wait.
    std::chrono::milliseconds reply_timeout{300'000};
    /// Connections that the system completes before they are accepted. Stock Python's 16 loses some of a burst.
    int backlog = 4096;
    /// What is read of the pickles that clients send.
    pickle_limits pickle;
    /// Objects that clients have made at once by create(), as `Queue()` does; registered queues do not count.
    std::size_t objects_max = 1'000'000;
    /// Queues that one register_queue_factory() makes; they live as long as the server.
    std::size_t named_queues_max = 10'000;
    /// Octets of the name of one of them.
    std::size_t queue_name_size_max = 255;
    /// How long stop() waits for clients to fetch the replies that are under way.
    std::chrono::milliseconds stop_grace{1'000};
    /// How long an object lives on whose proxy has left for a client in data, so that the client can count on it. More for clients
    /// whose machines may keep them waiting longer than that.
    std::chrono::milliseconds handover_grace{1'000};
    /// A Lock or Semaphore of register_sync_types() is released when the session that has acquired it ends. CPython leaves it
    /// locked, as another session may release it. (An RLock or Condition is always released: nobody else could.)
    bool release_locks_at_session_end = false;
    /// Threads that run the methods of registered C++ classes, and no more than needed. Calls beyond them wait.
    std::size_t workers_max = 16;
    /// How long a loop that ran out of work looks for more before it sleeps; zero: never. What comes meanwhile is
    /// answered sooner by what it takes to wake a thread. It is adaptive: a loop that looks in vain
    /// refrains for a while, one whose processor others want looks a few times, and one whose processor they keep refrains, too.
    /// With as many threads as processors, one that finds much in this way moves to a processor of its own now and then.
    std::chrono::microseconds busy_poll{100};

    log_function log;
};

/// What a server is doing, counted over all of its loops at about the same moment.
struct server_statistics {
    std::size_t connections = 0;      ///< open now, authenticated or not
    std::size_t unauthenticated = 0;  ///< of these, those that have not proved the key yet
    std::size_t streams = 0;          ///< of these, those that call methods: about one for each client thread
    std::size_t objects = 0;          ///< objects that clients hold proxies to
    std::uint64_t accepted = 0;       ///< connections accepted since start()
    /// Of these, those that ended out of order: dropped for a fault or a limit, with the wrong key, or lost: reset, silent for too
    /// long, or gone before the key was proved or all its requests were read. Each has its line in the log. Not a client that just
    /// leaves, even if a call of it waits: workers are stopped like that.
    std::uint64_t dropped = 0;
};

}  // namespace quaymaster
