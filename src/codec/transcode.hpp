// transcode: an item as a given reader can load it.
#pragma once

#include "codec/item.hpp"
#include "codec/pickle_limits.hpp"

#include <cstdint>

namespace quaymaster::codec {

/// Who will load a pickle: the protocol it is written in, and whether that is Python 2 (which speaks 2 and nothing later,
/// spells class paths its own way and tells str from unicode).
struct reader_dialect {
    std::uint8_t protocol = 4;
    bool python2 = false;
};

/// The PROTO number to announce before `carried` for `reader`: an item of Python 2 is announced as protocol 2 to
/// Python 3, which then maps its class paths and decodes its strings itself.
[[nodiscard]] std::uint8_t announced_protocol(const item& carried, reader_dialect reader) noexcept;

/// True if `reader` can load the opcodes of `carried` as they are.
[[nodiscard]] bool loads_as_is(const item& carried, reader_dialect reader) noexcept;

/// `carried` itself if loads_as_is, else decoded and written out for `reader`. Throws pickle_error beyond `limits`,
/// and beyond rewrite_size_max() of the item's size.
[[nodiscard]] item transcode(const item& carried, reader_dialect reader, const pickle_limits& limits);

/// transcode() that writes it out anew in any case.
[[nodiscard]] item rewrite(const item& carried, reader_dialect reader, const pickle_limits& limits);

}  // namespace quaymaster::codec
