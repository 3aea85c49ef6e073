// async_connection: one socket of an asynchronous client, from resolving to the end: the shell that moves octets.
#pragma once

#include "codec/byte_buffer.hpp"
#include "net/client_connection.hpp"
#include "session/native_client_session.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

namespace quaymaster::net {

using async_strand = boost::asio::strand<boost::asio::any_io_executor>;
using async_timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                      boost::asio::wait_traits<std::chrono::steady_clock>, async_strand>;

/// Why a connection is none, or no longer.
struct connection_failure {
    /// authentication_error, or `error`: trying again would come to the same. Else null.
    std::exception_ptr lasting;
    /// Otherwise: what to say, and what the system said.
    std::string text;
    error_code cause;
    /// It is a deadline that has passed.
    bool is_deadline = false;
};

/// Connects, shakes hands, asks for the native dialect; then writes what the session has to say and reads what comes.
/// How to drive it: start(); from on_ready() on make requests of session(), and flush() at the end of each turn.
/// Thread safety: every member on the strand. Lifetime: its own, by what it waits for, until it has failed or close() is
/// called; it calls its owner only as long as that lives. `environment` outlives the owner.
class async_connection : public std::enable_shared_from_this<async_connection> {
public:
    class owner {
    public:
        /// Requests may be made.
        virtual void on_ready() = 0;
        virtual void on_reply(const session::native_reply& reply) = 0;
        /// All that has come has been given out: flush.
        virtual void on_replies_end() = 0;
        /// It is over. Called once at most, and not from within flush().
        virtual void on_failed(const connection_failure& why) = 0;

    protected:
        ~owner() = default;
    };

    async_connection(const async_strand& strand, const client_environment& environment, std::weak_ptr<owner> told);

    void start();
    /// Writes what there is to write, or sees to it that this goes on.
    void flush();
    /// Ends it without a word to the owner.
    void close() noexcept;
    /// Ends it, with a word.
    void fail(const connection_failure& why);

    [[nodiscard]] session::native_client_session& session() noexcept { return session_; }
    /// Octets of the native dialect that the system has taken so far.
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
    /// The same, and those that wait to be written.
    [[nodiscard]] std::uint64_t appended() noexcept { return written_ + session_.output().size(); }
    /// When something was last heard of the server.
    [[nodiscard]] time_point last_heard() const noexcept { return last_heard_; }
    /// True if a frame is on its way, in either direction, and some of it has moved since `then`: a large one may take its
    /// time.
    [[nodiscard]] bool has_moved_since(time_point then) noexcept
    {
        return (filled_ != 0 && last_heard_ > then) || (!session_.output().empty() && last_written_ > then);
    }

private:
    using socket_type = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, async_strand>;
    using endpoint_type = boost::asio::generic::stream_protocol::endpoint;
    using resolver_type = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, async_strand>;

    void resolve();
    void connect(std::size_t index);
    void on_connected();
    void read();
    void on_read(error_code ec, std::size_t count);
    void take_input();
    void write_when_ready();
    void fail_to_connect(error_code ec);
    void fail_by_session();
    void post_failure(const connection_failure& why);
    [[nodiscard]] std::string place() const { return environment_.server.to_string(); }

    const client_environment& environment_;
    std::weak_ptr<owner> owner_;
    socket_type socket_;
    async_timer deadline_;  // of connecting and the handshake
    async_timer patience_;  // with one address of several
    resolver_type resolver_;
    std::vector<endpoint_type> endpoints_;
    std::size_t attempt_ = 0;  // to connect: which of endpoints_
    session::native_client_session session_;
    codec::byte_buffer input_;  // its size is all of it; `filled_` is what has come
    std::size_t filled_ = 0;
    std::vector<bytes_view> pieces_;  // kept for its memory
    std::uint64_t written_ = 0;
    time_point last_heard_{};
    time_point last_written_{};  // where a write was not taken whole
    bool is_connected_ = false;
    bool is_ready_ = false;
    bool is_writing_ = false;  // waits until the socket takes more
    bool is_over_ = false;
};

}  // namespace quaymaster::net
