// kept_counts: what a client counts on, said on a stream that lasts as long as the client.
#pragma once

#include "net/client_connection.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace quaymaster::net {

/// A count comes over a connection of its own, which tells a server nothing of who it is from; so it would outlive a client that
/// is killed. One of our servers takes `adopt` and `decref` on a stream, too, and gives up at its end what was adopted on it: see
/// docs/protocol.md, section 9.
/// If a request is not answered in time, or fails half-way, the stream stays open and unused: to close it would give up what the client lives on,
/// and later objects are counted as a CPython server's are.
/// Thread safety: any member from any thread; they take turns. In the child of a fork() it begins anew.
class kept_counts {
public:
    /// `open` makes a stream to a server of ours, or throws; `patience`: how long a reply may take.
    kept_counts(std::function<std::shared_ptr<client_connection>()> open, std::chrono::milliseconds patience);

    /// The server has counted once on `ident` for this client. From now on that count ends with the client at the latest.
    void adopt(std::string_view ident) noexcept;
    /// Gives one count on `ident` back. False if it is none of those adopted.
    bool release(std::string_view ident) noexcept;

private:
    using count_map = std::unordered_map<std::string, std::size_t>;

    [[nodiscard]] static bool take_one(count_map& counts, const std::string& ident);
    void prepare();
    [[nodiscard]] bool ask(std::string_view function, std::string_view ident);

    const std::function<std::shared_ptr<client_connection>()> open_;
    const std::chrono::milliseconds patience_;
    std::mutex mutex_;                           // guards the three below; held while the server answers
    std::shared_ptr<client_connection> stream_;  // null until something is adopted
    count_map counts_;                           // adopted, maybe, on stream_
    count_map given_up_;                         // by the server, with an earlier stream, of proxies that are still here
};

}  // namespace quaymaster::net
