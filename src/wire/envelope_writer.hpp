// envelope_writer: the outer tuple of a request or reply, straight into an outbox, with an item spliced into it.
#pragma once

#include "codec/payload.hpp"
#include "codec/pickle_limits.hpp"
#include "codec/pickle_opcodes.hpp"
#include "codec/transcode.hpp"
#include "wire/outbox.hpp"

#include <cstdint>
#include <string_view>

namespace quaymaster::wire {

/// An object as the reader can load it: a scalar that is written as it stands, or an item in the reader's dialect.
class writable {
public:
    /// Throws pickle_error if it cannot be rewritten within `limits`.
    writable(codec::payload object, codec::reader_dialect reader, const codec::pickle_limits& limits);

    /// True if it is an item, whose memo begins at 0: a pickle has room for one of them.
    [[nodiscard]] bool is_item() const noexcept { return static_cast<bool>(pickled_); }
    [[nodiscard]] const codec::item& pickled() const noexcept { return pickled_; }
    [[nodiscard]] const value& scalar() const noexcept { return scalar_; }

private:
    value scalar_;
    codec::item pickled_;
};

/// Appends opcodes that a reader's Python can load. It memoizes nothing, because an item among them counts on an empty memo.
/// Lifetime: `out` outlives it.
class opcode_writer {
public:
    opcode_writer(outbox& out, codec::reader_dialect reader) noexcept : out_{out}, reader_{reader} {}

    void code(codec::opcode op) { out_.push(static_cast<std::uint8_t>(op)); }
    void none() { code(codec::opcode::none); }
    void boolean(bool flag) { code(flag ? codec::opcode::newtrue : codec::opcode::newfalse); }
    void integer(std::int32_t number);
    void floating(double number);
    /// A text of ours: a byte string for Python 2, else a str. If that is not UTF-8, what is not ASCII goes escaped: `\xff`.
    void text(std::string_view content);
    /// A str, `unicode` in Python 2. Precondition: UTF-8.
    void unicode(std::string_view content);
    /// A class by its path.
    void global(std::string_view module, std::string_view name);
    void object(const writable& content);
    /// A `multiprocessing.managers.Token` without an address: servers and proxies look at the rest alone.
    void token(std::string_view typeid_name, std::string_view ident);

protected:
    void little_endian(std::uint64_t number, unsigned octets);

    outbox& out_;
    codec::reader_dialect reader_;
};

/// Writes one frame that holds one pickle.
/// Lifetime: one per frame; `out` outlives it and is not written by others until finish().
class envelope_writer : public opcode_writer {
public:
    /// Begins the frame; `protocol` is what PROTO announces.
    envelope_writer(outbox& out, codec::reader_dialect reader, std::uint8_t protocol);
    envelope_writer(outbox& out, codec::reader_dialect reader) : envelope_writer{out, reader, reader.protocol} {}
    /// Begins a frame that will hold `content`, with the protocol that this asks for.
    envelope_writer(outbox& out, codec::reader_dialect reader, const writable& content);
    envelope_writer(const envelope_writer&) = delete;
    envelope_writer& operator=(const envelope_writer&) = delete;

    /// Writes STOP and completes the frame.
    void finish();

private:
    std::size_t frame_start_;
};

}  // namespace quaymaster::wire
