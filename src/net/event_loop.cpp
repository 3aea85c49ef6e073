#include "net/event_loop.hpp"

#include "net/connection.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace quaymaster::net {

namespace {

thread_local event_loop* running_here = nullptr;

}  // namespace

event_loop::event_loop(server_state& state) : state_{state}, service_{state, *this}, busy_poll_{state.options.busy_poll}
{
    read_space_.resize(read_space_size);
}

event_loop::~event_loop() = default;

void event_loop::run()
{
    running_here = this;
    if (state_.options.busy_poll.count() <= 0) {
        context_.run();
        return;
    }
    while (!context_.stopped()) {
        if (!poll())
            context_.run_one();
    }
}

/// Does the work that there is and, if there is none, looks for some as long as that is better than to sleep.
/// False if there was none, or if it did not look.
bool event_loop::poll()
{
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    if (!busy_poll_.is_worth_trying(begin))
        return false;
    if (context_.poll() != 0)
        return true;
    const auto end = busy_poll_.begin(begin, preemption_count());
    for (auto now = begin; now < end; now = clock::now()) {
        if (context_.poll() != 0) {
            busy_poll_.on_hit();
            return true;
        }
    }
    if (end != begin)
        busy_poll_.on_miss(end);
    return false;
}

void event_loop::adopt(unique_descriptor socket, const peer_name& peer)
{
    boost::asio::post(context_, [this, held = std::move(socket), peer]() mutable { open(std::move(held), peer); });
}

void event_loop::open(unique_descriptor socket, const peer_name& peer)
{
    bool is_counted_by_connection = false;
    try {
        const auto opened = std::make_shared<connection>(*this, std::move(socket), peer);
        is_counted_by_connection = true;
        if (stopping_)
            opened->close();
        else
            opened->start();
    } catch (const std::exception& failure) {
        if (!is_counted_by_connection) {
            load_.remove();
            state_.connections.remove();
            state_.unauthenticated.remove();
            state_.dropped.add();
        }
        state_.log(log_level::error, "cannot serve " + peer.to_string() + ": " + failure.what());
    }
}

void event_loop::tell(std::shared_ptr<core::waiter> told)
{
    if (running_here == this)
        fulfilled_.push_back(std::move(told));
    else if (mailbox_.push(std::move(told)))
        boost::asio::post(context_, [this] { take_messages(); });
}

void event_loop::take_messages()
{
    mailbox_.take_all([this](std::shared_ptr<core::waiter> told) { fulfilled_.push_back(std::move(told)); });
    resume_fulfilled();
}

void event_loop::on_fulfilled(std::shared_ptr<core::waiter> told)
{
    net::tell(std::move(told));
}

value event_loop::own_end(core::waiter& caller)
{
    return static_cast<connection&>(caller).own_end();
}

std::string event_loop::host_of(core::waiter& caller)
{
    return static_cast<connection&>(caller).host();
}

/// What is to be settled, and has to wait, or ended where nobody settles it: in a call, or on a worker. Somebody may settle it
/// before; this is for a server that nobody calls any more.
void event_loop::settle_later()
{
    if (stopping_ || !state_.holds->has_work() || std::exchange(is_to_settle_, true))
        return;
    // A long grace is for what is handed over; what a call has dropped need not wait for that.
    settling_.expires_after(std::min<std::chrono::milliseconds>(state_.options.handover_grace, hold_ledger::cycle_interval) +
                            std::chrono::milliseconds{10});
    settling_.async_wait([this](const boost::system::error_code& cancelled) {
        is_to_settle_ = false;
        if (!cancelled)
            settle();
    });
}

void event_loop::settle()
{
    try {
        service_.settle();
    } catch (const std::exception& failure) {
        // Nobody called, so this is no reason to stop: it is tried again.
        state_.log_or_drop(log_level::error, "objects that nothing holds are kept: ", failure.what());
    }
    settle_later();
}

void event_loop::resume_fulfilled()
{
    // One that resumes may go on with a pipelined request and end another's wait.
    while (!fulfilled_.empty()) {
        resumed_.swap(fulfilled_);
        for (auto first = resumed_.begin(); first != resumed_.end();) {
            // Those of one connection that follow each other are answered in one turn, and one write.
            core::waiter& principal = (*first)->principal();
            const auto last = std::find_if(first, resumed_.end(), [&](const auto& each) { return &each->principal() != &principal; });
            static_cast<connection&>(principal).on_fulfilled({first, last});
            first = last;
        }
        resumed_.clear();
    }
    settle_later();
}

void event_loop::enter(connection& opened)
{
    connections_.push_back(opened);
}

void event_loop::leave(connection& closed)
{
    connections_.erase(connections_.iterator_to(closed));
    end_if_empty();
}

/// Takes away what would keep run() going after the last connection.
void event_loop::end_if_empty()
{
    if (!stopping_ || !connections_.empty())
        return;
    grace_.cancel();
    settling_.cancel();
    deadlines_.cancel();
}

void event_loop::begin_stop()
{
    boost::asio::post(context_, [this] { stop_connections(); });
}

void event_loop::stop_connections()
{
    if (std::exchange(stopping_, true))
        return;
    work_.reset();
    const auto for_each_open = [this](auto act) {
        for (auto next = connections_.begin(); next != connections_.end();) {
            connection& open = *next;
            ++next;  // before it may leave the list
            act(open);
        }
    };
    grace_.expires_after(state_.options.stop_grace);
    grace_.async_wait([for_each_open](const boost::system::error_code& cancelled) {
        if (!cancelled)
            for_each_open([](connection& open) { open.cut_off(); });
    });
    for_each_open([](connection& open) { open.finish(); });
    end_if_empty();
    resume_fulfilled();
}

}  // namespace quaymaster::net
