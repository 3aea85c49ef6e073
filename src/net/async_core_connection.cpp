// The connection of an async_core: made, lost, watched and made anew.
#include "net/async_core.hpp"

#include "net/async_tags.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace quaymaster::net {

namespace {

using clock = std::chrono::steady_clock;
using kind = async_request::kind;
using std::chrono::milliseconds;

constexpr milliseconds back_off_min{10};
constexpr milliseconds back_off_max{500};
/// A connection that was lost sooner than this after it was made is not made anew at once.
constexpr milliseconds steady_after{1'000};
/// How often one request is sent over connections that are lost before it is answered.
constexpr std::uint8_t resends_max = 16;

}  // namespace

void async_core::connect()
{
    if (phase_ != phase::idle)
        return;
    const client_options& options = environment_.options;
    if (!give_up_at_)
        give_up_at_ = clock::now() + (was_ever_ready_ ? options.reconnect_deadline : options.connect_deadline);
    phase_ = phase::connecting;
    ++connection_number_;
    connection_ = std::make_shared<async_connection>(*strand_, environment_, weak_from_this());
    connection_->start();
}

/// Tries again, unless that would be too late.
void async_core::connect_later(const connection_failure& why)
{
    const milliseconds pause = std::max(back_off_, back_off_min);
    back_off_ = std::min(pause * 2, back_off_max);
    const client_options& options = environment_.options;
    const milliseconds patience = was_ever_ready_ ? options.reconnect_deadline : options.connect_deadline;
    if (!give_up_at_)
        give_up_at_ = clock::now() + patience;
    if (clock::now() + pause > *give_up_at_) {
        connection_failure last = why;
        last.text += "; gave up after " + std::to_string(patience.count()) + " ms: is the server running?";
        return fail_waiting(last);
    }
    phase_ = phase::backing_off;
    retry_timer_->expires_after(pause);
    retry_timer_->async_wait([weak = weak_from_this()](error_code ec) {
        const auto self = weak.lock();
        if (ec || self == nullptr || self->phase_ != phase::backing_off)
            return;
        self->phase_ = phase::idle;
        if (self->is_wanted())
            self->connect();
    });
}

bool async_core::is_wanted() const noexcept
{
    return !wanted_.empty() || !connects_.empty();
}

/// No connection is to be had: those that wait for one are told.
void async_core::fail_waiting(const connection_failure& why)
{
    phase_ = phase::idle;
    give_up_at_.reset();
    back_off_ = milliseconds{0};
    const auto wanted = std::exchange(wanted_, {});
    operation_list told;
    for (const auto& each : wanted)
        told.splice(told.end(), each->waiting);
    told.splice(told.end(), connects_);
    for (const auto& each : feeds_)
        if (each->is_wanted) {
            each->is_wanted = false;
            told.splice(told.end(), each->nexts);
        }
    told.splice(told.end(), room_);  // they would wait for the same, once more
    while (!told.empty())
        finish_lost(told.front(), why);
    settle();
}

void async_core::on_ready()
{
    now_ = clock::now();
    phase_ = phase::ready;
    ready_since_ = now_;
    was_ever_ready_ = true;
    give_up_at_.reset();
    ping_due_.reset();
    while (!connects_.empty())
        finish(connects_.front(), {});
    for (const auto& each : std::vector{wanted_}) {
        each->at = async_object::step::none;
        advance(*each);
    }
    arm_tick();
}

void async_core::on_failed(const connection_failure& why)
{
    now_ = clock::now();
    const std::shared_ptr<async_connection> lost = std::exchange(connection_, nullptr);
    const bool was_ready = phase_ == phase::ready;
    phase_ = phase::idle;
    tick_timer_->cancel();
    if (!was_ready) {
        if (why.lasting != nullptr)
            return fail_waiting(why);
        return connect_later(why);
    }
    to_ask_for_.clear();  // the next connection asks for all that is wanted
    take_back_sent(*lost, why);
    take_back_held();
    for (const auto& each : std::vector{feeds_}) {
        if (!std::exchange(each->is_running, false)) {
            if (each->is_wanted)
                add_wanted(each->object);  // if it was open, the server was to take the consume later
        } else if (each->is_over) {
            if (may_lose_items(*each, *lost))
                lose_consume(*each, why);
            give_back(*each);
        } else if (may_lose_items(*each, *lost)) {
            lose_consume(*each, why);
        } else if (!each->nexts.empty()) {
            each->is_wanted = true;
            add_wanted(each->object);
        }
    }
    std::erase_if(wanted_, [this](const auto& object) {
        return object->waiting.empty() && std::none_of(feeds_.begin(), feeds_.end(), [&](const auto& feed) {
                   return feed->is_wanted && feed->object == object;
               });
    });
    if (why.lasting != nullptr)
        return fail_waiting(why);
    if (phase_ == phase::idle && is_wanted()) {
        if (now_ - ready_since_ >= steady_after) {
            back_off_ = milliseconds{0};
            connect();
        } else {
            connect_later(why);
        }
    }
    settle();
}

/// What was sent over a connection that is lost is sent again over the next if that is safe, in its order; else it fails.
void async_core::take_back_sent(const async_connection& lost, const connection_failure& why)
{
    operation_list unsafe;
    while (!sent_.empty()) {
        async_operation& each = sent_.back();
        sent_.pop_back();
        const bool has_left = each.sent_until <= lost.written();
        const bool is_put = each.request.what == kind::put || each.request.what == kind::put_many;
        const bool is_question = each.request.what == kind::call && each.request.method == "qsize";
        if (has_left && !is_question)
            each.may_have_executed = true;
        const bool is_safe = !each.may_have_executed || (is_put && repeat_puts_ && is_remembered(each));
        if (!is_safe || each.is_cancelled || each.resends >= resends_max) {
            unsafe.push_front(each);
            continue;
        }
        ++each.resends;
        if (each.request.what == kind::put_back)
            each.request.what = kind::put_many;  // another connection was not handed them out
        each.along_with = 0;
        wait_again(each);
        add_wanted(each.request.object);
    }
    connection_failure told = why;
    told.is_deadline = false;
    while (!unsafe.empty()) {
        async_operation& each = unsafe.front();
        if (each.is_cancelled && !each.may_have_executed)
            finish_unanswered(each);
        else
            finish_lost(each, told);
    }
}

/// What has waited for the server to take it waits for the next connection, after what was sent.
void async_core::take_back_held()
{
    while (!held_.empty()) {
        async_operation& each = held_.front();
        held_.pop_front();
        each.request.object->waiting.push_back(each);
        add_wanted(each.request.object);
    }
}

void async_core::add_wanted(const std::shared_ptr<async_object>& object)
{
    if (std::find(wanted_.begin(), wanted_.end(), object) == wanted_.end())
        wanted_.push_back(object);
}

// ---- the clock --------------------------------------------------------------------------------------------------------

void async_core::arm_tick()
{
    const client_options& options = environment_.options;
    const milliseconds interval =
        std::clamp(std::min(options.call_deadline, options.wait_slice) / 8, milliseconds{10}, milliseconds{1'000});
    tick_timer_->expires_after(interval);
    tick_timer_->async_wait([weak = weak_from_this()](error_code ec) {
        const auto self = weak.lock();
        if (!ec && self != nullptr && self->phase_ == phase::ready)
            self->on_tick();
    });
}

/// Those that were to be sent, and whose time has passed.
void async_core::expire_queued(operation_list& queued, bool is_moving, const std::string& why)
{
    for (auto next = queued.begin(); next != queued.end();) {
        async_operation& each = *next++;
        if (each.due < now_ && !is_moving)
            finish_lost(each, {nullptr, why, boost::system::errc::make_error_code(boost::system::errc::timed_out), true});
    }
}

void async_core::on_tick()
{
    now_ = clock::now();
    const client_options& options = environment_.options;
    const bool is_moving = connection_->has_moved_since(now_ - options.call_deadline);
    const auto is_over = [&](time_point due) { return due < now_ && !is_moving; };
    const std::string silent =
        server().to_string() + " did not answer within " + std::to_string(options.call_deadline.count()) +
        " ms: it is frozen or overloaded, or what it was asked takes longer than client_options::call_deadline allows";
    bool is_late = ping_due_ && is_over(*ping_due_);
    for (const auto& each : std::vector{wanted_})
        if (is_over(each->due)) {
            is_late = true;
            const auto late = std::make_exception_ptr(deadline_exceeded{silent});
            fail_object(*each, late);
            fail_along(*each, late);
        }
    for (auto next = sent_.begin(); next != sent_.end();) {
        async_operation& each = *next++;
        if (!is_over(each.due))
            continue;
        is_late = true;
        finish_with_error(each, std::make_exception_ptr(deadline_exceeded{silent}));
    }
    const std::string full = "as many operations as may be were under way all the time: ";
    expire_queued(room_, is_moving, full + "see async_client_options::in_flight_max");
    expire_queued(held_, is_moving, full + server().to_string() + " takes no more at once");
    if (is_late)
        return connection_->fail({nullptr, "connection to " + server().to_string() + " given up: it did not answer in time",
                                  boost::system::errc::make_error_code(boost::system::errc::timed_out), true});
    if (!ping_due_ && now_ - connection_->last_heard() >= options.wait_slice) {
        connection_->session().ping(nullptr, {});
        ping_due_ = now_ + options.call_deadline;
    }
    settle();
    connection_->flush();
    arm_tick();
}

}  // namespace quaymaster::net
