// outbox: octets waiting to be written to a peer. Small pieces are copied together, large items are referred to.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/item.hpp"

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace quaymaster::wire {

/// A queue of octets for one connection. Once it has grown to its load it allocates nothing more.
/// Thread safety: none.
class outbox {
public:
    /// Items above this many octets are referred to instead of copied: a copy then costs more than one more iovec.
    static constexpr std::size_t copied_item_size_max = std::size_t{16} << 10;

    void append(bytes_view octets)
    {
        small_.append(octets);
        size_ += octets.size();
    }
    /// Room for `count` octets at the end, which count as written. Valid until the next call.
    [[nodiscard]] std::byte* extend(std::size_t count)
    {
        std::byte* const at = small_.extend(count);
        size_ += count;
        return at;
    }
    void append(std::string_view text) { append(as_bytes(text)); }
    void push(std::uint8_t octet)
    {
        small_.push(octet);
        ++size_;
    }
    /// Appends the opcodes of `content`; keeps a large one alive until it is consumed.
    void append(const codec::item& content);
    /// Makes room for a frame's header; what is appended until end_frame() is its payload. Returns what end_frame() needs.
    [[nodiscard]] std::size_t begin_frame();
    void end_frame(std::size_t frame_start);
    /// Where the next octet that is copied goes; for the members below. Valid until something is consumed or spliced.
    [[nodiscard]] std::size_t position() const noexcept { return small_.size(); }
    /// Octets appended since position() was `begun`. Precondition: the first of them were copied, not referred to.
    [[nodiscard]] std::size_t size_since(std::size_t begun) const noexcept;
    /// Writes over octets that were copied to `begun`.
    void overwrite(std::size_t begun, bytes_view octets) noexcept;
    /// Takes back all that was appended since position() was `begun`. Precondition: as size_since().
    void truncate(std::size_t begun) noexcept;
    /// Appends all that `other` holds and leaves it empty. Precondition: nothing of `other` was consumed.
    void splice(outbox& other);

    /// Octets not yet consumed.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Octets of memory that it has for what it copies.
    [[nodiscard]] std::size_t capacity() const noexcept { return small_.capacity(); }

    /// Appends views of everything unconsumed to `pieces`, in order, none empty; valid until the next non-const call.
    void gather(std::vector<bytes_view>& pieces) const;
    /// Drops the first `count` octets, which were written. Precondition: count <= size().
    void consume(std::size_t count) noexcept;
    void clear() noexcept;
    /// Gives the memory back; an idle connection keeps none. Precondition: empty().
    void release() noexcept;

private:
    /// `content` stands between the octets of small_ before `position` and those from it on.
    struct reference {
        std::size_t position;
        codec::item content;
    };

    void compact() noexcept;

    codec::byte_buffer small_;
    std::vector<reference> references_;
    std::size_t small_consumed_ = 0;
    std::size_t references_consumed_ = 0;
    std::size_t reference_offset_ = 0;  // octets consumed of the first unconsumed reference
    std::size_t size_ = 0;
};

}  // namespace quaymaster::wire
