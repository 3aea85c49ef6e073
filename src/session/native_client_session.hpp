// native_client_session: the client's end of a connection that speaks the native dialect. Octets in, requests and replies out;
// no socket and no clock.
#pragma once

#include "codec/item.hpp"
#include "session/client_session.hpp"
#include "wire/native_dialect.hpp"
#include "wire/outbox.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quaymaster::session {

/// What a server says of itself when it agrees to speak the native dialect. All of it is at least 1.
struct native_server {
    std::uint32_t version = 0;
    /// As untrusted text: "quaymaster 0.1.0".
    std::string name;
    /// Octets in the body of one request.
    std::size_t payload_size_max = 0;
    /// Items in one batch.
    std::size_t batch_items_max = 0;
    /// Octets in one batch that the server sends.
    std::size_t batch_size_max = 0;
    /// Requests that may be under way at once.
    std::size_t requests_max = 0;
    /// Objects that may be open at once.
    std::size_t handles_max = 0;
};

/// One reply, checked: it is of a kind that its request may come to, and its body is whole.
struct native_reply {
    std::uint32_t id;
    /// What the request was made with.
    void* tag;
    wire::native::operation asked;
    wire::native::operation code;
    std::uint8_t flags;
    std::uint16_t count;
    /// False for the items of a consume, more of which may follow. Else the id may be given again.
    bool is_last;
    /// Borrowed from the input.
    bytes_view body;
};

/// A connection as its client: the handshake and the hello, then any number of requests at once, each answered when it comes to
/// something.
/// How to drive it: write out output() whenever it is not empty, from the beginning; give receive() what comes; once the state
/// is ready, make requests. Each request is given an id and a tag of the caller's, which comes back with its reply. What a
/// server may do wrong ends the session: see failure().
/// Thread safety: none. Lifetime: `settings` outlives it.
class native_client_session {
public:
    enum class state : std::uint8_t {
        opening,  ///< the handshake, or the hello
        ready,    ///< requests may be made
        failed,   ///< see failure(); close the connection once output() is written
    };
    /// What kind of failure.
    enum class fault : std::uint8_t {
        none,
        authentication,  ///< the two sides do not share a key, or a digest
        python_only,     ///< the server is a sound one that knows the Python dialect and no other
        version,         ///< it speaks other versions of the native dialect
        protocol,        ///< it breaks the protocol, or a limit of ours
    };
    /// What receive() found.
    struct step {
        /// Octets to drop from the front of the input.
        std::size_t consumed = 0;
        /// nullopt if more octets are needed, or the session failed.
        std::optional<native_reply> reply;
    };

    /// `nonce` is fresh cryptographic randomness.
    native_client_session(const client_settings& settings, const wire::handshake_nonce& nonce);

    /// Takes frames off the front of `input`, up to and with one reply; call again with the rest for the next. A reply is not
    /// given out in the same step as that by which the session becomes ready.
    step receive(bytes_view input);
    /// The octets for the server: gather() them, write them, consume() what was written.
    [[nodiscard]] wire::outbox& output() noexcept { return was_opened_ ? output_ : opening_.output(); }

    [[nodiscard]] state current_state() const noexcept { return state_; }
    [[nodiscard]] fault failure() const noexcept { return fault_; }
    /// Clear unless failed.
    [[nodiscard]] error_code failure_code() const noexcept { return failure_code_; }
    /// What happened, with limits and cures, for an exception's text; empty unless failed.
    [[nodiscard]] const std::string& failure_text() const noexcept { return failure_text_; }
    /// Known once ready.
    [[nodiscard]] const native_server& server() const noexcept { return server_; }
    /// Requests that were made and not yet answered for the last time.
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_; }
    /// The octets that the frame at the front of `input` has in all, for reserving memory; nullopt if its header is not whole,
    /// or announces too much. Precondition: receive(input) has just consumed nothing.
    [[nodiscard]] std::optional<std::size_t> frame_size(bytes_view input) const noexcept;

    // ---- requests. Precondition of all: ready. Each appends one frame to output(). std::length_error if it would have 4 GiB.

    std::uint32_t open(void* tag, std::string_view ident);
    std::uint32_t close(void* tag, std::uint32_t handle);
    /// `timeout` is in milliseconds, or wire::native::no_limit.
    std::uint32_t put(void* tag, std::uint32_t handle, std::uint32_t timeout, const codec::item& added,
                      const wire::native::put_id* id);
    /// 1 to wire::native::batch_items_max items. `id` is of the first; each next has the next number.
    std::uint32_t put_many(void* tag, std::uint32_t handle, std::uint32_t timeout, std::span<const codec::item> added,
                           const wire::native::put_id* id);
    std::uint32_t get(void* tag, std::uint32_t handle, std::uint32_t timeout);
    /// Precondition: count_max > 0.
    std::uint32_t get_many(void* tag, std::uint32_t handle, std::uint32_t timeout, std::uint16_t count_max,
                           std::uint32_t size_max);
    std::uint32_t consume(void* tag, std::uint32_t handle, std::uint32_t credit);
    /// Precondition: `id` is of a consume that has not been answered for the last time.
    void add_credit(std::uint32_t id, std::uint32_t more);
    std::uint32_t put_back(void* tag, std::uint32_t handle, std::span<const codec::item> returned);
    /// Throws pickle_error, with nothing changed, if an argument cannot be written.
    std::uint32_t call(void* tag, const wire::outgoing_request& wanted);
    /// Precondition: at most wire::native::ping_size_max octets.
    std::uint32_t ping(void* tag, bytes_view echoed);
    /// Asks that the request `id` be given up; it is still answered, if only by `cancelled`. Does nothing the second time.
    /// Precondition: `id` has not been answered for the last time.
    void cancel(std::uint32_t id);

private:
    struct slot {
        void* tag = nullptr;
        wire::native::operation asked{};
        bool in_use = false;
        bool is_cancelled = false;
        std::uint16_t count = 0;   // items of the request
        std::uint32_t number = 0;  // free: the next free one; of a consume: its credit
    };

    [[nodiscard]] std::uint32_t begin(wire::native::operation asked, void* tag, std::uint16_t count = 0);
    void release(std::uint32_t id) noexcept;
    void take_hello(bytes_view payload);
    void take_frame(const wire::native::frame& said, step& found);
    [[nodiscard]] bool is_answer(const wire::native::frame& said, slot& asked);
    void fail(fault kind, error_code code, std::string text);

    const client_settings* settings_;
    client_session opening_;
    wire::outbox output_;
    std::vector<slot> slots_;  // by id
    std::uint32_t free_ = no_slot;
    std::size_t under_way_ = 0;
    native_server server_;
    std::string failure_text_;
    error_code failure_code_;
    state state_ = state::opening;
    fault fault_ = fault::none;
    bool was_opened_ = false;

    static constexpr std::uint32_t no_slot = 0xffff'ffff;
};

/// The handle and the kind that an `opened` tells. Precondition: a native_reply of that code.
struct opened_object {
    std::uint32_t handle;
    wire::native::object_kind kind;
};
[[nodiscard]] opened_object read_opened(const native_reply& reply) noexcept;

/// Calls `take(bytes_view)` with the opcodes of each item of a batch, in order. Precondition: a native_reply whose code is
/// `items`.
template <class Take>
void for_each_item(const native_reply& reply, Take&& take)
{
    wire::native::body_reader body{reply.body};
    for (std::size_t i = 0; i < reply.count; ++i)
        take(body.sized_octets());
}

}  // namespace quaymaster::session
