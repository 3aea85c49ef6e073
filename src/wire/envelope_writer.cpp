#include "wire/envelope_writer.hpp"

#include "codec/pickle_writer.hpp"

#include "codec/text_arguments.hpp"

#include <bit>
#include <limits>
#include <string>

namespace quaymaster::wire {

namespace {

using codec::opcode;

/// True for what a writer writes without an item, whichever the reader.
bool is_plain(const value& known) noexcept
{
    switch (known.kind()) {
    case value_kind::none:
    case value_kind::boolean:
    case value_kind::floating:
    case value_kind::str: return true;
    case value_kind::integer: {
        // 32 bits: beyond that Python 2 tells int from long, which the codec knows how to write.
        const auto number = known.to_int64();
        return number && *number >= std::numeric_limits<std::int32_t>::min() &&
               *number <= std::numeric_limits<std::int32_t>::max();
    }
    default: return false;
    }
}

/// `content` with every octet beyond ASCII spelled `\xNN`.
std::string escape_octets(std::string_view content)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string escaped;
    for (const char c : content) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x80) {
            escaped += c;
            continue;
        }
        escaped += "\\x";
        escaped += digits[octet >> 4];
        escaped += digits[octet & 15];
    }
    return escaped;
}

}  // namespace

writable::writable(codec::payload object, codec::reader_dialect reader, const codec::pickle_limits& limits)
{
    if (const value* known = object.known()) {
        // For this reader at once: an item made for Python 3 would have turned each str of Python 2 into unicode.
        if (is_plain(*known))
            scalar_ = *known;
        else
            pickled_ = codec::item_from_value(*known, reader);
        return;
    }
    pickled_ = codec::transcode(std::move(object).to_item(), reader, limits);
}

envelope_writer::envelope_writer(outbox& out, codec::reader_dialect reader, std::uint8_t protocol)
    : opcode_writer{out, reader}, frame_start_{out.begin_frame()}
{
    code(opcode::proto);
    out_.push(protocol);
}

envelope_writer::envelope_writer(outbox& out, codec::reader_dialect reader, const writable& content)
    : envelope_writer{out, reader, content.is_item() ? codec::announced_protocol(content.pickled(), reader) : reader.protocol}
{
}

void opcode_writer::integer(std::int32_t number)
{
    code(opcode::binint);
    little_endian(static_cast<std::uint32_t>(number), 4);
}

void opcode_writer::floating(double number)
{
    code(opcode::binfloat);
    const auto bits = std::bit_cast<std::uint64_t>(number);
    for (int shift = 56; shift >= 0; shift -= 8)
        out_.push(static_cast<std::uint8_t>(bits >> shift & 0xff));
}

void opcode_writer::text(std::string_view content)
{
    if (!reader_.python2) {
        if (codec::is_utf8(content))
            unicode(content);
        else
            unicode(escape_octets(content));
        return;
    }
    if (content.size() <= 0xff) {
        code(opcode::short_binstring);
        out_.push(static_cast<std::uint8_t>(content.size()));
    } else {
        code(opcode::binstring);
        little_endian(content.size(), 4);
    }
    out_.append(content);
}

void opcode_writer::unicode(std::string_view content)
{
    if (content.size() <= 0xff && reader_.protocol >= 4) {
        code(opcode::short_binunicode);
        out_.push(static_cast<std::uint8_t>(content.size()));
    } else {
        code(opcode::binunicode);
        little_endian(content.size(), 4);
    }
    out_.append(content);
}

void opcode_writer::global(std::string_view module, std::string_view name)
{
    if (reader_.protocol >= 4) {
        text(module);
        text(name);
        code(opcode::stack_global);
        return;
    }
    code(opcode::global);
    out_.append(module);
    out_.push('\n');
    out_.append(name);
    out_.push('\n');
}

void opcode_writer::object(const writable& content)
{
    if (content.is_item()) {
        out_.append(content.pickled());
        return;
    }
    const value& scalar = content.scalar();
    switch (scalar.kind()) {
    case value_kind::boolean: boolean(scalar.truth()); return;
    case value_kind::integer: integer(static_cast<std::int32_t>(scalar.to_int64().value_or(0))); return;
    case value_kind::floating: floating(scalar.to_double().value_or(0)); return;
    case value_kind::str: unicode(scalar.text()); return;
    default: none();
    }
}

void envelope_writer::finish()
{
    code(opcode::stop);
    out_.end_frame(frame_start_);
}

void opcode_writer::token(std::string_view typeid_name, std::string_view ident)
{
    global("multiprocessing.managers", "Token");
    code(opcode::empty_tuple);
    code(opcode::newobj);
    text(typeid_name);
    none();  // the address
    text(ident);
    code(opcode::tuple3);
    code(opcode::build);
}

void opcode_writer::little_endian(std::uint64_t number, unsigned octets)
{
    for (; octets > 0; --octets, number >>= 8)
        out_.push(static_cast<std::uint8_t>(number & 0xff));
}

}  // namespace quaymaster::wire
