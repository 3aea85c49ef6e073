#include "net/connection.hpp"

#include "net/local_end.hpp"
#include "net/server_socket.hpp"
#include "net/tcp_options.hpp"

#include <boost/asio/socket_base.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace quaymaster::net {

namespace {

/// For a worker that blocks in get() on a machine that is no more.
constexpr keepalive client_keepalive{std::chrono::seconds{60}, std::chrono::seconds{15}, 4};

}  // namespace

connection::connection(event_loop& home, unique_descriptor socket, const peer_name& peer)
    : home_{home}, socket_{home.context()}, session_{home.state().settings, *this}, peer_{peer}
{
    // Of a socket that exists already asio looks at the type only.
    socket_.assign(boost::asio::generic::stream_protocol{AF_UNSPEC, 0}, socket.number());
    (void)socket.release();  // asio closes it from now on
}

connection::~connection() = default;

/// Runs `act` and keeps this connection alive meanwhile; whatever it throws ends this connection only.
template <class Act>
void connection::guarded(Act&& act) noexcept
{
    const std::shared_ptr<core::waiter> alive = shared_from_this();
    try {
        act();
    } catch (const std::exception& failure) {
        home_.outbox().clear();
        try {
            close_because(log_level::error, "dropped", failure.what());
        } catch (const std::exception&) {
            close();  // memory has run out even for saying so
        }
    }
}

/// Lets the session act, then writes what it answered.
template <class Act>
void connection::take_turn(core::time_point now, Act&& act)
{
    const auto act_once = [this, now](auto&& acting) {
        wire::outbox& replies = unsent_ != nullptr ? *unsent_ : home_.outbox();
        const std::size_t before = replies.size();
        session::turn turn = home_.turn_at(now, replies);
        acting(turn);
        settle_turn(replies, replies.size() == before && !session_.parked(), now);
    };
    act_once(act);
    // The session stops at replies_size_max; if the kernel took all of that, nothing else would make it go on.
    while (holds_whole_request())
        act_once([this](session::turn& turn) { consume(input_.view(), turn); });
}

bool connection::holds_whole_request() const noexcept
{
    if (!is_open_ || is_finishing_ || unsent_ != nullptr || session_.parked() || input_.empty())
        return false;
    const auto size = session_.frame_size(input_.view());
    return size && *size <= input_.size();
}

void connection::start()
{
    self_ = std::static_pointer_cast<connection>(shared_from_this());
    home_.enter(*this);
    guarded([this] {
        if (peer_.is_tcp())
            tune_tcp(socket_.native_handle(), client_keepalive);
        take_turn(std::chrono::steady_clock::now(), [this](session::turn& now) { session_.start(now); });
        wait_for_more();
    });
}

void connection::tell(std::shared_ptr<core::waiter> told)
{
    home_.tell(std::move(told));
}

void connection::on_fulfilled(std::span<const std::shared_ptr<core::waiter>> told)
{
    // It, or a call, may have ended while the message was under way; what it was given has gone back then.
    if (!is_open_ || std::none_of(told.begin(), told.end(), [this](const auto& each) { return session_.waits_in(*each); }))
        return;
    guarded([this, told] {
        // Nobody watched the socket of a client that had sent too far ahead; what it was given goes back if it has left.
        if (!is_reading_ && peer_has_left(socket_.native_handle()))
            return close_because(log_level::info, "lost", "it left while its call waited");
        take_turn(std::chrono::steady_clock::now(), [this, told](session::turn& now) {
            for (const auto& each : told)
                if (session_.waits_in(*each))
                    session_.resume(*each, now);
            if (!is_finishing_)
                consume(input_.view(), now);
        });
        wait_for_more();
    });
}

void connection::on_due(core::time_point now)
{
    guarded([this, now] {
        if (is_finishing_ && !session_.awaits_work())
            return close_because(log_level::warning, "dropped",
                                 "it fetched nothing of its last replies within handshake_timeout (" +
                                     std::to_string(home_.state().settings.handshake_timeout.count()) + " ms)");
        if (now >= fetch_limit())
            return close_because(log_level::warning, "dropped",
                                 "it fetched nothing of its replies within reply_timeout (" +
                                     std::to_string(home_.state().options.reply_timeout.count()) + " ms)");
        take_turn(now, [this](session::turn& turn) {
            session_.on_deadline(turn);
            consume(input_.view(), turn);
        });
        wait_for_more();
    });
    home_.resume_fulfilled();
}

void connection::on_readable()
{
    guarded([this] {
        const core::time_point now = std::chrono::steady_clock::now();
        for (int reads = 0; reads < reads_per_turn && read_once(now); ++reads) {
        }
        wait_for_more();
    });
    home_.resume_fulfilled();
}

/// One read and all that follows from it. True if the socket probably holds more of an incomplete frame.
bool connection::read_once(core::time_point now)
{
    const std::span<std::byte> space = input_.prepare(home_.read_space());
    const transfer done = receive_some(socket_.native_handle(), space);
    const bytes_view input = input_.commit(done.count);
    if (done.state != transfer::status::some) {
        input_.keep(0, std::nullopt);
        if (done.state == transfer::status::ended)
            end_after_replies(now);
        else if (done.state == transfer::status::failed)
            close_lost(done.cause);
        return false;
    }
    take_turn(now, [this, input](session::turn& turn) { consume(input, turn); });
    return is_open_ && done.count == space.size() && !input_.empty() && !session_.parked() && unsent_ == nullptr;
}

void connection::on_writable()
{
    guarded([this] {
        const core::time_point now = std::chrono::steady_clock::now();
        take_turn(now, [this](session::turn& turn) { consume(input_.view(), turn); });
        wait_for_more();
    });
    home_.resume_fulfilled();
}

/// Has the session take what it can of `input`, which input_ holds or has lent, and keeps the rest.
void connection::consume(bytes_view input, session::turn& now)
{
    const codec::envelope_reader::loan frame{now.scratch.reader, input_.whole_frame()};
    const std::size_t consumed = session_.wants_close() ? input.size() : session_.receive(input, now);
    const bytes_view rest = input.subspan(consumed);
    input_.keep(consumed, rest.empty() || session_.parked() ? std::nullopt : session_.frame_size(rest));
}

/// The peer sends no more. It may have closed one direction only and still read the replies under way.
void connection::end_after_replies(core::time_point now)
{
    peer_left_ = true;
    if (unsent_ != nullptr)
        return finish_by(now + home_.state().settings.handshake_timeout);
    if (!session_.authenticated())
        close_because(log_level::info, "lost", "it left before it was authenticated");
    else if (!input_.empty() && !session_.parked())
        close_because(log_level::info, "lost", "it left in the middle of a request");
    else
        close();
}

/// After each turn: `is_incomplete` if the peer gets no answer because it has more to send.
void connection::settle_turn(wire::outbox& replies, bool is_incomplete, core::time_point now)
{
    count_progress();
    if (!send(replies, now))
        return;
    if ((session_.wants_close() || is_finishing_) && !session_.awaits_work()) {
        if (unsent_ == nullptr)
            return close_finished();
        return finish_by(now + home_.state().settings.handshake_timeout);
    }
    if (is_incomplete && peer_.is_tcp())
        acknowledge_now(socket_.native_handle());
    home_.deadlines().set(*this, std::min(session_.deadline(), fetch_limit()));
}

/// When the peer must have fetched some of what waits for it.
core::time_point connection::fetch_limit() const noexcept
{
    return unsent_ != nullptr ? last_fetch_ + home_.state().options.reply_timeout : core::never;
}

/// Lets the replies out that the peer has not fetched yet, until `limit`, which moves as it fetches some. A call that still
/// waits would be given something that its caller is no longer there for.
void connection::finish_by(core::time_point limit)
{
    if (session_.may_wait())
        session_.end(home_.service());
    is_finishing_ = true;
    home_.deadlines().set(*this, limit);
}

/// Writes what the kernel takes and keeps the rest in unsent_. False if the connection ended over it.
bool connection::send(wire::outbox& replies, core::time_point now)
{
    if (replies.empty())
        return true;
    std::vector<bytes_view>& pieces = home_.pieces();
    pieces.clear();
    replies.gather(pieces);
    const transfer done = send_some(socket_.native_handle(), pieces);
    if (done.state == transfer::status::failed) {
        replies.clear();
        close_lost(done.cause);
        return false;
    }
    replies.consume(done.count);
    if (done.count != 0 || unsent_ == nullptr)
        last_fetch_ = now;
    if (replies.empty()) {
        unsent_.reset();
    } else if (unsent_ == nullptr) {
        unsent_ = std::make_unique<wire::outbox>();
        unsent_->splice(replies);
    }
    return true;
}

void connection::count_progress()
{
    if (counts_as_unauthenticated_ && session_.authenticated()) {
        counts_as_unauthenticated_ = false;
        home_.state().unauthenticated.remove();
    }
    if (!counts_as_stream_ && session_.is_stream()) {
        counts_as_stream_ = true;
        home_.state().streams.add();
    }
}

void connection::wait_for_more()
{
    if (!is_open_)
        return;
    if (unsent_ != nullptr)
        wait_writable();
    const bool is_choked = unsent_ != nullptr && unsent_->size() > home_.state().options.outbox_size_max;
    const bool is_ahead = session_.parked() && input_.size() > input_size_while_parked_max;
    if (!is_choked && !is_ahead && !is_finishing_)
        wait_readable();
}

void connection::wait_readable()
{
    if (std::exchange(is_reading_, true))
        return;
    socket_.async_wait(socket_type::wait_read,
                       [alive = std::static_pointer_cast<connection>(shared_from_this())](const error_code&) {
                           alive->is_reading_ = false;
                           if (alive->is_open_)
                               alive->on_readable();
                       });
}

void connection::wait_writable()
{
    if (std::exchange(is_writing_, true))
        return;
    socket_.async_wait(socket_type::wait_write,
                       [alive = std::static_pointer_cast<connection>(shared_from_this())](const error_code&) {
                           alive->is_writing_ = false;
                           if (alive->is_open_)
                               alive->on_writable();
                       });
}

void connection::finish()
{
    guarded([this] {
        // stop_grace is the limit of all
        if (session_.awaits_work()) {
            is_finishing_ = true;
            home_.deadlines().set(*this, core::never);
        } else if (unsent_ != nullptr) {
            finish_by(core::never);
        } else {
            close();
        }
    });
}

value connection::own_end()
{
    return local_end_of(socket_.native_handle());
}

void connection::close() noexcept
{
    if (!std::exchange(is_open_, false))
        return;
    home_.deadlines().remove(*this);
    try {
        session_.end(home_.service(), peer_left_);
    } catch (const std::exception& failure) {
        home_.state().log_or_drop(log_level::error, "an item that was on its way to a client is lost: ", failure.what());
    }
    unsent_.reset();
    input_.release();
    error_code ignored;
    socket_.close(ignored);
    home_.load().remove();
    home_.state().connections.remove();
    if (counts_as_unauthenticated_)
        home_.state().unauthenticated.remove();
    if (counts_as_stream_)
        home_.state().streams.remove();
    if (in_loop_hook::is_linked())
        home_.leave(*this);
    self_.reset();
}

void connection::cut_off()
{
    guarded([this] {
        close_because(log_level::warning, "dropped",
                      std::string{session_.parked() ? "its call has not ended" : "it did not fetch its last replies"} +
                          " within stop_grace (" + std::to_string(home_.state().options.stop_grace.count()) + " ms)");
    });
}

/// The socket failed: with a reset the peer has left, while keepalive may only have missed it.
void connection::close_lost(const error_code& cause)
{
    peer_left_ = cause == boost::system::errc::connection_reset || cause == boost::system::errc::broken_pipe;
    close_because(log_level::info, "lost", cause.message());
}

/// The session is over and its last reply is out.
void connection::close_finished()
{
    if (session_.end_reason().empty())
        close();
    else if (session_.authentication_failed())
        close_because(log_level::warning, "authentication failed:", session_.end_reason());
    else
        close_because(log_level::warning, "dropped", session_.end_reason());
}

void connection::close_because(log_level level, std::string_view what, std::string_view reason)
{
    if (!is_open_)
        return;
    home_.state().dropped.add();
    home_.state().log(level, std::string{what} + ' ' + peer_.to_string() + ": " + std::string{reason});
    close();
}

}  // namespace quaymaster::net
