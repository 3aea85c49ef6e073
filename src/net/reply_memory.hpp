// reply_memory: the memory of large replies, lent to the values inside them and taken back.
#pragma once

#include "codec/byte_buffer.hpp"
#include "codec/pickle_limits.hpp"

#include <quaymaster/value.hpp>

#include <memory>
#include <optional>

namespace quaymaster::net {

/// Spares large results two copies and the page faults of fresh memory: a result's text and octets stay where they were
/// received, and when the last value that looks at them ends, the memory serves the next reply.
/// Thread safety: members from one thread; the values given out may end in any, even after this has ended.
class reply_memory {
public:
    /// A buffer above this many octets goes back to the system.
    static constexpr std::size_t kept_size_max = std::size_t{4} << 20;

    reply_memory();

    /// `reply` is a whole pickle inside `input`. If it is a ('#RETURN', result), returns the result, which owns the memory
    /// of `input` from then on, and leaves `input` empty; else nullopt, and `input` as it was.
    std::optional<value> give_result(codec::byte_buffer& input, bytes_view reply, const codec::pickle_limits& limits);
    /// Gives `input` room for `capacity` octets, from a buffer that came back if one is large enough. Its content is kept.
    void grow(codec::byte_buffer& input, std::size_t capacity);

private:
    struct lent_reply;
    struct spare_buffer;

    std::shared_ptr<spare_buffer> spare_;
};

}  // namespace quaymaster::net
