#include "session/native_state.hpp"

#include "session/data_proxies.hpp"
#include "session/native_replies.hpp"

#include <chrono>
#include <exception>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <variant>

namespace quaymaster::session {

namespace native = wire::native;

namespace {

/// Requests no larger than this may always wait: requests_max bounds what they carry together.
constexpr std::size_t carried_freely = std::size_t{1} << 10;

/// Octets that the waiting requests of a connection carry together, but for small ones.
std::size_t carried_max(const server_settings& settings) noexcept
{
    return settings.payload_size_max > std::numeric_limits<std::size_t>::max() / 4 ? std::numeric_limits<std::size_t>::max()
                                                                                   : 4 * settings.payload_size_max;
}

core::wait_limit limit_of(std::uint32_t timeout, const turn& now) noexcept
{
    if (timeout == 0)
        return std::nullopt;
    return timeout == native::no_limit ? core::never : now.now + std::chrono::milliseconds{timeout};
}

}  // namespace

void native_state::break_off(bad_end how)
{
    end = std::make_unique<bad_end>(std::move(how));
    is_over = true;
}

bool native_state::admit(const native::frame& request, turn& now)
{
    if (waits.find(request.id) != nullptr) {
        refuse(request, "a request of that id is under way", now);
        break_off({{}, "it used the id " + std::to_string(request.id) + " of a request that was still under way"});
        return false;
    }
    if (waits.size() >= settings->requests_max) {
        refuse(request,
               "requests_max (" + std::to_string(settings->requests_max) + ") requests are under way on this connection", now);
        return false;
    }
    return true;
}

bool native_state::may_carry(const native::frame& request) const noexcept
{
    return request.body.size() <= carried_freely || waits.carried() + request.body.size() <= carried_max(*settings);
}

std::string native_state::why_not_carried() const
{
    return "what waits on this connection carries " + std::to_string(waits.carried()) +
           " octets, and may carry four times payload_size_max, which is " + std::to_string(carried_max(*settings)) +
           ": have less under way";
}

std::shared_ptr<pending_request> native_state::make_waiting(const native::frame& request, const open_object& at)
{
    std::shared_ptr<pending_request> made = waits.make(request, caller);
    made->object = at.object;
    made->handle = objects.handle_of(at);
    return made;
}

bool native_state::park_or_raise(std::uint32_t id, std::shared_ptr<pending_request> waiting, core::wait_limit limit,
                                 core::outcome& result, turn& now)
{
    if (std::holds_alternative<core::parked>(result)) {
        waits.park(std::move(waiting), *limit);
        return true;
    }
    if (waiting != nullptr)
        waits.recycle(std::move(waiting));
    auto* const error = std::get_if<core::raised>(&result);
    if (error != nullptr)
        answer_raised(id, 0, std::move(*error), now);
    return error != nullptr;
}

taken_batch::~taken_batch()
{
    if (batch_->empty())
        return;
    try {
        std::erase_if(*batch_, [](const codec::item& each) { return !each; });  // those that are back already
        put_back_from(0);
    } catch (const std::exception&) {
    }
}

void taken_batch::put_back_from(std::size_t first)
{
    const std::span<codec::item> returned = std::span{*batch_}.subspan(first);
    now_.server.run_inside(from_, [&](core::completions& fulfilled) { from_.as_queue()->put_back(returned, fulfilled); });
    batch_->resize(first);
}

bool read_queue_request(native_state& state, const native::frame& request, queue_fields those, queue_request& found, turn& now)
{
    found.at = state.objects.find(found.body.number32());
    if (found.at == nullptr || found.at->queue == nullptr) {
        refuse(request, found.at == nullptr ? "no such handle" : "the object is no queue: call its methods", now);
        return false;
    }
    if (those == queue_fields::none)
        return true;
    found.limit = limit_of(found.body.number32(), now);
    if (those == queue_fields::timeout_and_put_id && (request.flags & native::has_put_id) != 0) {
        core::put_id& put_id = found.put_id.emplace();
        put_id.client = found.body.number64();
        put_id.number = found.body.number64();
    }
    return true;
}

bool read_item(native_state& state, const native::frame& request, bytes_view opcodes, const open_object& into,
               codec::item& found, turn& now)
{
    const codec::pickle_limits& limits = state.settings->limits;
    if (const auto fault = now.scratch.items.read(opcodes, limits, found)) {
        answer_unreadable(request.id, 0, fault.message(limits), now);
        return false;
    }
    if (found.traits().has_proxies)
        found = hold_item(now.server, *state.caller, into.ident, std::move(found), limits);
    return true;
}

bool read_items(native_state& state, const native::frame& request, queue_request& wanted, std::vector<codec::item>& batch,
                turn& now)
{
    for (std::size_t i = 0; i < request.count; ++i) {
        const bytes_view opcodes = wanted.body.sized_octets();
        if (wanted.body.failed())
            break;
        if (!read_item(state, request, opcodes, *wanted.at, batch.emplace_back(), now))
            return false;
    }
    if (request.count != 0 && wanted.body.at_end())
        return true;
    refuse(request, request.count == 0 ? "a batch has one item at least" : "its items are not as many octets as it has", now);
    return false;
}

}  // namespace quaymaster::session
