#include "net/client_connection.hpp"

#include "net/fork_generation.hpp"
#include "net/option_checks.hpp"
#include "net/randomness.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace quaymaster::net {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// What a read asks for when nothing is known of the frame to come.
constexpr std::size_t read_size = 4096;
/// A frame with more than this still to come is read straight into its place.
constexpr std::size_t direct_read_size_min = 4096;
/// For so long after an answer a connection is taken to be as it was.
constexpr std::chrono::microseconds trusted_for{500};
/// Below this a copy costs less than giving the input away.
constexpr std::size_t given_reply_size_min = std::size_t{64} << 10;

wire::handshake_nonce fresh_nonce()
{
    wire::handshake_nonce nonce;
    fill_random(nonce);
    return nonce;
}

bool is_timeout(error_code ec) noexcept
{
    return ec == boost::system::errc::timed_out;
}

milliseconds left_until(time_point deadline) noexcept
{
    return std::max(std::chrono::ceil<milliseconds>(deadline - clock::now()), milliseconds{0});
}

std::string in_seconds(milliseconds span)
{
    std::string text = std::to_string(span.count() / 1000);
    if (const auto rest = span.count() % 1000; rest != 0)
        text += '.' + std::to_string(1000 + rest).substr(1);
    return text + " s";
}

sync_socket connect_socket(const client_environment& environment, time_point deadline)
{
    const address& server = environment.server;
    const milliseconds allowed = left_until(deadline);
    error_code ec;
    sync_socket socket = server.is_unix()
        ? sync_socket::connect_unix(server.path(), environment.socket, deadline, ec)
        : sync_socket::connect_tcp(server.host(), server.port(), environment.socket, deadline, ec);
    if (is_timeout(ec))
        throw deadline_exceeded{"no connection to " + server.to_string() + " within " + in_seconds(allowed) +
                                ": the host does not answer"};
    if (ec)
        throw connection_lost{"no connection to " + server.to_string() + ": " + ec.message(), ec, false};
    return socket;
}

}  // namespace

client_environment make_environment(address server, const authkey& key, const client_options& options)
{
    client_environment environment{std::move(server), checked(options), {}, {}};
    const client_options& bounded = environment.options;
    environment.session.authkey = to_bytes(key.octets());
    environment.session.require_sha256 = bounded.require_sha256;
    environment.session.payload_size_max = bounded.reply_size_max;
    environment.session.limits = bounded.pickle;
    // Below the usual patience, so that the usual wait blocks in recv() rather than in poll() first.
    environment.socket.tick = std::clamp(bounded.call_deadline / 2, milliseconds{1}, milliseconds{5'000});
    environment.socket.keepalive_idle = bounded.keepalive_idle;
    environment.socket.busy_poll = bounded.busy_poll;
    return environment;
}

client_connection::client_connection(const client_environment& environment, time_point deadline)
    : environment_{environment}, handshake_deadline_{deadline}, socket_{connect_socket(environment, deadline)},
      session_{environment.session, fresh_nonce()}, fork_generation_{fork_generation()}
{
}

wire::reply client_connection::transact(const wire::outgoing_request& request, codec::reader_dialect dialect,
                                        const reply_wait& wait)
{
    if (is_native_)
        return transact_in_frames(request, dialect, wait);
    session_.request(request, dialect);
    in_progress_ = true;
    request_left_ = false;
    for (;;) {
        flush(wait);
        const session::client_session::step step = session_.receive(input_.view());
        if (step.reply) {
            wire::reply reply = take_reply(step);
            in_progress_ = false;
            last_answer_ = clock::now();
            return reply;
        }
        if (session_.current_state() == session::client_session::state::failed) {
            flush(wait);  // #FAILURE#, which tells a Python server's log what happened
            throw_session_failure();
        }
        if (step.consumed != 0)
            drop_input(step.consumed);
        else
            fill(wait);
    }
}

bool client_connection::is_inherited() const noexcept
{
    return fork_generation_ != fork_generation();
}

bool client_connection::is_usable() noexcept
{
    if (in_progress_ || is_inherited())
        return false;
    // A server that has just answered is there, and to ask the socket costs a system call, which shows in a loop of small calls.
    if (clock::now() - last_answer_ < trusted_for)
        return true;
    return (!awaits_pong_ || takes_late_pong()) && socket_.is_quiet();
}

void client_connection::flush(const reply_wait& wait)
{
    wire::outbox& output = session_.output();
    if (output.empty())
        return;
    if (!shaking_hands())
        request_left_ = true;
    pieces_.clear();
    if (!closes_.empty())
        pieces_.push_back(closes_.view());
    output.gather(pieces_);
    const milliseconds patience = patience_of(wait);
    error_code ec;
    socket_.write(pieces_, patience, ec);
    if (ec)
        throw_socket_error(ec, patience);
    output.consume(output.size());
    closes_.clear();
}

void client_connection::fill(const reply_wait& wait)
{
    const std::size_t size = input_.size();
    if (size != 0)
        socket_.acknowledge_now();
    else if (!shaking_hands() && wait.still_alive != nullptr)
        wait_for_reply(wait);

    const milliseconds patience = patience_of(wait);
    error_code ec;
    const std::size_t whole = session_.frame_size(input_.view()).value_or(0);
    if (whole > size && whole - size > direct_read_size_min) {
        if (whole > input_.capacity())
            memory_.grow(input_, whole);
        input_.resize(whole);
        socket_.read_exactly({input_.data() + size, whole - size}, patience, ec);
    } else {
        input_.resize(std::max(size + read_size, whole));
        const std::size_t count =
            socket_.read_some({input_.data() + size, input_.size() - size}, clock::now() + patience, ec);
        input_.resize(size + count);
    }
    if (ec)
        throw_socket_error(ec, patience);
}

void client_connection::wait_for_reply(const reply_wait& wait)
{
    for (;;) {
        error_code ec;
        if (socket_.wait_readable(clock::now() + wait.patience, ec))
            return;
        if (ec)
            throw_socket_error(ec, wait.patience);
        (*wait.still_alive)();
    }
}

wire::reply client_connection::take_reply(const session::client_session::step& found)
{
    // A large result borrows from the input instead of being copied out of it, and takes the input along. That needs the
    // input to hold this reply and no more, which is so unless the server speaks out of turn.
    if (found.reply->size() >= given_reply_size_min && found.consumed == input_.size())
        if (std::optional<value> result = memory_.give_result(input_, *found.reply, environment_.session.limits))
            return wire::returned_reply{std::move(*result)};
    wire::reply reply = wire::parse_reply(*found.reply, envelope_, environment_.session.limits);
    drop_input(found.consumed);
    return reply;
}

void client_connection::drop_input(std::size_t count) noexcept
{
    input_.consume(count);
    if (input_.empty() && input_.capacity() > reply_memory::kept_size_max)
        input_.release();
}

bool client_connection::shaking_hands() const noexcept
{
    return session_.current_state() == session::client_session::state::handshake;
}

milliseconds client_connection::patience_of(const reply_wait& wait) const noexcept
{
    return shaking_hands() ? left_until(handshake_deadline_) : wait.patience;
}

void client_connection::throw_socket_error(error_code ec, milliseconds waited) const
{
    const std::string server = environment_.server.to_string();
    if (is_timeout(ec)) {
        if (shaking_hands())
            throw deadline_exceeded{server + " accepted the connection and then did not finish the handshake in time: it is "
                                             "frozen or overloaded, or no quaymaster or multiprocessing server"};
        throw deadline_exceeded{server + " did not answer within " + in_seconds(waited) + ": it is frozen or overloaded, or what it was asked "
                                "takes longer than client_options::call_deadline allows"};
    }
    const std::string what = ec == boost::asio::error::eof ? std::string{"it closed the connection"} : ec.message();
    if (shaking_hands())
        throw connection_lost{"no connection to " + server + ": " + what + " during the handshake", ec, false};
    throw connection_lost{"connection to " + server + " lost: " + what +
                              (request_left_ ? " before it answered; the request may have been carried out" : ""),
                          ec, request_left_};
}

void client_connection::throw_session_failure() const
{
    const error_code ec = session_.failure();
    const std::string what = environment_.server.to_string() + ": " + session_.failure_text();
    if (wire::is_authentication_failure(ec))
        throw authentication_error{what};
    if (request_left_)
        throw connection_lost{what, ec, true};
    throw error{what};
}

}  // namespace quaymaster::net
