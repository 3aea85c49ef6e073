#include "wire/native_dialect.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

namespace quaymaster::wire::native {
namespace {

constexpr std::size_t type_name_size_max = 255;

constexpr std::size_t largest_body_size = std::numeric_limits<std::uint32_t>::max();

void require_body_size(std::size_t size)
{
    if (size > largest_body_size)
        throw std::length_error{"a frame of " + std::to_string(size) + " octets: the native dialect carries less than 4 GiB in one"};
}

/// Where the octets after the header go: `copied` of them are written there, of the `body_size` that follow.
std::byte* begin_frame(outbox& out, const frame_head& head, std::size_t body_size, std::size_t copied)
{
    require_body_size(body_size);
    std::byte* const octets = out.extend(header_size + copied);
    store_header(octets, head, static_cast<std::uint32_t>(body_size));
    return octets + header_size;
}

std::byte* copy_to(std::byte* at, bytes_view octets) noexcept
{
    return std::copy(octets.begin(), octets.end(), at);
}

}  // namespace

std::string_view request_name(operation code) noexcept
{
    constexpr std::array<std::string_view, 14> names{"",        "open",   "close",    "put",    "put_many", "get",  "get_many",
                                                     "consume", "credit", "put_back", "cancel", "call",     "ping", "inform"};
    const auto index = static_cast<std::size_t>(code);
    return index < names.size() ? names[index] : "";
}

void store_header(std::byte* at, const frame_head& head, std::uint32_t body_size) noexcept
{
    store_little(at, body_size);
    at[4] = static_cast<std::byte>(head.code);
    at[5] = std::byte{head.flags};
    store_little(at + 6, head.count);
    store_little(at + 8, head.id);
}

std::optional<std::size_t> announced_body_size(bytes_view input) noexcept
{
    if (input.size() < header_size)
        return std::nullopt;
    return load_little<std::uint32_t>(input.data());
}

std::optional<frame> parse_frame(bytes_view input, std::size_t body_size_max, error_code& ec) noexcept
{
    ec.clear();
    const auto body_size = announced_body_size(input);
    if (!body_size)
        return std::nullopt;
    if (*body_size > body_size_max) {
        ec = wire_errc::frame_too_large;
        return std::nullopt;
    }
    if (input.size() - header_size < *body_size)
        return std::nullopt;
    return frame{static_cast<operation>(input[4]), std::to_integer<std::uint8_t>(input[5]),
                 load_little<std::uint16_t>(input.data() + 6), load_little<std::uint32_t>(input.data() + 8),
                 input.subspan(header_size, *body_size)};
}

void write_frame(outbox& out, const frame_head& head, bytes_view fields, bytes_view tail)
{
    const std::size_t body_size = fields.size() + tail.size();
    copy_to(copy_to(begin_frame(out, head, body_size, body_size), fields), tail);
}

void write_frame(outbox& out, const frame_head& head, bytes_view fields, const codec::item& tail)
{
    if (tail.size() <= outbox::copied_item_size_max)
        return write_frame(out, head, fields, tail.opcodes());
    copy_to(begin_frame(out, head, fields.size() + tail.size(), fields.size()), fields);
    out.append(tail);
}

void write_items(outbox& out, frame_head head, bytes_view fields, std::span<const codec::item> items)
{
    head.count = static_cast<std::uint16_t>(items.size());
    std::size_t body_size = fields.size();
    for (const codec::item& each : items)
        body_size += sizeof(std::uint32_t) + each.size();
    copy_to(begin_frame(out, head, body_size, fields.size()), fields);
    for (const codec::item& each : items) {
        const bytes_view opcodes = each.opcodes();
        const bool is_copied = opcodes.size() <= outbox::copied_item_size_max;
        std::byte* const at = out.extend(sizeof(std::uint32_t) + (is_copied ? opcodes.size() : 0));
        store_little(at, static_cast<std::uint32_t>(opcodes.size()));
        if (is_copied)
            copy_to(at + sizeof(std::uint32_t), opcodes);
        else
            out.append(each);
    }
}

std::size_t begin_body(outbox& out, const frame_head& head)
{
    const std::size_t begun = out.position();
    begin_frame(out, head, 0, 0);
    return begun;
}

void end_body(outbox& out, std::size_t begun)
{
    const std::size_t body_size = out.size_since(begun) - header_size;
    if (body_size > largest_body_size)
        out.truncate(begun);
    require_body_size(body_size);
    std::array<std::byte, sizeof(std::uint32_t)> size;
    store_little(size.data(), static_cast<std::uint32_t>(body_size));
    out.overwrite(begun, size);
}

void write_raised(outbox& out, std::uint32_t id, std::uint16_t count, exception_number number, std::string_view type_name,
                  std::string_view text)
{
    type_name = type_name.substr(0, type_name_size_max);
    std::array<std::byte, 2 + type_name_size_max> fields;
    fields[0] = static_cast<std::byte>(number);
    fields[1] = static_cast<std::byte>(type_name.size());
    std::memcpy(fields.data() + 2, type_name.data(), type_name.size());
    write_frame(out, {operation::raised, id, count}, bytes_view{fields}.first(2 + type_name.size()), as_bytes(text));
}

std::optional<raised_body> parse_raised(bytes_view body) noexcept
{
    body_reader fields{body};
    const std::uint8_t number = fields.octet();
    const bytes_view type_name = fields.octets(fields.octet());
    const bytes_view text = fields.rest();
    if (fields.failed() || number > static_cast<std::uint8_t>(exception_number::queue_shut_down))
        return std::nullopt;
    return raised_body{static_cast<exception_number>(number), as_chars(type_name), as_chars(text)};
}

}  // namespace quaymaster::wire::native
