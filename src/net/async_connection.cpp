#include "net/async_connection.hpp"

#include "net/gathered_send.hpp"
#include "net/randomness.hpp"
#include "net/tcp_options.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace quaymaster::net {
namespace {

using clock = std::chrono::steady_clock;
namespace asio = boost::asio;

/// What a read asks for when nothing is known of the frame to come.
constexpr std::size_t read_size = std::size_t{64} << 10;
/// Of an idle connection, at most so much memory is kept.
constexpr std::size_t kept_size_max = std::size_t{256} << 10;

wire::handshake_nonce fresh_nonce()
{
    wire::handshake_nonce nonce;
    fill_random(nonce);
    return nonce;
}

std::string seconds_text(std::chrono::milliseconds span)
{
    return std::to_string(span.count()) + " ms";
}

}  // namespace

async_connection::async_connection(const async_strand& strand, const client_environment& environment, std::weak_ptr<owner> told)
    : environment_{environment},
      owner_{std::move(told)},
      socket_{strand},
      deadline_{strand},
      patience_{strand},
      resolver_{strand},
      session_{environment.session, fresh_nonce()}
{
}

// ---- connecting -------------------------------------------------------------------------------------------------------

void async_connection::start()
{
    deadline_.expires_after(environment_.options.handshake_deadline);
    deadline_.async_wait([self = shared_from_this()](error_code ec) {
        const auto alive = self->owner_.lock();
        if (ec || alive == nullptr || self->is_over_ || self->is_ready_)
            return;
        const std::string within = seconds_text(self->environment_.options.handshake_deadline);
        const std::string why = self->is_connected_
            ? self->place() + " accepted the connection and then did not finish the handshake within " + within +
                ": it is frozen or overloaded, or no quaymaster or multiprocessing server"
            : "no connection to " + self->place() + " within " + within + ": the host does not answer";
        self->fail({nullptr, why, {}, true});
    });
    if (environment_.server.is_unix()) {
        endpoints_.emplace_back(asio::local::stream_protocol::endpoint{environment_.server.path()});
        return connect(0);
    }
    resolve();
}

void async_connection::resolve()
{
    const std::uint16_t port = environment_.server.port();
    const std::string& host = environment_.server.host();
    if (host.empty()) {
        endpoints_.emplace_back(asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), port});
        endpoints_.emplace_back(asio::ip::tcp::endpoint{asio::ip::address_v6::loopback(), port});
        return connect(0);
    }
    error_code ec;
    if (const auto literal = asio::ip::make_address(host, ec); !ec) {
        endpoints_.emplace_back(asio::ip::tcp::endpoint{literal, port});
        return connect(0);
    }
    resolver_.async_resolve(host, std::to_string(port), asio::ip::tcp::resolver::numeric_service,
                            [self = shared_from_this()](error_code failed, const asio::ip::tcp::resolver::results_type& found) {
                                const auto alive = self->owner_.lock();
                                if (alive == nullptr || self->is_over_)
                                    return;
                                if (failed)
                                    return self->fail_to_connect(failed);
                                for (const auto& each : found)
                                    self->endpoints_.emplace_back(each.endpoint());
                                self->connect(0);
                            });
}

void async_connection::connect(std::size_t index)
{
    error_code ignored;
    socket_.close(ignored);
    patience_.cancel();
    attempt_ = index;
    const std::size_t left = endpoints_.size() - index;
    if (left > 1) {
        // Shared out, so that a first address which swallows packets leaves time for the second.
        patience_.expires_after((deadline_.expiry() - clock::now()) / static_cast<clock::rep>(left));
        patience_.async_wait([self = shared_from_this(), index](error_code ec) {
            const auto alive = self->owner_.lock();
            if (!ec && alive != nullptr && !self->is_over_ && !self->is_connected_ && self->attempt_ == index)
                self->connect(index + 1);
        });
    }
    socket_.async_connect(endpoints_[index], [self = shared_from_this(), index](error_code ec) {
        const auto alive = self->owner_.lock();
        if (alive == nullptr || self->is_over_ || self->attempt_ != index)
            return;
        if (!ec)
            return self->on_connected();
        if (index + 1 < self->endpoints_.size())
            return self->connect(index + 1);
        self->fail_to_connect(ec);
    });
}

void async_connection::on_connected()
{
    is_connected_ = true;
    patience_.cancel();
    endpoints_.clear();
    if (!environment_.server.is_unix())
        tune_tcp(socket_.native_handle(), {environment_.socket.keepalive_idle, std::chrono::seconds{10}, 3});
    error_code ec;
    socket_.non_blocking(true, ec);
    last_heard_ = clock::now();
    read();
}

void async_connection::fail_to_connect(error_code ec)
{
    fail({nullptr, "no connection to " + place() + ": " + ec.message(), ec, false});
}

// ---- what comes -------------------------------------------------------------------------------------------------------

void async_connection::read()
{
    // What a frame announces is believed by no more than doubling, so that a peer pays for the memory that it makes us take.
    const std::size_t whole = session_.frame_size({input_.data(), filled_}).value_or(0);
    const std::size_t wanted = std::max(filled_ + read_size, std::min(whole, filled_ * 2));
    if (input_.size() < wanted)
        input_.resize(wanted);
    socket_.async_read_some(asio::buffer(input_.data() + filled_, input_.size() - filled_),
                            [self = shared_from_this()](error_code ec, std::size_t count) {
                                if (const auto alive = self->owner_.lock(); alive != nullptr && !self->is_over_)
                                    self->on_read(ec, count);
                            });
}

void async_connection::on_read(error_code ec, std::size_t count)
{
    if (ec) {
        const std::string what = ec == asio::error::eof ? std::string{"it closed the connection"} : ec.message();
        if (is_ready_)
            return fail({nullptr, "connection to " + place() + " lost: " + what, ec, false});
        return fail({nullptr, "no connection to " + place() + ": " + what + " during the handshake", ec, false});
    }
    last_heard_ = clock::now();
    filled_ += count;
    take_input();
    if (is_over_)
        return;
    flush();
    if (!is_over_)
        read();
}

void async_connection::take_input()
{
    const auto told = owner_.lock();
    std::size_t consumed = 0;
    for (;;) {
        const bytes_view rest{input_.data() + consumed, filled_ - consumed};
        const auto step = session_.receive(rest);
        consumed += step.consumed;
        if (session_.current_state() == session::native_client_session::state::failed)
            return fail_by_session();
        if (!is_ready_ && session_.current_state() == session::native_client_session::state::ready) {
            is_ready_ = true;
            deadline_.cancel();
            told->on_ready();
        }
        if (step.reply)
            told->on_reply(*step.reply);
        if (is_over_)
            return;
        if (step.consumed == 0)
            break;
    }
    if (consumed != 0)
        std::memmove(input_.data(), input_.data() + consumed, filled_ - consumed);
    filled_ -= consumed;
    if (filled_ == 0 && input_.capacity() > kept_size_max)
        input_.release();
    if (is_ready_)
        told->on_replies_end();
}

void async_connection::fail_by_session()
{
    using fault = session::native_client_session::fault;
    flush();  // #FAILURE#, which tells a Python server's log what happened
    if (is_over_)
        return;
    const std::string what = place() + ": " + session_.failure_text();
    const auto lasting = [&]() -> std::exception_ptr {
        switch (session_.failure()) {
        case fault::authentication: return std::make_exception_ptr(authentication_error{what});
        case fault::python_only:
            return std::make_exception_ptr(
                error{"the server at " + place() +
                      " speaks only the Python dialect, as CPython's do and older ones of quaymaster: the synchronous "
                      "proxies (base_manager) work with it, the asynchronous client does not"});
        case fault::version: return std::make_exception_ptr(error{what});
        case fault::protocol:
        case fault::none: break;
        }
        return is_ready_ ? nullptr : std::make_exception_ptr(error{what});
    }();
    fail({lasting, what, session_.failure_code(), false});
}

// ---- what leaves ------------------------------------------------------------------------------------------------------

void async_connection::flush()
{
    wire::outbox& output = session_.output();
    while (!is_writing_ && !is_over_ && !output.empty() && socket_.is_open()) {
        pieces_.clear();
        output.gather(pieces_);
        const ::ssize_t sent = send_gathered(socket_.native_handle(), pieces_, 0, MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return write_when_ready();
            // Reading tells why: what the server said before it closed may be among what is still to be read.
            is_writing_ = true;
            const error_code ec{errno, boost::system::system_category()};
            return post_failure({nullptr, "connection to " + place() + " lost: " + ec.message(), ec, false});
        }
        output.consume(static_cast<std::size_t>(sent));
        if (is_ready_)
            written_ += static_cast<std::size_t>(sent);
    }
}

void async_connection::write_when_ready()
{
    is_writing_ = true;
    socket_.async_wait(socket_type::wait_write, [self = shared_from_this()](error_code ec) {
        const auto alive = self->owner_.lock();
        if (alive == nullptr || self->is_over_ || ec)
            return;  // reading tells why
        self->is_writing_ = false;
        self->last_written_ = clock::now();
        self->flush();
    });
}

/// After whatever is to be read has been: the server may have said why it closed.
void async_connection::post_failure(const connection_failure& why)
{
    asio::post(socket_.get_executor(), [self = shared_from_this(), why] {
        const auto alive = self->owner_.lock();
        if (alive != nullptr && !self->is_over_)
            self->fail(why);
    });
}

// ---- the end ----------------------------------------------------------------------------------------------------------

void async_connection::close() noexcept
{
    is_over_ = true;
    error_code ignored;
    resolver_.cancel();
    deadline_.cancel(ignored);
    patience_.cancel(ignored);
    socket_.close(ignored);
}

void async_connection::fail(const connection_failure& why)
{
    if (is_over_)
        return;
    const auto told = owner_.lock();
    close();
    if (told != nullptr)
        told->on_failed(why);
}

}  // namespace quaymaster::net
