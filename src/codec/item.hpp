// item: what a queue holds. One object as its pickle, never decoded on the way through.
#pragma once

#include "codec/byte_buffer.hpp"

#include <quaymaster/bytes.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace quaymaster::codec {

/// What must be known of an item's opcodes to decide who can load them as they are.
struct item_traits {
    /// The lowest pickle protocol whose readers know every opcode of the item: 0 to 5.
    std::uint8_t protocol_min = 0;
    /// Pickled by Python 2: its class paths are spelled `__builtin__`, `Queue`, ..., its `str` is a byte string.
    bool from_python2 : 1 = false;
    /// Holds a Python 2 `str` with octets above 127, which a Python 3 reader of protocol 2 would refuse to decode.
    bool has_non_ascii_byte_string : 1 = false;
    /// Names a class or function (GLOBAL, STACK_GLOBAL, INST, EXT*), so spelling matters to the other Python.
    bool has_globals : 1 = false;
    /// Names what makes proxies of managers, so it may hold some: see is_proxy_maker().
    bool has_proxies : 1 = false;

    friend bool operator==(const item_traits&, const item_traits&) = default;
};

/// One pickled object: a run of opcodes that leaves exactly one object on the stack of any unpickler.
/// The run has no PROTO, FRAME or STOP; its memo indices begin at 0 and refer to nothing outside it, so it can be
/// spliced into any reply. Immutable and shared: a copy is a count, one allocation holds count, traits and opcodes.
/// Thread safety: distinct item objects may be used from any threads, as with std::shared_ptr.
class item {
public:
    item() noexcept = default;
    /// An item of `size` opcode octets, written by `fill(std::byte*)` in place.
    template <class Fill>
    static item make(std::size_t size, item_traits traits, Fill&& fill)
    {
        item made{allocate(size, traits)};
        fill(made.block_->octets());
        return made;
    }
    static item make(bytes_view opcodes, item_traits traits);
    /// An item whose opcodes stay where they are: within `memory`, which it takes over. For large ones, where a copy costs
    /// more than the memory around it.
    static item adopt(byte_buffer&& memory, bytes_view opcodes, item_traits traits);
    /// The same object as `carried`, and `held` lives as long as it, its copies and the graphs decoded from it.
    static item attach(item carried, std::shared_ptr<const void> held);

    item(const item& other) noexcept : block_{other.block_}
    {
        if (block_ != nullptr)
            block_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    item(item&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
    item& operator=(item other) noexcept
    {
        std::swap(block_, other.block_);
        return *this;
    }
    ~item()
    {
        if (block_ != nullptr && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
            deallocate(block_);
    }

    /// False for a default-constructed or moved-from item, which holds nothing.
    [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }
    /// Borrowed from the item; valid while any copy of it lives.
    [[nodiscard]] bytes_view opcodes() const noexcept { return {block_->octets(), block_->size}; }
    [[nodiscard]] const item_traits& traits() const noexcept { return block_->traits; }
    [[nodiscard]] std::size_t size() const noexcept { return block_->size; }
    /// What attach() gave it; null if nothing.
    [[nodiscard]] std::shared_ptr<const void> held() const noexcept;

private:
    enum class block_kind : std::uint8_t { small, plain, adopted, attached };
    struct block {
        block(std::size_t octets, item_traits known, block_kind what, std::uint16_t where = 0) noexcept
            : size{octets & size_mask}, place{where}, owners{1}, traits{known}, kind{what}
        {
        }
        static constexpr std::uint64_t size_mask = (std::uint64_t{1} << 48U) - 1;
        std::uint64_t size : 48;
        std::uint64_t place : 16;  // of a small_block
        std::atomic<std::uint32_t> owners;
        item_traits traits;
        block_kind kind;
        [[nodiscard]] std::byte* octets() noexcept;
    };
    struct adopted_block : block {
        byte_buffer memory;
        std::byte* at;  // within memory
    };
    struct attached_block;
    explicit item(block* owned) noexcept : block_{owned} {}
    static block* allocate(std::size_t size, item_traits traits);
    static void deallocate(block* owned) noexcept;

    block* block_ = nullptr;
};

struct item::attached_block : item::block {
    item carried;
    std::shared_ptr<const void> held;
};

inline std::byte* item::block::octets() noexcept
{
    switch (kind) {
    case block_kind::small:
    case block_kind::plain: break;
    case block_kind::adopted: return static_cast<adopted_block*>(this)->at;
    case block_kind::attached: return static_cast<attached_block*>(this)->carried.block_->octets();
    }
    return reinterpret_cast<std::byte*>(this + 1);
}

}  // namespace quaymaster::codec
