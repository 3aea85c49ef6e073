#include "native_stream.hpp"

#include "codec/envelope.hpp"
#include "codec/item.hpp"
#include "codec/payload.hpp"
#include "session/client_session.hpp"
#include "wire/native_dialect.hpp"
#include "wire/python_dialect.hpp"

#include <quaymaster/conversion.hpp>

#include <boost/system/system_error.hpp>

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace quaymaster::tool {

namespace native = wire::native;

namespace {

constexpr std::chrono::seconds answer_limit{30};
constexpr std::size_t read_size = std::size_t{1} << 16;
/// What comes together unsent before it leaves unasked: half of what a socket buffer holds at least.
constexpr std::size_t output_size_max = std::size_t{1} << 16;

wire::handshake_nonce fresh_nonce()
{
    wire::handshake_nonce nonce;
    if (::getrandom(nonce.data(), nonce.size(), 0) < 0)
        throw std::system_error{errno, std::generic_category(), "getrandom"};
    return nonce;
}

void receive_more(stream_socket& socket, std::string& input)
{
    const std::size_t before = input.size();
    input.resize(before + read_size);
    input.resize(before + socket.receive(input.data() + before, read_size));
}

void append_frame(codec::byte_buffer& output, const native::frame_head& head, bytes_view fields, bytes_view tail)
{
    native::store_header(output.extend(native::header_size), head, static_cast<std::uint32_t>(fields.size() + tail.size()));
    output.append(fields);
    output.append(tail);
}

[[noreturn]] void throw_unexpected(const native::frame& found)
{
    if (found.code == native::operation::refused)
        throw std::runtime_error{"the server refuses a request: " + std::string{as_chars(found.body)}};
    if (found.code == native::operation::raised)
        if (const auto raised = native::parse_raised(found.body))
            throw std::runtime_error{std::string{raised->type_name} + ": " + std::string{raised->text}};
    throw std::runtime_error{"the server's answer to a request of the native dialect is none"};
}

}  // namespace

std::optional<std::string> agree_on_native(stream_socket& connected, const authkey& key)
{
    session::client_settings settings;
    settings.authkey = to_bytes(key.octets());
    session::client_session conversation{settings, fresh_nonce()};
    const std::array<codec::payload, 2> versions{value{std::int64_t{native::version_min}},
                                                 value{std::int64_t{native::version_max}}};
    wire::outgoing_request hello;
    hello.method = native::hello_name;
    hello.positional = versions;
    conversation.request(hello);
    connected.limit_waits(answer_limit);
    codec::envelope_reader reader;
    for (std::string input;;) {
        const session::client_session::step step = conversation.receive(as_bytes(input));
        if (step.reply) {
            const bool is_agreed =
                std::holds_alternative<wire::returned_reply>(wire::parse_reply(*step.reply, reader, settings.limits));
            input.erase(0, step.consumed);
            return is_agreed ? std::optional{std::move(input)} : std::nullopt;
        }
        if (conversation.current_state() == session::client_session::state::failed)
            throw std::runtime_error{conversation.failure_text()};
        input.erase(0, step.consumed);
        std::vector<bytes_view> pieces;
        conversation.output().gather(pieces);
        std::string octets;
        for (const bytes_view piece : pieces)
            octets += as_chars(piece);
        connected.send(octets);
        conversation.output().consume(octets.size());
        receive_more(connected, input);
    }
}

struct native_stream::reply {
    native::frame frame;
};

native_stream::native_stream(stream_socket connected, std::string input, const std::vector<std::string>& idents)
    : socket_{std::move(connected)}
{
    input_.append(input);
    for (const std::string& ident : idents)
        append_frame(output_, {native::operation::open, ++started_}, as_bytes(ident), {});
    while (handles_.size() < idents.size()) {
        const reply opened = next_reply();
        if (opened.frame.code != native::operation::opened)
            throw_unexpected(opened.frame);
        handles_.push_back(native::body_reader{opened.frame.body}.number32());
        drop_reply();
    }
}

void native_stream::start_put(std::size_t queue, bytes_view item)
{
    encoder_.clear();
    encoder_.bytes(item);
    native::fixed_fields fields;
    fields.add(handles_[queue]).add(native::no_limit);
    append_frame(output_, {native::operation::put, ++started_}, fields.view(), encoder_.opcodes());
    if (output_.size() >= output_size_max)
        flush();
}

void native_stream::finish_put()
{
    const reply done = next_reply();
    if (done.frame.code != native::operation::done)
        throw_unexpected(done.frame);
    drop_reply();
}

void native_stream::start_get(std::size_t queue)
{
    native::fixed_fields fields;
    fields.add(handles_[queue]).add(std::uint32_t{0});
    append_frame(output_, {native::operation::get, ++started_}, fields.view(), {});
}

bool native_stream::finish_get(bytes& item)
{
    const reply got = next_reply();
    if (got.frame.code == native::operation::item) {
        if (const std::optional<bytes_view> octets = detail::octets_in(got.frame.body))
            item.assign(octets->begin(), octets->end());
        else
            item = decode<bytes>(codec::payload{codec::item::make(got.frame.body, {.protocol_min = 4})}.to_value());
        drop_reply();
        return true;
    }
    const auto raised = got.frame.code == native::operation::raised ? native::parse_raised(got.frame.body) : std::nullopt;
    if (!raised || raised->number != native::exception_number::queue_empty)
        throw_unexpected(got.frame);
    drop_reply();
    return false;
}

void native_stream::flush()
{
    socket_.send(as_chars(output_.view()));
    output_.clear();
}

/// The reply to the oldest request that has none yet; borrowed until drop_reply().
native_stream::reply native_stream::next_reply()
{
    for (;;) {
        error_code ec;
        const auto found = native::parse_frame(input_.view().subspan(taken_), std::size_t{1} << 30, ec);
        if (ec)
            throw boost::system::system_error{ec};
        if (found) {
            if (found->id != finished_ + 1)
                throw std::runtime_error{"the server's replies come in another order than the requests"};
            reply_size_ = found->size();
            return {*found};
        }
        input_.consume(std::exchange(taken_, 0));
        flush();
        const std::size_t before = input_.size();
        input_.resize(before + read_size);
        input_.resize(before + socket_.receive(reinterpret_cast<char*>(input_.data()) + before, read_size));
    }
}

void native_stream::drop_reply()
{
    taken_ += std::exchange(reply_size_, 0);
    ++finished_;
}

}  // namespace quaymaster::tool
