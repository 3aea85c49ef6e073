#include "codec/item_reader.hpp"

#include "codec/large_block.hpp"
#include "codec/pickle_machine.hpp"
#include "codec/pickle_opcodes.hpp"
#include "codec/scanning_sink.hpp"
#include "codec/single_opcode.hpp"

#include <bit>
#include <cstring>
#include <utility>

namespace quaymaster::codec {

namespace {

/// Who sends items as such writes at least this; readers of less get it written anew.
constexpr std::uint8_t item_protocol = 4;

/// What a scan of one item has to see: nothing of where objects lie, but what must not be in it.
class item_sink : public scanning_sink {
public:
    void begin(bytes_view opcodes) noexcept
    {
        scanning_sink::begin(opcodes, false);
        protocol_ = item_protocol;
        is_pickle_ = false;
    }

    static bool full() noexcept { return false; }
    ref text(node_kind kind, std::string_view content) noexcept
    {
        if (kind == node_kind::bytearray)
            protocol_ = highest_protocol;
        return scanning_sink::text(kind, content);
    }
    static ref own_text(node_kind kind, const std::string&) noexcept { return ref{kind}; }
    static ref container(node_kind kind, std::span<const scan_slot>, std::size_t, std::uint32_t) noexcept { return ref{kind}; }
    static void set_items(const scan_slot&, std::span<const scan_slot>, std::size_t, std::uint32_t) noexcept {}
    static void at_put(std::uint32_t, opcode, std::uint32_t) noexcept {}
    static void at_get(std::uint32_t, opcode, std::uint32_t, std::uint32_t, ref, std::size_t) noexcept {}
    void at_frame(std::uint32_t) noexcept { is_pickle_ = true; }
    void at_protocol(std::uint8_t) noexcept { is_pickle_ = true; }
    static void at_rearranged() noexcept {}

    /// True if there was a PROTO or FRAME.
    [[nodiscard]] bool is_pickle() const noexcept { return is_pickle_; }
    [[nodiscard]] item_traits traits() const noexcept { return scanning_sink::traits(protocol_); }

private:
    std::uint8_t protocol_ = item_protocol;
    bool is_pickle_ = false;
};

/// True for opcodes that are one whole scalar, str or bytes. False says nothing.
bool is_single(bytes_view opcodes) noexcept
{
    if (opcodes.empty())
        return false;
    const auto is_of_size = [opcodes](std::size_t size) { return opcodes.size() == size; };
    switch (static_cast<opcode>(opcodes.front())) {
    case opcode::none:
    case opcode::newtrue:
    case opcode::newfalse: return is_of_size(1);
    case opcode::binint1: return is_of_size(2);
    case opcode::binint2: return is_of_size(3);
    case opcode::binint: return is_of_size(5);
    case opcode::binfloat: return is_of_size(9);
    default: return single_bytes(opcodes) || single_text(opcodes);
    }
}

}  // namespace

struct item_reader::state {
    item_sink sink;
    pickle_machine<item_sink> machine{sink};
    byte_buffer* lent = nullptr;
    item adopter;  // has taken lent memory over, and keeps the opcodes that are still being read

    item make(bytes_view opcodes, item_traits traits)
    {
        // Not for a small part of the memory: the item would keep all of it.
        if (lent == nullptr || opcodes.size() < large_block_size_min || opcodes.size() < lent->size() / 2)
            return item::make(opcodes, traits);
        adopter = item::adopt(std::move(*std::exchange(lent, nullptr)), opcodes, traits);
        return adopter;
    }
};

item_reader::loan::loan(item_reader& reader, byte_buffer* memory) noexcept : reader_{reader}
{
    reader_.state_->lent = memory;
}

item_reader::loan::~loan()
{
    reader_.state_->lent = nullptr;
    reader_.state_->adopter = {};
}

item_reader::item_reader() : state_{std::make_unique<state>()} {}

item_reader::~item_reader() = default;

pickle_status item_reader::read(bytes_view opcodes, const pickle_limits& limits, item& found)
{
    if (is_single(opcodes)) {
        found = state_->make(opcodes, {.protocol_min = item_protocol});
        return {};
    }
    item_sink& sink = state_->sink;
    sink.begin(opcodes);
    const pickle_status status = state_->machine.run(opcodes, limits, true);
    state_->machine.release();
    if (status)
        return status;
    if (sink.is_pickle())
        return {pickle_errc::unknown_opcode, 0};
    found = state_->make(opcodes, sink.traits());
    return {};
}

}  // namespace quaymaster::codec
