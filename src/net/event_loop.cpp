#include "net/event_loop.hpp"

#include "codec/small_block.hpp"
#include "net/connection.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace quaymaster::net {

namespace {

thread_local event_loop* running_here = nullptr;

/// While it lives the thread has the turn of `loop`.
class running_as {
public:
    explicit running_as(event_loop& loop) noexcept : before_{std::exchange(running_here, &loop)} {}
    running_as(const running_as&) = delete;
    running_as& operator=(const running_as&) = delete;
    ~running_as() { running_here = before_; }

private:
    event_loop* const before_;
};

}  // namespace

event_loop::event_loop(server_state& state, std::size_t index, std::size_t count)
    : state_{state}, service_{state, *this}, busy_poll_{state.options.busy_poll}, home_{index, count}
{
    read_space_.resize(read_space_size);
    spare_outboxes_.reserve(spare_outboxes_max);
    resumed_.reserve(resumed_together_max);
    told_loops_.reserve(count);
}

event_loop::~event_loop()
{
    deadlines_.clear();  // the alarms end before it
}

void event_loop::run()
{
    std::unique_lock turn{turn_mutex_};
    turn_ = &turn;
    const running_as here{*this};
    codec::keep_spare_chunks(spare_chunks_size);
    while (!has_ended())
        run_turn();
    run_posted();  // who was handed to this loop a moment too late is turned away
    codec::keep_spare_chunks(codec::spare_chunks_size);
}

void event_loop::drop_posted()
{
    const std::lock_guard lock{posted_mutex_};
    posted_.clear();
}

void event_loop::run_turn()
{
    look_around();
    reactor_.tell_ready();
    run_posted();
    take_messages();
    fire_deadlines();
    resume_fulfilled();
    see_to_told();
    flush_all();
    see_to_told();  // those that a connection has fulfilled which went on after its flush
    settle_later();
    release_memory_later();
}

/// Finds something to do: looks as long as that is better than to sleep, and then sleeps. Others may have the turn meanwhile.
void event_loop::look_around()
{
    if (has_left_unflushed_)
        return static_cast<void>(reactor_.wait(std::chrono::milliseconds{0}, *turn_));
    const auto look = [this] { return is_wanted() || reactor_.look(); };
    const auto until = [this] { return deadlines_.next(); };  // a visitor may set one that comes sooner
    const bool is_found = busy_poll_.poll(until, look, [this] {
        turn_->unlock();
        ::sched_yield();
        turn_->lock();
    });
    if (is_found)
        home_.on_hit();
    else
        sleep();
}

void event_loop::sleep()
{
    reactor_.begin_sleep();
    sleeps_until_ = deadlines_.next();
    (void)reactor_.wait(is_wanted() ? std::chrono::milliseconds{0} : patience(std::chrono::steady_clock::now()), *turn_);
    reactor_.end_sleep();
    busy_poll_.on_awake(std::chrono::steady_clock::now());
}

void event_loop::note_told(event_loop& other) noexcept
{
    const auto known = std::find_if(told_loops_.begin(), told_loops_.end(), [&](const told_loop& each) { return each.loop == &other; });
    if (known == told_loops_.end())
        return told_loops_.push_back({&other, 1});
    if (++known->waiters == visit_waiters_max + 1)
        other.reactor_.wake();
}

/// Has the calls of other loops' connections go on that this one has fulfilled.
void event_loop::see_to_told()
{
    while (!told_loops_.empty()) {
        const told_loop told = told_loops_.back();
        told_loops_.pop_back();
        if (told.waiters > visit_waiters_max || !told.loop->visit())
            told.loop->reactor_.wake();
    }
}

/// Goes on with what this loop has been told, in its stead. False: it is to be woken, because it is about its turn, or has to do now
/// what only its own thread does.
bool event_loop::visit()
{
    const std::unique_lock turn{turn_mutex_, std::try_to_lock};
    if (!turn.owns_lock())
        return false;
    {
        const running_as here{*this};
        take_messages();
        resume_fulfilled();
        flush_all();
    }
    // Those that were told by this are for the loop's own thread: visits do not nest.
    return !is_wanted() && deadlines_.next() >= sleeps_until_;
}

/// True if there is something to do beside what is ready or due.
bool event_loop::is_wanted()
{
    return has_posted_.load(std::memory_order_seq_cst) || !mailbox_.empty() || !told_loops_.empty() || has_left_unflushed_ ||
           has_ended();
}

/// How long nothing will be due; nullopt: for ever.
std::optional<std::chrono::milliseconds> event_loop::patience(core::time_point now) const noexcept
{
    const core::time_point next = deadlines_.next();
    if (next == core::never)
        return std::nullopt;
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(next - now), std::chrono::milliseconds{0});
}

void event_loop::fire_deadlines()
{
    if (deadlines_.next() == core::never)
        return;
    deadlines_.fire(std::chrono::steady_clock::now());
}

void event_loop::post(std::function<void()> act)
{
    {
        const std::lock_guard lock{posted_mutex_};
        posted_.push_back(std::move(act));
        has_posted_.store(true, std::memory_order_seq_cst);
    }
    reactor_.wake();
}

void event_loop::run_posted()
{
    if (!has_posted_.load(std::memory_order_relaxed))
        return;
    std::vector<std::function<void()>> acts;
    {
        const std::lock_guard lock{posted_mutex_};
        acts.swap(posted_);
        has_posted_.store(false, std::memory_order_relaxed);
    }
    for (const auto& act : acts)
        act();
}

std::unique_ptr<wire::outbox> event_loop::borrow_outbox()
{
    if (spare_outboxes_.empty())
        return std::make_unique<wire::outbox>();
    std::unique_ptr<wire::outbox> lent = std::move(spare_outboxes_.back());
    spare_outboxes_.pop_back();
    return lent;
}

void event_loop::give_back(std::unique_ptr<wire::outbox> emptied) noexcept
{
    // One that has grown for a giant's replies goes: there may be many of them.
    if (spare_outboxes_.size() < spare_outboxes_.capacity() && emptied->capacity() <= spare_outbox_size_max)
        spare_outboxes_.push_back(std::move(emptied));
}

void event_loop::flush_later(connection& sender)
{
    if (sender.to_flush_hook::is_linked())
        return;
    // In front: whoever was served by what another has put is told before that other, who has nothing to wait for. But not before those
    // whose turn it is already, or one that always has more to send would keep them waiting.
    if (is_flushing_ || has_left_unflushed_)
        to_flush_.push_back(sender);
    else
        to_flush_.push_front(sender);
}

void event_loop::flush_all()
{
    is_flushing_ = true;
    core::time_point limit = core::never;
    for (std::size_t flushes = 1; !to_flush_.empty(); ++flushes) {
        connection& sender = to_flush_.front();
        to_flush_.pop_front();
        sender.flush();
        resume_fulfilled();  // it may have gone on with what it had left aside
        if (flushes % flushes_per_look != 0)
            continue;
        const core::time_point now = std::chrono::steady_clock::now();
        if (now >= limit)
            break;
        limit = std::min(limit, now + flush_span_max);
    }
    is_flushing_ = false;
    has_left_unflushed_ = !to_flush_.empty();
}

void event_loop::adopt(unique_descriptor socket, const peer_name& peer)
{
    if (running_here == this)
        return open(std::move(socket), peer);
    // A std::function is copied: a descriptor is not, so it is shared.
    post([this, held = std::make_shared<unique_descriptor>(std::move(socket)), peer] { open(std::move(*held), peer); });
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

void event_loop::tell(std::shared_ptr<core::waiter> told) noexcept
{
    if (running_here == this)
        return fulfilled_.push(std::move(told));
    mailbox_.push(std::move(told));
    if (running_here != nullptr)
        running_here->note_told(*this);
    else
        reactor_.wake();
}

void event_loop::take_messages() noexcept
{
    mailbox_.take_all([this](std::shared_ptr<core::waiter> told) { fulfilled_.push(std::move(told)); });
}

void event_loop::on_fulfilled(std::shared_ptr<core::waiter> told) noexcept
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
    if (stopping_ || settling_.due() != core::never)
        return;
    if (is_to_settle_.load(std::memory_order_relaxed))
        is_to_settle_.exchange(false);  // before it is asked: who comes later asks again
    if (!state_.holds->has_work())
        return;
    is_to_settle_.store(true, std::memory_order_relaxed);
    // A long grace is for what is handed over; what a call has dropped need not wait for that.
    const auto delay = std::min<std::chrono::milliseconds>(state_.options.handover_grace, hold_ledger::cycle_interval) +
                       std::chrono::milliseconds{10};
    deadlines_.set(settling_, std::chrono::steady_clock::now() + delay);
}

void event_loop::settle_soon() noexcept
{
    if (is_to_settle_.load(std::memory_order_relaxed) || is_to_settle_.exchange(true))
        return;
    try {
        post([this] { settle_later(); });
    } catch (const std::exception&) {
        is_to_settle_.store(false, std::memory_order_relaxed);  // the next who asks has better luck
    }
}

void event_loop::settle()
{
    try {
        service_.settle();
    } catch (const std::exception& failure) {
        // Nobody called, so this is no reason to stop: it is tried again.
        state_.log_or_drop(log_level::error, "objects that nothing holds are kept: ", failure.what());
    }
}

/// What the items of a queue have left behind serves the next ones, if they come soon.
void event_loop::release_memory_later()
{
    if (!codec::has_spare_chunks() || stopping_ || releasing_.due() != core::never)
        return;
    deadlines_.set(releasing_, std::chrono::steady_clock::now() + std::chrono::seconds{1});
}

void event_loop::release_memory()
{
    codec::release_spare_chunks();
}

void event_loop::resume_fulfilled()
{
    // One that resumes may go on with a pipelined request and end another's wait.
    while (!fulfilled_.empty()) {
        while (!fulfilled_.empty() && resumed_.size() < resumed_together_max)
            resumed_.push_back(fulfilled_.pop());
        for (auto first = resumed_.begin(); first != resumed_.end();) {
            // Those of one connection that follow each other are answered in one turn, and one write.
            core::waiter& principal = (*first)->principal();
            const auto last = std::find_if(first, resumed_.end(), [&](const auto& each) { return &each->principal() != &principal; });
            static_cast<connection&>(principal).on_fulfilled({first, last});
            first = last;
        }
        resumed_.clear();
    }
}

void event_loop::enter(connection& opened)
{
    connections_.push_back(opened);
}

void event_loop::leave(connection& closed)
{
    connections_.erase(connections_.iterator_to(closed));
    if (closed.to_flush_hook::is_linked())
        to_flush_.erase(to_flush_.iterator_to(closed));
}

void event_loop::begin_stop()
{
    post([this] { stop_connections(); });
}

void event_loop::stop_connections()
{
    if (std::exchange(stopping_, true))
        return;
    deadlines_.remove(settling_);
    deadlines_.remove(releasing_);
    deadlines_.set(grace_, std::chrono::steady_clock::now() + state_.options.stop_grace);
    for_each_open([](connection& open) { open.finish(); });
}

void event_loop::cut_off_all()
{
    for_each_open([](connection& open) { open.cut_off(); });
}

template <class Act>
void event_loop::for_each_open(Act act)
{
    for (auto next = connections_.begin(); next != connections_.end();) {
        connection& open = *next;
        ++next;  // before it may leave the list
        act(open);
    }
}

}  // namespace quaymaster::net
