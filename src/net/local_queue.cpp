#include "net/local_queue.hpp"

#include "codec/item_reader.hpp"
#include "net/client_reply.hpp"
#include "net/later.hpp"
#include "session/data_proxies.hpp"
#include "session/exception_names.hpp"
#include "wire/native_dialect.hpp"

#include <quaymaster/errors.hpp>
#include <quaymaster/pickle_encoder.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <variant>

namespace quaymaster::net {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

void require_not_negative(wait_time timeout)
{
    if (timeout && timeout->count() < 0)
        throw remote_error{"ValueError", "'timeout' must be a non-negative number"};
}

/// When a wait that begins now ends.
core::wait_limit limit_of(wait_time timeout)
{
    if (!timeout)
        return core::never;
    if (timeout->count() == 0)
        return std::nullopt;
    return later(clock::now(), *timeout);
}

[[noreturn]] void throw_raised(core::raised&& error)
{
    throw_exception(wire::to_exception_reply(session::to_python(std::move(error), true)));
}

[[noreturn]] void throw_unreadable(const std::string& what)
{
    throw remote_error{"_pickle.UnpicklingError", what};
}

/// Throws what `result` raises.
void require_returned(core::outcome& result)
{
    if (auto* const error = std::get_if<core::raised>(&result))
        throw_raised(std::move(*error));
}

constexpr codec::reader_dialect own_dialect{};

}  // namespace

local_queue::local_queue(std::shared_ptr<local_access> access, std::shared_ptr<core::referent> referent,
                         const remote_object& object, std::unique_ptr<typed_queue> network) noexcept
    : access_{std::move(access)},
      referent_{std::move(referent)},
      queue_{referent_ != nullptr ? referent_->as_queue() : nullptr},
      object_{object},
      network_{std::move(network)}
{
}

/// Of the objects that it holds proxies of, like all that is put.
codec::item local_queue::held(local_caller& caller, codec::item added) const
{
    if (!added.traits().has_proxies)
        return added;
    return session::hold_item(caller.service(), caller, object_.ident(), std::move(added), access_->state().options.pickle);
}

codec::item local_queue::handed_over(local_caller& caller, core::outcome&& result) const
{
    codec::payload& got = std::get<core::returned>(result).result;
    if (!got.has_proxies())
        return std::move(got).to_item();
    return session::hand_over(caller.service(), caller, std::move(got), own_dialect, access_->state().options.pickle).to_item();
}

std::optional<bool> local_queue::put(const pickle_encoder& encoded, wait_time timeout)
{
    if (!is_here())
        return network_->put(encoded, timeout);
    if (queue_ == nullptr)
        return std::nullopt;
    require_not_negative(timeout);
    const local_call call{*access_};
    codec::item item = held(*call, encoded.to_item());
    core::waiter& waiting = call->waiting();
    core::outcome result;
    try {
        call->service().run_inside(*referent_, [&](core::completions& fulfilled) {
            const core::wait_limit limit = queue_->full() ? limit_of(timeout) : std::nullopt;
            result = queue_->put(std::move(item), limit, waiting, fulfilled);
        });
    } catch (const pickle_error& unreadable) {  // of a priority queue
        throw_unreadable(unreadable.what());
    }
    if (std::holds_alternative<core::parked>(result))
        result = call->wait_in(referent_, nullptr, false);
    require_returned(result);
    return true;
}

/// The next item, or what there is instead.
core::outcome local_queue::take(local_caller& caller, wait_time timeout) const
{
    core::waiter& waiting = caller.waiting();
    core::outcome result;
    caller.service().run_inside(*referent_, [&](core::completions& fulfilled) {
        const core::wait_limit limit = queue_->empty() ? limit_of(timeout) : std::nullopt;
        result = queue_->get(limit, waiting, fulfilled);
    });
    if (std::holds_alternative<core::parked>(result))
        result = caller.wait_in(referent_, nullptr, false);
    return result;
}

std::optional<codec::item> local_queue::get(wait_time timeout)
{
    if (!is_here())
        return network_->get(timeout);
    if (queue_ == nullptr)
        return std::nullopt;
    require_not_negative(timeout);
    const local_call call{*access_};
    core::outcome result = take(*call, timeout);
    require_returned(result);
    return handed_over(*call, std::move(result));
}

/// The items of a batch's body, as they are to be put.
core::batch_rest local_queue::batch_of(local_caller& caller, std::size_t count, bytes_view sized_items) const
{
    core::batch_rest batch;
    batch.items.reserve(count);
    codec::item_reader reader;
    wire::native::body_reader body{sized_items};
    while (batch.items.size() < count) {
        codec::item item;
        if (const auto fault = reader.read(body.sized_octets(), access_->state().options.pickle, item))
            throw_unreadable(fault.message(access_->state().options.pickle));
        batch.items.push_back(held(caller, std::move(item)));
    }
    std::reverse(batch.items.begin(), batch.items.end());
    return batch;
}

std::optional<std::size_t> local_queue::put_many(std::size_t count, bytes_view sized_items, wait_time timeout)
{
    if (!is_here())
        return network_->put_many(count, sized_items, timeout);
    if (queue_ == nullptr)
        return std::nullopt;
    require_not_negative(timeout);
    const local_call call{*access_};
    core::batch_rest rest = batch_of(*call, count, sized_items);
    core::waiter& waiting = call->waiting();
    const core::wait_limit limit = limit_of(timeout);
    core::outcome result;
    try {
        while (!rest.items.empty()) {
            call->service().run_inside(
                *referent_, [&](core::completions& fulfilled) { result = queue_->put_rest(rest, limit, waiting, fulfilled); });
            if (std::holds_alternative<core::parked>(result)) {
                result = call->wait_in(referent_, nullptr, rest.added > 0);
                rest.added += std::holds_alternative<core::returned>(result) ? std::size_t{1} : 0;
            }
            if (auto* const error = std::get_if<core::raised>(&result)) {
                // That there was no room for the rest in time is no error of those that are in.
                if (rest.added > 0 && error->type == core::exception_type::queue_full)
                    break;
                throw_raised(std::move(*error));
            }
        }
    } catch (const pickle_error& unreadable) {
        throw_unreadable(unreadable.what());
    }
    return rest.added;
}

std::optional<bool> local_queue::get_many(std::size_t count, wait_time timeout, got_batch& batch)
{
    if (!is_here())
        return network_->get_many(count, timeout, batch);
    if (queue_ == nullptr)
        return std::nullopt;
    require_not_negative(timeout);
    const local_call call{*access_};
    std::vector<codec::item>& got = batch.items;
    const std::size_t before = got.size();
    bool has_more = false;
    const auto take_ready = [&](core::completions& fulfilled) {
        queue_->take_ready(count - (got.size() - before), std::numeric_limits<std::size_t>::max(), got, fulfilled);
        has_more = !queue_->empty();
    };
    call->service().run_inside(*referent_, take_ready);
    if (got.size() == before) {
        got.reserve(before + 1);  // first: what has been taken must not be lost
        core::outcome result = take(*call, timeout);
        require_returned(result);
        got.push_back(std::move(std::get<core::returned>(result).result).to_item());
        call->service().run_inside(*referent_, take_ready);
    }
    for (std::size_t i = before; i < got.size(); ++i)
        if (got[i].traits().has_proxies)
            got[i] = handed_over(*call, core::returned{std::move(got[i])});
    return has_more;
}

std::optional<std::size_t> local_queue::batch_size_max()
{
    if (!is_here())
        return network_->batch_size_max();
    return queue_ != nullptr ? std::optional{std::numeric_limits<std::size_t>::max()} : std::nullopt;
}

std::unique_ptr<item_stream> local_queue::consume(std::size_t window)
{
    return is_here() ? nullptr : network_->consume(window);
}

}  // namespace quaymaster::net
