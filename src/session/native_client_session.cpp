#include "session/native_client_session.hpp"

#include "codec/envelope.hpp"
#include "wire/framing.hpp"
#include "wire/wire_errc.hpp"

#include <quaymaster/value.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <variant>

namespace quaymaster::session {

namespace native = wire::native;

namespace {

using native::operation;

std::array<codec::payload, 2> spoken_versions()
{
    return {value{std::uint64_t{native::version_min}}, value{std::uint64_t{native::version_max}}};
}

error_code protocol_error() noexcept
{
    return boost::system::errc::make_error_code(boost::system::errc::protocol_error);
}

/// Throws nothing: what a server sends is not to be trusted.
std::uint64_t number_in(const value& told, std::string_view key)
{
    const auto found = told.find(value{std::string{key}});
    return found ? found->to_uint64().value_or(0) : 0;
}

std::string text_in(const value& told, std::string_view key)
{
    const auto found = told.find(value{std::string{key}});
    return found && found->kind() == value_kind::str ? std::string{found->text()} : std::string{};
}

/// nullopt if it is no such description.
std::optional<native_server> server_of(const codec::payload& result, const codec::pickle_limits& limits)
{
    native_server found;
    try {
        const value told = result.to_value(limits);
        if (told.kind() != value_kind::dict)
            return std::nullopt;
        found.version = static_cast<std::uint32_t>(std::min<std::uint64_t>(number_in(told, "version"), native::no_limit));
        found.name = text_in(told, "server");
        found.payload_size_max = number_in(told, "payload_size_max");
        found.batch_items_max = std::min<std::uint64_t>(number_in(told, "batch_items_max"), native::batch_items_max);
        found.batch_size_max = number_in(told, "batch_size_max");
        found.requests_max = number_in(told, "requests_max");
        found.handles_max = number_in(told, "handles_max");
    } catch (const error&) {
        return std::nullopt;
    }
    const bool is_whole = found.version != 0 && found.payload_size_max != 0 && found.batch_items_max != 0 &&
                          found.batch_size_max != 0 && found.requests_max != 0 && found.handles_max != 0;
    return is_whole ? std::optional{std::move(found)} : std::nullopt;
}

/// True if `body` is `count` items and nothing else.
bool is_batch(bytes_view body, std::size_t count) noexcept
{
    native::body_reader items{body};
    for (std::size_t i = 0; i < count; ++i)
        if (items.sized_octets().empty())
            return false;
    return items.at_end();
}

bool is_opened(bytes_view body) noexcept
{
    native::body_reader fields{body};
    (void)fields.number32();
    return fields.octet() <= static_cast<std::uint8_t>(native::object_kind::queue) && fields.at_end();
}

bool is_python_frame(bytes_view body, std::size_t payload_size_max) noexcept
{
    error_code ec;
    const auto inner = wire::parse_frame(body, payload_size_max, ec);
    return inner && inner->size == body.size();
}

}  // namespace

native_client_session::native_client_session(const client_settings& settings, const wire::handshake_nonce& nonce)
    : settings_{&settings}, opening_{settings, nonce}
{
    const auto versions = spoken_versions();
    opening_.request({.method = native::hello_name, .positional = versions});
}

// ---- what comes -------------------------------------------------------------------------------------------------------

native_client_session::step native_client_session::receive(bytes_view input)
{
    step found;
    if (state_ == state::opening) {
        const client_session::step opened = opening_.receive(input);
        found.consumed = opened.consumed;
        if (opened.reply)
            take_hello(*opened.reply);
        else if (opening_.current_state() == client_session::state::failed)
            fail(wire::is_authentication_failure(opening_.failure()) ? fault::authentication : fault::protocol,
                 opening_.failure(), opening_.failure_text());
        return found;
    }
    if (state_ == state::failed)
        return found;
    error_code ec;
    const auto next = native::parse_frame(input, settings_->payload_size_max, ec);
    if (ec) {
        const std::size_t announced = native::announced_body_size(input).value_or(0);
        fail(fault::protocol, ec, wire::frame_fault_text(ec, announced, settings_->payload_size_max, "reply_size_max"));
        return found;
    }
    if (!next)
        return found;
    found.consumed = next->size();
    take_frame(*next, found);
    return found;
}

void native_client_session::take_hello(bytes_view payload)
{
    codec::envelope_reader reader;
    const wire::reply said = wire::parse_reply(payload, reader, settings_->limits);
    if (const auto* const returned = std::get_if<wire::returned_reply>(&said)) {
        std::optional<native_server> told = server_of(returned->result, settings_->limits);
        if (!told)
            return fail(fault::protocol, protocol_error(), "its answer to the hello of the native dialect describes no server");
        if (told->version < native::version_min || told->version > native::version_max)
            return fail(fault::version, protocol_error(),
                        "it chose version " + std::to_string(told->version) + " of the native dialect, which was not offered");
        if (!opening_.output().empty())
            return fail(fault::protocol, wire::wire_errc::unasked_reply, "it answered before it was asked");
        server_ = *std::move(told);
        state_ = state::ready;
        was_opened_ = true;
        return;
    }
    if (const auto* const traceback = std::get_if<wire::traceback_reply>(&said)) {
        const auto [type_name, text] = traceback->exception();
        if (type_name == "ValueError")
            return fail(fault::version, protocol_error(), text);
        return fail(fault::python_only, protocol_error(), "it speaks the Python dialect only");
    }
    fail(fault::protocol, protocol_error(), "its answer to the hello of the native dialect is none");
}

void native_client_session::take_frame(const native::frame& said, step& found)
{
    if (said.id >= slots_.size() || !slots_[said.id].in_use)
        return fail(fault::protocol, wire::wire_errc::unasked_reply,
                    "it answered request " + std::to_string(said.id) + ", which is not under way");
    slot& asked = slots_[said.id];
    if (!is_answer(said, asked))
        return fail(fault::protocol, protocol_error(),
                    "its reply of kind " + std::to_string(static_cast<unsigned>(said.code)) + " to a request of kind " +
                        std::to_string(static_cast<unsigned>(asked.asked)) + " is none of the native dialect");
    const bool is_last = asked.asked != operation::consume || said.code != operation::items;
    found.reply = native_reply{said.id, asked.tag, asked.asked, said.code, said.flags, said.count, is_last, said.body};
    if (is_last)
        release(said.id);
}

/// True if `asked` may come to that, and it is whole. The items of a consume use up its credit.
bool native_client_session::is_answer(const native::frame& said, slot& asked)
{
    const std::uint8_t known_flags = said.code == operation::items ? native::has_more : std::uint8_t{0};
    if ((said.flags & ~known_flags) != 0)
        return false;
    switch (said.code) {
    case operation::refused: return true;
    case operation::raised: {
        const bool can_raise = asked.asked != operation::ping && asked.asked != operation::close;
        return can_raise && said.count <= asked.count && native::parse_raised(said.body).has_value();
    }
    case operation::cancelled: return asked.is_cancelled && said.count <= asked.count && said.body.empty();
    case operation::opened: return asked.asked == operation::open && is_opened(said.body);
    case operation::done:
        if (!said.body.empty())
            return false;
        switch (asked.asked) {
        case operation::close: return true;
        case operation::put: return said.count <= 1;
        case operation::put_many: return said.count <= asked.count;
        case operation::put_back: return said.count == asked.count;
        default: return false;
        }
    case operation::item: return asked.asked == operation::get && !said.body.empty();
    case operation::items:
        if (said.count == 0 || !is_batch(said.body, said.count))
            return false;
        if (asked.asked == operation::consume) {
            if (said.count > asked.number)
                return false;
            asked.number -= said.count;
            return true;
        }
        return asked.asked == operation::get_many && said.count <= asked.count;
    case operation::answer: return asked.asked == operation::call && is_python_frame(said.body, settings_->payload_size_max);
    case operation::pong: return asked.asked == operation::ping && said.body.size() == asked.count;
    default: return false;
    }
}

std::optional<std::size_t> native_client_session::frame_size(bytes_view input) const noexcept
{
    if (state_ == state::opening)
        return opening_.frame_size(input);
    const auto body_size = native::announced_body_size(input);
    if (!body_size || *body_size > settings_->payload_size_max)
        return std::nullopt;
    return native::header_size + *body_size;
}

void native_client_session::fail(fault kind, error_code code, std::string text)
{
    state_ = state::failed;
    fault_ = kind;
    failure_code_ = code;
    failure_text_ = std::move(text);
}

// ---- what leaves ------------------------------------------------------------------------------------------------------

std::uint32_t native_client_session::begin(operation asked, void* tag, std::uint16_t count)
{
    std::uint32_t id = free_;
    if (id == no_slot) {
        id = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        free_ = slots_[id].number;
    }
    slots_[id] = {tag, asked, true, false, count, 0};
    ++under_way_;
    return id;
}

void native_client_session::release(std::uint32_t id) noexcept
{
    slots_[id] = {};
    slots_[id].number = std::exchange(free_, id);
    --under_way_;
}

std::uint32_t native_client_session::open(void* tag, std::string_view ident)
{
    const std::uint32_t id = begin(operation::open, tag);
    native::write_frame(output_, {operation::open, id}, as_bytes(ident));
    return id;
}

std::uint32_t native_client_session::close(void* tag, std::uint32_t handle)
{
    const std::uint32_t id = begin(operation::close, tag);
    native::write_frame(output_, {operation::close, id}, native::fixed_fields{}.add(handle).view());
    return id;
}

std::uint32_t native_client_session::put(void* tag, std::uint32_t handle, std::uint32_t timeout, const codec::item& added,
                                         const native::put_id* id)
{
    const std::uint32_t request = begin(operation::put, tag, 1);
    native::fixed_fields fields;
    fields.add(handle).add(timeout);
    if (id != nullptr)
        fields.add(*id);
    native::write_frame(output_, {operation::put, request, 0, id != nullptr ? native::has_put_id : std::uint8_t{0}},
                        fields.view(), added);
    return request;
}

std::uint32_t native_client_session::put_many(void* tag, std::uint32_t handle, std::uint32_t timeout,
                                              std::span<const codec::item> added, const native::put_id* id)
{
    const std::uint32_t request = begin(operation::put_many, tag, static_cast<std::uint16_t>(added.size()));
    native::fixed_fields fields;
    fields.add(handle).add(timeout);
    if (id != nullptr)
        fields.add(*id);
    native::write_items(output_, {operation::put_many, request, 0, id != nullptr ? native::has_put_id : std::uint8_t{0}},
                        fields.view(), added);
    return request;
}

std::uint32_t native_client_session::get(void* tag, std::uint32_t handle, std::uint32_t timeout)
{
    const std::uint32_t id = begin(operation::get, tag);
    native::write_frame(output_, {operation::get, id}, native::fixed_fields{}.add(handle).add(timeout).view());
    return id;
}

std::uint32_t native_client_session::get_many(void* tag, std::uint32_t handle, std::uint32_t timeout, std::uint16_t count_max,
                                              std::uint32_t size_max)
{
    const std::uint32_t id = begin(operation::get_many, tag, count_max);
    native::write_frame(output_, {operation::get_many, id, count_max},
                        native::fixed_fields{}.add(handle).add(timeout).add(size_max).view());
    return id;
}

std::uint32_t native_client_session::consume(void* tag, std::uint32_t handle, std::uint32_t credit)
{
    const std::uint32_t id = begin(operation::consume, tag);
    slots_[id].number = credit;
    native::write_frame(output_, {operation::consume, id}, native::fixed_fields{}.add(handle).add(credit).view());
    return id;
}

void native_client_session::add_credit(std::uint32_t id, std::uint32_t more)
{
    slot& stream = slots_[id];
    more = std::min(more, std::numeric_limits<std::uint32_t>::max() - stream.number);
    stream.number += more;
    native::write_frame(output_, {operation::credit, id}, native::fixed_fields{}.add(more).view());
}

std::uint32_t native_client_session::put_back(void* tag, std::uint32_t handle, std::span<const codec::item> returned)
{
    const std::uint32_t id = begin(operation::put_back, tag, static_cast<std::uint16_t>(returned.size()));
    native::write_items(output_, {operation::put_back, id}, native::fixed_fields{}.add(handle).view(), returned);
    return id;
}

std::uint32_t native_client_session::call(void* tag, const wire::outgoing_request& wanted)
{
    const std::uint32_t id = begin(operation::call, tag);
    const std::size_t begun = native::begin_body(output_, {operation::call, id});
    try {
        wire::write_request(output_, {}, wanted, settings_->limits);
    } catch (...) {
        output_.truncate(begun);
        release(id);
        throw;
    }
    native::end_body(output_, begun);
    return id;
}

std::uint32_t native_client_session::ping(void* tag, bytes_view echoed)
{
    const std::uint32_t id = begin(operation::ping, tag, static_cast<std::uint16_t>(echoed.size()));
    native::write_frame(output_, {operation::ping, id}, echoed);
    return id;
}

void native_client_session::cancel(std::uint32_t id)
{
    if (std::exchange(slots_[id].is_cancelled, true))
        return;
    native::write_frame(output_, {operation::cancel, id});
}

opened_object read_opened(const native_reply& reply) noexcept
{
    native::body_reader fields{reply.body};
    const std::uint32_t handle = fields.number32();
    return {handle, static_cast<native::object_kind>(fields.octet())};
}

}  // namespace quaymaster::session
