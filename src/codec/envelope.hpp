// envelope: the outer tuple of a request or reply, taken apart without decoding the objects it carries.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/payload.hpp"
#include "codec/pickle_errc.hpp"
#include "codec/pickle_limits.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace quaymaster::codec {

/// Reads a pickle whose object is a tuple, such as `(ident, name, args, kwds)` or `(kind, result)`, and gives out its
/// fields, and the elements of fields that are tuples or dicts. An element comes as a scalar or as an item spliced from
/// the pickle's opcodes; where a splice would not be self-contained (`q.put('put')`: the item is a back-reference to the
/// method name) the pickle is decoded to a graph and the element written out anew.
/// Reuse one reader for many pickles: it keeps its memory, except what a giant one has made it take. Thread safety: none.
class envelope_reader {
public:
    envelope_reader();
    ~envelope_reader();
    envelope_reader(const envelope_reader&) = delete;
    envelope_reader& operator=(const envelope_reader&) = delete;

    /// While it lives, the pickles that `reader` reads lie in `memory`, of which nothing else is needed: a large item made
    /// from one may take the memory over instead of copying its opcodes, and `memory` is empty then. What the accessors
    /// gave stays valid until the loan ends. Null lends nothing.
    /// When it ends the reader forgets the last pickle, so that a giant one does not stay on a loop that has nothing to read.
    class loan {
    public:
        loan(envelope_reader& reader, byte_buffer* memory) noexcept;
        ~loan();
        loan(const loan&) = delete;
        loan& operator=(const loan&) = delete;

    private:
        envelope_reader& reader_;
    };

    /// Takes `pickle` apart; it must outlive the use of the accessors. Every opcode is checked: what read() accepts,
    /// an unpickler can load as far as opcodes go; whether an object takes what is done to it only its class knows.
    pickle_status read(bytes_view pickle, const pickle_limits& limits);

    /// The protocol named by PROTO; 0 if none was.
    [[nodiscard]] std::uint8_t protocol() const noexcept;
    /// How many fields the outer tuple has; nullopt if the object is no tuple.
    [[nodiscard]] std::optional<std::size_t> field_count() const noexcept;

    [[nodiscard]] bool is_none(std::size_t field) const noexcept;
    [[nodiscard]] bool is_tuple(std::size_t field) const noexcept;
    [[nodiscard]] bool is_dict(std::size_t field) const noexcept;
    /// The text of a str or Python 2 str field, borrowed from the pickle; nullopt for other types.
    [[nodiscard]] std::optional<std::string_view> text(std::size_t field) const noexcept;
    /// The whole field.
    [[nodiscard]] payload take(std::size_t field);

    /// Elements of a tuple field, or keys and values in turn of a dict field (so even); 0 for others.
    [[nodiscard]] std::size_t element_count(std::size_t field) const noexcept;
    /// nullopt also for elements that are far from the beginning of a large tuple or from the end of a large dict: of the
    /// millions that a field may have, no request needs more than a few hundred.
    [[nodiscard]] std::optional<std::string_view> element_text(std::size_t field, std::size_t element) const noexcept;
    [[nodiscard]] payload take_element(std::size_t field, std::size_t element);

    /// Octets of memory that the reader has for its own bookkeeping now, without the pickle and what was decoded of it.
    [[nodiscard]] std::size_t scratch_size() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quaymaster::codec
