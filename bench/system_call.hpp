// system_call: results of system calls as exceptions, and the sockets that the benchmark programs use.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string_view>

namespace bench {

/// Throws std::system_error from errno, naming `what`.
[[noreturn]] void fail(const char* what);

/// `result` of a system call, or, if it is negative, fail(what).
template <class Result>
Result checked(Result result, const char* what)
{
    if (result < 0)
        fail(what);
    return result;
}

/// The loopback address at `port`, which is 0 for a port of the kernel's choice.
[[nodiscard]] sockaddr_in loopback(std::uint16_t port);

/// `text` as a port. Throws std::invalid_argument.
[[nodiscard]] std::uint16_t parse_port(std::string_view text);

/// A blocking socket connected to loopback at `port`, with TCP_NODELAY. The caller closes it.
[[nodiscard]] int connected_socket(std::uint16_t port);

/// Sets TCP_NODELAY.
void send_at_once(int socket);

}  // namespace bench
