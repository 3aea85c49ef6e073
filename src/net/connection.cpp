#include "net/connection.hpp"

#include "net/local_end.hpp"
#include "net/server_socket.hpp"
#include "net/tcp_options.hpp"

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
    : home_{home}, socket_{std::move(socket)}, session_{home.state().settings, *this}, peer_{peer}
{
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
        if (unsent_ != nullptr)
            unsent_->clear();  // what was being written into it may be cut in half
        try {
            close_because(log_level::error, "dropped", failure.what());
        } catch (const std::exception&) {
            close();  // memory has run out even for saying so
        }
    }
}

/// Lets the session act; what it answers leaves at the end of the loop's turn.
template <class Act>
void connection::take_turn(core::time_point now, Act&& act)
{
    if (unsent_ == nullptr)
        unsent_ = home_.borrow_outbox();
    const bool awaited_fetch = awaits_fetch();
    const std::size_t before = unsent_->size();
    session::turn turn = home_.turn_at(now, *unsent_);
    turn.ahead = session::octets_ahead{before, ahead_};
    act(turn);
    if (!is_open_)
        return;
    ahead_ = turn.ahead.count(unsent_->size());
    if (!awaited_fetch)
        last_fetch_ = now;
    settle_turn(unsent_->size() == before && !session_.parked() && !session_.is_native(), now);
}

bool connection::holds_whole_request() const noexcept
{
    if (!is_open_ || is_finishing_ || session_.parked() || input_.empty())
        return false;
    const auto size = session_.frame_size(input_.view());
    return size && *size <= input_.size();
}

/// True if the session takes no more before the peer has fetched some: what is read would pile up, and an end that is read would come
/// before the requests that are left.
bool connection::is_full() const noexcept
{
    return unsent_ != nullptr && (unsent_->size() >= home_.state().options.outbox_size_max || holds_whole_request());
}

void connection::start()
{
    self_ = std::static_pointer_cast<connection>(shared_from_this());
    home_.enter(*this);
    guarded([this] {
        if (peer_.is_tcp())
            tune_tcp(socket_.number(), client_keepalive);
        home_.reactor().add(socket_.number(), *this, interest_ = EPOLLIN);
        take_turn(std::chrono::steady_clock::now(), [this](session::turn& now) { session_.start(now); });
    });
}

void connection::tell(std::shared_ptr<core::waiter> told) noexcept
{
    home_.tell(std::move(told));
}

void connection::on_fulfilled(std::span<std::shared_ptr<core::waiter>> told)
{
    // It, or a call, may have ended while the message was under way; what it was given has gone back then.
    if (!is_open_ || std::none_of(told.begin(), told.end(), [this](const auto& each) { return session_.waits_in(*each); }))
        return;
    guarded([this, told] {
        // Nobody watched the socket of a client that had sent too far ahead; what it was given goes back if it has left.
        if (session_.parked() && (interest_ & EPOLLIN) == 0 && peer_has_left(socket_.number()))
            return close_because(log_level::info, "lost", "it left while its call waited");
        take_turn(std::chrono::steady_clock::now(), [this, told](session::turn& now) {
            for (auto& each : told)
                if (session_.waits_in(*each))
                    session_.resume(std::move(each), now);
            if (!is_finishing_)
                consume(input_.view(), now);
        });
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
    });
}

void connection::on_ready(std::uint32_t events)
{
    guarded([this, events] {
        if ((events & EPOLLOUT) != 0 && is_choked_)
            go_on(std::chrono::steady_clock::now());
        else if ((interest_ & EPOLLIN) != 0 && !is_full())  // else it is to be flushed first
            static_cast<void>(read());
        else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
            close_lost(make_error_code(boost::system::errc::connection_reset));  // nothing of what we have will be fetched
    });
}

bool connection::on_guess() noexcept
{
    if (interest_ != EPOLLIN || is_full())
        return false;
    bool has_come = true;  // where it throws, too: there may be others to tell of its end
    guarded([this, &has_come] { has_come = read(); });
    return has_come;
}

/// False if there was nothing.
bool connection::read()
{
    read_result last = read_once();
    if (last == read_result::nothing)
        return false;
    for (int reads = 1; reads < reads_per_turn && last == read_result::incomplete; ++reads)
        last = read_once();
    return true;
}

/// One read and all that follows from it. `incomplete` if the socket probably holds more of a frame.
connection::read_result connection::read_once()
{
    const std::span<std::byte> space = input_.prepare(home_.read_space());
    const transfer done = receive_some(socket_.number(), space);
    const bytes_view input = input_.commit(done.count);
    if (done.state == transfer::status::would_block) {
        input_.keep_all();
        return read_result::nothing;
    }
    const core::time_point now = std::chrono::steady_clock::now();  // that of a large frame takes a while; time-outs begin when it has come
    if (done.state != transfer::status::some) {
        input_.keep(0, std::nullopt);
        if (done.state == transfer::status::ended)
            end_after_replies(now);
        else
            close_lost(done.cause);
        return read_result::done;
    }
    take_turn(now, [this, input](session::turn& turn) { consume(input, turn); });
    const bool is_incomplete =
        is_open_ && done.count == space.size() && !input_.empty() && !session_.parked() && !is_choked_ && !is_full();
    return is_incomplete ? read_result::incomplete : read_result::done;
}

/// The peer fetches again, or has fetched all that there was: sends more, and takes what was left aside.
void connection::go_on(core::time_point now)
{
    if (!send(now))
        return;
    if (!is_finishing_)
        return take_turn(now, [this](session::turn& turn) { consume(input_.view(), turn); });
    end_if_done(now);
    if (is_choked_)
        finish_by(now + home_.state().settings.handshake_timeout);
}

void connection::flush()
{
    guarded([this] {
        const core::time_point now = std::chrono::steady_clock::now();
        if (!send(now))
            return;
        end_if_done(now);
        if (!is_open_)
            return;
        // The session stops at replies_size_max; if the kernel took all of that, nothing else would make it go on.
        if (unsent_ == nullptr && (holds_whole_request() || (!is_finishing_ && session_.is_stalled())))
            return take_turn(now, [this](session::turn& turn) { consume(input_.view(), turn); });
        watch();
        if (!is_finishing_)
            home_.deadlines().set(*this, std::min(session_.deadline(), fetch_limit()));
    });
}

/// Has the session take what it can of `input`, which input_ holds or has lent, and keeps the rest.
void connection::consume(bytes_view input, session::turn& now)
{
    // Whichever dialect the frame is of: at most one of the two takes the memory.
    const codec::envelope_reader::loan frame{now.scratch.reader, input_.whole_frame()};
    const codec::item_reader::loan item{now.scratch.items, input_.whole_frame()};
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

/// After each turn: `is_incomplete` if the peer gets no answer because it has more to send, and may not send that before we acknowledge
/// what has come.
void connection::settle_turn(bool is_incomplete, core::time_point now)
{
    count_progress();
    if (!unsent_->empty() && !is_choked_)
        return home_.flush_later(*this);
    if (unsent_->empty())
        home_.give_back(std::move(unsent_));
    end_if_done(now);
    if (!is_open_)
        return;
    if (is_incomplete && peer_.is_tcp())
        acknowledge_now(socket_.number());
    watch();
    if (!is_finishing_)
        home_.deadlines().set(*this, std::min(session_.deadline(), fetch_limit()));
}

/// Closes, or begins to, if nothing more is to come of this connection.
void connection::end_if_done(core::time_point now)
{
    if ((!session_.wants_close() && !is_finishing_) || session_.awaits_work())
        return;
    if (unsent_ == nullptr)
        close_finished();
    else if (!is_finishing_)
        finish_by(now + home_.state().settings.handshake_timeout);
}

/// True if the peer must fetch some of what waits for it, at some time or other.
bool connection::awaits_fetch() const noexcept
{
    return unsent_ != nullptr && (unsent_->size() > ahead_ || session_.holds_answers());
}

/// When the peer must have fetched some of what waits for it. A consumer has its items sent ahead so that it can take them one by one,
/// however long it works on each: those may wait.
core::time_point connection::fetch_limit() const noexcept
{
    return awaits_fetch() ? last_fetch_ + home_.state().options.reply_timeout : core::never;
}

/// Lets the replies out that the peer has not fetched yet, until `limit`, which moves as it fetches some. A call that still
/// waits would be given something that its caller is no longer there for.
void connection::finish_by(core::time_point limit)
{
    if (session_.may_wait())
        session_.end(home_.service());
    is_finishing_ = true;
    watch();  // no more of what comes: an end that has been read would be told again and again
    home_.deadlines().set(*this, limit);
}

/// Writes what the kernel takes and keeps the rest in unsent_. False if the connection ended over it.
bool connection::send(core::time_point now)
{
    if (unsent_ == nullptr)
        return true;
    std::vector<bytes_view>& pieces = home_.pieces();
    pieces.clear();
    unsent_->gather(pieces);
    const transfer done = send_some(socket_.number(), pieces);
    if (done.state == transfer::status::failed) {
        unsent_->clear();
        close_lost(done.cause);
        return false;
    }
    unsent_->consume(done.count);
    ahead_ = std::min(ahead_, unsent_->size());
    if (done.count != 0)
        last_fetch_ = now;
    is_choked_ = !unsent_->empty();
    if (!is_choked_)
        home_.give_back(std::move(unsent_));
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

/// Has the reactor tell us of what we are ready for.
void connection::watch()
{
    const bool is_ahead = session_.parked() && input_.size() > input_size_while_parked_max;
    const std::uint32_t wanted = (is_full() || is_ahead || is_finishing_ ? 0U : std::uint32_t{EPOLLIN}) |
                                 (is_choked_ ? std::uint32_t{EPOLLOUT} : 0U);
    if (wanted != interest_)
        home_.reactor().modify(socket_.number(), *this, interest_ = wanted);
}

void connection::finish()
{
    guarded([this] {
        // stop_grace is the limit of all
        if (session_.awaits_work()) {
            is_finishing_ = true;
            watch();
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
    return local_end_of(socket_.number());
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
    is_choked_ = false;
    input_.release();
    home_.reactor().remove(socket_.number(), *this);
    socket_ = unique_descriptor{};
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
