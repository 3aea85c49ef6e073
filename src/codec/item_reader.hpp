// item_reader: opcodes from outside that claim to be an item. Every one is checked, none is decoded.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/item.hpp"
#include "codec/pickle_errc.hpp"
#include "codec/pickle_limits.hpp"

#include <memory>

namespace quaymaster::codec {

/// Makes items of opcodes that came as such, without an envelope around them. What it accepts leaves exactly one object on the
/// stack of any unpickler of protocol 4 or 5 and refers to nothing outside it; PROTO, FRAME and STOP have no place in it.
/// Small scalars and texts, which are one opcode, are recognised at a glance.
/// Reuse one reader for many items: it keeps its memory. Thread safety: none.
class item_reader {
public:
    item_reader();
    ~item_reader();
    item_reader(const item_reader&) = delete;
    item_reader& operator=(const item_reader&) = delete;

    /// While it lives, the opcodes that `reader` reads lie in `memory`, of which nothing else is needed: a large item takes it
    /// over instead of copying them out, and they stay where they are until the loan ends. Null lends nothing.
    class loan {
    public:
        loan(item_reader& reader, byte_buffer* memory) noexcept;
        ~loan();
        loan(const loan&) = delete;
        loan& operator=(const loan&) = delete;

    private:
        item_reader& reader_;
    };

    /// Sets `found` to the item that `opcodes` are. Unchanged if they are none, or beyond `limits`: see the status.
    pickle_status read(bytes_view opcodes, const pickle_limits& limits, item& found);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace quaymaster::codec
