// reached_addresses: by which addresses clients reach the server, as they say themselves.
#pragma once

#include <quaymaster/value.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace quaymaster::net {

/// A proxy in an item says by which address its sender reaches the server. Behind a forwarded port, or under a name, only
/// clients know that; what they say is remembered by the server's own end of the connections on which it was said, and
/// holds for all who come in there: who reaches 127.0.0.1 needs another address than who comes from another machine.
/// Thread safety: any member from any thread.
class reached_addresses {
public:
    static constexpr std::size_t ends_max = 64;
    static constexpr std::size_t names_per_end_max = 16;

    /// A client connected at `own_end` ((host, port), or a path) reaches us by `address`.
    void note(const value& own_end, const value& address);
    /// What a client at `own_end` can reach us by, if `address` is not known to do; nullopt if it is.
    [[nodiscard]] std::optional<value> better_than(const value& address, const value& own_end);

private:
    std::mutex mutex_;
    std::map<std::string, std::vector<value>> known_;  // by the repr() of our end; the last one noted at the back
};

}  // namespace quaymaster::net
