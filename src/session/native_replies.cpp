#include "session/native_replies.hpp"

#include "codec/transcode.hpp"
#include "session/data_proxies.hpp"
#include "session/exception_names.hpp"

#include <quaymaster/errors.hpp>

#include <span>
#include <string>
#include <utility>

namespace quaymaster::session {

namespace native = wire::native;

namespace {

using native::operation;

/// Native clients are ours, and read what Python 3 writes.
constexpr codec::reader_dialect native_reader{5, false};

native::exception_number number_of(core::exception_type type) noexcept
{
    switch (type) {
    case core::exception_type::queue_empty: return native::exception_number::queue_empty;
    case core::exception_type::queue_full: return native::exception_number::queue_full;
    case core::exception_type::queue_shut_down: return native::exception_number::queue_shut_down;
    default: return native::exception_number::other;
    }
}

/// As a native client can load it: what Python 2 has pickled is written anew.
codec::item for_client(native_state& state, codec::item pickled, turn& now)
{
    const codec::pickle_limits& limits = state.settings->limits;
    if (pickled.traits().has_proxies)
        pickled = hand_over(now.server, *state.caller, codec::payload{std::move(pickled)}, native_reader, limits).to_item();
    return pickled.traits().from_python2 ? codec::rewrite(pickled, native_reader, limits) : pickled;
}

}  // namespace

void answer_done(std::uint32_t id, std::uint16_t count, turn& now)
{
    native::write_frame(now.replies, {operation::done, id, count});
}

void answer_raised(std::uint32_t id, std::uint16_t count, core::raised&& error, turn& now)
{
    const native::exception_number number = number_of(error.type);
    const wire::python_exception named = to_python(std::move(error), true);
    const std::string type_name = named.python3_module == "builtins"
                                      ? std::string{named.name}
                                      : std::string{named.python3_module} + '.' + std::string{named.name};
    const std::string text = named.argument ? named.argument->repr() : named.text;
    native::write_raised(now.replies, id, count, number, number == native::exception_number::other ? type_name : "", text);
}

void answer_unreadable(std::uint32_t id, std::uint16_t count, std::string_view why, turn& now)
{
    native::write_raised(now.replies, id, count, native::exception_number::other, "_pickle.UnpicklingError", why);
}

void refuse(const native::frame& request, std::string_view why, turn& now)
{
    const std::string_view name = native::request_name(request.code);
    const std::string text = (name.empty() ? std::string{} : std::string{name} + ": ") + std::string{why};
    native::write_frame(now.replies, {operation::refused, request.id}, as_bytes(text));
}

bool answer_item(native_state& state, std::uint32_t id, const codec::item& item, turn& now)
{
    if (!item.traits().has_proxies && !item.traits().from_python2) {
        native::write_frame(now.replies, {operation::item, id}, {}, item);
        return true;
    }
    try {
        native::write_frame(now.replies, {operation::item, id}, {}, for_client(state, item, now));
        return true;
    } catch (const pickle_error& error) {
        native::write_raised(now.replies, id, 0, native::exception_number::other, "_pickle.PicklingError", error.what());
        return false;
    }
}

std::size_t answer_items(native_state& state, const pending_request& waiting, taken_batch& items, bool more, turn& now)
{
    std::size_t ready = 0;
    std::string fault;
    for (; ready < items->size() && fault.empty(); ++ready) {
        codec::item& each = (*items)[ready];
        if (!each.traits().has_proxies && !each.traits().from_python2)
            continue;
        try {
            each = for_client(state, each, now);
        } catch (const pickle_error& error) {
            fault = error.what();
            break;
        }
    }
    if (ready < items->size()) {
        more = true;
        items.put_back_from(ready == 0 ? 1 : ready);
    }
    if (!items->empty() && ready == 0) {
        items->clear();
        native::write_raised(now.replies, waiting.id, 0, native::exception_number::other, "_pickle.PicklingError", fault);
        return 0;
    }
    state.objects.count_taken(waiting.handle, *waiting.object, ready);
    native::write_items(now.replies, {operation::items, waiting.id, 0, more ? native::has_more : std::uint8_t{0}}, {}, *items);
    items->clear();
    return ready;
}

}  // namespace quaymaster::session
