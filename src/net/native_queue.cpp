#include "net/native_queue.hpp"

#include "net/batch_bounds.hpp"
#include "net/native_consumer.hpp"
#include "net/native_errors.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/pickle_encoder.hpp>

#include <algorithm>
#include <utility>

namespace quaymaster::net {

namespace native = wire::native;

namespace {

using std::chrono::milliseconds;

/// Octets of items in one reply to a get_many, if the client takes as many: what is more comes with the next.
constexpr std::size_t items_size_max = std::size_t{4} << 20;

/// For a request with such a time-out.
native_wait wait_for(std::uint32_t timeout)
{
    return {timeout != native::no_limit ? std::optional{milliseconds{timeout}} : std::nullopt};
}

}  // namespace

std::optional<bool> native_queue::put(const pickle_encoder& encoded, wait_time timeout)
{
    const std::uint32_t limit = native_timeout(timeout);
    return on_native([&](client_connection& stream, std::uint32_t handle) {
        native::fixed_fields fields;
        fields.add(handle).add(limit);
        take_done(stream.transact_native({native::operation::put, 0}, fields.view(), encoded.opcodes(), wait_for(limit)));
        return true;
    });
}

std::optional<codec::item> native_queue::get(wait_time timeout)
{
    const std::uint32_t limit = native_timeout(timeout);
    return on_native([&](client_connection& stream, std::uint32_t handle) {
        native::fixed_fields fields;
        fields.add(handle).add(limit);
        const native_reply reply = stream.transact_native({native::operation::get, 0}, fields.view(), {}, wait_for(limit));
        require(reply, native::operation::item);
        return stream.take_item(reply);
    });
}

std::optional<std::size_t> native_queue::put_many(std::size_t count, bytes_view sized_items, wait_time timeout)
{
    const std::uint32_t limit = native_timeout(timeout);
    return on_native([&](client_connection& stream, std::uint32_t handle) {
        native::fixed_fields fields;
        fields.add(handle).add(limit);
        const native::frame_head head{native::operation::put_many, 0, static_cast<std::uint16_t>(count)};
        return take_done(stream.transact_native(head, fields.view(), sized_items, wait_for(limit)));
    });
}

std::optional<bool> native_queue::get_many(std::size_t count, wait_time timeout, got_batch& got)
{
    const std::uint32_t limit = native_timeout(timeout);
    const batch_bounds wanted = bounds_within(core_.options().reply_size_max, count, items_size_max);
    return on_native([&](client_connection& stream, std::uint32_t handle) {
        native::fixed_fields fields;
        fields.add(handle).add(limit).add(wanted.octets);
        const native_reply reply =
            stream.transact_native({native::operation::get_many, 0, wanted.count}, fields.view(), {}, wait_for(limit));
        require(reply, native::operation::items);
        take_batch(reply, got);
        return (reply.flags & native::has_more) != 0;
    });
}

std::optional<std::size_t> native_queue::batch_size_max()
{
    return on_native([](client_connection& stream, std::uint32_t) { return stream.request_size_max(); });
}

std::unique_ptr<item_stream> native_queue::consume(std::size_t window)
{
    // The calling thread's own stream tells whether the server has the dialect, and sees to it that the queue is there.
    if (!on_native([this](client_connection& own, std::uint32_t) { return own.handle_of(queue_.ident()); }))
        return nullptr;
    std::unique_ptr<client_connection> stream = core_.open_native();
    if (stream == nullptr)
        return nullptr;
    const std::string ident = queue_.ident();
    try {
        const std::uint32_t handle = stream->handle_of(ident);
        return std::make_unique<native_consumer>(std::move(stream), handle, static_cast<std::uint32_t>(window));
    } catch (const unknown_object&) {
        throw remote_error{"KeyError", '\'' + ident + "': the server has no such object any more"};
    }
}

}  // namespace quaymaster::net
