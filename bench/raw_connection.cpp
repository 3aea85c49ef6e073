#include "raw_connection.hpp"

#include "system_call.hpp"

#include <quaymaster/authkey.hpp>

#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <variant>
#include <vector>

namespace bench {
namespace {

wire::handshake_nonce fresh_nonce()
{
    wire::handshake_nonce nonce;
    checked(::getrandom(nonce.data(), nonce.size(), 0), "getrandom");
    return nonce;
}

/// Gives `#RETURN`'s result or throws what came instead.
struct result_or_throw {
    codec::payload operator()(wire::returned_reply& reply) const { return std::move(reply.result); }
    codec::payload operator()(const wire::exception_reply& reply) const
    {
        throw std::runtime_error{reply.type_name() + ": " + reply.text};
    }
    codec::payload operator()(const wire::proxy_reply& reply) const
    {
        throw std::runtime_error{"unexpected proxy of " + reply.typeid_name};
    }
    template <class Reply>
    codec::payload operator()(const Reply& reply) const
    {
        throw std::runtime_error{reply.text};
    }
};

}  // namespace

client::client(std::uint16_t server_port, const std::filesystem::path& authkey_file) : port{server_port}
{
    settings.authkey = quaymaster::to_bytes(quaymaster::authkey::from_file(authkey_file).octets());
}

raw_connection::raw_connection(client& owner)
    : owner_{&owner}, session_{owner.settings, fresh_nonce()}, socket_{connected_socket(owner.port)}
{
}

raw_connection::~raw_connection()
{
    ::close(socket_);
}

void raw_connection::request(const wire::outgoing_request& request)
{
    session_.request(request);
}

void raw_connection::flush()
{
    wire::outbox& output = session_.output();
    std::vector<quaymaster::bytes_view> pieces;
    while (!output.empty()) {
        pieces.clear();
        output.gather(pieces);
        const quaymaster::bytes_view first = pieces.front();
        output.consume(static_cast<std::size_t>(checked(::send(socket_, first.data(), first.size(), MSG_NOSIGNAL), "send")));
    }
    output.release();
}

codec::payload raw_connection::result()
{
    for (;;) {
        const session::client_session::step step = session_.receive(quaymaster::as_bytes(input_));
        if (step.reply) {
            wire::reply reply = wire::parse_reply(*step.reply, owner_->reader, owner_->settings.limits);
            input_.erase(0, step.consumed);
            return std::visit(result_or_throw{}, reply);
        }
        if (session_.current_state() == session::client_session::state::failed)
            throw std::runtime_error{session_.failure_text()};
        input_.erase(0, step.consumed);
        flush();
        receive_more();
    }
}

void raw_connection::receive_more()
{
    std::array<char, 65536> buffer;
    const ssize_t size = checked(::recv(socket_, buffer.data(), buffer.size(), 0), "recv");
    if (size == 0)
        throw std::runtime_error{"the server closed the connection"};
    input_.append(buffer.data(), static_cast<std::size_t>(size));
}

std::string created_ident(client& owner, std::string_view typeid_name)
{
    raw_connection connection{owner};
    wire::outgoing_request create;
    create.method = "create";
    create.name = typeid_name;
    connection.request(create);
    const auto created = wire::parse_created(connection.result(), owner.settings.limits);
    if (!created)
        throw std::runtime_error{"the answer to create is no (ident, exposed)"};
    return created->ident;
}

void open_stream(raw_connection& connection)
{
    wire::outgoing_request accept;
    accept.method = "accept_connection";
    accept.name = "bench";
    connection.request(accept);
    connection.result();
}

wire::outgoing_request method_call(std::string_view ident, std::string_view method, std::span<const codec::payload> arguments)
{
    wire::outgoing_request call;
    call.ident = ident;
    call.method = method;
    call.positional = arguments;
    return call;
}

}  // namespace bench
