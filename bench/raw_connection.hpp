// raw_connection: one blocking socket and the client's end of the Python dialect, without a thread or a proxy.
#pragma once

#include "codec/envelope.hpp"
#include "codec/payload.hpp"
#include "session/client_session.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/bytes.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace bench {

namespace codec = quaymaster::codec;
namespace session = quaymaster::session;
namespace wire = quaymaster::wire;

/// What the connections of one program share. Thread safety: none.
struct client {
    /// A client of the server at loopback `server_port`, with the key in `authkey_file`.
    client(std::uint16_t server_port, const std::filesystem::path& authkey_file);

    std::uint16_t port;
    session::client_settings settings;
    codec::envelope_reader reader;
};

/// One connection. Every member blocks and throws std::exception on any failure. Lifetime: `owner` outlives it.
class raw_connection {
public:
    /// Connects; the handshake takes place with the first request.
    explicit raw_connection(client& owner);
    ~raw_connection();
    raw_connection(const raw_connection&) = delete;
    raw_connection& operator=(const raw_connection&) = delete;

    /// Adds a request to those that flush() sends.
    void request(const wire::outgoing_request& request);
    /// Sends everything that can be sent; before the handshake is done that is nothing.
    void flush();
    /// Flushes, and waits for the next reply; its result. An exception or a traceback in it is thrown as std::runtime_error.
    codec::payload result();

private:
    void receive_more();

    client* owner_;
    session::client_session session_;
    int socket_;
    std::string input_;
};

/// Creates the object `typeid_name`; its ident, which stays valid because the reference is never given back.
[[nodiscard]] std::string created_ident(client& owner, std::string_view typeid_name);

/// Makes `connection` a stream that calls methods.
void open_stream(raw_connection& connection);

/// A method call with positional arguments, all borrowed.
[[nodiscard]] wire::outgoing_request method_call(std::string_view ident, std::string_view method,
                                                 std::span<const codec::payload> arguments = {});

}  // namespace bench
