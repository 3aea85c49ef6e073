// spare_encoder: an encoder whose memory a thread keeps from item to item, so that encoding one allocates nothing.
#pragma once

#include "net/thread_spare.hpp"

#include <quaymaster/pickle_encoder.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace quaymaster::net {

using kept_encoder = thread_spare<std::optional<pickle_encoder>, struct kept_encoder_tag>;

/// Empty.
[[nodiscard]] inline pickle_encoder take_spare_encoder()
{
    std::optional<pickle_encoder> kept = kept_encoder::take();
    return kept ? std::move(*kept) : pickle_encoder{};
}

/// For this thread's next take_spare_encoder(). One that has held a giant is not kept.
inline void keep_spare_encoder(pickle_encoder&& used) noexcept
{
    constexpr std::size_t kept_size_max = std::size_t{2} << 20;
    if (used.opcodes().size() > kept_size_max)
        return;
    used.clear();
    kept_encoder::keep(std::move(used));
}

}  // namespace quaymaster::net
