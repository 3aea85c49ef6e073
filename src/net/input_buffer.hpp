// input_buffer: the octets of one connection that are not consumed yet. An idle connection owns none.
#pragma once

#include "codec/byte_buffer.hpp"

#include <quaymaster/bytes.hpp>

#include <cstddef>
#include <optional>
#include <span>

namespace quaymaster::net {

/// Where a connection reads to. Whole frames are read and consumed in space that all connections of a loop share; only
/// what is left of an incomplete frame moves into memory of the connection's own, which goes when it is consumed.
/// A large frame is read into that memory directly. Beyond 1 MiB it grows as octets arrive, never to the announced size at
/// once: to make us hold memory, a peer must send about as much.
/// Use: prepare(), read, commit(), look at the octets, keep() what is not consumed.
/// Thread safety: none.
class input_buffer {
public:
    /// Leftovers up to this size are copied to the front of the shared space for the next read; that is cheaper than
    /// memory of one's own for the two-piece frames that CPython sends.
    static constexpr std::size_t copied_size_max = std::size_t{16} << 10;

    /// Where to read to; never empty. `shared` is larger than copied_size_max and untouched until keep() or drop().
    [[nodiscard]] std::span<std::byte> prepare(std::span<std::byte> shared);
    /// All octets not consumed, of which the last `count` have just been read. Valid until keep().
    [[nodiscard]] bytes_view commit(std::size_t count);
    /// The memory of this connection's own if all that it holds is one whole frame that was read into it, else null. Whoever
    /// moves from it before keep() has consumed it.
    [[nodiscard]] codec::byte_buffer* whole_frame() noexcept
    {
        return lent_.empty() && frame_size_ != 0 && own_.size() == frame_size_ ? &own_ : nullptr;
    }
    /// Keeps what follows the first `consumed` octets. `frame_size` is how long the frame at its front will be, if known.
    void keep(std::size_t consumed, std::optional<std::size_t> frame_size);

    /// Keeps all, and what is known of it: nothing has come.
    void keep_all() { keep(0, frame_size_ != 0 ? std::optional{frame_size_} : std::nullopt); }

    /// The octets kept, borrowed until the next non-const call. keep() works on them as after commit().
    [[nodiscard]] bytes_view view() const noexcept { return own_.view(); }
    [[nodiscard]] std::size_t size() const noexcept { return own_.size(); }
    [[nodiscard]] bool empty() const noexcept { return own_.empty(); }
    /// How much memory of its own it holds.
    [[nodiscard]] std::size_t capacity() const noexcept { return own_.capacity(); }
    void release() noexcept { own_.release(); }

private:
    codec::byte_buffer own_;
    std::span<std::byte> lent_;   // the shared space in use, from prepare() to keep(); empty otherwise
    std::size_t lent_size_ = 0;   // octets in it
    std::size_t frame_size_ = 0;  // announced length of the frame at the front; 0 if unknown
};

}  // namespace quaymaster::net
