#include "net/local_channel.hpp"

#include "net/local_caller.hpp"
#include "net/local_queue.hpp"
#include "net/remote_object.hpp"

#include <exception>

namespace quaymaster::net {

void local_channel::probe()
{
    if (!is_here())
        return network_->probe();
    if (access_->is_closed())
        throw_stopped(false);
}

wire::reply local_channel::call_server(const client_request& request, std::optional<std::string_view> name)
{
    if (!is_here())
        return network_->call_server(request, name);
    const local_call call{*access_};
    return call->call_server(request, name, {options().call_deadline, nullptr});
}

wire::reply local_channel::call_object(std::string_view ident, const client_request& request, const reply_wait& wait)
{
    if (!is_here())
        return network_->call_object(ident, request, wait);
    const local_call call{*access_};
    return call->call_object(ident, request, wait);
}

void local_channel::keep_count(std::string_view ident) noexcept
{
    // Here the server goes when this program does.
    if (!is_here())
        network_->keep_count(ident);
}

void local_channel::release(std::string_view ident) noexcept
{
    if (!is_here())
        return network_->release(ident);
    try {
        const local_call call{*access_};
        call->service().decref(ident, *call);
    } catch (const std::exception&) {
        // The server has stopped, and its counts with it.
    }
}

std::unique_ptr<typed_queue> local_channel::open_queue(remote_object& object)
{
    auto network = network_->open_queue(object);
    if (!is_here())
        return network;
    const local_call call{*access_};
    return std::make_unique<local_queue>(access_, call->service().find(object.ident()), object, std::move(network));
}

}  // namespace quaymaster::net
