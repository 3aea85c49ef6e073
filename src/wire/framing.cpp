#include "wire/framing.hpp"

#include <limits>

namespace quaymaster::wire {

namespace {

constexpr std::size_t long_header_size = 12;
constexpr std::uint64_t long_form_mark = 0xffff'ffff;  // -1 as the signed length that it stands for
constexpr std::uint64_t sign_bit = 0x8000'0000;

std::uint64_t load_big(bytes_view octets) noexcept
{
    std::uint64_t number = 0;
    for (const std::byte octet : octets)
        number = number << 8 | std::to_integer<std::uint64_t>(octet);
    return number;
}

void store_big(std::uint64_t number, std::byte* end, std::size_t count) noexcept
{
    for (; count > 0; --count, number >>= 8)
        *--end = static_cast<std::byte>(number & 0xff);
}

struct header {
    std::size_t size;
    std::uint64_t payload_size;
};

std::optional<header> parse_header(bytes_view input, error_code& ec) noexcept
{
    ec.clear();
    if (input.size() < short_header_size)
        return std::nullopt;
    const std::uint64_t length = load_big(input.first(short_header_size));
    if (length <= short_form_max)
        return header{short_header_size, length};
    static_assert((long_form_mark & sign_bit) != 0);
    if (length != long_form_mark) {
        ec = wire_errc::bad_frame_length;
        return std::nullopt;
    }
    if (input.size() < long_header_size)
        return std::nullopt;
    return header{long_header_size, load_big(input.subspan(short_header_size, long_header_size - short_header_size))};
}

}  // namespace

std::optional<frame> parse_frame(bytes_view input, std::size_t payload_size_max, error_code& ec) noexcept
{
    const auto head = parse_header(input, ec);
    if (!head)
        return std::nullopt;
    // Refuse before the payload arrives, or a peer could make us buffer what we would reject anyway.
    if (head->payload_size > payload_size_max) {
        ec = wire_errc::frame_too_large;
        return std::nullopt;
    }
    const auto payload_size = static_cast<std::size_t>(head->payload_size);
    if (input.size() - head->size < payload_size)  // not head->size + payload_size: a sum can wrap
        return std::nullopt;
    return frame{input.subspan(head->size, payload_size), head->size + payload_size};
}

std::optional<std::uint64_t> announced_payload_size(bytes_view input) noexcept
{
    error_code ignored;
    const auto head = parse_header(input, ignored);
    if (!head)
        return std::nullopt;
    return head->payload_size;
}

std::optional<std::size_t> announced_frame_size(bytes_view input, std::size_t payload_size_max) noexcept
{
    error_code ignored;
    const auto head = parse_header(input, ignored);
    if (!head || head->payload_size > payload_size_max ||
        head->payload_size > std::numeric_limits<std::size_t>::max() - long_header_size)
        return std::nullopt;
    return head->size + static_cast<std::size_t>(head->payload_size);
}

frame_header::frame_header(std::uint64_t payload_size) noexcept
    : size_{payload_size <= short_form_max ? short_header_size : long_header_size}
{
    if (payload_size <= short_form_max) {
        store_big(payload_size, octets_.data() + short_header_size, short_header_size);
        return;
    }
    store_big(long_form_mark, octets_.data() + short_header_size, short_header_size);
    store_big(payload_size, octets_.data() + long_header_size, long_header_size - short_header_size);
}

std::string frame_fault_text(error_code ec, std::uint64_t announced_size, std::size_t limit, std::string_view limit_name)
{
    if (ec != wire_errc::frame_too_large)
        return ec.message();
    const std::string found = "frame of " + std::to_string(announced_size) + " octets exceeds ";
    if (limit == handshake_payload_size_max)
        return found + "the " + std::to_string(limit) +
               " that the handshake allows: is this a multiprocessing peer?";
    return found + std::string{limit_name} + " (" + std::to_string(limit) + "): raise the limit or send smaller items";
}

}  // namespace quaymaster::wire
