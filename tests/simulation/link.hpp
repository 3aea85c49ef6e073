// link: one connection of a simulation: both ends, what is on its way between them, and what its client remembers.
#pragma once

#include "item_ledger.hpp"

#include "core/waiter.hpp"
#include "session/server_session.hpp"
#include "wire/native_dialect.hpp"
#include "wire/outbox.hpp"

#include "../session/bare_service.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace quaymaster::testing {

enum class action : std::uint8_t { put, put_many, get, get_many, consume, put_back, ping };

struct request {
    action kind{};
    std::size_t queue = 0;
    std::vector<item_key> items{};  // that it puts or gives back
    std::uint32_t timeout = 0;      // as in the native dialect
    std::uint16_t count = 0;        // get_many: at most so many
    std::uint32_t octets_max = 0;
    std::optional<wire::native::put_id> put_id{};
    bool is_call = false;   // a request of the Python dialect, inside the native one or not
    std::uint64_t end = 0;  // of its octets in what the client sends
    std::optional<core::time_point> arrival{};
    bool cancel_sent = false;
    std::uint64_t credit = 0;  // consume: in all
    std::uint64_t sent = 0;    // consume: items so far

    /// It takes items, and the session answers it only as far as its peer reads.
    [[nodiscard]] bool takes_as_peer_reads() const noexcept
    {
        return !is_call && (kind == action::get || kind == action::get_many || kind == action::consume);
    }
    /// Of its reply, or one of them.
    [[nodiscard]] std::size_t reply_size_max() const noexcept
    {
        return kind == action::get_many ? count * item_reply_size_max : item_reply_size_max;
    }
};

/// Both ends of one connection, and the network between them.
struct link {
    /// Past the handshake, in the native dialect or Python's.
    link(bare_service& service, const session::server_settings& settings, bool native, std::size_t number);

    /// The octets are under way from now on.
    void send(bytes_view octets);
    /// Has the session take what it can of what has arrived.
    void receive(session::turn& turn);
    /// The request's octets are all with the session.
    [[nodiscard]] bool has_arrived(const request& what) const noexcept { return what.end <= consumed; }

    std::shared_ptr<core::waiter> waiter = std::make_shared<core::waiter>();
    session::workspace scratch;
    session::server_session session;
    wire::outbox replies;
    bytes input;  // that the session has not consumed
    core::completions told;
    std::vector<std::weak_ptr<core::waiter>> resumed;  // of what it was told, that which may not be answered yet
    const bool is_native;
    const std::size_t number;
    bool is_slow = false;
    bool is_dead = false;  // the client is; the server may not know yet
    bool is_ended = false;

    bytes requests_under_way;
    std::uint64_t sent = 0;  // octets of requests, from the first on
    std::uint64_t consumed = 0;
    std::size_t looked_at = 0;         // octets in `replies` that have been looked at
    std::size_t replies_size_max = 0;  // that there may be: see reply_watch
    std::optional<core::time_point> full_since;  // it has as many replies to write as it may, or requests that wait for that

    // The client's memory.
    std::map<std::uint32_t, request> open;  // requests by id, without those that are over; a Python client's in order
    std::uint32_t last_id = 0;
    std::vector<std::uint32_t> handles;
    std::map<std::size_t, std::vector<item_key>> held;                  // by queue: what it was handed out
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> latest;  // number, by queue and producer: of the items in order
};

}  // namespace quaymaster::testing
