#include "net/async_core.hpp"

#include "net/async_tags.hpp"
#include "net/randomness.hpp"
#include "wire/little_endian.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <openssl/crypto.h>

#include <array>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace quaymaster::net {

namespace asio = boost::asio;

namespace {

using clock = std::chrono::steady_clock;

std::size_t checked_in_flight_max(std::size_t given)
{
    if (given == 0)
        throw std::invalid_argument{"async_client_options::in_flight_max is 0; it must be at least 1"};
    return given;
}

}  // namespace

// ---- handles ----------------------------------------------------------------------------------------------------------

async_handle::~async_handle()
{
    core->close();
}

async_object::~async_object()
{
    handle->core->release(*this);
}

async_stream::~async_stream()
{
    feed->object->handle->core->end_feed(feed);
}

// ---- any thread -------------------------------------------------------------------------------------------------------

async_core::async_core(asio::any_io_executor executor, address server, const authkey& key, const async_client_options& options)
    : member{asio::query(executor, asio::execution::context)},
      environment_{make_environment(std::move(server), key, options.client)},
      in_flight_max_{checked_in_flight_max(options.in_flight_max)},
      full_{options.full},
      repeat_puts_{options.repeat_puts},
      executor_{std::move(executor)},
      strand_{asio::make_strand(executor_)},
      retry_timer_{*strand_},
      tick_timer_{*strand_}
{
    std::array<std::byte, sizeof put_client_> random;
    fill_random(random);
    put_client_ = wire::load_little<std::uint64_t>(random.data());
}

async_core::~async_core()
{
    async_core::abandon();
    OPENSSL_cleanse(environment_.session.authkey.data(), environment_.session.authkey.size());
}

/// Has `add` put something into the inbox, and sees to it that the strand looks there.
template <class Add>
void async_core::leave(Add&& add)
{
    {
        const std::lock_guard lock{mutex_};
        add(inbox_);
        if (std::exchange(is_posted_, true))
            return;
    }
    try {
        asio::post(*strand_, [self = shared_from_this()] { self->on_turn(); });
    } catch (...) {
        const std::lock_guard lock{mutex_};
        is_posted_ = false;
        throw;
    }
}

void async_core::submit(async_operation& started)
{
    if (is_abandoned_.load(std::memory_order_relaxed))
        return started.destroy();
    bool is_left = false;
    try {
        leave([&](inbox& into) {
            into.started.push_back(started);
            is_left = true;
        });
    } catch (...) {
        {
            const std::lock_guard lock{mutex_};
            if (is_left)
                started.async_operation::list_base_hook::unlink();
        }
        started.destroy();
        throw;
    }
}

void async_core::cancel(std::uint64_t number)
{
    if (!is_abandoned_.load(std::memory_order_relaxed))
        leave([&](inbox& into) { into.cancelled.push_back(number); });
}

void async_core::close()
{
    if (is_abandoned_.load(std::memory_order_relaxed))
        return;
    try {
        leave([](inbox& into) { into.is_closed = true; });
    } catch (const std::bad_alloc&) {
        // It is looked at with whatever comes next.
    }
}

void async_core::release(async_object& gone) noexcept
{
    if (gone.at != async_object::step::open || is_abandoned_.load(std::memory_order_relaxed))
        return;
    try {
        leave([&](inbox& into) {
            into.released.push_back({gone.is_ours ? gone.ident : std::string{}, gone.connection, gone.server_handle});
        });
    } catch (const std::bad_alloc&) {
        // The server lets go of it at the end of the connection.
    }
}

void async_core::end_feed(const std::shared_ptr<async_feed>& feed) noexcept
{
    if (is_abandoned_.load(std::memory_order_relaxed))
        return;
    try {
        leave([&](inbox& into) { into.ended.push_back(feed); });
    } catch (const std::bad_alloc&) {
        // The server takes back what it has not sent at the end of the connection.
    }
}

void async_core::abandon() noexcept
{
    const auto self = weak_from_this().lock();
    is_abandoned_.store(true, std::memory_order_relaxed);
    phase_ = phase::closed;
    if (connection_ != nullptr)
        connection_->close();
    connection_.reset();
    retry_timer_.reset();
    tick_timer_.reset();
    strand_.reset();
    cancellable_.clear();
    operation_list all;
    const auto take = [&all](operation_list& from) { all.splice(all.end(), from); };
    {
        const std::lock_guard lock{mutex_};
        take(inbox_.started);
    }
    take(taken_.started);
    take(room_);
    take(held_);
    take(connects_);
    take(sent_);
    for (const auto& each : wanted_)
        take(each->waiting);
    for (const auto& each : feeds_) {
        take(each->nexts);
        take(each->stops);
    }
    while (!all.empty()) {
        async_operation& next = all.front();
        all.pop_front();
        next.destroy();
    }
    wanted_.clear();
    to_ask_for_.clear();
    feeds_.clear();
    std::vector<std::shared_ptr<async_feed>> ended;
    {
        const std::lock_guard lock{mutex_};
        ended.swap(inbox_.ended);
    }
}

// ---- a turn -----------------------------------------------------------------------------------------------------------

void async_core::on_turn()
{
    {
        const std::lock_guard lock{mutex_};
        is_posted_ = false;
        taken_.started.swap(inbox_.started);
        taken_.cancelled.swap(inbox_.cancelled);
        taken_.released.swap(inbox_.released);
        taken_.ended.swap(inbox_.ended);
        taken_.is_closed = inbox_.is_closed;
    }
    now_ = clock::now();
    while (!taken_.started.empty()) {
        async_operation& started = taken_.started.front();
        taken_.started.pop_front();
        begin(started);
    }
    for (const std::uint64_t number : taken_.cancelled)
        cancel_one(number);
    taken_.cancelled.clear();
    for (const auto& feed : taken_.ended)
        if (!std::exchange(feed->is_over, true))
            stop_feed(feed);
    taken_.ended.clear();
    for (const released_object& gone : taken_.released)
        if (phase_ == phase::ready && gone.connection == connection_number_) {
            connection_->session().close(nullptr, gone.server_handle);
            if (!gone.ident.empty())
                connection_->session().call(nullptr, {.method = "decref", .name = gone.ident});
        }
    taken_.released.clear();
    settle();
    if (phase_ == phase::ready)
        connection_->flush();
    if (taken_.is_closed && phase_ != phase::closed)
        end();
}

/// Those that had to wait for room go on as far as there is some, and objects that are wanted since are asked for.
void async_core::settle()
{
    for (;;) {
        while (!held_.empty() && server_takes_more()) {
            async_operation& next = held_.front();
            held_.pop_front();
            send(next);
        }
        if (std::exchange(has_held_consumes_, false))
            run_held_feeds();
        while (!room_.empty() && has_room()) {
            async_operation& next = room_.front();
            room_.pop_front();
            admit(next);
        }
        if (to_ask_for_.empty())
            return;
        for (const auto& each : std::exchange(to_ask_for_, {}))
            advance(*each);
    }
}

void async_core::end()
{
    phase_ = phase::closed;
    if (connection_ != nullptr)
        connection_->close();
    connection_.reset();
    retry_timer_->cancel();
    tick_timer_->cancel();
    const auto finish_all = [this](operation_list& of) {
        while (!of.empty())
            finish_with_error(of.front(), aborted());
    };
    finish_all(sent_);
    to_ask_for_.clear();
    const auto wanted = std::exchange(wanted_, {});
    for (const auto& each : wanted)
        finish_all(each->waiting);
    finish_all(connects_);
    finish_all(held_);
    finish_all(room_);
    const auto feeds = std::exchange(feeds_, {});
    for (const auto& each : feeds) {
        each->is_over = true;
        each->is_running = each->is_wanted = false;
        each->ahead.clear();
        finish_all(each->nexts);
        finish_all(each->stops);
    }
}

}  // namespace quaymaster::net
