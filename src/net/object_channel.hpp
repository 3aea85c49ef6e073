// object_channel: the way from proxies to the objects of one server, whether that is elsewhere or in this program.
#pragma once

#include "codec/payload.hpp"
#include "codec/pickle_limits.hpp"
#include "net/typed_queue.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/address.hpp>
#include <quaymaster/client_options.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace quaymaster::net {

class remote_object;

using keyword_payloads = std::vector<std::pair<std::string_view, codec::payload>>;

/// A method call or a construction, borrowed.
struct client_request {
    std::string_view method;
    std::span<const codec::payload> positional;
    std::span<const std::pair<std::string_view, codec::payload>> keywords;
};

/// How long to wait for one reply.
struct reply_wait {
    /// How long the server may let nothing be heard.
    std::chrono::milliseconds patience;
    /// If set, the reply may take for ever as long as this, called whenever `patience` has passed in silence, does not throw.
    const std::function<void()>* still_alive = nullptr;
    /// With `still_alive`: how long the server was asked to wait, nullopt without limit. It has client_options::call_deadline beyond
    /// that, if its dialect lets the connection see to it; else it is for `still_alive` to end the wait.
    std::optional<std::chrono::milliseconds> asked = std::nullopt;
};

/// Thread safety: any member from any thread. Lifetime: shared by a manager and its proxies.
/// Errors: connection_lost, deadline_exceeded, and where there is a network between authentication_error, and `error` for what
/// is no server. What the server raises is part of the reply.
class object_channel {
public:
    object_channel() = default;
    object_channel(const object_channel&) = delete;
    object_channel& operator=(const object_channel&) = delete;
    virtual ~object_channel() = default;

    [[nodiscard]] virtual const address& server() const noexcept = 0;
    [[nodiscard]] virtual const client_options& options() const noexcept = 0;
    [[nodiscard]] virtual const codec::pickle_limits& limits() const noexcept = 0;

    /// Returns if the server is alive.
    virtual void probe() = 0;
    /// Calls a server function (`create`, `incref`, ...); `name`, if given, is its first argument, a typeid or an ident.
    virtual wire::reply call_server(const client_request& request, std::optional<std::string_view> name) = 0;
    /// Calls a method of the object `ident`.
    virtual wire::reply call_object(std::string_view ident, const client_request& request, const reply_wait& wait) = 0;
    /// The server has counted once on `ident`: the count ends with this program at the latest. Precondition: is_made_for_client().
    virtual void keep_count(std::string_view ident) noexcept = 0;
    /// Gives back one count of `ident`. Whatever goes wrong is nobody's business any more: the server may be gone, and its
    /// counts with it.
    virtual void release(std::string_view ident) noexcept = 0;
    /// `object` as a queue. Lifetime: what is returned is part of `object`.
    [[nodiscard]] virtual std::unique_ptr<typed_queue> open_queue(remote_object& object) = 0;
};

}  // namespace quaymaster::net
