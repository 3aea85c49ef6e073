// zeromq_message: one part of a ZeroMQ message, which ends with its owner.
#pragma once

#include <quaymaster/bytes.hpp>

#include <zmq.h>

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace bench {

/// Throws if `result` of a call of libzmq says that it failed.
inline int zeromq_checked(int result, const char* what)
{
    if (result < 0)
        throw std::runtime_error{std::string{"zeromq: "} + what + ": " + ::zmq_strerror(::zmq_errno())};
    return result;
}

/// Thread safety: none.
class zeromq_message {
public:
    zeromq_message() noexcept { ::zmq_msg_init(&message_); }
    explicit zeromq_message(quaymaster::bytes_view octets)
    {
        zeromq_checked(::zmq_msg_init_size(&message_, octets.size()), "message");
        if (!octets.empty())
            std::memcpy(::zmq_msg_data(&message_), octets.data(), octets.size());
    }
    zeromq_message(zeromq_message&& other) noexcept : zeromq_message{} { ::zmq_msg_move(&message_, &other.message_); }
    zeromq_message& operator=(zeromq_message&& other) noexcept
    {
        ::zmq_msg_move(&message_, &other.message_);
        return *this;
    }
    ~zeromq_message() { ::zmq_msg_close(&message_); }

    /// A copy, which shares the octets.
    [[nodiscard]] zeromq_message shared() noexcept
    {
        zeromq_message copy;
        ::zmq_msg_copy(&copy.message_, &message_);
        return copy;
    }
    [[nodiscard]] quaymaster::bytes_view octets() noexcept
    {
        return {static_cast<const std::byte*>(::zmq_msg_data(&message_)), ::zmq_msg_size(&message_)};
    }
    [[nodiscard]] bool has_more() noexcept { return ::zmq_msg_more(&message_) != 0; }

    /// This is empty afterwards.
    void send(void* socket, bool is_last)
    {
        zeromq_checked(::zmq_msg_send(&message_, socket, is_last ? 0 : ZMQ_SNDMORE), "send");
    }
    /// False if nothing came within the socket's limit.
    [[nodiscard]] bool receive(void* socket)
    {
        if (::zmq_msg_recv(&message_, socket, 0) >= 0)
            return true;
        if (::zmq_errno() != EAGAIN)
            zeromq_checked(-1, "receive");
        return false;
    }

private:
    zmq_msg_t message_;
};

}  // namespace bench
