#include <quaymaster/queue_proxy.hpp>

#include "codec/item.hpp"
#include "net/remote_object.hpp"
#include "net/spare_encoder.hpp"
#include "net/wait_in_slices.hpp"

#include <quaymaster/errors.hpp>

#include <array>
#include <functional>

namespace quaymaster {
namespace {

using net::in_seconds;
using net::wait_in_slices;
using std::chrono::milliseconds;

codec::payload call_plainly(net::remote_object& queue, std::string_view method, std::span<const codec::payload> arguments = {})
{
    return queue.call({method, arguments, {}}, {queue.options().call_deadline, nullptr});
}

codec::payload call_waiting(net::remote_object& queue, std::string_view method, std::span<const codec::payload> arguments,
                            milliseconds timeout)
{
    return queue.call({method, arguments, {}}, {queue.options().call_deadline + timeout, nullptr});
}

value value_of(const codec::item& item, net::remote_object& queue)
{
    return codec::payload{item}.to_value(queue.limits());
}

bool answer_is_true(net::remote_object& queue, std::string_view method)
{
    return call_plainly(queue, method).to_value(queue.limits()).truth();
}

}  // namespace

std::size_t queue_proxy_base::qsize() const
{
    const value answer = call_plainly(object(), "qsize").to_value(object().limits());
    const std::optional<std::uint64_t> size = answer.to_uint64();
    if (!size)
        throw conversion_error{{}, "a size", answer.type_name()};
    return *size;
}

bool queue_proxy_base::empty() const
{
    return answer_is_true(object(), "empty");
}

bool queue_proxy_base::full() const
{
    return answer_is_true(object(), "full");
}

void queue_proxy_base::task_done() const
{
    call_plainly(object(), "task_done");
}

void queue_proxy_base::join() const
{
    // The protocol has no join() with a timeout, and no question whether it would return: so the wait itself is without
    // limit, and what is watched is the server.
    const std::function<void()> still_alive = [channel = &object().channel()] { channel->probe(); };
    object().call({"join", {}, {}}, {object().options().wait_slice, &still_alive});
}

void queue_proxy_base::shutdown(bool immediate) const
{
    const std::array<codec::payload, 1> arguments{value{immediate}};
    call_plainly(object(), "shutdown", arguments);
}

void queue_proxy_base::keep(pickle_encoder&& encoded) noexcept
{
    net::keep_spare_encoder(std::move(encoded));
}

pickle_encoder queue_proxy_base::spare_encoder()
{
    return net::take_spare_encoder();
}

void queue_proxy_base::put_encoded(pickle_encoder&& encoded, timeout_type timeout) const
{
    if (object().queue().put(encoded, timeout))
        return keep(std::move(encoded));
    const codec::item item = encoded.to_item();
    keep(std::move(encoded));
    if (timeout && timeout->count() == 0) {
        const std::array<codec::payload, 2> arguments{item, value{false}};
        call_plainly(object(), "put", arguments);
        return;
    }
    if (timeout && timeout->count() < 0) {
        const std::array<codec::payload, 3> arguments{item, value{true}, value{in_seconds(*timeout)}};
        call_plainly(object(), "put", arguments);  // raises ValueError, as in Python
        return;
    }
    wait_in_slices<queue_full>(timeout, object().options().wait_slice, [&](milliseconds slice) {
        const std::array<codec::payload, 3> arguments{item, value{true}, value{in_seconds(slice)}};
        call_waiting(object(), "put", arguments, slice);
    });
}

void queue_proxy_base::put_nowait_encoded(pickle_encoder&& encoded) const
{
    if (object().queue().put(encoded, milliseconds{0}))
        return keep(std::move(encoded));
    const std::array<codec::payload, 1> arguments{encoded.to_item()};
    keep(std::move(encoded));
    call_plainly(object(), "put_nowait", arguments);
}

value queue_proxy_base::get_value(timeout_type timeout) const
{
    auto no_reader = [](bytes_view) { return false; };
    return *get_value(timeout, no_reader);
}

std::optional<value> queue_proxy_base::get_value(timeout_type timeout, detail::opcode_reader direct) const
{
    if (const auto item = object().queue().get(timeout)) {
        if (direct(item->opcodes()))
            return std::nullopt;
        return value_of(*item, object());
    }
    if (timeout && timeout->count() == 0) {
        const std::array<codec::payload, 1> arguments{value{false}};
        return call_plainly(object(), "get", arguments).to_value(object().limits());
    }
    if (timeout && timeout->count() < 0) {
        const std::array<codec::payload, 2> arguments{value{true}, value{in_seconds(*timeout)}};
        return call_plainly(object(), "get", arguments).to_value(object().limits());
    }
    return wait_in_slices<queue_empty>(timeout, object().options().wait_slice, [&](milliseconds slice) {
        const std::array<codec::payload, 2> arguments{value{true}, value{in_seconds(slice)}};
        return call_waiting(object(), "get", arguments, slice).to_value(object().limits());
    });
}

value queue_proxy_base::get_value_nowait() const
{
    if (const auto item = object().queue().get(milliseconds{0}))
        return value_of(*item, object());
    return call_plainly(object(), "get_nowait").to_value(object().limits());
}

}  // namespace quaymaster
