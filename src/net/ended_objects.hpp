// ended_objects: which of a client's proxies have ended, for the connections that have their objects open.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace quaymaster::net {

class client_connection;

/// A server keeps what a connection has open, so each connection is to close what no proxy is left of. Connections belong to threads;
/// so this only notes who has ended, and each connection is told before its next request. Of those that have ended the latest few are
/// known by name: a connection that has missed one closes all that it has open, and opens again what it needs.
/// Thread safety: any member from any thread.
class ended_objects {
public:
    /// A proxy of `ident` has ended. If there are others yet, their next request opens the object anew.
    void add(std::string_view ident);
    /// Has `stream`, which is the caller's, close what has ended since it was last told.
    void tell(client_connection& stream);

private:
    std::atomic<std::uint64_t> count_{0};  // how many have ended; changed under mutex_
    std::mutex mutex_;                     // guards latest_; held only to add to it or to look through it
    std::deque<std::string> latest_;
};

}  // namespace quaymaster::net
