// The native dialect of a client_connection.
#include "net/client_connection.hpp"

#include "net/fork_generation.hpp"
#include "net/later.hpp"
#include "wire/framing.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <utility>

namespace quaymaster::net {

namespace native = wire::native;

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t read_size = std::size_t{16} << 10;
constexpr std::size_t direct_read_size_min = 4096;
/// Below this a copy costs less than giving the input away.
constexpr std::size_t given_item_size_min = std::size_t{64} << 10;
/// What a header can say of a body.
constexpr std::uint64_t header_size_field_max = 0xffff'ffff;
/// No request has this id: it is that of pings.
constexpr std::uint32_t ping_id = 0;

/// A request's header and fixed fields, which are few.
class request_front {
public:
    request_front(const native::frame_head& head, bytes_view fields, std::size_t tail_size)
    {
        native::store_header(octets_.data(), head, static_cast<std::uint32_t>(fields.size() + tail_size));
        std::copy(fields.begin(), fields.end(), octets_.begin() + native::header_size);
        size_ = native::header_size + fields.size();
    }
    [[nodiscard]] bytes_view view() const noexcept { return bytes_view{octets_}.first(size_); }

private:
    std::array<std::byte, 64> octets_;
    std::size_t size_;
};

}  // namespace

bool client_connection::begin_native()
{
    const std::array<codec::payload, 2> versions{value{std::int64_t{native::version_min}}, value{std::int64_t{native::version_max}}};
    const wire::outgoing_request hello{std::nullopt, native::hello_name, std::nullopt, versions, {}};
    wire::reply reply = transact(hello, {}, {environment_.options.call_deadline, nullptr});
    auto* const accepted = std::get_if<wire::returned_reply>(&reply);
    if (accepted == nullptr)
        return false;
    const value known = accepted->result.to_value(environment_.session.limits);
    const auto size_max = known.find("payload_size_max");
    request_size_max_ = std::min<std::uint64_t>(size_max ? size_max->to_uint64().value_or(0) : 0, header_size_field_max);
    if (request_size_max_ == 0)
        throw_protocol_error("its hello names no payload_size_max");
    is_native_ = true;
    return true;
}

wire::reply client_connection::transact_in_frames(const wire::outgoing_request& request, codec::reader_dialect dialect,
                                                  const reply_wait& wait)
{
    wire::outbox& output = session_.output();
    drop_input(std::exchange(native_reply_size_, 0));
    const std::uint32_t id = next_id();
    const std::size_t begun = native::begin_body(output, {native::operation::call, id});
    try {
        wire::write_request(output, dialect, request, environment_.session.limits);
        require_accepted(output.size_since(begun) - native::header_size);
    } catch (...) {
        output.truncate(begun);
        throw;
    }
    native::end_body(output, begun);
    in_progress_ = true;
    request_left_ = false;
    flush(wait);
    // A call without limit says how long silence is good; there the server is asked on this very connection.
    const native_wait patience = wait.still_alive != nullptr ? native_wait{wait.asked} : native_wait{milliseconds{0}, wait.patience};
    const native_reply found = wait_for_native(id, patience);
    if (found.code == native::operation::refused)
        throw_protocol_error(std::string{as_chars(found.body)});
    error_code ec;
    const auto inner = found.code == native::operation::answer
        ? wire::parse_frame(found.body, environment_.session.payload_size_max, ec)
        : std::nullopt;
    if (!inner)
        throw_protocol_error("its answer to a call is none");
    if (inner->payload.size() >= given_item_size_min && native_reply_size_ == input_.size())
        if (std::optional<value> result = memory_.give_result(input_, inner->payload, environment_.session.limits)) {
            native_reply_size_ = 0;
            return wire::returned_reply{std::move(*result)};
        }
    return wire::parse_reply(inner->payload, envelope_, environment_.session.limits);
}

/// Throws before anything is sent: the server would end the connection, and with it the other calls that it is good for.
void client_connection::require_accepted(std::size_t request_size) const
{
    if (request_size > request_size_max_)
        throw error{"a request of " + std::to_string(request_size) + " octets is more than the server at " +
                    environment_.server.to_string() + " accepts (its payload_size_max is " + std::to_string(request_size_max_) + ")"};
}

native_reply client_connection::transact_native(const native::frame_head& head, bytes_view fields, bytes_view tail,
                                                const native_wait& wait)
{
    drop_input(std::exchange(native_reply_size_, 0));
    native::frame_head numbered = head;
    numbered.id = next_id();
    require_accepted(fields.size() + tail.size());
    const request_front front{numbered, fields, tail.size()};
    if (to_open_)
        return open_and_transact(*std::exchange(to_open_, std::nullopt), front.view(), tail, numbered.id, wait);
    const std::array<bytes_view, 2> pieces{front.view(), tail};
    write_request(std::span{pieces}.first(tail.empty() ? 1 : 2), wait);
    return wait_for_native(numbered.id, wait);
}

void client_connection::write_request(std::span<const bytes_view> pieces, const native_wait& wait)
{
    in_progress_ = true;
    request_left_ = true;
    if (closes_.empty())
        return write_native(pieces, beyond(wait));
    pieces_.assign(1, closes_.view());
    pieces_.insert(pieces_.end(), pieces.begin(), pieces.end());
    write_native(pieces_, beyond(wait));
    closes_.clear();
}

void client_connection::write_native(std::span<const bytes_view> pieces, milliseconds patience)
{
    error_code ec;
    socket_.write(pieces, patience, ec);
    if (ec)
        throw_socket_error(ec, patience);
}

/// The first request on an object: one round trip with the open, whose answer comes before that of the request.
native_reply client_connection::open_and_transact(std::string ident, bytes_view front, bytes_view tail, std::uint32_t id,
                                                  const native_wait& wait)
{
    const std::uint32_t open_id = next_id();
    const request_front opening{{native::operation::open, open_id}, {}, ident.size()};
    const std::array<bytes_view, 4> pieces{opening.view(), as_bytes(ident), front, tail};
    write_request(std::span{pieces}.first(tail.empty() ? 3 : 4), wait);
    take_opened(std::move(ident), wait_for_native(open_id, {milliseconds{0}}), id);
    return wait_for_native(id, wait);
}

std::uint32_t client_connection::start_native(const native::frame_head& head, bytes_view fields)
{
    native::frame_head numbered = head;
    numbered.id = next_id();
    send_native(numbered, fields);
    return numbered.id;
}

void client_connection::send_native(const native::frame_head& head, bytes_view fields)
{
    const request_front front{head, fields, 0};
    const std::array<bytes_view, 1> pieces{front.view()};
    write_native(pieces, environment_.options.call_deadline);
}

native_reply client_connection::receive_native(std::uint32_t id, const native_wait& wait)
{
    drop_input(std::exchange(native_reply_size_, 0));
    in_progress_ = true;
    return wait_for_native(id, wait);
}

native_reply client_connection::wait_for_native(std::uint32_t id, const native_wait& wait)
{
    time_point deadline = time_point::max();
    silence watched;
    for (;;) {
        if (auto found = take_native(id)) {
            in_progress_ = false;
            last_answer_ = clock::now();
            return *found;
        }
        if (deadline == time_point::max() && wait.asked)
            deadline = later(later(clock::now(), *wait.asked), beyond(wait));
        fill_native(deadline, watched);
    }
}

/// The reply to `id` if all of it is there; drops what comes by the way before it.
std::optional<native_reply> client_connection::take_native(std::uint32_t id)
{
    for (;;) {
        error_code ec;
        const auto found = native::parse_frame(input_.view(), environment_.session.payload_size_max, ec);
        if (ec)
            throw connection_lost{environment_.server.to_string() + ": " +
                                      wire::frame_fault_text(ec, native::announced_body_size(input_.view()).value_or(0),
                                                             environment_.session.payload_size_max, "reply_size_max"),
                                  ec, true};
        if (!found)
            return std::nullopt;
        if (is_by_the_way(*found, id)) {
            drop_input(found->size());
            continue;
        }
        if (found->id != id)
            throw_protocol_error("it answers what nobody has asked");
        native_reply_size_ = found->size();
        return native_reply{found->code, found->flags, found->count, found->body};
    }
}

/// True for a pong, and for the answer to a close that went before the request `id`.
bool client_connection::is_by_the_way(const native::frame& found, std::uint32_t id)
{
    if (found.code == native::operation::pong && found.id == ping_id) {
        awaits_pong_ = false;
        return true;
    }
    if (closing_.empty() || found.id != closing_.front() || found.id == id)
        return false;
    closing_.pop_front();
    if (found.code != native::operation::done)
        throw_protocol_error("it refuses to close what it has opened");
    return true;
}

/// Reads what comes, and asks the server whether it lives when nothing has come for long.
void client_connection::fill_native(time_point deadline, silence& watched)
{
    const client_options& options = environment_.options;
    const std::size_t size = input_.size();
    const std::size_t whole = native::announced_body_size(input_.view()).value_or(0) + native::header_size;
    error_code ec;
    if (size >= native::header_size && whole - size > direct_read_size_min) {
        if (whole > input_.capacity())
            memory_.grow(input_, whole);
        input_.resize(whole);
        socket_.read_exactly({input_.data() + size, whole - size}, options.call_deadline, ec);
        if (ec)
            throw_socket_error(ec, options.call_deadline);
        watched.begin_again(clock::now(), options.wait_slice);
        return;
    }
    if (watched.until == time_point{})
        watched.begin_again(clock::now(), options.wait_slice);
    input_.resize(size + read_size);
    const std::size_t count = socket_.read_some({input_.data() + size, read_size}, std::min(deadline, watched.until), ec);
    input_.resize(size + count);
    if (count != 0)
        watched.begin_again(clock::now(), options.wait_slice);
    if (ec == boost::system::errc::timed_out) {
        const auto now = clock::now();
        if (now >= deadline || watched.is_asked)
            throw_socket_error(ec, std::chrono::round<milliseconds>(now - (watched.is_asked ? watched.heard : watched.begin)));
        if (!awaits_pong_)  // else it is asked already, and has said other things since
            ping();
        watched.until = now + options.call_deadline;
        watched.is_asked = true;
        return;
    }
    if (ec)
        throw_socket_error(ec, options.call_deadline);
}

void client_connection::ping()
{
    send_native({native::operation::ping, ping_id}, {});
    awaits_pong_ = true;
}

/// Takes the pong that was still to come when the last reply did, if it has. False if anything else has come.
bool client_connection::takes_late_pong() noexcept
try {
    drop_input(std::exchange(native_reply_size_, 0));
    const std::size_t size = input_.size();
    if (size < native::header_size && !socket_.is_quiet()) {
        input_.resize(native::header_size);
        error_code failed;
        const std::size_t count = socket_.read_some({input_.data() + size, native::header_size - size}, clock::now(), failed);
        input_.resize(size + count);
        if (failed)
            return false;
    }
    error_code ec;
    const auto found = native::parse_frame(input_.view(), 0, ec);
    if (!found)
        return !ec;
    const bool is_pong = is_by_the_way(*found, ping_id);
    drop_input(found->size());
    return is_pong;
} catch (const std::exception&) {
    return false;
}

codec::item client_connection::take_item(const native_reply& reply)
{
    if (reply.body.size() < given_item_size_min || native_reply_size_ != input_.size())
        return codec::item::make(reply.body, {.protocol_min = 4});
    native_reply_size_ = 0;
    return codec::item::adopt(std::move(input_), reply.body, {.protocol_min = 4});
}

std::uint32_t client_connection::next_id() noexcept
{
    return ++last_id_ != ping_id ? last_id_ : ++last_id_;
}

const std::uint32_t* client_connection::find_handle(std::string_view ident) noexcept
{
    if (last_used_ == nullptr || last_used_->first != ident) {
        const auto known = handles_.find(ident);
        if (known == handles_.end())
            return nullptr;
        last_used_ = &*known;
    }
    return &last_used_->second;
}

std::uint32_t client_connection::handle_for_next(std::string_view ident)
{
    to_open_.reset();
    if (const std::uint32_t* const known = find_handle(ident))
        return *known;
    to_open_.emplace(ident);
    return native::last_opened;
}

std::uint32_t client_connection::handle_of(std::string_view ident)
{
    to_open_.reset();
    if (const std::uint32_t* const known = find_handle(ident))
        return *known;
    const native_reply reply = transact_native({native::operation::open, 0}, {}, as_bytes(ident), {milliseconds{0}});
    if (reply.code == native::operation::raised)
        throw unknown_object{};
    return note_opened(std::string{ident}, reply);
}

void client_connection::close(std::string_view ident)
{
    const auto known = handles_.find(ident);
    if (known == handles_.end())
        return;
    close_handle(known->second);
    if (last_used_ == &*known)
        last_used_ = nullptr;
    handles_.erase(known);
}

void client_connection::close_all()
{
    for (const auto& [ident, handle] : handles_)
        close_handle(handle);
    last_used_ = nullptr;
    handles_.clear();
}

void client_connection::close_handle(std::uint32_t handle)
{
    const std::uint32_t id = next_id();
    const request_front request{{native::operation::close, id}, native::fixed_fields{}.add(handle).view(), 0};
    closes_.append(request.view());
    closing_.push_back(id);
}

void client_connection::send_closes(milliseconds patience)
{
    if (closes_.empty())
        return;
    drop_input(std::exchange(native_reply_size_, 0));
    const std::uint32_t last = closing_.back();
    const native_wait wait{milliseconds{0}, patience};
    write_request({}, wait);
    const native_reply reply = wait_for_native(last, wait);
    closing_.clear();
    if (reply.code != native::operation::done)
        throw_protocol_error("it refuses to close what it has opened");
}

/// Remembers what an open has come to, which is no exception. Returns the handle.
std::uint32_t client_connection::note_opened(std::string ident, const native_reply& reply)
{
    native::body_reader body{reply.body};
    const std::uint32_t handle = body.number32();
    (void)body.octet();
    if (reply.code != native::operation::opened || body.failed())
        throw_protocol_error(reply.code == native::operation::refused ? std::string{as_chars(reply.body)} : "its answer to an open is none");
    last_used_ = &*handles_.emplace(std::move(ident), handle).first;
    return handle;
}

/// The server has answered the open that went before the request `id`, with `reply`. If nothing is open, the request was refused, and
/// the answer says nothing else: takes that, too.
void client_connection::take_opened(std::string ident, const native_reply& reply, std::uint32_t id)
{
    in_progress_ = true;  // the request is
    if (reply.code == native::operation::opened) {
        note_opened(std::move(ident), reply);
        drop_input(std::exchange(native_reply_size_, 0));
        return;
    }
    const bool is_unknown = reply.code == native::operation::raised;
    const std::string why{reply.code == native::operation::refused ? as_chars(reply.body) : "its answer to an open is none"};
    drop_input(std::exchange(native_reply_size_, 0));
    if (wait_for_native(id, {milliseconds{0}}).code != native::operation::refused)
        throw_protocol_error("it answers a request on an object that it has not opened");
    if (is_unknown)
        throw unknown_object{};
    throw_protocol_error(why);
}

milliseconds client_connection::beyond(const native_wait& wait) const noexcept
{
    return wait.beyond.value_or(environment_.options.call_deadline);
}

void client_connection::throw_protocol_error(const std::string& what) const
{
    throw error{environment_.server.to_string() + ": " + what};
}

}  // namespace quaymaster::net
