// native_dialect: the frames of quaymaster's own dialect, in which nothing waits that need not. docs/protocol.md, section 14, says
// every octet, every request and every reply.
#pragma once

#include "codec/item.hpp"
#include "wire/little_endian.hpp"
#include "wire/outbox.hpp"
#include "wire/wire_errc.hpp"

#include <quaymaster/bytes.hpp>
#include <quaymaster/errors.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quaymaster::wire::native {

/// The versions of the dialect that we speak, as server and as client.
inline constexpr std::uint32_t version_min = 1;
inline constexpr std::uint32_t version_max = 1;

/// The server function that asks for the dialect; CPython's server, which has none of that name, refuses it and closes.
inline constexpr std::string_view hello_name = "quaymaster_native";

inline constexpr std::size_t header_size = 12;

/// Items of one batch: more do not fit the header's field.
inline constexpr std::size_t batch_items_max = 0xffff;
/// A `timeout` of this is none: the request waits without limit. Others are milliseconds.
inline constexpr std::uint32_t no_limit = 0xffff'ffff;

/// A `handle` of this is what the open before it opened, whichever that was: a client need not wait for the answer to that. If it
/// opened nothing, no handle. No object has this one.
inline constexpr std::uint32_t last_opened = 0xffff'ffff;

/// What a frame is. Requests are below 128, replies above. 14 to 19 and 138 to 143 are kept for leases and acks.
enum class operation : std::uint8_t {
    open = 1,       // an ident                                   -> opened
    close = 2,      // handle                                     -> done
    put = 3,        // handle, timeout, [put id], item            -> done
    put_many = 4,   // handle, timeout, [put id], count items     -> done, whose count says how many are in
    get = 5,        // handle, timeout                            -> item
    get_many = 6,   // handle, timeout, octets_max; at most count -> items
    consume = 7,    // handle, credit                             -> items, over and over; ends by cancelled or raised
    credit = 8,     // credit more for the consume of this id     -> no reply
    put_back = 9,   // handle, count items, to the front          -> done
    cancel = 10,    // the request of this id                     -> no reply of its own
    call = 11,      // a frame of the Python dialect              -> answer
    ping = 12,      // up to 64 octets                            -> pong
    inform = 13,    // nothing, or a handle                       -> item: a dict

    done = 128,       // count
    item = 129,       // opcodes
    items = 130,      // count items
    opened = 131,     // handle, kind
    raised = 132,     // an exception; count: what of a put_many is in nevertheless
    cancelled = 133,  // the request was cancelled before it came to anything
    answer = 134,     // a frame of the Python dialect
    pong = 135,       // what the ping said
    refused = 255,    // the request is none: why, as text
};

/// Of a request, as docs/protocol.md has it; empty for what is none.
[[nodiscard]] std::string_view request_name(operation code) noexcept;

/// flags of a frame.
inline constexpr std::uint8_t has_put_id = 0x01;  // put, put_many: 16 octets of it follow the timeout
inline constexpr std::uint8_t has_more = 0x01;    // items: the queue holds more than fit

/// What `opened` says of an object.
enum class object_kind : std::uint8_t { other = 0, queue = 1 };

/// What `raised` says first; the names of exceptions that have no number follow as text.
enum class exception_number : std::uint8_t { other = 0, queue_empty = 1, queue_full = 2, queue_shut_down = 3 };

/// Octets of a ping that come back.
inline constexpr std::size_t ping_size_max = 64;

/// The front of the input, understood. `body` is borrowed from the input.
struct frame {
    operation code;
    std::uint8_t flags;
    std::uint16_t count;
    std::uint32_t id;
    bytes_view body;
    [[nodiscard]] std::size_t size() const noexcept { return header_size + body.size(); }
};

/// Takes the first frame off the front of `input`.
/// nullopt: more octets are needed (`ec` clear), or it is larger than allowed (`ec` is wire_errc::frame_too_large).
[[nodiscard]] std::optional<frame> parse_frame(bytes_view input, std::size_t body_size_max, error_code& ec) noexcept;

/// The octets of the body that the header at the front of `input` announces; nullopt if the header is not whole.
[[nodiscard]] std::optional<std::size_t> announced_body_size(bytes_view input) noexcept;

/// Names what a client may have asked the server to remember, so that it may ask again without asking twice.
struct put_id {
    std::uint64_t client;
    std::uint64_t number;
};

/// Reads the fields of a body one after the other. What lies beyond its end reads as zero, and makes failed() true.
class body_reader {
public:
    explicit body_reader(bytes_view body) noexcept : rest_{body} {}

    [[nodiscard]] std::uint8_t octet() noexcept { return number<std::uint8_t>(); }
    [[nodiscard]] std::uint32_t number32() noexcept { return number<std::uint32_t>(); }
    [[nodiscard]] std::uint64_t number64() noexcept { return number<std::uint64_t>(); }
    /// The next `size` octets; empty if there are not so many.
    [[nodiscard]] bytes_view octets(std::size_t size) noexcept
    {
        if (size > rest_.size()) {
            fail();
            return {};
        }
        const bytes_view found = rest_.first(size);
        rest_ = rest_.subspan(size);
        return found;
    }
    /// One item of a batch: its size, and its opcodes.
    [[nodiscard]] bytes_view sized_octets() noexcept { return octets(number32()); }
    /// All that is left.
    [[nodiscard]] bytes_view rest() noexcept { return octets(rest_.size()); }

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty() && !failed_; }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

private:
    template <class Unsigned>
    Unsigned number() noexcept
    {
        if (rest_.size() < sizeof(Unsigned)) {
            fail();
            return 0;
        }
        const auto found = load_little<Unsigned>(rest_.data());
        rest_ = rest_.subspan(sizeof(Unsigned));
        return found;
    }
    void fail() noexcept
    {
        failed_ = true;
        rest_ = {};
    }

    bytes_view rest_;
    bool failed_ = false;
};

/// Fields before an item or a text: at most what a put with an id has.
class fixed_fields {
public:
    fixed_fields& add(std::uint8_t octet) noexcept { return append(octet); }
    fixed_fields& add(std::uint32_t number) noexcept { return append(number); }
    fixed_fields& add(std::uint64_t number) noexcept { return append(number); }
    fixed_fields& add(const put_id& id) noexcept { return append(id.client).append(id.number); }
    [[nodiscard]] bytes_view view() const noexcept { return {octets_, size_}; }

private:
    template <class Unsigned>
    fixed_fields& append(Unsigned number) noexcept
    {
        store_little(octets_ + size_, number);
        size_ += sizeof number;
        return *this;
    }

    std::byte octets_[32];
    std::size_t size_ = 0;
};

/// What stands in a header beside the size of its body.
struct frame_head {
    operation code;
    std::uint32_t id;
    std::uint16_t count = 0;
    std::uint8_t flags = 0;
};

/// Writes the header_size octets of a header to `at`.
void store_header(std::byte* at, const frame_head& head, std::uint32_t body_size) noexcept;
/// Each of these appends one whole frame. Bodies are at most 4 GiB less an octet: std::length_error beyond, with nothing written.
void write_frame(outbox& out, const frame_head& head, bytes_view fields = {}, bytes_view tail = {});
void write_frame(outbox& out, const frame_head& head, bytes_view fields, const codec::item& tail);
/// A batch: `head.count` is set to the number of `items`, which is at most batch_items_max.
void write_items(outbox& out, frame_head head, bytes_view fields, std::span<const codec::item> items);
/// Around a body that somebody else appends: end_body() takes what begin_body() returned.
[[nodiscard]] std::size_t begin_body(outbox& out, const frame_head& head);
void end_body(outbox& out, std::size_t begun);

/// The body of `raised`. `type_name` is given for those without a number, as Python names it: "ValueError", "queue.Empty". At most
/// 255 octets of it are kept.
void write_raised(outbox& out, std::uint32_t id, std::uint16_t count, exception_number number, std::string_view type_name,
                  std::string_view text);
/// That body, understood. Borrowed from the frame.
struct raised_body {
    exception_number number;
    std::string_view type_name;
    std::string_view text;
};
[[nodiscard]] std::optional<raised_body> parse_raised(bytes_view body) noexcept;

}  // namespace quaymaster::wire::native
