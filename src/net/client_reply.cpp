#include "net/client_reply.hpp"

#include <quaymaster/errors.hpp>

#include <string>
#include <utility>
#include <variant>

namespace quaymaster::net {
namespace {

struct reply_visitor {
    codec::payload operator()(wire::returned_reply& reply) const { return std::move(reply.result); }

    codec::payload operator()(wire::exception_reply& reply) const { throw_exception(std::move(reply)); }

    codec::payload operator()(wire::traceback_reply& reply) const
    {
        auto [type_name, text] = reply.exception();
        if (type_name.empty())
            throw remote_error{"RemoteError", reply.text, reply.text};
        throw remote_error{std::move(type_name), std::move(text), std::move(reply.text)};
    }

    codec::payload operator()(wire::unserializable_reply& reply) const
    {
        throw remote_error{"RemoteError", "Unserializable message: " + reply.text};
    }

    codec::payload operator()(wire::proxy_reply& reply) const
    {
        throw error{"the method answered with a proxy of type " + reply.typeid_name + ": ask for it with call<proxy>()"};
    }

    codec::payload operator()(wire::malformed_reply& reply) const
    {
        if (reply.unreadable)
            throw pickle_error{"the server's reply cannot be read: " + reply.text, reply.unreadable, reply.offset};
        throw error{"the server's reply is none of multiprocessing.managers: " + reply.text};
    }
};

}  // namespace

codec::payload take_result(wire::reply&& reply)
{
    return std::visit(reply_visitor{}, reply);
}

void throw_exception(wire::exception_reply&& raised)
{
    if (raised.is_queue_empty())
        throw queue_empty{};
    if (raised.is_queue_full())
        throw queue_full{};
    if (raised.is_queue_shut_down())
        throw queue_shut_down{};
    throw remote_error{raised.type_name(), std::move(raised.text)};
}

bool says_unknown_ident(const wire::reply& reply, std::string_view ident)
{
    const auto* traceback = std::get_if<wire::traceback_reply>(&reply);
    if (traceback == nullptr)
        return false;
    const auto [type_name, text] = traceback->exception();
    return type_name == "KeyError" && text == '\'' + std::string{ident} + '\'';
}

}  // namespace quaymaster::net
