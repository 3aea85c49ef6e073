#include "session/data_proxies.hpp"

#include "wire/proxy_tokens.hpp"

#include <utility>

namespace quaymaster::session {

namespace {

void hold_argument(service& server, core::waiter& caller, std::string_view owner, codec::payload& argument,
                   const codec::pickle_limits& limits, holds& all)
{
    if (!argument.has_proxies())
        return;
    auto held = std::make_shared<holds>();
    for (const wire::proxy_token& proxy : wire::proxies_in(argument, limits)) {
        auto added = server.add_hold(owner, proxy.ident);
        if (added == nullptr)
            continue;  // another manager's
        server.note_address(caller, proxy.address);
        all.push_back(added);
        held->push_back(std::move(added));
    }
    if (held->empty())
        return;
    if (!argument.is_item())  // the value of another object of ours, which stands for its proxy
        argument = std::move(argument).to_item();
    argument.attach(std::move(held));
}

}  // namespace

void replace_proxy(service& server, codec::payload& argument, const codec::pickle_limits& limits)
{
    if (!argument.has_proxies())
        return;
    const auto proxy = wire::as_proxy(argument, limits);
    const auto object = proxy ? server.find(proxy->ident) : nullptr;
    if (object == nullptr)
        return;
    if (auto held = server.by_value(*object))
        argument = *std::move(held);
}

holds hold_arguments(service& server, core::waiter& caller, std::string_view owner, core::call& request,
                     const codec::pickle_limits& limits)
{
    holds all;
    for (codec::payload& argument : request.positional)
        hold_argument(server, caller, owner, argument, limits, all);
    for (auto& [name, argument] : request.keywords)
        hold_argument(server, caller, owner, argument, limits, all);
    return all;
}

codec::item hold_item(service& server, core::waiter& caller, std::string_view owner, codec::item held,
                      const codec::pickle_limits& limits)
{
    holds all;
    codec::payload argument{std::move(held)};
    hold_argument(server, caller, owner, argument, limits, all);
    return std::move(argument).to_item();
}

codec::payload hand_over(service& server, core::waiter& caller, codec::payload result, codec::reader_dialect reader,
                         const codec::pickle_limits& limits)
{
    if (!result.has_proxies())
        return result;
    if (auto held = result.held())
        server.keep_for_handover(std::move(held));
    return wire::readdress(std::move(result), reader, limits, [&](const wire::proxy_token& proxy) -> std::optional<value> {
        if (server.find(proxy.ident) == nullptr)
            return std::nullopt;
        return server.address_for(caller, proxy.address);
    });
}

}  // namespace quaymaster::session
