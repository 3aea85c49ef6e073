// The consumers of an async_core: what is sent ahead, handed out and given back.
#include "net/async_core.hpp"

#include "net/async_tags.hpp"

#include <quaymaster/errors.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace quaymaster::net {

namespace native = wire::native;

namespace {

using kind = async_request::kind;
using native::operation;

/// Items on their way back, of which nobody is told but the feed.
class returned_items final : public async_operation {
public:
    using told_feed = void (*)(async_feed&, const std::exception_ptr& error);

    returned_items(async_request&& wanted, std::shared_ptr<async_feed> from, told_feed done) noexcept
        : async_operation{std::move(wanted)}, feed_{std::move(from)}, done_{done}
    {
    }
    void complete(async_result&& result) override
    {
        const auto feed = std::move(feed_);
        const auto done = done_;
        delete this;
        done(*feed, result.error);
    }
    void destroy() noexcept override { delete this; }

private:
    ~returned_items() = default;

    std::shared_ptr<async_feed> feed_;
    told_feed done_;
};

}  // namespace

void async_core::begin_next(async_operation& next)
{
    const std::shared_ptr<async_feed>& feed = next.request.stream->feed;
    if (feed->is_over)
        return finish_with_error(next, aborted());
    next.where = async_operation::place::waiting;
    feed->nexts.push_back(next);
    serve_feed(*feed);
    if (feed->nexts.empty() || feed->is_running || feed->is_wanted)
        return;
    if (feed->failure != nullptr) {
        feed->kept = nullptr;
        return fail_feed(*feed, std::exchange(feed->failure, nullptr));
    }
    keep_feed(feed);
    feed->is_wanted = true;
    run_feed(*feed);
}

void async_core::keep_feed(const std::shared_ptr<async_feed>& feed)
{
    if (std::find(feeds_.begin(), feeds_.end(), feed) == feeds_.end())
        feeds_.push_back(feed);
}

void async_core::drop_feed(async_feed& feed)
{
    std::erase_if(feeds_, [&](const auto& each) { return each.get() == &feed; });
}

/// Begins a consume, or has its object opened for one, or leaves it to settle(). Nothing is ahead, because somebody waits.
void async_core::run_feed(async_feed& feed)
{
    if (!is_open(*feed.object))
        return want(feed.object);
    if (!feed.object->is_queue)
        return fail_feed(feed, std::make_exception_ptr(error{"'" + feed.object->typeid_name + "' is no queue"}));
    // A consumer keeps its place: an operation that was let in before might wait for ever behind it.
    if (!held_.empty() || !server_takes_more()) {
        has_held_consumes_ = true;
        return;
    }
    feed.is_wanted = false;
    feed.is_running = true;
    feed.used = 0;
    feed.credit = feed.window;
    feed.connection = connection_number_;
    feed.id = connection_->session().consume(&feed, feed.object->server_handle, feed.window);
    feed.sent_until = connection_->appended();
}

/// Those that the server was to take later, and whose objects are open.
void async_core::run_held_feeds()
{
    for (const auto& each : std::vector{feeds_})
        if (each->is_wanted && is_open(*each->object))
            run_feed(*each);
}

/// Hands out what is ahead, and returns the credit for it in halves of the window.
void async_core::serve_feed(async_feed& feed)
{
    while (!feed.nexts.empty() && !feed.ahead.empty()) {
        async_result result;
        result.item = detail::encoded_item{std::move(feed.ahead.front())};
        feed.ahead.pop_front();
        ++feed.used;
        finish(feed.nexts.front(), std::move(result));
    }
    if (feed.is_running && !feed.is_over && feed.used >= (feed.window + 1) / 2) {
        feed.credit += feed.used;
        connection_->session().add_credit(feed.id, std::exchange(feed.used, 0));
    }
}

void async_core::on_feed_reply(async_feed& feed, const session::native_reply& reply)
{
    if (reply.code == operation::items) {
        session::for_each_item(reply, [&](bytes_view opcodes) { feed.ahead.push_back(codec::item::make(opcodes, {})); });
        feed.credit -= std::min<std::uint32_t>(feed.credit, reply.count);
        return serve_feed(feed);
    }
    feed.is_running = false;
    if (feed.is_over)
        return give_back(feed);
    if (reply.code == operation::cancelled)
        return;
    if (feed.nexts.empty())
        feed.failure = error_of(reply);
    else
        fail_feed(feed, error_of(reply));
}

void async_core::fail_feed(async_feed& feed, const std::exception_ptr& error)
{
    feed.is_wanted = false;
    while (!feed.nexts.empty())
        finish_with_error(feed.nexts.front(), error);
}

/// True if the server may have sent items over the connection that has been lost, and they have not come.
bool async_core::may_lose_items(const async_feed& feed, const async_connection& lost)
{
    return feed.credit != 0 && feed.sent_until <= lost.written();
}

/// Items of a consume may have been lost with its connection: who waits is told, or the next who does, or who stops it.
void async_core::lose_consume(async_feed& feed, const connection_failure& why)
{
    const auto lost = std::make_exception_ptr(
        connection_lost{why.text + "; items that were on their way to this consumer may be lost with it", why.cause, true});
    if (feed.nexts.empty())
        feed.failure = feed.kept = lost;
    else
        fail_feed(feed, lost);
}

void async_core::begin_stop(async_operation& stop)
{
    const std::shared_ptr<async_feed> feed = stop.request.stream->feed;
    stop.where = async_operation::place::waiting;
    const bool was_over = std::exchange(feed->is_over, true);
    feed->stops.push_back(stop);
    if (was_over) {
        if (!feed->is_running && feed->returning == 0)
            end_stop(*feed, stop);
        return;
    }
    stop_feed(feed);
}

/// Precondition: is_over has just become true.
void async_core::stop_feed(const std::shared_ptr<async_feed>& feed)
{
    fail_feed(*feed, aborted());
    keep_feed(feed);
    if (feed->is_running)
        connection_->session().cancel(feed->id);
    else
        give_back(*feed);
}

/// What nobody asked for goes back: the last batch first, because each goes to the front.
void async_core::give_back(async_feed& feed)
{
    const auto kept = *std::find_if(feeds_.begin(), feeds_.end(), [&](const auto& each) { return each.get() == &feed; });
    const bool is_same_connection = phase_ == phase::ready && feed.connection == connection_number_;
    // Only a put_many is continued by another request if its server takes no more in one.
    const std::size_t size_max = is_same_connection ? request_items_size_max() : batch_size_max;
    const std::size_t count_max =
        is_same_connection ? connection_->session().server().batch_items_max : std::size_t{native::batch_items_max};
    std::deque<codec::item> ahead;
    ahead.swap(feed.ahead);
    ++feed.returning;
    while (!ahead.empty() && phase_ != phase::closed) {
        async_request wanted;
        wanted.what = is_same_connection ? kind::put_back : kind::put_many;
        wanted.object = feed.object;
        std::size_t size = 0;
        // To the front the last batch goes first, to the end the first.
        while (!ahead.empty() && wanted.items.size() < count_max) {
            codec::item& next = is_same_connection ? ahead.back() : ahead.front();
            size += sizeof(std::uint32_t) + next.size();
            if (size > size_max && !wanted.items.empty())
                break;
            wanted.items.emplace_back(std::move(next));
            is_same_connection ? ahead.pop_back() : ahead.pop_front();
        }
        if (is_same_connection)
            std::reverse(wanted.items.begin(), wanted.items.end());
        ++feed.returning;
        route(*new returned_items{std::move(wanted), kept, &async_core::on_given_back});
    }
    on_given_back(feed, nullptr);
}

void async_core::on_given_back(async_feed& feed, const std::exception_ptr& error)
{
    if (error != nullptr && feed.kept == nullptr)
        feed.kept = error;
    if (--feed.returning != 0)
        return;
    async_core& core = *feed.object->handle->core;
    while (!feed.stops.empty())
        core.end_stop(feed, feed.stops.front());
    core.drop_feed(feed);
}

void async_core::end_stop(async_feed& feed, async_operation& stop)
{
    if (feed.kept != nullptr)
        finish_with_error(stop, feed.kept);
    else
        finish(stop, {});
}

}  // namespace quaymaster::net
