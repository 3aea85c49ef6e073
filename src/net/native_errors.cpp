#include "net/native_errors.hpp"

#include <quaymaster/errors.hpp>

#include <string>

namespace quaymaster::net {

namespace native = wire::native;

namespace {

[[noreturn]] void throw_raised(const native_reply& reply)
{
    const auto known = native::parse_raised(reply.body);
    if (!known)
        throw error{"the server's reply to a request of the native dialect cannot be read"};
    switch (known->number) {
    case native::exception_number::queue_empty: throw queue_empty{};
    case native::exception_number::queue_full: throw queue_full{};
    case native::exception_number::queue_shut_down: throw queue_shut_down{};
    case native::exception_number::other: break;
    }
    throw remote_error{std::string{known->type_name}, std::string{known->text}};
}

[[noreturn]] void throw_bad_batch()
{
    throw error{"the server's batch of items is not what it says"};
}

}  // namespace

std::uint32_t native_timeout(std::optional<std::chrono::milliseconds> timeout)
{
    if (!timeout || timeout->count() >= native::no_limit)
        return native::no_limit;
    if (timeout->count() < 0)
        throw remote_error{"ValueError", "'timeout' must be a non-negative number"};
    return static_cast<std::uint32_t>(timeout->count());
}

void require(const native_reply& reply, native::operation wanted)
{
    if (reply.code == wanted)
        return;
    if (reply.code == native::operation::raised)
        throw_raised(reply);
    if (reply.code == native::operation::refused)
        throw error{"the server refuses the request: " + std::string{as_chars(reply.body)}};
    throw error{"the server's reply is none to such a request of the native dialect"};
}

std::size_t take_done(const native_reply& reply)
{
    require(reply, native::operation::done);
    return reply.count;
}

void take_items(const native_reply& reply, std::vector<codec::item>& items)
{
    native::body_reader body{reply.body};
    items.reserve(items.size() + reply.count);
    for (std::size_t i = 0; i < reply.count; ++i) {
        const bytes_view opcodes = body.sized_octets();
        if (body.failed())
            break;
        items.push_back(codec::item::make(opcodes, {.protocol_min = 4}));
    }
    if (!body.at_end())
        throw_bad_batch();
}

void take_batch(const native_reply& reply, got_batch& got)
{
    native::body_reader body{reply.body};
    for (std::size_t i = 0; i < reply.count; ++i)
        (void)body.sized_octets();
    if (!body.at_end() || reply.count == 0)
        throw_bad_batch();
    got.sized.append(reply.body);
    got.sized_count += reply.count;
}

}  // namespace quaymaster::net
