// local_channel: the way to the objects of a server in this very program: no socket, no thread between.
#pragma once

#include "net/local_access.hpp"
#include "net/object_channel.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace quaymaster::net {

/// Calls referents on the calling thread, under their guards, like the server's loops do. In the child of a fork(), where the
/// server is not, it goes over the network.
/// Errors: connection_lost once the server has stopped.
class local_channel final : public object_channel {
public:
    /// `network` leads to the same server.
    local_channel(std::shared_ptr<local_access> access, std::shared_ptr<object_channel> network) noexcept
        : access_{std::move(access)}, network_{std::move(network)}
    {
    }

    [[nodiscard]] const address& server() const noexcept override { return network_->server(); }
    [[nodiscard]] const client_options& options() const noexcept override { return network_->options(); }
    [[nodiscard]] const codec::pickle_limits& limits() const noexcept override { return network_->limits(); }

    void probe() override;
    wire::reply call_server(const client_request& request, std::optional<std::string_view> name) override;
    wire::reply call_object(std::string_view ident, const client_request& request, const reply_wait& wait) override;
    void keep_count(std::string_view ident) noexcept override;
    void release(std::string_view ident) noexcept override;
    [[nodiscard]] std::unique_ptr<typed_queue> open_queue(remote_object& object) override;

private:
    [[nodiscard]] bool is_here() const noexcept { return access_->is_of_this_process(); }

    const std::shared_ptr<local_access> access_;
    const std::shared_ptr<object_channel> network_;
};

}  // namespace quaymaster::net
